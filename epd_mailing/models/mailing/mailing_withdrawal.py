"""A mailing that is given up: its letters that have not gone are withdrawn."""

from odoo import fields

from ..base.thread import QUIET

AT_ONCE = 2000  # letters withdrawn while the clerk waits, and in one slice: about a quarter second
WAITING = ("pending", "claimed")
# states of a mailing of which nothing goes any more
GIVEN_UP = ("cancelling", "cancelled")


class MailingWithdrawal:
    """Withdraws the letters of one mailing: few at once, many in the background.

    From the first moment nothing of it goes: the sender takes letters of mailings in the state
    «sending» alone, and the test letters are withdrawn with the button.

    :param mailing: ``epd.mailing``, unlocked; rights are checked by the caller
    """

    def __init__(self, mailing):
        mailing.ensure_one()
        self.mailing = mailing
        self.env = mailing.env

    def begin(self):
        """Give the mailing up; a big one is «cancelling» until its last letter is withdrawn."""
        mailing, user = self.mailing, self.env.user.name
        if mailing.is_filling:
            mailing.write({"is_filling": False})
        quiet = {"wait_reason": False, "wait_until": False}
        count = self.count()
        if count > AT_ONCE:
            mailing._move("cancelling", **quiet)
            self._withdraw(self._get_waiting(is_test=True))
            mailing.message_post(
                body=self.env._(
                    "Being cancelled by %(user)s: %(count)s letters are withdrawn in the background. "
                    "None of them goes out any more.",
                    user=user,
                    count=count,
                )
            )
            mailing._wake_worker()
            return
        mailing._move("cancelled", finished_at=fields.Datetime.now(), **quiet)
        self._withdraw(self._get_waiting())
        text = self.env._(
            "Cancelled by %(user)s. %(withdrawn)s letters were withdrawn.",
            user=user,
            withdrawn=count,
        )
        self._report(text)

    def take_slice(self):
        """Withdraw the next letters; after the last ones the mailing is cancelled.

        :return: how many they were
        """
        letters = self._get_waiting(limit=AT_ONCE)
        self._withdraw(letters)
        if len(letters) < AT_ONCE:
            self._finish()
        return len(letters)

    def count(self):
        """Return how many letters to payers have not gone yet."""
        return self.mailing.env["epd.mailing.letter"].search_count(
            [*self._get_domain(), ("is_test", "=", False)]
        )

    def _get_domain(self):
        return [("mailing_id", "=", self.mailing.id), ("send_state", "in", WAITING)]

    def _get_waiting(self, is_test=None, limit=None):
        domain = self._get_domain()
        if is_test is not None:
            domain.append(("is_test", "=", is_test))
        return self.env["epd.mailing.letter"].search(domain, order="id", limit=limit)

    def _withdraw(self, letters):
        # what became of each letter stands in its row
        letters.with_context(tracking_disable=QUIET)._withdraw(
            self.env._("The mailing was cancelled.")
        )

    def _report(self, text):
        words = " ".join((text, self.mailing._get_progress_line()))
        self.mailing.message_post(body=words)

    @classmethod
    def withdraw_late(cls, env):
        """Withdraw what went back to the queue of a cancelled mailing.

        A call that was under way when the button was pressed may end «not sent» after the last letter
        was withdrawn, in a transaction that began before.
        """
        letters = env["epd.mailing.letter"].search(
            [("send_state", "=", "pending"), ("mailing_id.state", "=", "cancelled")], limit=AT_ONCE
        )
        for mailing, late in letters.grouped("mailing_id").items():
            cls(mailing._for_office())._withdraw(late)

    def _finish(self):
        mailing = self.mailing
        mailing._move(
            "cancelled",
            finished_at=fields.Datetime.now(),
            wait_reason=False,
            wait_until=False,
        )
        withdrawn = self.env["epd.mailing.letter"].search_count(
            [
                ("mailing_id", "=", mailing.id),
                ("is_test", "=", False),
                ("send_state", "=", "cancelled"),
            ]
        )
        text = self.env._("The mailing is cancelled. Letters withdrawn: %s.", withdrawn)
        self._report(text)
