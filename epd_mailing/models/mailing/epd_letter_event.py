import logging
from contextlib import contextmanager

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL
from psycopg2.errors import SerializationFailure, UniqueViolation

from ...tools.sql_array import to_array
from ...tools.work_budget import Budget
from ..base.statement_beside import run_beside
from .letter_drafts import EventReport, LetterDrafts
from .transaction import in_transaction

_logger = logging.getLogger(__name__)

READ_CRON = "epd_mailing.ir_cron_events"
READ_AT_ONCE = 2000  # events applied and committed together
# characters of a text that is kept: PostgreSQL refuses an index row of more than 2 704 bytes, and
# with it all the call; no id of the services is longer than some dozens
# https://www.postgresql.org/docs/current/btree.html, seen 2026-11-26
LONGEST = 200


class UncheckedMany2one(fields.Many2one):
    """A reference that PostgreSQL does not check row by row: who deletes what it names has to look.

    UniSender accounts do, see their ``ondelete``; the database keeps those that letters went by.
    """

    def update_db_foreign_key(self, model, column):
        """Have none: of a hundred thousand events that name one account it is a sixth of the writing."""


class EpdLetterEvent(models.Model):
    """What UniSender said of a letter: an append-only log written by the program.

    An event whose letter is not known yet is kept without one, to be matched later by its id or by
    our key in ``metadata``.
    """

    _name = "epd.letter.event"
    _description = "Letter Event"
    _inherit = ["epd.field.guard", "epd.bulk.rows"]
    _order = "id desc"
    _rec_name = "raw_status"
    _log_access = False  # it tells by itself when it came, and of whom

    letter_id = fields.Many2one(
        "epd.mailing.letter", index="btree_not_null", readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", compute="_compute_company_id", search="_search_company_id", compute_sudo=True
    )
    unisender_account_id = UncheckedMany2one("epd.unisender.account", readonly=True)
    provider_id = fields.Char(string="UniSender Id", readonly=True)
    letter_key = fields.Char(readonly=True)
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
    is_waiting = fields.Boolean(
        string="To Be Read",
        readonly=True,
        help="Reported by a call and not applied to a letter yet.",
    )

    _waiting_idx = models.Index("(id) WHERE is_waiting")
    # events are looked up by them as long as their letter is not known
    _open_id_idx = models.Index("(provider_id) WHERE letter_id IS NULL")
    _open_key_idx = models.Index("(letter_key) WHERE letter_id IS NULL")
    _event_uniq = models.UniqueIndex(
        # two accounts of one key each get the events of all letters
        "(unisender_account_id, provider_id, raw_status, event_time_raw) "
        "WHERE source IN ('webhook', 'dump') AND provider_id IS NOT NULL"
    )

    @api.depends("unisender_account_id.company_id", "letter_id.company_id")
    def _compute_company_id(self):
        for event in self:
            event.company_id = event.unisender_account_id.company_id or event.letter_id.company_id

    @api.model
    def _search_company_id(self, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        # an account first: there are few, and letters are looked at where there is none
        of_letter = Domain("letter_id.company_id", operator, value)
        if operator == "in" and False in value:
            of_letter |= Domain("letter_id", "=", False)  # of no company, as one of nothing is
        return Domain("unisender_account_id.company_id", operator, value) | (
            Domain("unisender_account_id", "=", False) & of_letter
        )

    # --- what a call reports ----------------------------------------------------------------------

    @api.model
    def _store(self, account, events):
        """Store the events of a webhook call, each once; the job applies them.

        The call is answered as soon as they are kept: nothing it waits for grows with the letters,
        nor meets the sender or another call at a letter's row.

        :param account: ``epd.unisender.account`` whose webhook was called
        :param events: list of ``tools.unisender.webhook.HookEvent``
        """
        rows = self._get_reader(account, "webhook")(events)
        loose = {key: row for key, row in rows.items() if not (row["provider_id"] and key[2])}
        if loose:  # without an id or a time: the table takes each for a new one
            known = self._find_known(account, loose)
            rows = {key: row for key, row in rows.items() if key not in known}
        if self._insert([{**row, "is_waiting": True} for row in rows.values()]):
            self.env["epd.work.engine"]._wake_quickly(READ_CRON)

    @api.model
    def _cron_read(self):
        """Apply the events that calls have left, slice by slice (the job's code)."""
        engine = self.env["epd.work.engine"]
        if engine._hand_over(READ_CRON):
            return
        budget, more = Budget(), True
        suspects = 0  # the first so many have one that cannot be read
        while more and budget.left():
            size = (suspects // 2 or 1) if suspects else READ_AT_ONCE
            try:
                more = in_transaction(self.env, lambda size=size: self._read_slice(size))
                suspects = max(0, suspects - size)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                engine._wake(READ_CRON)  # others are at the same letters; after them
                break
            except Exception as error:
                # one event must not stop the others: it is looked for in halves
                self.env.cr.rollback()
                if size == 1:
                    in_transaction(self.env, self._put_aside)
                    suspects = 0
                else:
                    _logger.warning("%s events cannot be read together: %s", size, error)
                    suspects = size
            self.env.invalidate_all()
        if more and not budget.left():
            engine._wake(READ_CRON)
        self.env["ir.cron"]._commit_progress(remaining=0)

    @api.model
    def _get_waiting(self, limit):
        return self.sudo().search([("is_waiting", "=", True)], order="id", limit=limit)

    @api.model
    def _read_slice(self, size):
        """Apply the next events; return whether there were any."""
        events = self._get_waiting(size)
        self.env["epd.letter.facts"]._match_events(events, {"is_waiting": False})
        return bool(events)

    @api.model
    def _put_aside(self):
        """Read the first event once more; when that fails, keep it unread, and say why.

        By now it may be another one than failed: an earlier call may have been committed later.
        """
        event = self._get_waiting(1)
        try:
            with self.env.cr.savepoint():
                self.env["epd.letter.facts"]._match_events(event, {"is_waiting": False})
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:
            _logger.exception("An event of a webhook cannot be read")
            note = self.env._("It could not be read: %s", type(error).__name__)
            event._unlocked().write({"is_waiting": False, "note": note})

    # --- what is kept -----------------------------------------------------------------------------

    @api.model
    def _keep(self, account, rows):
        """Store events of a dump, each once, and apply those that are new at once.

        :param account: ``epd.unisender.account`` whose dump was read
        :param rows: as a function of :meth:`_get_reader` returns them
        :return: ``epd.mailing.letter`` that they tell of
        """
        self.flush_model()
        # what a dump tells of was written a while ago, side by side: it is in memory, and found by its index
        self.env.cr.execute("SET LOCAL random_page_cost = 1.1")
        facts, poll = self.env["epd.letter.facts"], self.env["epd.status.poll"]
        drafts = LetterDrafts(self.env)
        rows = self._drop_known(account, rows)
        find = facts._get_finder(
            account,
            [row["provider_id"] for row in rows.values() if row["provider_id"]],
            [row["letter_key"] for row in rows.values() if row["letter_key"]],
            drafts,
        )
        fresh, reports = [], []
        for row in rows.values():
            draft = find(account, row["provider_id"], row["letter_key"])
            if draft:
                report = EventReport(
                    *(draft, account, row["provider_id"], row["raw_status"]),
                    *(row["event_at"], row["received_at"], row["source"]),
                )
                reports.append(report)
                # not changed in place: after a clash the same rows are kept once more
                row = {**row, "letter_id": draft.letter.id, **facts._judge(report)}
            fresh.append(row)
        with self._insert_beside(fresh):
            facts._fold_reports(reports, drafts)
            poll._plan_heard(drafts)
            drafts.save()
        return self.env["epd.mailing.letter"].browse(drafts.drafts)

    @api.model
    def _get_reader(self, account, source):
        """Return a function: events → ``{(id, status, time): values}`` of those of this database's letters.

        It takes a list of ``tools.unisender.webhook.HookEvent`` and touches no cursor: a thread may call it.

        :param account: ``epd.unisender.account`` that the events are of
        :param source: ``webhook`` or ``dump``
        """
        dbname = self.env.cr.dbname
        shared = {
            "letter_id": None,
            "unisender_account_id": account.id,
            "source": source,
        }
        return lambda events: _read_rows(events, dbname, shared)

    @api.model
    def _log(self, rows):
        """Keep what was said of letters in another way than by an event.

        :param rows: list of ``{field: value}``, see ``make_event_vals``
        """
        self._insert(rows)

    @api.model
    def _insert(self, rows):
        """Write new rows in one statement, those that are there already skipped.

        :param rows: list of ``{field: value}``; datetimes naive UTC, records as ids; of one key of
            ``_event_uniq`` only one
        :return: list of those that were new
        """
        if not rows:
            return []
        made = self._insert_columns(
            self._get_columns(rows),
            len(rows),
            skip_known=True,
            returning=("provider_id", "raw_status", "event_time_raw"),
        )
        self._forget_events_of(rows)
        if len(made) == len(rows):
            return rows
        new = set(made)
        return [
            row
            for row in rows
            if (row.get("provider_id"), row["raw_status"], row.get("event_time_raw")) in new
        ]

    @api.model
    @contextmanager
    def _insert_beside(self, rows):
        """Write new rows while the body of ``with`` is worked on.

        :param rows: see :meth:`_insert`; none of them is known to this transaction
        :raise SerializationFailure: another transaction has kept one of them since this one began
        """
        if not rows:
            yield
            return
        try:
            with run_beside(self.env, self._get_insert(self._get_columns(rows), len(rows))):
                yield
        except UniqueViolation as error:
            raise SerializationFailure("an event was kept meanwhile") from error
        self._forget_events_of(rows)

    @api.model
    def _get_columns(self, rows):
        """Return ``{field: list of values}`` of new rows.

        :param rows: see :meth:`_insert`
        """
        names = sorted(set().union(*set(map(tuple, rows))))
        return {name: [row.get(name) for row in rows] for name in names}

    @api.model
    def _forget_events_of(self, rows):
        """Have the events of letters read anew.

        :param rows: new events, see :meth:`_insert`
        """
        letter_ids = {row["letter_id"] for row in rows if row.get("letter_id")}
        letters = self.env["epd.mailing.letter"].browse(letter_ids)
        letters.invalidate_recordset(["event_ids"], flush=False)

    @api.model
    def _drop_known(self, account, rows):
        """Return the rows of a dump without those that the webhook reported, in other words perhaps.

        A call says who opened a letter, a person or a program; a dump says that it was opened.

        :param rows: as a function of :meth:`_get_reader` returns them
        """
        # one that told no time is as new to the index each time
        known = {
            (said_id, _get_word(raw), told_at)
            for said_id, raw, told_at in self._find_known(account, rows)
        }
        return {
            key: row
            for key, row in rows.items()
            if (key[0], _get_word(key[1]), key[2]) not in known
        }

    @api.model
    def _find_known(self, account, rows):
        """Return ``{(id, status, time)}`` of the events that are kept of the same letters.

        :param rows: as a function of :meth:`_get_reader` returns them
        """
        provider_ids = list({row["provider_id"] for row in rows.values()} - {None})
        keys = {row["letter_key"] for row in rows.values() if not row["provider_id"]} - {None}
        self.flush_model()
        # joined, since PostgreSQL weighs each constant of a list
        query = SQL(
            """
            SELECT event.provider_id, event.raw_status, event.event_time_raw
              FROM unnest(%s::varchar[]) AS said (provider_id)
              JOIN epd_letter_event event USING (provider_id)
             WHERE event.unisender_account_id = %s AND event.source IN ('webhook', 'dump')
            """,
            to_array(provider_ids),
            account.id,
        )
        if keys:  # no id came with them; each half by its index
            query = SQL(
                """
                %(named)s UNION
                SELECT letter.letter_key, event.raw_status, event.event_time_raw
                  FROM unnest(%(keys)s::varchar[]) AS said (letter_key)
                  JOIN epd_mailing_letter letter USING (letter_key)
                  JOIN epd_letter_event event ON event.letter_id = letter.id
                 WHERE %(unnamed)s
                 UNION
                SELECT event.letter_key, event.raw_status, event.event_time_raw
                  FROM unnest(%(keys)s::varchar[]) AS said (letter_key)
                  JOIN epd_letter_event event USING (letter_key)
                 WHERE event.letter_id IS NULL AND %(unnamed)s
                """,
                named=query,
                keys=to_array(list(keys)),
                unnamed=SQL(
                    "event.provider_id IS NULL AND event.unisender_account_id = %s"
                    " AND event.source IN ('webhook', 'dump')",
                    account.id,
                ),
            )
        return set(self.env.execute_query(query))


def _get_word(raw_status):
    """Return the service's own word of a status of Go: without who opened, or why it bounced."""
    return raw_status.partition(":")[0].removesuffix("_protected").removesuffix("_machine")


def _read_rows(events, dbname, shared):
    """Return ``{(id, status, time): values}`` of the events that are of letters of this database.

    :param events: list of ``tools.unisender.webhook.HookEvent``
    :param dbname: name of the database
    :param shared: values that all of the rows have
    """
    now, rows = fields.Datetime.now(), {}
    for event in events:
        if event.event_name != "email_status" or not event.status:
            continue
        metadata = event.metadata
        if metadata.get("db", dbname) != dbname:
            continue  # a copy of this database has the same webhook
        provider_id, key, email, told_at = (
            (text or "")[:LONGEST] or None
            for text in (event.provider_id, metadata.get("key"), event.email, event.event_time)
        )
        status = event.status[:100]
        rows[provider_id or key, status, told_at] = shared | {
            "provider_id": provider_id,
            "letter_key": key,
            "email": email,
            "raw_status": status,
            "event_time_raw": told_at,
            "event_at": event.event_at and event.event_at.replace(tzinfo=None),
            "received_at": now,
        }
    return rows
