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

    def action_preview(self):
        """Show what the receipt would be from the charges as they are now, as a sample."""
        self.ensure_one()
        self.check_access("read")
        return self.env["epd.receipt.preview"]._open_for(
            account=self.account_id, period=self.period_id, form=self.form
        )

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
        self._check_ready()
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
