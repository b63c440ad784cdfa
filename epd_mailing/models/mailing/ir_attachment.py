from odoo import api, models
from odoo.exceptions import UserError

from ..base.field_guard import with_checks
from .mailing_files import MailingFiles

_CONTENT = {"raw", "datas", "db_datas", "store_fname", "checksum", "type", "url", "name"}


class IrAttachment(models.Model):
    """Files for all payers of a mailing: what was checked is what goes."""

    _inherit = "ir.attachment"  # pylint: disable=consider-merging-classes-inherited

    def _epd_get_mailings(self):
        """Return the mailings that these files go with."""
        mailings = self.env["epd.mailing"].sudo().with_context(active_test=False)
        return mailings.search([("attachment_ids", "in", self.ids)])

    def _epd_check_begun(self):
        """Check that no letter went with these files, or is about to.

        :raise UserError: naming what to do
        """
        if self._epd_get_mailings().filtered(lambda m: m.state not in ("draft", "cancelled")):
            raise UserError(
                self.env._(
                    "The file goes with the letters of a mailing: it is changed or removed only "
                    "while the mailing is a draft."
                )
            )

    def write(self, vals):
        changed = self.browse() if not _CONTENT & set(vals) else self
        if changed:
            changed._epd_check_begun()
        res = super().write(vals)
        for mailing in changed._epd_get_mailings() if changed else ():
            MailingFiles(mailing.with_env(self.env)).adopt()
        return res

    def unlink(self):
        return super(IrAttachment, with_checks(self)).unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_epd_mailing(self):
        self._epd_check_begun()
