from odoo import fields, models


class EpdLetterEvent(models.Model):
    """What UniSender said of a letter: an append-only log written by the program.

    An event whose letter is not known yet is kept without one, to be matched later by its id or by
    our key in ``metadata``.
    """

    _name = "epd.letter.event"
    _description = "Letter Event"
    _order = "id desc"
    _rec_name = "raw_status"

    letter_id = fields.Many2one(
        "epd.mailing.letter", index="btree_not_null", readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", index=True, readonly=True)
    unisender_account_id = fields.Many2one(
        "epd.unisender.account", readonly=True, ondelete="cascade"
    )
    provider_id = fields.Char(string="UniSender Id", readonly=True, index="btree_not_null")
    letter_key = fields.Char(readonly=True, index="btree_not_null")
    email = fields.Char(readonly=True)
    raw_status = fields.Char(string="Status", readonly=True, required=True)
    event_time_raw = fields.Char(readonly=True)
    event_at = fields.Datetime(readonly=True)
    received_at = fields.Datetime(default=fields.Datetime.now, readonly=True)
    source = fields.Selection(
        [
            ("webhook", "Webhook"),
            ("poll", "Polling"),
            ("contact", "UniSender contact"),
            ("person", "Person"),
        ],
        required=True,
        readonly=True,
    )
    user_id = fields.Many2one("res.users", readonly=True)
    note = fields.Char(readonly=True)

    _event_uniq = models.UniqueIndex(
        "(provider_id, raw_status, event_time_raw) "
        "WHERE source = 'webhook' AND provider_id IS NOT NULL"
    )
