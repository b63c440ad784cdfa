from odoo import api, fields, models
from odoo.tools import SQL


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

    @api.model
    def _take_in(self, account, hook_events):
        """Store verified events of a webhook and apply those whose letter is known.

        Repeated events are dropped by the unique index; unknown ids are kept without a letter.

        :param hook_events: list of ``tools.unisender.webhook.HookEvent``
        :return: number of new events
        """
        events = [event for event in hook_events if event.event_name == "email_status"]
        letters = self._match_letters(account, events)
        facts = []
        for event in events:
            letter = letters.get(event.metadata.get("key")) or letters.get(event.provider_id)
            if not self._store(account, event, letter):
                continue
            moment = event.event_at.replace(tzinfo=None) if event.event_at else False
            if letter:
                letter._settle(event.provider_id)
                facts.append((letter, event.status, moment or fields.Datetime.now(), "webhook"))
        self.env["epd.mailing.letter"]._apply_statuses(facts)
        return len(facts)

    @api.model
    def _match_letters(self, account, events):
        """Return the letters of the events by our key and by the service's id: one search."""
        keys = [event.metadata["key"] for event in events if event.metadata.get("key")]
        ids = [event.provider_id for event in events if event.provider_id]
        found = self.env["epd.mailing.letter"].search(
            [
                ("unisender_account_id", "=", account.id),
                "|",
                ("letter_key", "in", keys),
                ("provider_id", "in", ids),
            ]
        )
        by_name = {letter.provider_id: letter for letter in found if letter.provider_id}
        return by_name | {letter.letter_key: letter for letter in found if letter.letter_key}

    @api.model
    def _store(self, account, event, letter):
        """Insert one event unless it is there already; tell whether it is new."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO epd_letter_event
                       (letter_id, company_id, unisender_account_id, provider_id, letter_key,
                        email, raw_status, event_time_raw, event_at, received_at, source,
                        create_uid, create_date)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'webhook', %s, %s)
                ON CONFLICT DO NOTHING RETURNING id
                """,
                letter.id if letter else None,
                account.company_id.id,
                account.id,
                event.provider_id or None,
                event.metadata.get("key") or (letter.letter_key if letter else None),
                event.email,
                event.status,
                event.event_time,
                event.event_at.replace(tzinfo=None) if event.event_at else None,
                fields.Datetime.now(),
                self.env.uid,
                fields.Datetime.now(),
            )
        )
        return bool(self.env.cr.fetchone())
