"""The queue of letters: claim, lease, reservation, sweep. Each step is one statement of SQL.

Several workers and hosts may do this at once: rows are picked with ``SKIP LOCKED`` and every
statement names the state it starts from. ``state`` equals ``send_state`` in all the states used
here and ``delivery_state`` of the document is «pending» in all of them, so no stored compute is
left behind.
"""

from datetime import timedelta

from odoo.tools import SQL

UNKNOWN_MARGIN = timedelta(seconds=60)  # after the time-out a worker that is alive has written
SHORTEST_LEASE = 60  # seconds


def db_now(env):
    """Return the database's clock (naive UTC): one clock for all workers and hosts."""
    env.cr.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
    return env.cr.fetchone()[0]


class LetterQueue:
    """The queue's steps; none of them commits.

    :param env: environment of the program's own user
    """

    def __init__(self, env):
        self.env = env
        self.letters = env["epd.mailing.letter"]

    def claim(self, mailing, token, size, tests_only=False):
        """Claim the next letters of a mailing under ``token`` and return them.

        Test letters go whatever the state of the mailing, other letters only while it is sending.

        :param token: text of this claim alone
        :param size: how many letters at most
        :param tests_only: letters to payers wait, those that try the mailing do not
        """
        self._check_move("pending", "claimed")
        now = db_now(self.env)
        lease = timedelta(seconds=max(SHORTEST_LEASE, mailing.unisender_account_id.lease_seconds))
        return self._get_changed(
            SQL(
                """
                WITH picked AS (
                    SELECT id FROM epd_mailing_letter
                     WHERE mailing_id = %(mailing)s
                       AND send_state = 'pending'
                       AND (is_test OR %(is_sending)s)
                       AND (next_try_at IS NULL OR next_try_at <= %(now)s)
                     ORDER BY is_test DESC, id
                     LIMIT %(size)s
                       FOR UPDATE SKIP LOCKED)
                UPDATE epd_mailing_letter letter
                   SET send_state = 'claimed', state = 'claimed', claim_token = %(token)s,
                       claimed_at = %(now)s, lease_until = %(lease)s
                  FROM picked
                 WHERE letter.id = picked.id
             RETURNING letter.id
                """,
                mailing=mailing.id,
                is_sending=mailing.state == "sending" and not tests_only,
                now=now,
                size=size,
                token=token,
                lease=now + lease,
            )
        )

    def release(self, token):
        """Put what is still claimed under ``token`` back into the queue: nothing was sent."""
        self._check_move("claimed", "pending")
        self._get_changed(
            SQL(
                """
                UPDATE epd_mailing_letter
                   SET send_state = 'pending', state = 'pending', claim_token = NULL,
                       lease_until = NULL
                 WHERE claim_token = %s AND send_state = 'claimed'
             RETURNING id
                """,
                token,
            )
        )

    def postpone(self, token, moments):
        """Put claimed letters back until a moment.

        :param moments: ``{letter id: naive UTC}``
        """
        self._check_move("claimed", "pending")
        for letter_id, moment in moments.items():
            self._get_changed(
                SQL(
                    """
                    UPDATE epd_mailing_letter
                       SET send_state = 'pending', state = 'pending', claim_token = NULL,
                           lease_until = NULL, next_try_at = %s
                     WHERE id = %s AND claim_token = %s AND send_state = 'claimed'
                 RETURNING id
                    """,
                    moment,
                    letter_id,
                    token,
                )
            )

    def mark_sending(self, letters, token, account, now):
        """Turn claimed letters to «sending» and return those that were still there to be sent.

        The last check: the claim, the mailing, its account and the rule of
        ``epd.letter.eligibility`` are asked in this very statement.

        :param account: ``epd.unisender.account`` they go through
        :param now: naive UTC of the database; the limits are counted from it
        """
        if not letters:
            return letters
        self._check_move("claimed", "sending")
        marked = self._get_changed(
            SQL(
                """
                UPDATE epd_mailing_letter letter
                   SET send_state = 'sending', state = 'sending', sending_at = %(now)s,
                       attempts = COALESCE(letter.attempts, 0) + 1, lease_until = %(lease)s,
                       unisender_account_id = %(account)s, next_try_at = NULL
                  FROM epd_mailing mailing, epd_unisender_account account,
                       (%(checked)s) AS checked
                 WHERE letter.id IN %(ids)s
                   AND letter.send_state = 'claimed'
                   AND letter.claim_token = %(token)s
                   AND letter.lease_until > %(now)s
                   AND mailing.id = letter.mailing_id
                   AND (letter.is_test OR mailing.state = 'sending')
                   AND mailing.unisender_account_id = %(account)s
                   AND account.id = %(account)s
                   AND account.state = 'active'
                   AND account.company_id = mailing.company_id
                   AND checked.letter_id = letter.id
                   AND checked.reason IS NULL
             RETURNING letter.id
                """,
                now=now,
                lease=now + timedelta(seconds=max(1, account.timeout_seconds)) + UNKNOWN_MARGIN,
                account=account.id,
                ids=tuple(letters.ids),
                token=token,
                checked=self.env["epd.letter.eligibility"]._get_letter_query(letters.ids),
            )
        )
        letters.invalidate_recordset()
        return marked

    def sweep(self):
        """Take back expired claims, and return the letters that a dead worker was sending.

        Those are not changed: the caller makes them «unknown».
        """
        self._check_move("claimed", "pending")
        now = db_now(self.env)
        self._get_changed(
            SQL(
                """
                UPDATE epd_mailing_letter
                   SET send_state = 'pending', state = 'pending', claim_token = NULL,
                       lease_until = NULL
                 WHERE id IN (SELECT id FROM epd_mailing_letter
                               WHERE lease_until < %s AND send_state = 'claimed'
                                 FOR UPDATE SKIP LOCKED)
             RETURNING id
                """,
                now,
            )
        )
        return self._get_changed(
            SQL(
                """
                SELECT id FROM epd_mailing_letter
                 WHERE lease_until < %s AND send_state = 'sending'
                   FOR UPDATE SKIP LOCKED
                """,
                now,
            )
        )

    def _check_move(self, before, after):
        """Ask the letters' one table of moves, as ``_move`` does: a statement names the state it starts from.

        :raise ValueError: the table has no such move
        """
        if after not in self.letters._transitions[before]:
            raise ValueError(f"letters do not go from {before} to {after}")

    def _get_changed(self, statement):
        """Execute a statement that returns ids; return the letters, to be read anew."""
        self.env.flush_all()
        # a clash of two workers of one mailing is usual and tried again: no error for the log
        self.env.cr.execute(statement, log_exceptions=False)
        letters = self.letters.browse(sorted(row[0] for row in self.env.cr.fetchall()))
        letters.invalidate_recordset()
        return letters
