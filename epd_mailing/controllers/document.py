from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import request


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
        document = request.env["epd.payment.document"].browse(document_id)
        try:
            document.check_access("read")
            pdf = document._read_or_rebuild_pdf()
        except (AccessError, MissingError):
            raise request.not_found() from None
        except UserError as error:
            return request.make_response(str(error), status=409)
        return request.make_response(
            pdf,
            [
                ("Content-Type", "application/pdf"),
                ("Content-Disposition", f'inline; filename="{document.pdf_name}"'),
                ("Cache-Control", "no-store"),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
