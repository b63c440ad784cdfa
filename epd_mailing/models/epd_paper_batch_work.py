import gc
import logging
import time
from datetime import timedelta

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools import pdf_merge, receipt_data

_logger = logging.getLogger(__name__)

# the pass shares 120 s of wall and 60 s of CPU with the other jobs of the database
PASS_WALL = 40.0
PASS_CPU = 22.0
RETRY_AFTER = timedelta(seconds=30)
LOST_TRANSACTION = (psycopg2.OperationalError, psycopg2.InterfaceError)


class EpdPaperBatch(models.Model):
    """Joining the saved files: part after part, each committed by itself, memory for one part."""

    _inherit = "epd.paper.batch"

    @api.model
    def _cron_paper(self):
        """Work on all batches that are being made, within the budget of a pass."""
        wall, cpu = time.monotonic(), time.process_time()

        def in_budget():
            return time.monotonic() - wall < PASS_WALL and time.process_time() - cpu < PASS_CPU

        cron = self.env.ref("epd_mailing.ir_cron_paper")
        for batch in self.search([("state", "=", "building")], order="id"):
            batch = batch.with_company(batch.company_id).with_context(
                lang=batch.user_id.lang or "ru_RU", tz=batch.company_id.epd_tz
            )
            try:
                batch._join_parts(in_budget)
            except LOST_TRANSACTION:
                self.env.cr.rollback()
                _logger.warning("Paper batch %s: the transaction was lost, it waits", batch.id)
                cron._trigger(fields.Datetime.now() + RETRY_AFTER)
            except Exception as error:  # one batch must not stop the others
                self.env.cr.rollback()
                if not isinstance(error, UserError):
                    _logger.exception("Paper batch %s failed", batch.id)
                batch._pause_for_fault(error)
        if self.search_count([("state", "=", "building")], limit=1) and not in_budget():
            cron._trigger()
        self.env["ir.cron"]._commit_progress(remaining=0)

    def _pause_for_fault(self, error):
        self.invalidate_recordset()
        text = (
            str(error)
            if isinstance(error, UserError)
            else self.env._(
                "An unexpected fault (%s); the administrator sees it in the log.",
                type(error).__name__,
            )
        )
        self._can_move("paused")._move("paused", pause_reason=text)
        self.env["ir.cron"]._commit_progress()

    def _join_parts(self, in_budget):
        """Make part after part until the batch is whole, is stopped, or the pass is over."""
        lines = self.env["epd.paper.batch.line"]
        while in_budget():
            self.invalidate_recordset(["state"])
            if self.state != "building":  # stopped or cancelled meanwhile
                return
            # the batch's row is the claim: one worker joins its parts in their order
            if not self.try_lock_for_update():
                return
            domain = [("batch_id", "=", self.id), ("state", "=", "pending")]
            waiting = lines.search(domain, order="sequence, id", limit=self.part_size)
            if not waiting:
                self._move("ready", finished_at=fields.Datetime.now())
                self._report_ready()
                return
            self._join_part(waiting)
            self.env["ir.cron"]._commit_progress(len(waiting), remaining=lines.search_count(domain))
            # the files of this part are not kept: the cache lets them go, and the parts of a joined
            # file refer to each other in circles
            self.env.invalidate_all()
            gc.collect()

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
