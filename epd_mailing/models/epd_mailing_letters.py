import uuid
from collections import defaultdict

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

LIVE = ("pending", "claimed", "sending", "sent", "rejected", "unknown")


class EpdMailing(models.Model):
    """Documents → letters: who gets what, and for whom there is no letter and why."""

    _inherit = "epd.mailing"

    def add_documents(self, document_ids):
        """Add payment documents to a draft mailing, a letter for each address of the account.

        :param document_ids: list of ids of ``epd.payment.document``
        :return: dict ``{"letters": n, "skipped": n}``
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
        if self.state not in ("draft", "scheduled"):
            raise UserError(self.env._("Letters are added before the mailing begins."))
        foreign = documents.filtered(lambda doc: doc.company_id != self.company_id)
        if foreign:
            raise UserError(self.env._("The documents belong to another company."))
        known = self._get_known(documents)
        vals_list = []
        for document in documents:
            vals_list += self._prepare_letters(document, known)
        return self.env["epd.mailing.letter"].sudo()._through_gate().create(vals_list)

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

    def _prepare_letters(self, document, known):
        account = document.account_id
        base = {
            "mailing_id": self.id,
            "company_id": self.company_id.id,
            "unisender_account_id": self.unisender_account_id.id,
            "document_id": document.id,
            "account_id": account.id,
            "partner_id": account.partner_id.id,
        }
        reason = self._why_account_left_out(document, account)
        if reason:
            return [{**base, **reason, "send_state": "skipped"}]
        vals_list, seen = [], set()
        for address in account.address_ids.filtered(lambda a: a.state != "closed"):
            email = address.email_normalized
            vals = {
                **base,
                "address_id": address.id,
                "email": address.email,
                "email_normalized": email,
                "letter_key": uuid.uuid4().hex,
            }
            reason = self._why_address_left_out(address)
            if not reason and (document.id, email) in known:
                reason = self._reason("already_sent")
            if email and email in seen:
                continue
            seen.add(email)
            vals_list.append({**vals, **reason, "send_state": "skipped"} if reason else vals)
        return vals_list

    @api.model
    def _reason(self, failure_type):
        labels = dict(
            self.env["epd.mailing.letter"]
            ._fields["failure_type"]
            ._description_selection(self.env)
        )
        return {"failure_type": failure_type, "failure_reason": labels[failure_type]}

    @api.model
    def _why_account_left_out(self, document, account):
        if document.state != "saved":
            return self._reason("document_superseded")
        if account.channel == "paper":
            return self._reason("paper_only")
        if not account.address_ids.filtered(lambda a: a.state != "closed"):
            return self._reason("no_address")
        if account.company_id.epd_consent_policy == "strict" and account.consent_state not in (
            "instead",
            "copy",
        ):
            return self._reason("no_consent")
        return None

    @api.model
    def _why_address_left_out(self, address):
        if address.state == "bounced":
            return self._reason("address_bounced")
        if address.state == "unsubscribed":
            return self._reason("address_unsubscribed")
        if address.state == "closed":
            return self._reason("address_closed")
        if not address.email_normalized:
            return self._reason("malformed_address")
        return None

    def action_resend_failed(self):
        """Make a linked draft mailing of the letters that did not arrive."""
        return self._action_resend(("bounced", "rejected"), self.env._("Not delivered"))

    def action_resend_unopened(self):
        """Make a linked draft mailing of the letters that nobody opened."""
        return self._action_resend(("sent", "delivered"), self.env._("Not opened"))

    def _action_resend(self, states, reason):
        self.ensure_one()
        self.check_access("write")
        letters = self.letter_ids.filtered(
            lambda letter: letter.state in states and not letter.is_test
        )
        return self._resend(letters, reason)

    def _resend(self, letters, reason):
        """Make a draft mailing that sends ``letters`` once more; history stays.

        Only documents that still live and addresses that may receive are taken; the repeat has
        the next resend number, the person and the reason.
        """
        self.ensure_one()
        good = letters.filtered(
            lambda letter: letter.document_id.state == "saved" and letter.address_id.can_receive
        )
        if not good:
            raise UserError(
                self.env._(
                    "There is nothing to send again: correct the addresses of these accounts "
                    "first, or open them again."
                )
            )
        mailing = self.copy()
        mailing.sudo()._through_gate().write({"parent_id": self.id})
        last = self._get_last_resend_no(good.document_id)
        vals_list, seen = [], set()
        for letter in good:
            address = letter.address_id
            key = letter.document_id.id, address.email_normalized
            if key in seen:
                continue
            seen.add(key)
            vals_list.append(
                {
                    "mailing_id": mailing.id,
                    "company_id": self.company_id.id,
                    "unisender_account_id": mailing.unisender_account_id.id,
                    "document_id": letter.document_id.id,
                    "account_id": letter.account_id.id,
                    "partner_id": letter.account_id.partner_id.id,
                    "address_id": address.id,
                    "email": address.email,
                    "email_normalized": address.email_normalized,
                    "letter_key": uuid.uuid4().hex,
                    "resend_no": last.get(key, -1) + 1,
                    "resend_reason": f"{reason} ({self.env.user.name})",
                }
            )
        self.env["epd.mailing.letter"].sudo()._through_gate().create(vals_list)
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
