"""Letters that wait with documents which were changed after saving."""

from odoo.exceptions import UserError
from odoo.tools import SQL

from ..document.missing_balance import MissingBalance
from .letter_writer import LetterWriter
from .mailing_withdrawal import GIVEN_UP

REISSUED_AT_ONCE = 200  # documents made while the clerk waits: some seconds


class OutdatedLetters:
    """Finds such letters of one mailing, and issues their documents again.

    :param mailing: ``epd.mailing``; rights are checked by the caller
    """

    def __init__(self, mailing):
        mailing.ensure_one()
        self.mailing = mailing
        self.env = mailing.env

    def get_documents(self):
        """Return the documents of waiting letters that were changed after they were saved."""
        documents = self.env["epd.payment.document"]
        if self.mailing.state in ("done", *GIVEN_UP) or not self.mailing._origin:
            return documents
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT document.id FROM epd_mailing_letter letter"
                " JOIN epd_payment_document document ON document.id = letter.document_id"
                " WHERE letter.mailing_id = %s AND letter.send_state IN ('pending', 'claimed')"
                " AND NOT letter.is_test AND document.state = 'saved'"
                " AND document.touched_at IS NOT NULL ORDER BY document.id",
                self.mailing._origin.id,
            )
        )
        return documents.browse(row[0] for row in rows).filtered("is_outdated")

    def reissue(self):
        """Save new versions of what has changed, and write the letters with them.

        :raise UserError: when they are too many for one go, or none of them can be made
        """
        documents = self.get_documents()
        if len(documents) > REISSUED_AT_ONCE:
            raise UserError(
                self.env._(
                    "%(count)s documents have changed. Save them in “Preparation and Mailing” with "
                    "the mode “Missing and changed”, then make a mailing of the new versions.",
                    count=len(documents),
                )
            )
        fresh, problems = documents.browse(), []
        reason = self.env._("Changed after saving")
        for (period, form), group in documents.grouped(lambda d: (d.period_id, d.form)).items():
            # all of them are known to have changed
            # balances may have been taken back since: no version may drop the debt
            outcome = MissingBalance(self.env(su=True), period, form).reject(group.account_id)
            accounts = group.account_id - group.account_id.browse(outcome)
            outcome |= documents._form_documents(accounts, period, form, "all", reason)
            for account in group.account_id:
                document, problem = outcome[account.id]
                fresh |= document or documents.browse()
                if problem:
                    problems.append(f"{account.number}: {problem['text']}")
        if problems and not fresh:
            raise UserError("\n".join(problems[:20]))
        if fresh and self.mailing._takes_letters():
            LetterWriter(self.mailing).add(fresh)
        if problems:
            self.mailing.message_post(body="; ".join(problems[:20]))
