import base64
import os
import shutil

from dateutil.relativedelta import relativedelta
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import config

from ...tools import money, receipt_data

PURGE_BATCH = 500
# bytes a receipt takes on disk with some room, and what a server must keep free besides
BYTES_EACH = 60_000
BYTES_RESERVE = 200 * 2**20


class EpdPaymentDocument(models.Model):
    """The saved file: read only after its hash is checked, printed, kept for as long as wanted."""

    _inherit = "epd.payment.document"

    receipt_file = fields.Binary(
        compute="_compute_receipt_file", help="The saved file, verified at each reading."
    )

    @api.depends("pdf_file", "pdf_sha256")
    def _compute_receipt_file(self):
        for document in self:
            try:
                document.receipt_file = base64.b64encode(document._read_pdf())
            except UserError:
                # the button that opens the file says what is wrong
                document.receipt_file = False

    def _read_pdf(self):
        """Return the bytes of the saved file, checked against its hash.

        :raise UserError: when the file is gone or is not what was saved
        """
        self.ensure_one()
        if self.is_purged:
            raise UserError(
                self.env._(
                    "The file of the payment document %s was removed after its time of keeping. "
                    "It can be made again from the saved data.",
                    self.name,
                )
            )
        try:
            pdf = self.with_context(bin_size=False).sudo().pdf_file
        except OSError:
            pdf = False
        data = base64.b64decode(pdf) if pdf else b""
        if not data:
            raise UserError(
                self.env._("The file of the payment document %s is missing.", self.name)
            )
        if receipt_data.digest(data) != self.pdf_sha256:
            raise UserError(
                self.env._(
                    "The file of the payment document %s is damaged: it is not what was saved. "
                    "Re-issue the document.",
                    self.name,
                )
            )
        return data

    def get_pdf(self):
        """Return the verified file in base64 (text), for integrations.

        :raise UserError: when the file is missing, damaged or removed after its time of keeping
        """
        self.ensure_one()
        self.check_access("read")
        return base64.b64encode(self._read_pdf()).decode()

    def rebuild_pdf(self):
        """Return a file made anew from the saved data in base64 (text), marked so in its foot.

        Its bytes are not those that were saved, so it is neither stored nor mailed.
        """
        self.ensure_one()
        self.check_access("read")
        return base64.b64encode(self._rebuild_pdf()).decode()

    def _rebuild_pdf(self):
        engine = self._get_engine()
        self._check_engine(engine)
        today = fields.Date.context_today(self)
        mark = f"восстановлено {money.format_date(today)} из сохранённых данных"
        result = self._render_snapshots(
            {self.id: self._load_snapshot()}, engine=engine, rebuilt=mark
        )[self.id]
        if result.pdf is None:
            raise UserError(self._render_problem(result.error)["text"])
        return result.pdf

    def _read_or_rebuild_pdf(self):
        """Return the saved file, or the one made anew when the saved one was purged."""
        return self._rebuild_pdf() if self.is_purged else self._read_pdf()

    def _read_or_rebuild_pdfs(self):
        """Return ``{document id: PDF bytes}`` in the order of the documents."""
        return {document.id: document._read_or_rebuild_pdf() for document in self}

    def action_print(self):
        """Print the saved files of the documents in their order, as one file."""
        self.check_access("read")
        if not self:
            raise UserError(self.env._("Choose the documents to print."))
        report = self.env.ref("epd_mailing.epd_payment_document_report")
        return report.report_action(self.ids, config=False)

    @api.model
    def _check_ready(self, count=1):
        """Refuse to start (or to go on with) what the machine cannot end well.

        :param count: how many receipts there will be
        :raise UserError: saying what to install or free
        """
        self._check_engine(self._get_engine())
        folder = config.filestore(self.env.cr.dbname)
        os.makedirs(folder, exist_ok=True)
        free = shutil.disk_usage(folder).free
        if free < count * BYTES_EACH + BYTES_RESERVE:
            raise UserError(
                self.env._(
                    "The server's disk is nearly full: %(count)s receipts need about %(need)s MB "
                    "and %(free)s MB are free. Free some space and try again.",
                    count=count,
                    need=(count * BYTES_EACH + BYTES_RESERVE) // 2**20,
                    free=free // 2**20,
                )
            )

    @api.autovacuum
    def _gc_receipt_files(self):
        """Remove files older than the company's time of keeping; hash and data stay.

        :return: (removed, more to do)
        """
        removed = 0
        companies = (
            self.env["res.company"].sudo().search([("epd_document_retention_months", ">", 0)])
        )
        for company in companies:
            months = relativedelta(months=company.epd_document_retention_months)
            removed += self._purge_files(company, fields.Datetime.now() - months)
        return removed, removed and removed >= PURGE_BATCH

    @api.model
    def _purge_files(self, company, before):
        links_end = relativedelta(days=max(1, company.epd_link_days))
        documents = self.sudo().search(
            [
                ("company_id", "=", company.id),
                ("state", "!=", "draft"),
                ("saved_at", "<", before),
                ("is_purged", "=", False),
                ("is_ready_made", "=", False),  # nothing could make these anew
                ("delivery_state", "!=", "pending"),  # a letter still needs its file
                # the link in a letter still leads to it
                ("letter_ids", "not any", [("sending_at", ">", fields.Datetime.now() - links_end)]),
            ],
            limit=PURGE_BATCH,
        )
        documents._through_gate().write({"is_purged": True})
        self.env.flush_all()
        self.env["ir.attachment"].sudo().search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", documents.ids),
                ("res_field", "=", "pdf_file"),
            ]
        ).unlink()
        return len(documents)
