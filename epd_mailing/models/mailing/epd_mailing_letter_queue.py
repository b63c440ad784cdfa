from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

UNKNOWN_MARGIN = timedelta(seconds=60)  # after the time-out a worker that is alive has written


class EpdMailingLetter(models.Model):
    """The queue: claim, lease, reservation, sweep. Plain SQL, so that each step is one statement.

    Several workers and hosts may do this at once: rows are picked with ``SKIP LOCKED`` and every
    statement names the state it starts from. ``state`` equals ``send_state`` in all the states
    used here and ``delivery_state`` of the document is «pending» in all of them, so no stored
    compute is left behind.
    """

    _inherit = "epd.mailing.letter"

    @api.model
    def _db_now(self):
        """Return the database's clock (naive UTC): one clock for all workers and hosts."""
        self.env.cr.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
        return self.env.cr.fetchone()[0]

    @api.model
    def _claim(self, mailing, token, size):
        """Claim the next letters of a mailing under ``token`` and return them.

        Test letters go whatever the state of the mailing, other letters only while it is sending.
        """
        self.flush_model()
        now = self._db_now()
        lease = timedelta(seconds=max(60, mailing.unisender_account_id.lease_seconds))
        self.env.cr.execute(
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
                is_sending=mailing.state == "sending",
                now=now,
                size=size,
                token=token,
                lease=now + lease,
            )
        )
        letters = self.browse(sorted(row[0] for row in self.env.cr.fetchall()))
        letters.invalidate_recordset()
        return letters

    @api.model
    def _release(self, token):
        """Put what is still claimed under ``token`` back into the queue: nothing was sent."""
        self.flush_model()
        self.env.cr.execute(
            """
            UPDATE epd_mailing_letter
               SET send_state = 'pending', state = 'pending', claim_token = NULL,
                   lease_until = NULL
             WHERE claim_token = %s AND send_state = 'claimed'
         RETURNING id
            """,
            (token,),
        )
        self.browse([row[0] for row in self.env.cr.fetchall()]).invalidate_recordset()

    def _postpone(self, token, moments):
        """Put claimed letters back until a moment: ``{letter id: naive UTC}``."""
        for letter_id, moment in moments.items():
            self.env.cr.execute(
                """
                UPDATE epd_mailing_letter
                   SET send_state = 'pending', state = 'pending', claim_token = NULL,
                       lease_until = NULL, next_try_at = %s
                 WHERE id = %s AND claim_token = %s AND send_state = 'claimed'
                """,
                (moment, letter_id, token),
            )
        self.browse(moments).invalidate_recordset()

    def _mark_sending(self, token, account, now):
        """Turn claimed letters to «sending» and return those that were still there to be sent.

        The claim, the mailing, the document and the address are looked at in this very statement.

        :param account: ``epd.unisender.account`` they go through
        :param now: naive UTC of the database; the limits are counted from it
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE epd_mailing_letter letter
                   SET send_state = 'sending', state = 'sending', sending_at = %(now)s,
                       attempts = COALESCE(letter.attempts, 0) + 1, lease_until = %(lease)s,
                       unisender_account_id = %(account)s, next_try_at = NULL
                  FROM epd_mailing mailing, epd_payment_document document
                 WHERE letter.id IN %(ids)s
                   AND letter.send_state = 'claimed'
                   AND letter.claim_token = %(token)s
                   AND letter.lease_until > %(now)s
                   AND mailing.id = letter.mailing_id
                   AND (letter.is_test OR mailing.state = 'sending')
                   AND document.id = letter.document_id
                   AND document.state = 'saved'
                   AND (letter.is_test OR EXISTS (
                        SELECT 1 FROM epd_delivery_address address
                         WHERE address.id = letter.address_id AND address.state = 'active'))
             RETURNING letter.id
                """,
                now=now,
                lease=now + timedelta(seconds=max(1, account.timeout_seconds)) + UNKNOWN_MARGIN,
                account=account.id,
                ids=tuple(self.ids),
                token=token,
            )
        )
        marked = self.browse(sorted(row[0] for row in self.env.cr.fetchall()))
        self.invalidate_recordset()
        return marked

    @api.model
    def _sweep(self):
        """Take back expired claims; what a dead worker was sending becomes unknown.

        :return: number of letters that became unknown
        """
        self.flush_model()
        now = self._db_now()
        self.env.cr.execute(
            """
            UPDATE epd_mailing_letter
               SET send_state = 'pending', state = 'pending', claim_token = NULL,
                   lease_until = NULL
             WHERE id IN (SELECT id FROM epd_mailing_letter
                           WHERE lease_until < %s AND send_state = 'claimed'
                             FOR UPDATE SKIP LOCKED)
            """,
            (now,),
        )
        self.env.cr.execute(
            """
            SELECT id FROM epd_mailing_letter
             WHERE lease_until < %s AND send_state = 'sending'
               FOR UPDATE SKIP LOCKED
            """,
            (now,),
        )
        dead = self.browse(sorted(row[0] for row in self.env.cr.fetchall()))
        self.invalidate_model()
        for letter in dead:
            letter._write_unknown(self.env._("The server stopped while the letter was being sent."))
        dead._adopt_events()
        return len(dead)
