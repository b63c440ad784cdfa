from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import request

HEADERS = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]


class OutgoController(http.Controller):
    """Files that leave the office: for the printer, for Excel, for a court."""

    @http.route(
        "/epd_mailing/paper/<int:part_id>/receipts.pdf",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def paper(self, part_id):
        """Return a file for the printer, checked against its hash."""
        part = request.env["epd.paper.batch.part"].browse(part_id)
        try:
            part.check_access("read")
            pdf = part._read_pdf()
        except (AccessError, MissingError):
            return request.not_found()
        except UserError as error:
            return request.make_response(str(error), status=409)
        return request.make_response(
            pdf,
            [
                ("Content-Type", "application/pdf"),
                ("Content-Disposition", f'inline; filename="{part.name}"'),
                *HEADERS,
            ],
        )
