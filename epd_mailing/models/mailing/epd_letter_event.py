from odoo import api, fields, models


class EpdLetterEvent(models.Model):
    """What UniSender said of a letter: an append-only log written by the program.

    An event whose letter is not known yet is kept without one, to be matched later by its id or by
    our key in ``metadata``.
    """

    _name = "epd.letter.event"
    _description = "Letter Event"
    _inherit = ["epd.field.guard"]
    _order = "id desc"
    _rec_name = "raw_status"

    letter_id = fields.Many2one(
        "epd.mailing.letter", index="btree_not_null", readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", index=True, readonly=True)
    unisender_account_id = fields.Many2one(
        "epd.unisender.account", readonly=True, ondelete="restrict"
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
            ("dump", "Event dump"),
            ("poll", "Polling"),
            ("contact", "UniSender contact"),
            ("person", "Person"),
            ("answer", "Answer to sending"),
        ],
        required=True,
        readonly=True,
    )
    user_id = fields.Many2one("res.users", readonly=True)
    note = fields.Char(readonly=True)

    _event_uniq = models.UniqueIndex(
        # two accounts of one key are each told of all letters
        "(unisender_account_id, provider_id, raw_status, event_time_raw) "
        "WHERE source IN ('webhook', 'dump') AND provider_id IS NOT NULL"
    )

    @api.model
    def _keep(self, account, events, source="webhook"):
        """Store events of a webhook call or a dump, each once, and apply those that are new.

        :param account: ``epd.unisender.account`` whose webhook was called
        :param events: list of ``tools.unisender.webhook.HookEvent``
        :param source: ``webhook`` or ``dump``
        :return: number of new events
        """
        dbname, rows = self.env.cr.dbname, {}
        for event in events:
            if event.event_name != "email_status" or not event.status:
                continue
            if event.metadata.get("db", dbname) != dbname:
                continue  # a copy of this database has the same webhook
            key = event.metadata.get("key") or None
            identity = event.provider_id or key, event.status, event.event_time
            rows[identity] = (
                account.id,
                account.company_id.id,
                event.provider_id or None,
                key,
                event.email or None,
                event.status[:100],
                event.event_time or None,
                event.event_at and event.event_at.replace(tzinfo=None),
                source,
            )
        self.flush_model()
        if source == "dump":
            rows = self._drop_told(account, rows)
        if not rows:
            return 0
        marks = ", ".join(
            ["(%s, %s, %s, %s, %s, %s, %s, %s, %s, now() AT TIME ZONE 'UTC')"] * len(rows)
        )
        self.env.cr.execute(  # pylint: disable=sql-injection  # marks alone are put in
            f"""
            INSERT INTO epd_letter_event
                   (unisender_account_id, company_id, provider_id, letter_key, email, raw_status,
                    event_time_raw, event_at, source, received_at)
            VALUES {marks}
                ON CONFLICT DO NOTHING
         RETURNING id
            """,
            [value for row in rows.values() for value in row],
        )
        fresh = self.browse(row[0] for row in self.env.cr.fetchall())
        self.env["epd.letter.facts"]._match_events(fresh)
        return len(fresh)

    @api.model
    def _drop_told(self, account, rows):
        """Return the rows of a dump without those that the webhook told, in other words perhaps.

        A call says who opened a letter, a person or a program; a dump says that it was opened.

        :param rows: ``{(id, status, time): values}`` as in :meth:`_keep`
        """
        told = self.search_fetch(
            [
                ("unisender_account_id", "=", account.id),
                ("source", "in", ("webhook", "dump")),
                ("provider_id", "in", [key[0] for key in rows]),
            ],
            ["provider_id", "raw_status", "event_time_raw"],
        )
        known = {
            (event.provider_id, _get_word(event.raw_status), event.event_time_raw) for event in told
        }
        return {
            key: row
            for key, row in rows.items()
            if (key[0], _get_word(key[1]), key[2]) not in known
        }


def _get_word(raw_status):
    """Return the service's own word of a status of Go: without who opened, or why it bounced."""
    return raw_status.partition(":")[0].removesuffix("_protected").removesuffix("_machine")
