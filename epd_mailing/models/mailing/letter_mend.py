"""A letter that did not reach its payer: the address corrected, and the letter sent again."""

from odoo.exceptions import UserError

from ...tools.address_text import read_address, read_addresses
from .epd_letter_eligibility import LIVE
from .letter_writer import LetterWriter
from .mailing_repeat import get_repeat_targets
from .mailing_withdrawal import GIVEN_UP

# reasons of being skipped that another address mends
ADDRESS_REASONS = (
    "no_address",
    "malformed_address",
    "address_bounced",
    "address_unsubscribed",
    "address_closed",
    "address_changed",
)
LOST = ("bounced", "rejected")


def get_mendable(letters):
    """Return the letters that did not reach their payers for their addresses, and went no other way since.

    :param letters: ``epd.mailing.letter``
    """
    lost = letters.filtered(
        lambda letter: (
            not letter.is_test
            and letter.document_id.state == "saved"
            and (
                letter.state in LOST
                or (letter.state == "skipped" and letter.failure_type in ADDRESS_REASONS)
            )
        )
    )
    if not lost:
        return lost
    later = dict(
        letters.env["epd.mailing.letter"]._read_group(
            [
                ("document_id", "in", lost.document_id.ids),
                ("is_test", "=", False),
                ("send_state", "in", LIVE),
                ("state", "not in", LOST),
            ],
            ["document_id"],
            ["id:max"],
        )
    )
    return lost.filtered(
        lambda letter: later.get(letter.document_id, 0) < (letter._origin.id or letter.id)
    )


class LetterMend:
    """Mends one letter; the caller has checked the user's rights on it.

    :param letter: ``epd.mailing.letter`` with the rights of the user
    """

    def __init__(self, letter):
        letter.ensure_one()
        self.letter = letter
        self.env = letter.env

    def send_to(self, text):
        """Make ``text`` the address of the letter's account, and send the letter there.

        :raise UserError: saying what is wrong with the text, or why the letter cannot go
        """
        letter = self.letter
        if letter not in get_mendable(letter):
            raise UserError(
                self.env._("This letter needs no correction, or another one went since.")
            )
        if letter.mailing_id.state in GIVEN_UP:
            raise UserError(
                self.env._("The mailing is cancelled. Make a new mailing of these documents.")
            )
        self._check_payer()
        addresses = self.env["epd.delivery.address"]
        normal = addresses._check_text(text, read_address).normal
        self._correct(normal)
        address = addresses.search(
            [
                ("account_id", "=", letter.account_id.id),
                ("email_normalized", "=", normal),
                ("state", "=", "active"),
            ],
            limit=1,
        )
        return self._send(address)

    def _check_payer(self):
        """Check that the receipt is still of the account's payer.

        :raise UserError: naming both
        """
        document = self.letter.document_id
        targets = self.env["epd.letter.eligibility"]._get_targets(document.sudo())[document.id]
        if all(target.reason != "payer_changed" for target in targets):
            return
        account = document.account_id
        raise UserError(
            self.env._(
                "The receipt is made out to %(old)s, and the payer of the account %(account)s is now: "
                "%(new)s. Save the document anew; the new one goes to the payer of now.",
                old=document.partner_id.display_name or self.env._("nobody"),
                account=account.number,
                new=account.partner_id.display_name or self.env._("nobody"),
            )
        )

    def _correct(self, normal):
        """Make an address the account's: over the lost one, on the contact where that follows it."""
        account = self.letter.account_id
        live = account.address_ids.filtered(lambda address: address.state != "closed")
        known = live.filtered(lambda address: address.email_normalized == normal)
        if known:
            known.filtered(lambda address: address.state != "active").action_reopen()
            return
        lost = self.letter.address_id & live
        if not lost:
            self.env["epd.delivery.address"]._type_in(account, normal)
        elif lost.source == "manual":
            lost.email = normal
        else:
            self._correct_contact(lost, normal)

    def _correct_contact(self, lost, normal):
        """Put the address on the contact in place of the one that it had."""
        partner, old = lost.partner_id, lost.email or ""
        whole = (partner.email or "").strip()
        if read_addresses(whole).normals in ((), (lost.email_normalized,)):
            partner.email = normal
        elif whole.count(old) == 1:
            partner.email = whole.replace(old, normal)
        else:
            raise UserError(
                self.env._(
                    "The contact “%s” has several addresses. Correct them on the contact, then "
                    "send again.",
                    partner.display_name,
                )
            )

    def _send(self, address):
        letter, mailing = self.letter.sudo(), self.letter.mailing_id.sudo()
        note = self.env._("Address corrected by %s", self.env.user.name)
        if mailing._takes_letters():
            # what was said of the row is true no more: it never went
            document = letter.document_id
            if letter.send_state == "skipped":
                letter._unlocked().unlink()
            made = LetterWriter(mailing).add_missing(document)
        else:
            targets = [
                (source, target)
                for source, target in get_repeat_targets(letter)
                if target.email_normalized == address.email_normalized
            ]
            made = targets and LetterWriter(mailing).repeat(targets, note)
            if made and mailing.state == "done":
                mailing._unlocked()._move("sending", finished_at=False, report_due_at=False)
            mailing._wake_sender()
        if not made:
            raise UserError(
                self.env._(
                    "The letter cannot go to this address: it has had one, or the receipt does not "
                    "go by e-mail."
                )
            )
        return made
