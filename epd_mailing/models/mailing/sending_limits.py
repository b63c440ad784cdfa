"""The service's limits, kept by us.

They are shared by all workers and hosts: calls are counted from the letters' ``sending_at`` in the
database, under a lock of the UniSender account.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from odoo import models
from odoo.tools import SQL

from .letter_queue import LetterQueue, db_now
from .transaction import commit, in_transaction

LOCK_CLASS = 0x65706401  # our advisory locks, the second number is the account
# a call reaches the service a little later than it is counted here
MARGIN = timedelta(seconds=1)
# of the account, what the limits are made of
FIELDS = (
    "wait_until",
    "wait_reason",
    "fault_count",
    "limit_count",
    "parallel_calls",
    "limit_per_minute",
    "limit_per_day",
    "limit_address_seconds",
    "timeout_seconds",
)
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


@dataclass(frozen=True)
class Reservation:
    """What became of claimed letters that asked to go.

    ``going``: they are «sending» now and have to be called for; ``waiting``: no room for them now,
    they stay claimed. The other ones are put off, or may not go after all.
    """

    room: Room
    going: models.Model
    waiting: models.Model


class SendingLimits:
    """The limits of one UniSender account.

    :param account: ``epd.unisender.account``
    """

    def __init__(self, account):
        account.ensure_one()
        self.account = account
        self.env = account.env

    @staticmethod
    def get_last_moments(accounts):
        """Return ``{id: when the last letter was begun}`` (naive UTC; ``datetime.min`` where none was).

        :param accounts: ``epd.unisender.account``
        """
        accounts.env["epd.mailing.letter"].flush_model(["unisender_account_id", "sending_at"])
        rows = accounts.env.execute_query(
            SQL(
                """
                SELECT account.id, (SELECT max(sending_at) FROM epd_mailing_letter
                                     WHERE unisender_account_id = account.id)
                  FROM epd_unisender_account account WHERE account.id IN %s
                """,
                tuple(accounts.ids),
            )
        )
        return {account_id: last or datetime.min for account_id, last in rows}

    def get_room(self):
        """Return the :class:`Room` by the database, the rest, the minute, the day and the number in flight.

        Counted over all letters of the account, test ones too. After an error one letter at a time
        is tried.
        """
        now = db_now(self.env)
        stranger = self.account._describe_strange_home()
        if stranger:
            return Room(0, now + STRANGER_LOOKS, stranger)
        return self._get_room_at(now)

    def _get_room_at(self, now):
        """Return the :class:`Room` in a database that is known to be the key's own."""
        account = self.account
        account.fetch(FIELDS)
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
        Without limits there is nothing to count, and no lock.

        :param letters: ``epd.mailing.letter`` claimed under ``token``, not empty
        :return: Reservation
        """
        if not self._is_counted():
            return in_transaction(self.env, lambda: self._reserve_now(letters, token))
        key = (LOCK_CLASS, self.account.id)
        self.env.cr.execute("SELECT pg_advisory_lock(%s, %s)", key)
        try:
            commit(self.env)
            return in_transaction(self.env, lambda: self._reserve_now(letters, token))
        except Exception:
            self.env.cr.rollback()
            raise
        finally:
            self.env.cr.execute("SELECT pg_advisory_unlock(%s, %s)", key)
            commit(self.env)

    def _is_counted(self):
        account = self.account
        account.fetch(FIELDS)
        return bool(
            account.limit_per_minute or account.limit_per_day or account.limit_address_seconds
        )

    def _reserve_now(self, letters, token):
        # on disk before the call, whatever the server's own setting: a crash of the database that
        # forgot this commit would have the letters sent once more
        self.env.cr.execute(
            "SELECT clock_timestamp() AT TIME ZONE 'UTC', set_config('synchronous_commit', 'on', true)"
        )
        now, queue = self.env.cr.fetchone()[0], LetterQueue(self.env)
        room = self._get_room_at(now)
        chosen, waiting, later = [], [], {}
        pause = timedelta(seconds=self.account.limit_address_seconds)
        emails = self._get_emails(letters) if pause else {}
        busy = self._get_busy_addresses(set(emails.values()), now)
        for letter_id in letters.ids:
            email = emails.get(letter_id)
            if email in busy:
                later[letter_id] = busy[email]
            elif len(chosen) < room.free:
                chosen.append(letter_id)
                if pause:
                    busy[email] = now + pause + MARGIN
            else:
                waiting.append(letter_id)
        queue.postpone(token, later)
        going = queue.mark_sending(letters.browse(chosen), token, self.account, now)
        return Reservation(room, going, letters.browse(waiting))

    @staticmethod
    def _get_emails(letters):
        """Return ``{letter id: address}``."""
        letters.fetch(["email_normalized"])
        return {letter.id: letter.email_normalized for letter in letters}
