"""A test letter: a payer's real receipt to who prepares the mailing, or to the office."""

from odoo.exceptions import UserError

from ...tools.address_text import read_address
from .letter_writer import LetterWriter
from .mailing_readiness import MailingReadiness
from .mailing_withdrawal import GIVEN_UP


class MailingTest:
    """Test letters of one mailing.

    :param mailing: ``epd.mailing`` with the rights of the program; those of the user are checked by
        the caller
    """

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env

    def get_addresses(self):
        """Return the normal forms of the addresses that a test letter may go to: own one first."""
        own = read_address(self.env.user.email or "").normals
        office = self.mailing.unisender_account_id._get_test_addresses()
        return tuple(dict.fromkeys((*own, *office)))

    def send(self, email, document):
        """Put a test letter into the queue and return it.

        :param email: text of the address
        :param document: ``epd.payment.document`` whose receipt it carries
        :raise UserError: saying what is missing, or to whom a test letter may go
        """
        mailing = self.mailing
        readiness = MailingReadiness(mailing)
        readiness.check_account()
        readiness.check_text()
        normal = self.env["epd.delivery.address"]._check_text(email, read_address).normal
        if mailing.state in GIVEN_UP:
            raise UserError(self.env._("The mailing is cancelled."))
        self._check_address(normal)
        if not document or document.state != "saved" or document.company_id != mailing.company_id:
            raise UserError(self.env._("Choose a saved payment document for the test letter."))
        letter = LetterWriter(mailing).write_test(document, normal)
        mailing._wake_sender()
        return letter

    def _check_address(self, normal):
        allowed = self.get_addresses()
        if normal in allowed:
            return
        if not allowed:
            raise UserError(
                self.env._(
                    "A test letter goes to your own address. Enter it in your profile, or ask a "
                    "manager to add one of the office to the UniSender account."
                )
            )
        raise UserError(
            self.env._(
                "A test letter carries a payer's real receipt, so it goes to the office only: "
                "%(addresses)s. A manager adds others on the UniSender account.",
                addresses=", ".join(allowed),
            )
        )
