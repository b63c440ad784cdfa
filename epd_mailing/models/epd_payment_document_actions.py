from odoo import models
from odoo.exceptions import UserError


class EpdPaymentDocument(models.Model):
    """What a clerk does with a document."""

    _inherit = "epd.payment.document"

    def _check_operator(self):
        if not self.env.user.has_group("epd_mailing.group_epd_operator"):
            raise UserError(self.env._("Only operators of payment documents may do this."))
        self.check_access("read")
        return self.sudo()

    def action_open_pdf(self):
        """Open the saved receipt, verified against its hash."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/epd_mailing/document/{self.id}/receipt.pdf",
            "target": "new",
        }

    def action_cancel_document(self, reason):
        """Cancel saved documents; letters that have not gone are withdrawn.

        :param reason: text, required
        """
        documents = self._check_operator()
        if not (reason or "").strip():
            raise UserError(self.env._("Say why the document is cancelled."))
        documents._move("cancelled", state_reason=reason)
        documents.letter_ids._withdraw(reason)
        return True

    def action_reissue(self, reason):
        """Save the next version of one document from the charges as they are now.

        :param reason: text, required
        :return: action that opens the new version
        """
        self.ensure_one()
        document = self._check_operator()
        if not (reason or "").strip():
            raise UserError(self.env._("Say why the document is issued again."))
        if document.state != "saved":
            raise UserError(self.env._("Only a saved document is issued again."))
        fresh = document._form_one(document.account_id, document.period_id, document.form, reason)
        return fresh._open_form()

    def _form_one(self, account, period, form, reason=None):
        """Form, render and save one document, or say why not."""
        self._check_engine(self._get_engine())
        outcome = self._form_documents(account, period, form, mode="all", reason=reason)
        document, problem = outcome[account.id]
        if problem:
            raise UserError(problem["text"])
        return document

    def _open_form(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    def _compute_is_outdated(self):
        for (period, form), documents in self._grouped_live().items():
            snapshots = self.sudo()._build_snapshots(documents.account_id, period, form)
            for document in documents:
                snapshot, problem = snapshots[document.account_id.id]
                document.is_outdated = bool(problem) or not document._same_source(snapshot)
        self.filtered(lambda doc: doc.state != "saved").is_outdated = False

    def _grouped_live(self):
        groups = {}
        for document in self.filtered(lambda doc: doc.state == "saved"):
            key = document.period_id, document.form
            groups[key] = groups.get(key, self.browse()) | document
        return groups

    def _search_is_outdated(self, operator, value):
        """Look only at documents whose charges, balances or readings were written after saving."""
        if operator != "in":
            return NotImplemented
        self.env["epd.charge"].flush_model()
        self.env.cr.execute(
            """
            SELECT DISTINCT d.id FROM epd_payment_document d
             WHERE d.state = 'saved' AND (
                   EXISTS (SELECT 1 FROM epd_charge c WHERE c.account_id = d.account_id
                              AND c.period_id = d.period_id AND c.write_date > d.saved_at)
                OR EXISTS (SELECT 1 FROM epd_account_balance b WHERE b.account_id = d.account_id
                              AND b.period_id = d.period_id AND b.write_date > d.saved_at)
                OR EXISTS (SELECT 1 FROM epd_meter_reading r WHERE r.account_id = d.account_id
                              AND r.period_id = d.period_id AND r.write_date > d.saved_at))
            """
        )
        candidates = self.browse([row[0] for row in self.env.cr.fetchall()])
        found = candidates.filtered("is_outdated")
        return [("id", "in" if True in value else "not in", found.ids)]
