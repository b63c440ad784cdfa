from odoo import http

from ..reports.delivery_report import DeliveryReport
from .file_answer import PDF, XLSX, ZIP, answer_for, give, give_written


class DownloadController(http.Controller):
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
        return answer_for(
            "epd.paper.batch.part", part_id, lambda part: give(part._read_pdf(), part.name, PDF)
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
        return answer_for(
            "epd.document.zip",
            archive_id,
            lambda archive: give_written(archive._write_zip, "receipts.zip", ZIP),
        )

    @http.route(
        "/epd_mailing/mailing/<int:mailing_id>/report.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def delivery_report(self, mailing_id):
        """Return the delivery report of a mailing."""
        return answer_for(
            "epd.mailing",
            mailing_id,
            lambda mailing: give_written(
                DeliveryReport(mailing).write_to, f"delivery_{mailing.id}.xlsx", XLSX
            ),
        )

    @http.route(
        "/epd_mailing/proof/<int:proof_id>/proof.xlsx",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def proof_table(self, proof_id):
        """Return a proof of presentation as a table."""
        return answer_for(
            "epd.presentation.proof",
            proof_id,
            lambda proof: give_written(proof._write_xlsx, "proof.xlsx", XLSX),
        )

    @http.route(
        "/epd_mailing/proof/<int:proof_id>/proof.pdf",
        type="http",
        auth="user",
        methods=["GET"],
        readonly=True,
    )
    def proof_paper(self, proof_id):
        """Return a proof of presentation as a paper."""
        return answer_for(
            "epd.presentation.proof",
            proof_id,
            lambda proof: give(proof._render_pdf(), "proof.pdf", PDF),
        )
