"""Letters of a mailing that has too many documents to write them while the clerk waits."""

from odoo import fields
from odoo.fields import Domain

from .epd_letter_eligibility import LIVE
from .letter_writer import LetterWriter

AT_ONCE = 2000  # documents whose letters are written while the clerk waits: about a second


def get_saved_domain(mailing, period, accounts, form):
    """Return the domain of the saved documents of a month that no letter has yet.

    :param mailing: ``epd.mailing``, whose company they are of
    :param period: ``epd.billing.period``; an empty one finds no documents
    :param accounts: ``epd.account.list`` they are of, an empty one for all
    :param form: form of the documents, nothing for all
    """
    if not period:
        return Domain.FALSE
    letters = [("is_test", "=", False), ("send_state", "in", LIVE)]
    domain = (
        Domain("company_id", "=", mailing.company_id.id)
        & Domain("period_id", "=", period.id)
        & Domain("state", "=", "saved")
        & Domain("letter_ids", "not any", letters)
    )
    if form:
        domain &= Domain("form", "=", form)
    if accounts:
        chosen = accounts.with_company(mailing.company_id)._get_domain(period)
        domain &= Domain("account_id", "any", chosen)
    return domain


class MailingFill:
    """Writes the letters of one mailing: at once, or slice after slice in the background.

    Documents go in the order of their ids: ``fill_after`` is the last one whose letters are
    written, so the work goes on where it stopped. A mailing may be scheduled meanwhile; it does not
    begin before all its letters are written.

    :param mailing: ``epd.mailing``; rights are checked by the caller
    """

    def __init__(self, mailing):
        mailing.ensure_one()
        self.mailing = mailing
        self.env = mailing.env

    def start(self):
        """Write the letters now when they are few, else have the worker write them."""
        documents = self.env["epd.payment.document"]
        domain = self.mailing._get_fill_domain()
        total = documents.search_count(domain)
        if total <= AT_ONCE:
            found = documents.search(domain, order="building_id, account_id")
            LetterWriter(self.mailing).add(found)
            return
        self._begin(self.mailing.sudo()._unlocked(), total, fill_left=total, fill_after=0)
        self.mailing._wake_worker()

    def go_on(self):
        """Go on with what is left, where there is something and nothing has gone yet."""
        if self.mailing.fill_left and self.mailing._takes_letters():
            self._begin(self.mailing, self.mailing.fill_left, fill_problem=False)

    @staticmethod
    def _begin(mailing, total, **vals):
        now = fields.Datetime.now()
        mailing.write({"is_filling": True, "fill_total": total, "fill_started_at": now, **vals})

    def write_slice(self):
        """Write the letters of the next documents.

        :return: how many documents it had
        """
        mailing, documents = self.mailing, self.env["epd.payment.document"].sudo()
        following = mailing._get_fill_domain() & Domain("id", ">", mailing.fill_after)
        chunk = documents.search(following, order="id", limit=AT_ONCE)
        left = 0
        if chunk:
            LetterWriter(mailing).add(chunk)
            # what there is to write was counted at the start; a full slice may be followed by more
            more = len(chunk) == AT_ONCE
            left = max(mailing.fill_left - len(chunk), 1) if more else 0
            mailing.write({"fill_after": chunk[-1].id, "fill_left": left})
        if not left:
            self._finish()
        mailing._notify_screens()
        return len(chunk)

    def _finish(self):
        mailing = self.mailing
        mailing.write({"is_filling": False, "fill_left": 0})
        mailing.message_post(
            body=self.env._(
                "Letters written: %(letters)s, skipped: %(skipped)s.",
                letters=mailing.pending_count,
                skipped=mailing.skipped_count,
            )
        )
        if mailing.state == "scheduled":
            mailing._wake_sender(mailing.scheduled_at)
