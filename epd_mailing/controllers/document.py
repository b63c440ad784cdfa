from odoo import http

from .file_answer import PDF, answer_for, give


class DocumentController(http.Controller):
    """Saved receipts for the office's users; the file is verified each time."""

    @http.route(
        "/epd_mailing/document/<int:document_id>/receipt.pdf",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def receipt(self, document_id):
        """Return the verified PDF of a document that the user may read."""
        return answer_for(
            "epd.payment.document",
            document_id,
            lambda document: give(document._read_or_rebuild_pdf(), document.pdf_name, PDF),
        )
