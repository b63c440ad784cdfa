import itertools
import logging
import math
import time
from contextlib import closing
from datetime import UTC, timedelta

from odoo import api, fields, models
from odoo.tools import split_every

from ...tools.collecting import without_collecting
from ...tools.read_ahead import read_ahead
from ...tools.unisender import errors
from ...tools.unisender.webhook import WebhookError
from ...tools.unisender_go import events as go_events
from ...tools.unisender_go.client import ROWS_A_DUMP
from ...tools.unisender_go.errors import DumpMissing, DumpTooLong
from .transaction import in_transaction

_logger = logging.getLogger(__name__)

KEPT = timedelta(days=31)  # the service has events of 32 days
# the service writes an event down a little later than it happened
OVERLAP = timedelta(minutes=30)
BEFORE_CALL = timedelta(minutes=5)  # the service's clock need not be ours
# the webhook tells by itself; the dump is the net below it
PAUSE_HEARD = timedelta(hours=1)
PAUSE = timedelta(minutes=2)
LONGEST_PAUSE = timedelta(hours=1)  # between orders of a span whose dumps come damaged
LONGEST_WAIT = timedelta(hours=8)  # a dump is kept so long
SHORTEST_SPAN = 120  # seconds; a dump of less is not divided any more
# a span whose dumps came damaged so often is ordered in parts: one row may be what damages them
DAMAGED_WHOLE = 3
DAMAGED_PARTS = 8
COME_BACK = timedelta(seconds=10)
CHUNK = 500  # addresses closed and committed together
EVENTS_AT_ONCE = 10000  # kept and committed together
LETTERS_AT_ONCE = 5000
# of a letter that was never asked for: sent, delivered, opened, a link followed
EVENTS_A_LETTER = 3
REFRESH_NOTED = timedelta(seconds=20)  # on mailings, no more often
READ_WALL = 20.0  # seconds of a cron run for one dump; the rest with the next
SUPPRESSION_PERIOD = timedelta(days=1)
FIRST_SUPPRESSIONS = timedelta(days=90)
PAGES = 400  # of the suppression list, 50 addresses each
# cause of a suppression → what becomes of the address
LOSSES = {
    "unsubscribed": "unsubscribed",
    "complained": "unsubscribed",
    "permanent_unavailable": "bounced",
}


class EpdGoEvents(models.AbstractModel):
    """Event dumps of Unisender Go: the net below its webhook.

    Go has no method that tells the status of a letter. One dump at a time is ordered for a span of time,
    fetched when it is ready, and matched by our key; its times are exact. What the webhook reported already
    is passed over.

    Source: ``event-dump`` of godocs.unisender.ru/web-api-ref, read 2026-11-26.
    """

    _name = "epd.go.events"
    _description = "Event Dumps of Unisender Go"

    # --- the cron run ----------------------------------------------------------------------------

    @api.model
    def _run(self, account):
        """Take the next step of an account: order a dump, or fetch the one that was ordered.

        :return: when to come back (naive UTC), or None
        """
        client = account._get_client()
        try:
            self._read_suppressions(account, client)
            if account.dump_ref:
                return self._fetch_dump(account, client)
            if self._is_due(account):
                return self._request_dump(account, client)
        except errors.UniSenderError as error:
            _logger.warning("Events of Unisender Go cannot be read: %s", error.code)
            text = account._describe_error(error)
            in_transaction(self.env, lambda: account._unlocked().write({"last_error": text}))
        return None

    @api.model
    def _ask_now(self, account):
        """Order a dump because a person asked; it is read when the service has made it.

        :return: False when the service could not be asked
        """
        try:
            if not account.dump_ref:
                self._request_dump(account, account._get_client(), commit=False)
        except errors.UniSenderError as error:
            _logger.warning("Events of Unisender Go cannot be ordered: %s", error.code)
            account._unlocked().write({"last_error": account._describe_error(error)})
            return False
        self.env["epd.work.engine"]._wake("epd_mailing.ir_cron_refresh")
        return True

    @api.model
    def _get_due_letters(self, account, extra=()):
        return self.env["epd.mailing.letter"].search(
            [
                ("unisender_account_id", "=", account.id),
                ("send_state", "in", ("sent", "unknown")),
                ("next_poll_at", "<=", fields.Datetime.now()),
                *extra,
            ],
            order="next_poll_at",
            limit=LETTERS_AT_ONCE,
        )

    @api.model
    def _is_due(self, account):
        """Tell whether letters are to be asked for, and the last dump is long enough ago."""
        heard = account.webhook_state == "on" and not account.webhook_silent_at
        pause = PAUSE_HEARD if heard else PAUSE
        now = fields.Datetime.now()
        if account.dump_span:
            pause = timedelta()  # a span that was divided: its rest waits
        if account.dump_damaged_count:
            pause = max(pause, self._get_damaged_pause(account))
        if account.dump_asked_at and account.dump_asked_at > now - pause:
            return False
        # a span that was begun and not read to its end: its dump was lost
        return bool(account.dump_span or account.dump_from or self._get_due_letters(account)[:1])

    # --- a dump ----------------------------------------------------------------------------------

    @api.model
    def _request_dump(self, account, client, commit=True):
        """Order the dump of the next span; the try is noted first, so that none follows at once.

        :return: when to come back
        """
        now = fields.Datetime.now()
        start = self._get_start(account, now)
        span = account.dump_span or self._get_span(account, start, now)
        until = min(now, start + timedelta(seconds=span)) if span else now

        def save(**vals):
            if commit:
                in_transaction(self.env, lambda: account._unlocked().write(vals))
            else:
                account._unlocked().write(vals)

        save(dump_asked_at=now)
        dump = client.create_dump(start.replace(tzinfo=UTC), until.replace(tzinfo=UTC))
        save(dump_ref=dump, dump_from=start, dump_until=until, dump_row=0, dump_span=span)
        return now + COME_BACK

    @api.model
    def _get_span(self, account, start, now):
        """Return the seconds of a dump that will not be full, or 0 for all that there is to read.

        A full dump is read in vain: it may have left events out, and is ordered once more in halves.
        """
        letters = self.env["epd.mailing.letter"].search_count(
            [
                ("unisender_account_id", "=", account.id),
                ("sending_at", ">=", start),
                ("next_poll_at", "!=", False),
                ("poll_count", "=", 0),
            ]
        )
        parts = math.ceil(letters * EVENTS_A_LETTER / ROWS_A_DUMP)
        if parts < 2:
            return 0
        return max(SHORTEST_SPAN, math.ceil((now - start).total_seconds() / parts))

    @api.model
    def _get_start(self, account, now):
        """Return where the next span begins: what was read, or the first letter that is waited for.

        The span of a dump that was lost is read once more, however often: where it was read in part, letters
        it told of are not waited for any more, and it may have had more to tell of them.
        """
        if account.dump_from:
            return max(account.dump_from, now - KEPT)
        oldest = self.env["epd.mailing.letter"].search(
            [
                ("unisender_account_id", "=", account.id),
                ("send_state", "in", ("sent", "unknown")),
                ("sending_at", ">", now - KEPT),
                ("next_poll_at", "!=", False),
            ],
            order="sending_at",
            limit=1,
        )
        first = (oldest.sending_at or now) - BEFORE_CALL
        if account.dump_read_until:
            first = max(first, account.dump_read_until - OVERLAP)
        return max(first, now - KEPT)

    @api.model
    def _fetch_dump(self, account, client):
        """Read the ordered dump when it is ready, slice by slice; each is committed by itself.

        :return: when to come back, or None
        """
        now, began = fields.Datetime.now(), time.monotonic()
        try:
            dump = client.get_dump(account.dump_ref)
        except (errors.BadCall, errors.Rejected):
            dump = None  # the service forgot it
        if dump and dump.state in ("queued", "in_process"):
            if account.dump_asked_at > now - LONGEST_WAIT:
                return now + COME_BACK
            dump = None
        if not dump or dump.state != "ready":
            in_transaction(self.env, lambda: account._unlocked().write({"dump_ref": False}))
            if dump:
                self._delete_dump(client, dump)
            return now + PAUSE
        row = account.dump_row
        # Python reads what comes next while PostgreSQL writes
        try:
            parts = _read_slices(client, dump.urls, row, self._get_reader(account))
            with closing(read_ahead(parts)) as slices:
                for row, rows in slices:
                    with without_collecting():
                        in_transaction(self.env, lambda e=rows, r=row: self._keep(account, e, r))
                    if time.monotonic() - began > READ_WALL:
                        return now
        except (WebhookError, DumpMissing) as error:
            # no such file comes right by itself: another dump of the same span is ordered
            _logger.warning("An event dump cannot be read: %s", error)
            is_missing = isinstance(error, DumpMissing)
            in_transaction(self.env, lambda: self._request_another(account, is_missing))
            self._delete_dump(client, dump)
            return now + self._get_damaged_pause(account)
        except DumpTooLong:
            row = ROWS_A_DUMP
        in_transaction(self.env, lambda: self._finish(account, row))
        until = account.dump_until
        while in_transaction(self.env, lambda: self._plan_silent(account, until, now)):
            self.env.invalidate_all()
        self._delete_dump(client, dump)
        return now if account.dump_span else None

    @api.model
    def _delete_dump(self, client, dump):
        """Free the place of a dump: ten at once are kept, and no more can be ordered then."""
        try:
            client.delete_dump(dump.dump_id)
        except errors.UniSenderError as error:
            _logger.info("A dump stays until the service forgets it: %s", error.code)

    @api.model
    def _get_damaged_pause(self, account):
        """Return how long to wait between two orders of a span: twice as long after each damaged dump."""
        return min(PAUSE * 2 ** min(account.dump_damaged_count, 10), LONGEST_PAUSE)

    @api.model
    def _request_another(self, account, is_missing=False):
        """Have another dump of the same span ordered, and say on the account why nothing new is seen.

        Where dumps of it keep coming damaged, it is ordered in parts, so that all but the damaged one is
        read. The shortest span is given up, and a manager is informed.

        :param is_missing: a file of it is not there, which no row of it can be to blame for: nothing is
            given up
        """
        seconds, count = self._get_seconds(account), account.dump_damaged_count + 1
        if is_missing:
            count = max(account.dump_damaged_count, min(count, DAMAGED_WHOLE - 1))
        elif count >= DAMAGED_WHOLE and seconds <= SHORTEST_SPAN:
            self._report_skipped_span(account, is_damaged=True)
            self._close_span(account, 0)
            return
        office = account._for_office()
        if is_missing:
            text = office.env._(
                "A file of an event dump of Unisender Go is not there; another dump of the same time "
                "will be ordered."
            )
        else:
            text = office.env._(
                "An event dump of Unisender Go came damaged; another of the same time will be ordered."
            )
        vals = {"dump_ref": False, "dump_damaged_count": count, "last_error": text}
        if count >= DAMAGED_WHOLE and not is_missing:
            vals["dump_span"] = max(SHORTEST_SPAN, seconds // DAMAGED_PARTS)
        account._unlocked().write(vals)

    @api.model
    def _get_reader(self, account):
        """Return a function: slice of a dump → rows of the log of events; it touches no cursor.

        Letters of other programs of the same account are none of ours.
        """
        to_hook_events = account._get_service().to_hook_events
        to_rows = self.env["epd.letter.event"]._get_reader(account, "dump")
        return lambda chunk: to_rows(
            to_hook_events(event for event in chunk if event and event.metadata.get("key"))
        )

    @api.model
    def _keep(self, account, rows, row):
        """Keep a slice of a dump.

        :param rows: as a function of :meth:`_get_reader` returns them
        :param row: number of the dump's rows that are read by then
        """
        letters = self.env["epd.letter.event"].sudo()._keep(account, rows)
        self._note_refreshed(letters.mailing_id, fields.Datetime.now())
        account._unlocked().write({"dump_row": row})

    @api.model
    def _note_refreshed(self, mailings, now):
        for mailing in mailings:
            if not mailing.refreshed_at or now - mailing.refreshed_at > REFRESH_NOTED:
                mailing._unlocked().write({"refreshed_at": now})
                mailing._notify_screens()

    @api.model
    def _plan_silent(self, account, until, now):
        """Plan the next poll of letters that a whole dump told nothing of.

        :param until: naive UTC, end of the dump's span
        :param now: naive UTC when it was fetched
        :return: whether there may be more of them
        """
        letters = self._get_due_letters(account, [("sending_at", "<=", until)])
        self.env["epd.status.poll"]._plan_next_poll(letters, now, True)
        self._note_refreshed(letters.mailing_id, now)
        return len(letters) == LETTERS_AT_ONCE

    @api.model
    def _finish(self, account, rows):
        """A dump was read to its end: note how far.

        A dump that is full may have left events out: its span is ordered once more, in halves. The
        shortest span is not, and a manager is informed.

        :param rows: events of the dump; of one too long to be read, as many as a full one has
        """
        seconds = self._get_seconds(account)
        if rows >= ROWS_A_DUMP and seconds > SHORTEST_SPAN:
            half = max(SHORTEST_SPAN, seconds // 2)
            account._unlocked().write(
                {"dump_ref": False, "dump_span": half, "dump_damaged_count": 0}
            )
            return
        if rows >= ROWS_A_DUMP:
            self._report_skipped_span(account)
        self._close_span(account, rows)

    @api.model
    def _get_seconds(self, account):
        """Return the length of the span that a dump was ordered of."""
        return int((account.dump_until - account.dump_from).total_seconds())

    @api.model
    def _close_span(self, account, rows):
        """Go on to the next span.

        :param rows: events of the dump
        """
        now, until = fields.Datetime.now(), account.dump_until
        vals = {
            "dump_ref": False,
            "dump_from": False,
            "dump_row": 0,
            "dump_span": 0,
            "dump_damaged_count": 0,
            "dump_read_until": until,
        }
        if account.dump_span and until < now - PAUSE:
            # a part of a divided span, whose rest follows, whoever is still waited for; where events are
            # few again, the next may be longer
            longer = 2 if rows < ROWS_A_DUMP // 4 else 1
            vals |= {"dump_from": until, "dump_span": account.dump_span * longer}
        if account.last_error and account.state == "active" and not account.fault_count:
            vals["last_error"] = False  # of a try before
        account._unlocked().write(vals)
        for mailing in self.env["epd.mailing"].search(
            [
                ("unisender_account_id", "=", account.id),
                ("refreshed_at", ">=", account.dump_asked_at),
            ]
        ):
            mailing._notify_screens()

    @api.model
    def _report_skipped_span(self, account, is_damaged=False):
        office = account._for_office()
        company = office.company_id
        moments = {
            "since": company._epd_show_moment(account.dump_from),
            "until": company._epd_show_moment(account.dump_until),
        }
        if is_damaged:
            text = office.env._(
                "The event dump of Unisender Go from %(since)s to %(until)s comes damaged each time. "
                "What became of letters then is shown only as far as the webhook reported it.",
                **moments,
            )
        else:
            text = office.env._(
                "The event dump of Unisender Go from %(since)s to %(until)s has more events than can "
                "be read. What became of letters then is shown only as far as the webhook reported it.",
                **moments,
            )
        office._notify_manager(office.env._("Events of Unisender Go could not be read"), text)

    # --- addresses that the service does not send to ----------------------------------------------

    @api.model
    def _read_suppressions(self, account, client):
        """Learn once a day whom the service sends nothing to: they unsubscribed there, or bounced.

        Their payers get paper from now on, instead of a rejection next month.
        """
        now, last = fields.Datetime.now(), account.suppression_read_at
        if last and last > now - SUPPRESSION_PERIOD:
            return
        since = last - OVERLAP if last else now - FIRST_SUPPRESSIONS
        found, cursor = {}, ""
        try:
            for _page in range(PAGES):
                page, cursor = client.list_suppressions(since.replace(tzinfo=UTC), cursor)
                for one in page:
                    new = not one.created or one.created.replace(tzinfo=None) >= since
                    if one.cause in LOSSES and new:
                        found[one.email.strip().lower()] = one.cause
                if not cursor:
                    break
        except errors.UniSenderError as error:
            # a project's key may see less; letters go all the same, and are rejected one by one
            _logger.info("The suppression list cannot be read: %s", error.code)
            is_passing = isinstance(
                error, (errors.ConnectFailed, errors.ResultUnknown, errors.RateLimited)
            )
            if is_passing:
                now = last  # what was not read is read with the next run
        for emails in split_every(CHUNK, found):
            in_transaction(self.env, lambda emails=emails: self._lose(account, emails, found))
        if now != last:
            # at the end: a server that stops before reads the same days again
            in_transaction(
                self.env, lambda: account._unlocked().write({"suppression_read_at": now})
            )

    @api.model
    def _lose(self, account, emails, causes):
        addresses = self.env["epd.delivery.address"].search(
            [
                ("company_id", "=", account.company_id.id),
                ("email_normalized", "in", list(emails)),
                ("state", "=", "active"),
            ]
        )
        by_cause = addresses.grouped(lambda address: causes[address.email_normalized])
        for cause, lost in by_cause.items():
            lost._lose(LOSSES[cause], cause)


def _read_slices(client, urls, skip, to_rows):
    """Yield (rows read by then, rows of the log) of a dump's files; no database: it is done by a thread.

    :param skip: number of first rows that were read before; their slices are passed over
    :param to_rows: function: slice of events → rows of the log of events
    """
    row = 0
    for url in urls:
        events, chunk = go_events.read_dump(client.read_dump(url), skip - row), None
        while chunk is None or len(chunk) == EVENTS_AT_ONCE:
            chunk, damage = [], None
            try:
                chunk.extend(itertools.islice(events, EVENTS_AT_ONCE))
            except WebhookError as error:
                damage = error
            row += len(chunk)
            if chunk and row > skip:
                yield row, to_rows(chunk)
            if damage:
                raise damage  # what came before it is kept
