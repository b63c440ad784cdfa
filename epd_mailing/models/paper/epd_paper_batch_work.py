import gc

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools import pdf_merge, receipt_data


class EpdPaperBatch(models.Model):
    """Joining the saved files: part after part, each committed by itself, memory for one part."""

    _inherit = "epd.paper.batch"

    _work_cron = "epd_mailing.ir_cron_paper"
    _work_states = ("building",)

    @api.model
    def _cron_paper(self):
        """Work on all batches that are being made, within the budget of a pass."""
        self._work_pass()

    def _work_slice(self):
        """Make the next part; without receipts that wait the batch is ready."""
        # the batch's row is the claim: one worker joins its parts in their order
        if not self.try_lock_for_update():
            return None
        waiting = self.env["epd.paper.batch.line"].search(
            self._get_waiting_domain(), order="sequence, id", limit=self.part_size
        )
        if not waiting:
            self._move("ready", finished_at=fields.Datetime.now())
            self._report_ready()
            return None
        self._join_part(waiting)
        # the parts of a joined file refer to each other in circles
        gc.collect()
        return len(waiting)

    def _work_left(self):
        """Return how many receipts wait."""
        return self.env["epd.paper.batch.line"].search_count(self._get_waiting_domain())

    def _get_waiting_domain(self):
        return [("batch_id", "=", self.id), ("state", "=", "pending")]

    def _report_ready(self):
        self.message_post(
            body=self.env._(
                "Ready to print: %(documents)s receipts, %(pages)s pages, left out: %(errors)s.",
                documents=self.document_count,
                pages=self.page_count,
                errors=self.error_count,
            )
        )

    def _join_part(self, lines):
        """Join the files of these lines; one that cannot be read is left out with its reason."""
        files = {}
        for line in lines:
            data, problem = self._read_file(line.document_id)
            if problem:
                line._leave_out(problem)
            else:
                files[line] = data
        places, pdf = [], b""
        while files:
            try:
                pdf, places = pdf_merge.merge(files.values(), self.odd_start)
                break
            except pdf_merge.MergeError as error:
                damaged = list(files)[error.index]
                del files[damaged]
                damaged._leave_out(self.env._("The file cannot be joined. Re-issue the document."))
        if not files:
            return
        part = self._store_part(list(files), pdf, sum(place[1] for place in places))
        for line, (first, pages) in zip(files, places, strict=True):
            line._move("done", part_id=part.id, page_from=first, page_count=pages)

    @api.model
    def _read_file(self, document):
        if document.state != "saved":
            return b"", self.env._("The document was superseded or cancelled meanwhile.")
        if document.partner_id != document.account_id.partner_id:
            return b"", self.env._(
                "The document is of the previous responsible person. Re-issue it."
            )
        try:
            return document._read_or_rebuild_pdf(), ""
        except UserError as error:
            return b"", str(error)

    def _store_part(self, lines, pdf, pages):
        number = len(self.part_ids) + 1
        name = f"receipts_{self.period_id.date_start:%Y_%m}_{self.number}_{number}.pdf"
        part = self.env["epd.paper.batch.part"].create(
            {
                "batch_id": self.id,
                "company_id": self.company_id.id,
                "number": number,
                "name": name,
                "document_count": len(lines),
                "page_count": pages,
                "first_account": lines[0].account_id.number,
                "last_account": lines[-1].account_id.number,
                "size": len(pdf),
                "sha256": receipt_data.digest(pdf),
            }
        )
        self.env["ir.attachment"].sudo().create(
            {
                "name": name,
                "res_model": part._name,
                "res_id": part.id,
                "res_field": "pdf_file",
                "type": "binary",
                "raw": pdf,
                "mimetype": "application/pdf",
                "company_id": self.company_id.id,
            }
        )
        part.invalidate_recordset(["pdf_file"])
        return part


class EpdPaperBatchLine(models.Model):
    """A receipt that cannot be printed."""

    _inherit = "epd.paper.batch.line"

    def _leave_out(self, reason):
        """Leave the receipt out with its reason: another batch may take it."""
        self._move("error", problem_text=reason, is_live=False)
