import uuid

from odoo import models, tools
from odoo.exceptions import UserError

from ...tools import message


class EpdMailing(models.Model):
    """Preview of the message, and the test letter: a real receipt to oneself, never counted."""

    _inherit = "epd.mailing"

    def preview_message(self, document_id=None):
        """Return the message as the payer of a document would get it.

        :param document_id: id of ``epd.payment.document``; nothing takes the first of the mailing
        :return: dict ``{"subject": text, "html": text}``
        :raise UserError: when the template does not work, naming the line
        """
        self.ensure_one()
        self.check_access("read")
        document = self._get_sample_document(document_id)
        try:
            if document:
                text = document._render_letter(None, self)
            else:
                text = message.check_template(
                    self.subject or "", self.body or "", self.body_format == "html"
                )
        except message.TemplateError as error:
            raise UserError(self.env["epd.message.template"]._describe(error)) from error
        return {"subject": text.subject, "html": text.html}

    def _get_sample_document(self, document_id=None):
        if document_id:
            document = self.env["epd.payment.document"].browse(document_id)
            document.check_access("read")
            return document
        letter = self.env["epd.mailing.letter"].search(
            [("mailing_id", "=", self.id), ("document_id.state", "=", "saved")], limit=1
        )
        return letter.document_id

    def send_test_letter(self, email, document_id=None):
        """Put a test letter with a real receipt into the queue.

        :param email: where it goes (the clerk's own address)
        :param document_id: whose receipt; nothing takes the first of the mailing
        :return: id of the letter
        :raise UserError: saying what is missing
        """
        self.ensure_one()
        mailings = self._check_user_may()
        mailings._check_account()
        mailings._check_text()
        normalized = tools.email_normalize(email or "")
        if not normalized:
            raise UserError(
                self.env._(
                    "“%(email)s” is not an e-mail address. Enter it like name@example.com.",
                    email=email or "",
                )
            )
        if self.state == "cancelled":
            raise UserError(self.env._("The mailing is cancelled."))
        document = self._get_sample_document(document_id)
        if not document or document.state != "saved" or document.company_id != self.company_id:
            raise UserError(self.env._("Choose a saved payment document for the test letter."))
        letter = (
            self.env["epd.mailing.letter"]
            .sudo()
            ._through_gate()
            .create(
                {
                    "mailing_id": self.id,
                    "company_id": self.company_id.id,
                    "unisender_account_id": self.unisender_account_id.id,
                    "document_id": document.id,
                    "account_id": document.account_id.id,
                    "email": email,
                    "email_normalized": normalized,
                    "letter_key": uuid.uuid4().hex,
                    "is_test": True,
                }
            )
        )
        self._wake_sender()
        return letter.id

    def action_send_test(self):
        """«Test Letter»: ask where to and with whose receipt."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Test Letter"),
            "res_model": "epd.mailing.test",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_mailing_id": self.id,
                "default_document_id": self._get_sample_document().id,
            },
        }
