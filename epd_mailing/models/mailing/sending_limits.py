"""The service's limits, kept by us.

They are shared by all workers and hosts: calls are counted from the letters' ``sending_at`` in the
database, under a lock of the UniSender account.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from odoo.tools import SQL

from .letter_queue import LetterQueue, db_now
from .transaction import commit, in_transaction

LOCK_CLASS = 0x65706401  # our advisory locks, the second number is the account
# a call reaches the service a little later than it is counted here
MARGIN = timedelta(seconds=1)
STRANGER_LOOKS = timedelta(minutes=5)  # in a copy of the database, whether it was confirmed


@dataclass(frozen=True)
class Room:
    """What the limits let through now.

    ``free``: letters that may be begun; ``until``: when to look again (naive UTC) if there are
    none; ``reason``: what to show, False when it is only the pace of a minute.
    """

    free: int
    until: datetime | None = None
    reason: str | bool = False


class SendingLimits:
    """The limits of one UniSender account.

    :param account: ``epd.unisender.account``
    """

    def __init__(self, account):
        account.ensure_one()
        self.account = account
        self.env = account.env

    def get_room(self):
        """Return the :class:`Room` by the database, the rest, the minute, the day and the number in flight.

        Counted over all letters of the account, test ones too. After an error one letter at a time
        is tried.
        """
        account, now = self.account, db_now(self.env)
        stranger = account._describe_strange_home()
        if stranger:
            return Room(0, now + STRANGER_LOOKS, stranger)
        if account.wait_until and account.wait_until > now:
            return Room(0, account.wait_until, account.wait_reason)
        free = 1 if account.fault_count or account.limit_count else max(1, account.parallel_calls)
        for limit, window, reason in (
            (account.limit_per_minute, timedelta(seconds=60), False),
            (
                account.limit_per_day,
                timedelta(days=1),
                self.env._("The daily limit of letters is reached."),
            ),
        ):
            if limit:
                taken, until = self._count_recent(limit, window + MARGIN, now)
                if taken >= limit:
                    return Room(0, until, reason)
                free = min(free, limit - taken)
        return Room(free)

    def _count_recent(self, limit, window, now):
        """Return (letters begun within ``window``, at most ``limit``; when the next may begin)."""
        ((taken, oldest),) = self.env.execute_query(
            SQL(
                """
                SELECT count(*), min(sending_at) FROM (
                    SELECT sending_at FROM epd_mailing_letter
                     WHERE unisender_account_id = %s AND sending_at > %s
                     ORDER BY sending_at DESC LIMIT %s) recent
                """,
                self.account.id,
                now - window,
                limit,
            )
        )
        return taken, oldest and oldest + window

    def _get_busy_addresses(self, emails, now):
        """Return ``{address: moment}`` of those that got a letter too short a time ago."""
        seconds = self.account.limit_address_seconds
        if not seconds or not emails:
            return {}
        window = timedelta(seconds=seconds) + MARGIN
        rows = self.env.execute_query(
            SQL(
                """
                SELECT email_normalized, max(sending_at) FROM epd_mailing_letter
                 WHERE unisender_account_id = %s AND sending_at > %s AND email_normalized IN %s
                 GROUP BY email_normalized
                """,
                self.account.id,
                now - window,
                tuple(emails),
            )
        )
        return {email: last + window for email, last in rows}

    def reserve(self, letters, token):
        """Turn claimed letters to «sending» within all limits, and commit that before any call.

        Cron only: it commits. The lock is one of the session: a transaction's snapshot is older
        than the moment it gets a lock it waited for, so counting begins in a fresh one
        (https://www.postgresql.org/docs/current/transaction-iso.html, repeatable read, seen 2026-11).

        :param letters: ``epd.mailing.letter`` claimed under ``token``
        :return: the letters to call for now; those whose address is too recent are postponed
        """
        if not letters:
            return letters
        key = (LOCK_CLASS, self.account.id)
        self.env.cr.execute("SELECT pg_advisory_lock(%s, %s)", key)
        try:
            commit(self.env)
            return in_transaction(self.env, lambda: self._reserve_locked(letters, token))
        except Exception:
            self.env.cr.rollback()
            raise
        finally:
            self.env.cr.execute("SELECT pg_advisory_unlock(%s, %s)", key)
            commit(self.env)

    def _reserve_locked(self, letters, token):
        # on disk before the call, whatever the server's own setting: a crash of the database that
        # forgot this commit would have the letters sent once more
        self.env.cr.execute("SET LOCAL synchronous_commit = on")
        self.env.invalidate_all()
        now, queue = db_now(self.env), LetterQueue(self.env)
        free = self.get_room().free
        busy = self._get_busy_addresses(set(letters.mapped("email_normalized")), now)
        chosen, later = letters.browse(), {}
        pause = timedelta(seconds=self.account.limit_address_seconds)
        for letter in letters:
            email = letter.email_normalized
            if email in busy:
                later[letter.id] = busy[email]
            elif len(chosen) < free:
                chosen |= letter
                if pause:
                    busy[email] = now + pause + MARGIN
        queue.postpone(token, later)
        return queue.mark_sending(chosen, token, self.account, now)
