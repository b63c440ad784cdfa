from odoo import api, models

from ..document.epd_payment_document import FORMS


class EpdApi(models.AbstractModel):
    """Reading documents, files and letters, a page at a time."""

    _inherit = "epd.api"

    @api.model
    def list_documents(self, period, form="", after=0, limit=500):
        """Return the live documents of a month: ``documents`` and ``next`` (0 at the end).

        :param form: one form; empty means all
        :param after: ``next`` of the page before, 0 for the first
        """

        def work():
            domain = [("period_id", "=", self._api_period(period).id), ("state", "=", "saved")]
            if form:
                names = [name for name, _label in FORMS]
                domain.append(("form", "=", self._api_choice(form, names, "form_unknown")))
            documents, following = self._api_page(
                self.env["epd.payment.document"], domain, after, limit
            )
            return {
                "documents": [
                    {
                        "document": document.id,
                        "number": document.name,
                        "account": document.account_id.number,
                        "form": document.form,
                        "version": document.version,
                        "total_due": self._api_money(document.total_due),
                        "pay_by": self._api_day(document.pay_by),
                        "saved_at": self._api_moment(document.saved_at),
                        "delivery_state": document.delivery_state,
                        "pdf_sha256": document.pdf_sha256 or "",
                        "pdf_size": document.pdf_size,
                    }
                    for document in documents
                ],
                "next": following,
            }

        return self._api_answer(work)

    @api.model
    def get_document_pdf(self, document):
        """Return the saved file, checked against its hash: ``name``, ``sha256``, ``content``.

        ``content`` is base64.
        """

        def work():
            record = self._api_record("epd.payment.document", document, "document_unknown")
            return {
                "document": record.id,
                "name": record.pdf_name or "",
                "sha256": record.pdf_sha256 or "",
                "content": record.get_pdf(),
            }

        return self._api_answer(work)

    @api.model
    def list_letters(self, mailing, after=0, limit=500):
        """Return the letters of a mailing: ``letters`` and ``next`` (0 at the end)."""

        def work():
            record = self._api_record("epd.mailing", mailing, "mailing_unknown")
            letters, following = self._api_page(
                self.env["epd.mailing.letter"],
                [("mailing_id", "=", record.id), ("is_test", "=", False)],
                after,
                limit,
            )
            return {
                "letters": [self._api_letter(letter) for letter in letters],
                "next": following,
            }

        return self._api_answer(work)

    @api.model
    def _api_letter(self, letter):
        return {
            "letter": letter.id,
            "document": letter.document_id.id,
            "account": letter.account_id.number or "",
            "email": letter.email or "",
            "state": letter.state,
            "reason": letter.failure_type or "",
            "reason_text": letter.failure_reason or "",
            "service_id": letter.provider_id or "",
            "service_status": letter.raw_status or "",
            "sent_at": self._api_moment(letter.sent_at),
            "delivered_at": self._api_moment(letter.delivered_at),
            "delivered_source": letter.delivered_source or "",
            "opened_at": self._api_moment(letter.opened_at),
            "opened_source": letter.opened_source or "",
            "read_at": self._api_moment(letter.clicked_at),
            "read_source": letter.clicked_source or "",
        }
