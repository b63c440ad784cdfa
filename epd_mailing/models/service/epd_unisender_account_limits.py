from collections import namedtuple
from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

# free: letters that may be begun now; until: when to look again (naive UTC); reason to show
Room = namedtuple("Room", "free until reason")

LOCK_CLASS = 0x65706401  # our advisory locks, the second number is the account
# a call reaches the service a little later than it is counted here
MARGIN = timedelta(seconds=1)
FIRST_REST = 60  # seconds; doubled with each fault in a row
LONGEST_REST = 900
FAULTS_TO_PAUSE = 8


class EpdUnisenderAccount(models.Model):
    """The service's limits, kept by us, and the rest after its faults.

    Both are shared by all workers and hosts: calls are counted from the letters' ``sending_at``
    under a lock of the account, the rest stands on the account.
    """

    _inherit = "epd.unisender.account"

    wait_until = fields.Datetime(string="Rests Until", readonly=True, copy=False)
    wait_reason = fields.Char(string="Rests Because", readonly=True, copy=False)
    fault_count = fields.Integer(string="Faults in a Row", readonly=True, copy=False)

    def _gate_names(self):
        return super()._gate_names() | {"wait_until", "wait_reason", "fault_count"}

    # --- limits ----------------------------------------------------------------------------------

    def _get_room(self):
        """Return the :class:`Room` by the rest, the minute, the day and the number in flight.

        Counted from ``sending_at`` of all letters of the account, test ones too. After a fault one
        letter at a time is tried.
        """
        self.ensure_one()
        now = self.env["epd.mailing.letter"]._db_now()
        if self.wait_until and self.wait_until > now:
            return Room(0, self.wait_until, self.wait_reason)
        free = 1 if self.fault_count else max(1, self.parallel_calls)
        reasons = (
            (self.limit_per_minute, timedelta(seconds=60), False),
            (
                self.limit_per_day,
                timedelta(days=1),
                self.env._("The daily limit of letters is reached."),
            ),
        )
        for limit, window, reason in reasons:
            if limit:
                taken, until = self._count_recent(limit, window + MARGIN, now)
                if taken >= limit:
                    return Room(0, until, reason)
                free = min(free, limit - taken)
        return Room(free, None, False)

    def _count_recent(self, limit, window, now):
        """Return (letters begun within ``window``, at most ``limit``; when the next may begin)."""
        self.env.cr.execute(
            """
            SELECT count(*), min(sending_at) FROM (
                SELECT sending_at FROM epd_mailing_letter
                 WHERE unisender_account_id = %s AND sending_at > %s
                 ORDER BY sending_at DESC LIMIT %s) recent
            """,
            (self.id, now - window, limit),
        )
        taken, oldest = self.env.cr.fetchone()
        return taken, oldest and oldest + window

    def _get_busy_addresses(self, emails, now):
        """Return ``{address: moment}`` of those that got a letter too short a time ago."""
        window = timedelta(seconds=self.limit_address_seconds) + MARGIN
        if not self.limit_address_seconds or not emails:
            return {}
        self.env.cr.execute(
            SQL(
                """
                SELECT email_normalized, max(sending_at) FROM epd_mailing_letter
                 WHERE unisender_account_id = %s AND sending_at > %s AND email_normalized IN %s
                 GROUP BY email_normalized
                """,
                self.id,
                now - window,
                tuple(emails),
            )
        )
        return {email: last + window for email, last in self.env.cr.fetchall()}

    def _reserve(self, letters, token):
        """Turn claimed letters to «sending» within all limits, and commit that before any call.

        Cron only: it commits. The lock is one of the session: a transaction's snapshot is older
        than the moment it gets a lock it waited for, so counting begins in a fresh one.

        :return: the letters to call for now; those whose address is too recent are postponed
        """
        if not letters:
            return letters
        mailing = letters.mailing_id[:1]
        self.env.cr.execute("SELECT pg_advisory_lock(%s, %s)", (LOCK_CLASS, self.id))
        try:
            mailing._commit()
            return mailing._in_transaction(lambda: self._reserve_locked(letters, token))
        except Exception:
            self.env.cr.rollback()
            raise
        finally:
            self.env.cr.execute("SELECT pg_advisory_unlock(%s, %s)", (LOCK_CLASS, self.id))
            mailing._commit()

    def _reserve_locked(self, letters, token):
        # on disk before the call, whatever the server's own setting: a crash of the database that
        # forgot this commit would have the letters sent once more
        self.env.cr.execute("SET LOCAL synchronous_commit = on")
        self.env.invalidate_all()
        now = letters._db_now()
        free = self._get_room().free
        busy = self._get_busy_addresses(set(letters.mapped("email_normalized")), now)
        chosen, later = letters.browse(), {}
        for letter in letters:
            email = letter.email_normalized
            if email in busy:
                later[letter.id] = busy[email]
            elif len(chosen) < free:
                chosen |= letter
                if self.limit_address_seconds:
                    busy[email] = now + timedelta(seconds=self.limit_address_seconds) + MARGIN
        letters._postpone(token, later)
        return chosen._mark_sending(token, self, now) if chosen else chosen

    # --- faults ----------------------------------------------------------------------------------

    def _rest(self, reason):
        """Let the queue of this account wait, longer with each fault in a row.

        After many faults without one letter going the mailings pause: a person has to look.
        """
        faults = self.fault_count + 1
        seconds = min(LONGEST_REST, FIRST_REST * 2 ** (faults - 1))
        self._through_gate().write(
            {
                "fault_count": faults,
                "wait_reason": reason,
                "wait_until": fields.Datetime.now() + timedelta(seconds=seconds),
                "last_error": reason,
            }
        )
        if faults >= FAULTS_TO_PAUSE:
            self._pause_mailings(reason)

    def _recover(self):
        """A letter went: the service works again."""
        if self.fault_count or self.wait_until:
            self._through_gate().write(
                {"fault_count": 0, "wait_reason": False, "wait_until": False, "last_error": False}
            )

    def _stop(self, error):
        """Wrong key, no money, unconfirmed sender: nothing goes until a person mends it."""
        text = self._describe_error(error)
        self._can_move("error")._through_gate()._move("error", last_error=text)
        self._pause_mailings(text)

    def _pause_mailings(self, reason):
        mailings = self.env["epd.mailing"].search(
            [("unisender_account_id", "=", self.id), ("state", "=", "sending")]
        )
        for mailing in mailings:
            mailing._for_office()._pause(reason)
