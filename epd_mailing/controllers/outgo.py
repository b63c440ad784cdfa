import tempfile

from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import content_disposition, request
from werkzeug.wsgi import wrap_file

HEADERS = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZIP = "application/zip"


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
            raise request.not_found() from None
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

    @http.route(
        "/epd_mailing/archive/<int:archive_id>/receipts.zip",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def archive(self, archive_id):
        """Return the chosen documents as a ZIP."""
        return self._send("epd.document.zip", archive_id, "_write_zip", "receipts.zip", ZIP)

    @http.route(
        "/epd_mailing/mailing/<int:mailing_id>/report.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def delivery_report(self, mailing_id):
        """Return the delivery report of a mailing."""
        name = f"delivery_{mailing_id}.xlsx"
        return self._send("epd.mailing", mailing_id, "_write_report", name, XLSX)

    @http.route(
        "/epd_mailing/proof/<int:proof_id>/proof.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def proof_table(self, proof_id):
        """Return a proof of presentation as a table."""
        return self._send("epd.presentation.proof", proof_id, "_write_xlsx", "proof.xlsx", XLSX)

    @http.route(
        "/epd_mailing/proof/<int:proof_id>/proof.pdf",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def proof_paper(self, proof_id):
        """Return a proof of presentation as a paper."""
        proof = request.env["epd.presentation.proof"].browse(proof_id)
        try:
            proof.check_access("read")
            pdf = proof._render_pdf()
        except (AccessError, MissingError):
            raise request.not_found() from None
        except UserError as error:
            return request.make_response(str(error), status=409)
        return request.make_response(
            pdf,
            [
                ("Content-Type", "application/pdf"),
                ("Content-Disposition", 'inline; filename="proof.pdf"'),
                *HEADERS,
            ],
        )

    def _send(self, model, record_id, method, name, mimetype):
        """Answer with a file that ``method`` of the record writes, by way of the disk.

        The methods are ours and check the rights again.
        """
        record = request.env[model].browse(record_id)
        target = tempfile.TemporaryFile()  # closed with the answer
        try:
            record.check_access("read")
            getattr(record, method)(target)
        except (AccessError, MissingError):
            target.close()
            raise request.not_found() from None
        except UserError as error:
            target.close()
            return request.make_response(str(error), status=409)
        size = target.seek(0, 2)
        target.seek(0)
        response = request.make_response(
            b"",
            [
                ("Content-Type", mimetype),
                ("Content-Disposition", content_disposition(name)),
                *HEADERS,
            ],
        )
        response.response = wrap_file(request.httprequest.environ, target)
        response.headers["Content-Length"] = str(size)
        response.direct_passthrough = True
        response.call_on_close(target.close)
        return response
