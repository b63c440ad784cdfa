import uuid
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, split_every

LIVE = ("pending", "claimed", "sending", "sent", "rejected", "unknown")
CHUNK = 2000  # documents read and written together


class EpdMailing(models.Model):
    """Documents → letters: who gets what, and for whom there is no letter and why."""

    _inherit = "epd.mailing"

    reissued_count = fields.Integer(string="Issued Again Since", compute="_compute_reissued_count")

    @api.depends("letter_ids.document_id.state")
    def _compute_reissued_count(self):
        for mailing in self:
            mailing.reissued_count = (
                len(mailing._get_reissued()) if mailing.state == "done" and mailing.id else 0
            )

    def add_documents(self, document_ids):
        """Add payment documents to a draft mailing, a letter for each address of the account.

        Documents that the mailing has already are passed over, so a repeated call is harmless.

        :param document_ids: list of ids of ``epd.payment.document``
        :return: dict ``{"letters": n, "skipped": n}`` of the rows made
        :raise UserError: when the mailing has begun
        """
        self.ensure_one()
        self.check_access("write")
        documents = self.env["epd.payment.document"].browse(document_ids).exists()
        documents.check_access("read")
        letters = self._add_documents(documents)
        skipped = letters.filtered(lambda letter: letter.send_state == "skipped")
        return {"letters": len(letters) - len(skipped), "skipped": len(skipped)}

    def _add_documents(self, documents):
        """See :meth:`add_documents`; returns the new letters, left-out ones among them."""
        self.ensure_one()
        if not self._takes_letters():
            raise UserError(self.env._("Letters are added before the mailing begins."))
        if documents.company_id - self.company_id:
            raise UserError(self.env._("The documents belong to another company."))
        letters = self.env["epd.mailing.letter"].sudo()._through_gate()
        made = letters.browse()
        for ids in split_every(CHUNK, documents.sudo().ids):
            chunk = documents.sudo().browse(ids)
            chunk -= self._get_taken(chunk)
            known, files = self._get_known(chunk), chunk._get_with_file()
            vals_list = []
            for document in chunk:
                vals_list += self._prepare_letters(document, known, document.id in files)
            made |= letters.create(vals_list)
        return made

    def _takes_letters(self):
        """Tell whether nothing has gone yet."""
        return self.state in ("draft", "scheduled") or (
            self.state == "paused" and not self.started_at
        )

    def _get_taken(self, documents):
        """Return the documents that have a row in this mailing already."""
        found = self.env["epd.mailing.letter"].search_fetch(
            [
                ("mailing_id", "=", self.id),
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

    def _prepare_letters(self, document, known, has_file):
        account = document.account_id
        base = {
            "mailing_id": self.id,
            "company_id": self.company_id.id,
            "unisender_account_id": self.unisender_account_id.id,
            "document_id": document.id,
            "account_id": account.id,
            "partner_id": account.partner_id.id,
        }
        reason = self._why_document_left_out(document, account, has_file)
        if reason:
            return [{**base, **self._reason(reason), "send_state": "skipped"}]
        vals_list, seen = [], set()
        for address in self._get_targets(account):
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
            reason = self._why_address_left_out(address)
            if not reason and (document.id, email) in known:
                reason = "already_sent"
            if reason:
                vals |= {**self._reason(reason), "send_state": "skipped"}
            vals_list.append(vals)
        return vals_list

    @api.model
    def _get_targets(self, account):
        """Return the addresses of an account that get a row: closed ones only when no other is."""
        addresses = account.address_ids
        return addresses.filtered(lambda a: a.state != "closed") or addresses[-1:]

    @api.model
    def _reason(self, failure_type):
        """Return the values that say why a letter does not go, in the present language."""
        labels = dict(
            self.env["epd.mailing.letter"]._fields["failure_type"]._description_selection(self.env)
        )
        return {"failure_type": failure_type, "failure_reason": labels[failure_type]}

    @api.model
    def _why_document_left_out(self, document, account, has_file):
        if document.state == "draft":
            return "no_document"
        if document.state != "saved":
            return "document_superseded"
        if not has_file:
            return "file_missing"
        if document.partner_id != account.partner_id:
            return "payer_changed"
        if account.channel == "paper":
            return "paper_only"
        if not account.address_ids:
            return "no_address"
        if account.company_id.epd_consent_policy == "strict":
            if account._get_consent_state(document.period_id) not in ("instead", "copy"):
                return "no_consent"
        return None

    @api.model
    def _why_address_left_out(self, address):
        if address.state != "active":
            return f"address_{address.state}"
        return None if address.email_normalized else "malformed_address"

    # --- sending again ---------------------------------------------------------------------------

    def action_resend_failed(self):
        """Make a linked draft mailing of the letters that did not arrive."""
        return self._action_resend(("bounced", "rejected"), self.env._("Not delivered"))

    def action_resend_unopened(self):
        """Make a linked draft mailing of the letters that nobody opened."""
        return self._action_resend(("sent", "delivered"), self.env._("Not opened"))

    def action_resend_reissued(self):
        """Make a linked draft mailing of the new versions of documents issued again since.

        :raise UserError: when there is none without a letter
        """
        self.ensure_one()
        self.check_access("write")
        known = self.env["epd.mailing.letter"].search(
            [("document_id", "in", self._get_reissued().ids), ("send_state", "in", LIVE)]
        )
        documents = self._get_reissued() - known.filtered(lambda x: not x.is_test).document_id
        if not documents:
            raise UserError(
                self.env._("No document of this mailing was issued again and is still to be sent.")
            )
        mailing = self.copy()
        mailing.sudo()._through_gate().write({"parent_id": self.id})
        mailing._add_documents(documents)
        return {
            "type": "ir.actions.act_window",
            "res_model": "epd.mailing",
            "res_id": mailing.id,
            "view_mode": "form",
        }

    def _get_reissued(self):
        """Return the live versions of the documents of this mailing that were superseded."""
        self.ensure_one()
        return self.env["epd.payment.document"].browse(
            row[0]
            for row in self.env.execute_query(
                SQL(
                    """
                    SELECT DISTINCT live.id
                      FROM epd_mailing_letter letter
                      JOIN epd_payment_document old ON old.id = letter.document_id
                      JOIN epd_payment_document live
                        ON live.account_id = old.account_id AND live.period_id = old.period_id
                       AND live.form = old.form AND live.state = 'saved'
                     WHERE letter.mailing_id = %s AND NOT letter.is_test
                       AND old.state = 'superseded'
                    """,
                    self.id,
                )
            )
        )

    def _action_resend(self, states, reason):
        self.ensure_one()
        self.check_access("write")
        letters = self.env["epd.mailing.letter"].search(
            [("mailing_id", "=", self.id), ("state", "in", states), ("is_test", "=", False)]
        )
        return self._resend(letters, reason)

    def _resend(self, letters, reason):
        """Make a draft mailing that sends ``letters`` once more; history stays.

        Only documents that still live are taken, and only when no later letter of theirs is on its
        way or arrived. A letter whose address is lost goes to the account's other addresses. The
        repeat has the next resend number, the person and the reason.

        :raise UserError: when there is nothing to send again
        """
        self.ensure_one()
        letters = letters.sudo()
        targets = letters._get_repeat_targets()
        if not targets:
            raise UserError(
                self.env._(
                    "There is nothing to send again: correct the addresses of these accounts "
                    "first, or open them again."
                )
            )
        mailing = self.copy()
        mailing.sudo()._through_gate().write({"parent_id": self.id})
        reason = f"{reason} ({self.env.user.name})"
        letters._repeat(targets, reason, mailing)
        return {
            "type": "ir.actions.act_window",
            "res_model": "epd.mailing",
            "res_id": mailing.id,
            "view_mode": "form",
        }

    @api.model
    def _get_last_resend_no(self, documents):
        groups = self.env["epd.mailing.letter"]._read_group(
            Domain("document_id", "in", documents.ids)
            & Domain("is_test", "=", False)
            & Domain("send_state", "in", LIVE),
            ["document_id", "email_normalized"],
            ["resend_no:max"],
        )
        last = defaultdict(lambda: -1)
        for document, email, number in groups:
            last[document.id, email] = number
        return last


class EpdMailingLetter(models.Model):
    """Where a repeat of a letter goes."""

    _inherit = "epd.mailing.letter"

    def _get_repeat_targets(self):
        """Return [(letter, address)] for those of the letters that may go once more."""
        later = defaultdict(list)
        for other in self.search(
            [
                ("document_id", "in", self.document_id.ids),
                ("is_test", "=", False),
                ("send_state", "in", LIVE),
            ]
        ):
            later[other.document_id.id, other.email_normalized].append(other)
        targets, seen = [], set()
        files = self.document_id._get_with_file()
        for letter in self.sorted("id", reverse=True):
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
