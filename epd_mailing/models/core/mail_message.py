from odoo import api, models
from odoo.exceptions import AccessError

from ..base.field_guard import with_checks

# what a note says, of what, and who said it; stars, pins and reactions are the reader's
_SAID = {
    "attachment_ids",
    "author_guest_id",
    "author_id",
    "body",
    "create_date",
    "create_uid",
    "date",
    "email_from",
    "is_internal",
    "message_type",
    "model",
    "parent_id",
    "res_id",
    "subject",
    "subtype_id",
    "tracking_value_ids",
}


class MailMessage(models.Model):
    """Notes of the program in the chatter of our records stay as they are: they are the proof.

    Odoo lets whoever may write a record also change and delete the notes on it. What a person wrote
    themselves (a comment) stays theirs. Nor does anybody write in the name of somebody else, which Odoo
    lets every internal user do.
    """

    _inherit = "mail.message"

    @api.model_create_multi
    def create(self, vals_list):
        messages = super().create(vals_list)
        messages._epd_check_author()
        return messages

    def write(self, vals):
        if not _SAID.intersection(vals):
            return super().write(vals)
        self._epd_check_kept()
        res = super().write(vals)
        self._epd_check_author()
        return res

    def unlink(self):
        return super(MailMessage, with_checks(self)).unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_epd_note(self):
        self._epd_check_kept()

    def _epd_check_kept(self):
        """Check that none of the messages is a note of the program on a record of ours.

        :raise AccessError: when one is
        """
        if self.env.su:  # with their record, or by the program
            return
        if self.sudo()._epd_get_ours().filtered(lambda note: note.message_type != "comment"):
            raise AccessError(
                self.env._("What the program noted in the chatter is not changed or deleted.")
            )

    def _epd_check_author(self):
        """Check that nobody writes on a record of ours in another's name.

        :raise AccessError: when somebody does
        """
        if self.env.su:
            return
        own = self.env.user.partner_id
        if self.sudo()._epd_get_ours().filtered(lambda note: note.author_id != own):
            raise AccessError(self.env._("A note is written in one's own name."))

    def _epd_get_ours(self):
        """Return those of the messages that stand on records of this addon, or on payees."""
        return self.filtered(
            lambda note: (note.model or "").startswith("epd.") or note.model == "res.partner.bank"
        )
