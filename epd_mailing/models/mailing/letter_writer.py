"""Documents → letters: who gets what, and for whom there is no letter and why."""

import uuid
from collections import defaultdict

from odoo.exceptions import UserError
from odoo.tools import split_every

CHUNK = 2000  # documents read and written together
# send states in which a letter has taken its place: no second one goes by itself
LIVE = ("pending", "claimed", "sending", "sent", "rejected", "unknown")


class LetterWriter:
    """Writes the letters of one mailing.

    :param mailing: ``epd.mailing``; rights are checked by the caller
    """

    def __init__(self, mailing):
        mailing.ensure_one()
        self.mailing = mailing
        self.env = mailing.env
        self.letters = self.env["epd.mailing.letter"].sudo()._through_gate()

    # --- first letters ---------------------------------------------------------------------------

    def add(self, documents):
        """Write a letter for each address of the documents' accounts.

        Documents that the mailing has already are passed over, so a repeated call is harmless.

        :param documents: ``epd.payment.document``
        :return: the new letters, skipped ones among them
        :raise UserError: when the mailing has begun
        """
        if not self.mailing._takes_letters():
            raise UserError(self.env._("Letters are added before the mailing begins."))
        if documents.company_id - self.mailing.company_id:
            raise UserError(self.env._("The documents belong to another company."))
        created = self.letters.browse()
        for ids in split_every(CHUNK, documents.sudo().ids):
            chunk = documents.sudo().browse(ids)
            chunk -= self._get_taken(chunk)
            known, files = self._get_known(chunk), chunk._get_with_file()
            vals_list = []
            for document in chunk:
                vals_list += self.prepare(document, known, document.id in files)
            created |= self.letters.create(vals_list)
        return created

    def _get_taken(self, documents):
        """Return the documents that have a row in this mailing already."""
        found = self.env["epd.mailing.letter"].search_fetch(
            [
                ("mailing_id", "=", self.mailing.id),
                ("document_id", "in", documents.ids),
                ("is_test", "=", False),
                ("send_state", "!=", "cancelled"),
            ],
            ["document_id"],
        )
        return documents.browse(set(found.document_id.ids))

    def _get_known(self, documents):
        """Return ``{(document id, address)}`` that already have a live letter somewhere."""
        groups = self.env["epd.mailing.letter"]._read_group(
            [
                ("document_id", "in", documents.ids),
                ("is_test", "=", False),
                ("send_state", "in", LIVE),
            ],
            ["document_id", "email_normalized"],
        )
        return {(document.id, email) for document, email in groups}

    def prepare(self, document, known, has_file):
        """Return the values of the letters of one document."""
        account = document.account_id
        base = {
            "mailing_id": self.mailing.id,
            "company_id": self.mailing.company_id.id,
            "unisender_account_id": self.mailing.unisender_account_id.id,
            "document_id": document.id,
            "account_id": account.id,
            "partner_id": account.partner_id.id,
        }
        mailings = self.env["epd.mailing"]
        reason = mailings._why_document_left_out(document, account, has_file)
        if reason:
            return [{**base, **self._skipped(reason)}]
        vals_list, seen = [], set()
        for address in mailings._get_targets(account):
            email = address.email_normalized
            if email and email in seen:
                continue
            seen.add(email)
            vals = {
                **base,
                "address_id": address.id,
                "email": address.email,
                "email_normalized": email,
                "letter_key": uuid.uuid4().hex,
            }
            reason = mailings._why_address_left_out(address)
            if not reason and (document.id, email) in known:
                reason = "already_sent"
            if reason:
                vals |= self._skipped(reason)
            vals_list.append(vals)
        return vals_list

    def _skipped(self, reason):
        return {**self.letters._describe_reason(reason), "send_state": "skipped"}

    # --- repeats ---------------------------------------------------------------------------------

    def repeat(self, pairs, reason):
        """Write new rows for the same documents with the next resend number.

        :param pairs: list of (letter, ``epd.delivery.address`` that it goes to); a letter may go to
            several
        :param reason: who wants it and why
        """
        documents = self.letters.concat(*(letter for letter, _target in pairs)).document_id
        last = self._get_last_resend_no(documents)
        vals_list = []
        for letter, target in pairs:
            key = letter.document_id.id, target.email_normalized
            last[key] += 1
            vals_list.append(
                {
                    "mailing_id": self.mailing.id,
                    "company_id": letter.company_id.id,
                    "unisender_account_id": self.mailing.unisender_account_id.id,
                    "document_id": letter.document_id.id,
                    "account_id": letter.account_id.id,
                    "partner_id": letter.partner_id.id,
                    "address_id": target.id,
                    "email": target.email,
                    "email_normalized": target.email_normalized,
                    "letter_key": uuid.uuid4().hex,
                    "resend_no": last[key],
                    "resend_reason": reason,
                }
            )
        return self.letters.create(vals_list)

    def _get_last_resend_no(self, documents):
        groups = self.env["epd.mailing.letter"]._read_group(
            [
                ("document_id", "in", documents.ids),
                ("is_test", "=", False),
                ("send_state", "in", LIVE),
            ],
            ["document_id", "email_normalized"],
            ["resend_no:max"],
        )
        last = defaultdict(lambda: -1)
        for document, email, number in groups:
            last[document.id, email] = number
        return last


def get_repeat_targets(letters):
    """Return [(letter, address)] for those of the letters that may go once more.

    Only documents that still live are taken, and only when no later letter of theirs is on its way
    or arrived. A letter whose address is lost goes to the account's other addresses.

    :param letters: ``epd.mailing.letter`` (sudo)
    """
    later = defaultdict(list)
    for other in letters.search(
        [
            ("document_id", "in", letters.document_id.ids),
            ("is_test", "=", False),
            ("send_state", "in", LIVE),
        ]
    ):
        later[other.document_id.id, other.email_normalized].append(other)
    targets, seen = [], set()
    files = letters.document_id._get_with_file()
    for letter in letters.sorted("id", reverse=True):
        document = letter.document_id
        if letter.mailing_id._why_document_left_out(
            document, document.account_id, document.id in files
        ):
            continue
        addresses = letter.address_id
        if not addresses.can_receive or addresses.email_normalized != letter.email_normalized:
            addresses = letter.account_id.address_ids
        for address in addresses.filtered("can_receive"):
            key = document.id, address.email_normalized
            if key in seen or any(
                other.id > letter.id and other.state not in ("bounced", "rejected")
                for other in later[key]
            ):
                continue
            if address.email_normalized != letter.email_normalized and later[key]:
                continue  # that address has had this document by a letter of its own
            seen.add(key)
            targets.append((letter, address))
    return targets[::-1]
