"""Documents → letters: who gets what, and for whom there is no letter and why."""

import uuid
from collections import defaultdict

from odoo.exceptions import UserError
from odoo.tools import split_every

from .epd_letter_eligibility import LIVE

CHUNK = 2000  # documents read and written together


class LetterWriter:
    """Writes the letters of one mailing.

    :param mailing: ``epd.mailing``; rights are checked by the caller
    """

    def __init__(self, mailing):
        mailing.ensure_one()
        self.mailing = mailing
        self.env = mailing.env
        self.letters = self.env["epd.mailing.letter"].sudo()._unlocked()

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
            chunk -= self._get_present(chunk)
            created |= self.letters.create(self.prepare(chunk))
        return created

    def add_missing(self, documents):
        """Write the letters of documents to addresses that are new since the mailing was filled.

        :return: the new letters; addresses that get none have no row
        """
        return self.letters.create(
            [vals for vals in self.prepare(documents) if vals.get("send_state") != "skipped"]
        )

    def _get_present(self, documents):
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

    def prepare(self, documents):
        """Return the values of the letters of documents, those of skipped ones among them."""
        targets = self.env["epd.letter.eligibility"]._get_targets(documents)
        documents.fetch(["account_id", "delivery_state", "period_id"])
        documents.account_id.fetch(["partner_id", "building_id"])
        # as given to the service; what is misspelt is shown as typed
        misspelt = self.letters.env["epd.delivery.address"].browse(
            target.address_id
            for found in targets.values()
            for target in found
            if target.address_id and not target.email
        )
        misspelt.fetch(["email"])
        vals_list = []
        for document in documents:
            found = targets[document.id]
            account = document.account_id
            base = {
                "mailing_id": self.mailing.id,
                "company_id": self.mailing.company_id.id,
                "unisender_account_id": self.mailing.unisender_account_id.id,
                "document_id": document.id,
                "account_id": account.id,
                "partner_id": account.partner_id.id,
            }
            if found[0].is_of_document:
                vals_list.append({**base, **self._skipped(found[0].reason)})
                continue
            for target in found:
                vals = {
                    **base,
                    "address_id": target.address_id,
                    "email": target.email or misspelt.browse(target.address_id).email,
                    "email_normalized": target.email,
                    "letter_key": uuid.uuid4().hex,
                }
                vals_list.append(vals | (self._skipped(target.reason) if target.reason else {}))
        return vals_list

    def _skipped(self, reason):
        return {
            **self.letters._describe_reason(reason),
            "send_state": "skipped",
        }

    def write_test(self, document, email):
        """Write a test letter with a real receipt, to whom the clerk says; it is never counted."""
        return self.letters.create(
            {
                "mailing_id": self.mailing.id,
                "company_id": self.mailing.company_id.id,
                "unisender_account_id": self.mailing.unisender_account_id.id,
                "document_id": document.id,
                "account_id": document.account_id.id,
                "email": email,
                "email_normalized": email,
                "letter_key": uuid.uuid4().hex,
                "is_test": True,
            }
        )

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
                    "email": target.email_normalized,
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
