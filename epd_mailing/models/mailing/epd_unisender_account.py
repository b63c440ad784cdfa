from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


# pylint: disable-next=consider-merging-classes-inherited  # the service room knows no mailings
class EpdUnisenderAccount(models.Model):
    """The mailings that go through the account, and how far its events were read."""

    _inherit = "epd.unisender.account"

    mailing_ids = fields.One2many("epd.mailing", "unisender_account_id")
    # the event dump of Unisender Go that is being made, and what was read of them
    dump_ref = fields.Char(string="Event Dump", readonly=True, copy=False)
    dump_from = fields.Datetime(readonly=True, copy=False)
    dump_until = fields.Datetime(readonly=True, copy=False)
    dump_row = fields.Integer(readonly=True, copy=False, help="Events of it that are kept already.")
    dump_span = fields.Integer(
        readonly=True, copy=False, help="Seconds of a dump, where all at once are too many events."
    )
    dump_damaged_count = fields.Integer(
        readonly=True, copy=False, help="Dumps of the span that came damaged, one after another."
    )
    dump_asked_at = fields.Datetime(readonly=True, copy=False)
    dump_read_until = fields.Datetime(
        string="Events Read Until",
        readonly=True,
        copy=False,
        help="Events up to this moment were read from event dumps.",
    )
    suppression_read_at = fields.Datetime(
        string="Suppression List Read At", readonly=True, copy=False
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_heard(self):
        """Keep an account while there are events of it: their own table does not refuse."""
        events = self.env["epd.letter.event"].sudo()
        if events.search_count([("unisender_account_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._(
                    "A UniSender account that letters or events belong to is not deleted. Archive it."
                )
            )

    @api.constrains("company_id")
    def _check_office(self):
        """Keep an account in the office whose letters go by it: events are of the account's company."""
        for account in self.sudo():
            others = [
                ("unisender_account_id", "=", account.id),
                ("company_id", "!=", account.company_id.id),
            ]
            for name in ("epd.mailing", "epd.mailing.letter"):
                if account.env[name].search_count(others, limit=1):
                    raise ValidationError(
                        self.env._(
                            "Mailings of another company go through “%(name)s”, and what became of their "
                            "letters would be seen in this one. Make another UniSender account here.",
                            name=account.name,
                        )
                    )

    def _check_kind_is_free(self, kind):
        """Let the kind change only while no letter went through the account."""
        for account in self:
            letters = self.env["epd.mailing.letter"].sudo()
            if letters.search_count(
                [("unisender_account_id", "=", account.id), ("sending_at", "!=", False)], limit=1
            ):
                raise UserError(
                    self.env._(
                        "Letters went through “%(name)s”: only that service knows what becomes of "
                        "them. Make another UniSender account for the other service and choose it "
                        "for the next mailings; nobody gets a document twice.",
                        name=account.name,
                    )
                )
        return super()._check_kind_is_free(kind)
