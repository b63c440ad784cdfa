"""What has to be whole before mailings are scheduled, sent or resumed."""

from odoo.exceptions import UserError

from ...tools import message
from .mailing_files import MailingFiles


class MailingReadiness:
    """Checks of mailings; each raises a UserError that says what is missing, or what to press.

    :param mailings: ``epd.mailing``
    """

    def __init__(self, mailings):
        self.mailings = mailings
        self.env = mailings.env

    def check(self):
        """Check that letters are written, that they may go, and what they go through."""
        self.check_written()
        self.check_account()
        self.check_text()
        self.check_letters()
        for mailing in self.mailings:
            MailingFiles(mailing).check_size()

    def check_written(self):
        """Check that nobody stopped the writing of letters half-way."""
        for mailing in self.mailings:
            if mailing.fill_left and not mailing.is_filling:
                raise UserError(
                    self.env._(
                        "The letters of %(count)s documents are not written yet. Press “Go On "
                        "Writing” first.",
                        count=mailing.fill_left,
                    )
                )

    def check_account(self):
        """Check that the UniSender account works, and from this database."""
        for mailing in self.mailings:
            account = mailing.unisender_account_id
            if not account and not account.search_count(
                [("company_id", "=", mailing.company_id.id)], limit=1
            ):
                raise UserError(
                    self.env._(
                        "There is no UniSender account yet. A manager adds it in “Configuration”, "
                        "“UniSender Accounts”."
                    )
                )
            if not account:
                raise UserError(self.env._("Choose the UniSender account to send through."))
            account._check_real()
            account._check_home()
            if account.state != "active":
                raise UserError(
                    self.env._(
                        "The UniSender account “%(name)s” is not active. A manager opens it and "
                        "presses “Check Connection”.",
                        name=account.name,
                    )
                )

    def check_text(self):
        """Check that there is a message and that it works; an error names its line."""
        for mailing in self.mailings:
            if not mailing.subject or not (mailing.body or "").strip():
                raise UserError(
                    self.env._("Enter the subject and the text, or choose a message template.")
                )
            try:
                mailing._check_text()
            except message.TemplateError as error:
                raise UserError(self.env["epd.message.template"]._describe(error)) from error

    def check_letters(self):
        """Check that there is a letter to send, none with a document that has to be issued again."""
        for mailing in self.mailings:
            if mailing.outdated_blocks:
                raise UserError(self.env._("%s Press “Issue Again” first.", mailing.outdated_text))
            if not mailing.is_filling and not mailing.pending_count:
                raise UserError(
                    self.env._(
                        "There is no letter to send. Add saved payment documents whose payers "
                        "have an address."
                    )
                )
