import base64
from datetime import date

from odoo import api, models
from odoo.exceptions import UserError

from ..document.epd_payment_document import FORMS
from .epd_api import FILE_BYTES, ApiRefusal

PAPER_COUNTS = (
    "document_count",
    "pending_count",
    "error_count",
    "page_count",
    "unsent_count",
    "unknown_count",
)


class EpdApi(models.AbstractModel):
    """Paper: files for the printer of those whom e-mail does not reach, and their handing over."""

    _inherit = "epd.api"

    @api.model
    def make_paper_batch(
        self, key, period, form="", numbers=(), with_unsent=False, odd_start=False, part_size=500
    ):
        """Have the files for the printer made of the receipts that go on paper; the queue does it.

        Called again later, under a new key, it makes a top-up: what is to be printed and is not yet.

        :param form: one form; empty means all
        :param numbers: account numbers, up to 5000; empty means all accounts of the month
        :param with_unsent: also receipts that could go by e-mail and stand in no mailing
        :param odd_start: each receipt begins on a sheet of its own
        :param part_size: receipts in one file, 10 to 1000
        :return: ``batch`` (id) and the fields of :meth:`get_paper_batch`
        """
        request = [period, form, list(numbers), with_unsent, odd_start, part_size]
        return self._api_once(
            key, "make_paper_batch", request, lambda: self._api_make_paper(key, *request)
        )

    @api.model
    def _api_make_paper(self, key, month, form, numbers, with_unsent, odd_start, part_size):
        if type(part_size) is not int or not 10 <= part_size <= 1000:
            raise ApiRefusal(
                "part_size_wrong", self.env._("A file holds 10 to 1000 receipts."), str(part_size)
            )
        if form:
            self._api_choice(form, [name for name, _label in FORMS], "form_unknown")
        batch = self.env["epd.paper.batch"].create(
            {
                "company_id": self.env.company.id,
                "period_id": self._api_period(month).id,
                "form": form or False,
                "list_ids": [(6, 0, self._api_list(key, numbers).ids if numbers else [])],
                "with_unsent": bool(with_unsent),
                "odd_start": bool(odd_start),
                "part_size": part_size,
            }
        )
        try:
            batch.action_build()
        except UserError as error:
            if batch.pending_count:
                raise
            raise ApiRefusal("nothing_to_print", str(error), month) from error
        return self._api_paper(batch)

    @api.model
    def _api_paper(self, batch):
        batch.invalidate_recordset()
        return {
            "batch": batch.id,
            "number": batch.number,
            "state": batch.state,
            "pause_reason": batch.pause_reason or "",
            "presented_on": self._api_day(batch.presented_on),
            "file_count": len(batch.part_ids),
            **{name: batch[name] for name in PAPER_COUNTS},
        }

    @api.model
    def _api_paper_step(self, batch, states, step):
        """Take a step unless the batch is where it leads already: safe to call again."""

        def work():
            record = self._api_record("epd.paper.batch", batch, "batch_unknown")
            if record.state not in states:
                step(record)
            return self._api_paper(record)

        return self._api_answer(work)

    @api.model
    def get_paper_batch(self, batch):
        """Return how far a batch is: ``state`` and counts of receipts, pages and files."""
        return self._api_answer(
            lambda: self._api_paper(self._api_record("epd.paper.batch", batch, "batch_unknown"))
        )

    @api.model
    def pause_paper_batch(self, batch):
        """Stop after the file in work."""
        return self._api_paper_step(batch, ("paused",), lambda record: record.action_stop())

    @api.model
    def resume_paper_batch(self, batch):
        """Go on where the work stopped."""
        return self._api_paper_step(
            batch, ("building", "ready", "printed"), lambda record: record.action_resume()
        )

    @api.model
    def cancel_paper_batch(self, batch):
        """Give a batch up before it is handed over: its receipts may be printed anew."""
        return self._api_paper_step(batch, ("cancelled",), lambda record: record.action_cancel())

    @api.model
    def mark_paper_printed(self, batch, on=""):
        """Record that a batch was printed and handed over: its receipts count as presented.

        :param on: day ``YYYY-MM-DD``; empty means today by the office's time zone
        """

        def work():
            record = self._api_record("epd.paper.batch", batch, "batch_unknown")
            day = self._api_day_given(on)
            if record.state != "printed":
                record.action_mark_printed(day)
            elif day and day != record.presented_on:
                raise ApiRefusal(
                    "printed_already",
                    self.env._(
                        "The batch was recorded as handed over on another day: %s.",
                        self._api_day(record.presented_on),
                    ),
                    str(batch),
                )
            return self._api_paper(record)

        return self._api_answer(work)

    @api.model
    def _api_day_given(self, day):
        try:
            return date.fromisoformat(day) if day else None
        except (TypeError, ValueError):
            text = self.env._("Write the day like 2026-04-02.")
            raise ApiRefusal("day_wrong", text, str(day)) from None

    # --- what is in it -----------------------------------------------------------------------------

    @api.model
    def list_paper_receipts(self, batch, after=0, limit=500):
        """Return the receipts of a batch: ``receipts`` and ``next``; those left out as ``problems``.

        :param after: ``next`` of the page before, 0 for the first
        """

        def work():
            record = self._api_record("epd.paper.batch", batch, "batch_unknown")
            lines, following = self._api_page(
                self.env["epd.paper.batch.line"], [("batch_id", "=", record.id)], after, limit
            )
            return {
                "receipts": [
                    {
                        "document": line.document_id.id,
                        "account": line.account_id.number,
                        "state": line.state,
                        "file": line.part_id.id or 0,
                        "page": line.page_from,
                        "pages": line.page_count,
                    }
                    for line in lines
                ],
                "problems": [
                    self._api_problem("left_out", line.problem_text or "", line.account_id.number)
                    for line in lines
                    if line.state == "error"
                ],
                "next": following,
            }

        return self._api_answer(work)

    @api.model
    def list_paper_files(self, batch, after=0, limit=500):
        """Return the files of a batch that are made so far: ``files`` and ``next``."""

        def work():
            record = self._api_record("epd.paper.batch", batch, "batch_unknown")
            parts, following = self._api_page(
                self.env["epd.paper.batch.part"], [("batch_id", "=", record.id)], after, limit
            )
            return {
                "files": [
                    {
                        "file": part.id,
                        "number": part.number,
                        "name": part.name,
                        "receipts": part.document_count,
                        "pages": part.page_count,
                        "first_account": part.first_account or "",
                        "last_account": part.last_account or "",
                        "size": part.size,
                        "sha256": part.sha256 or "",
                    }
                    for part in parts
                ],
                "next": following,
            }

        return self._api_answer(work)

    @api.model
    def get_paper_file(self, file, offset=0, size=FILE_BYTES):
        """Return a piece of a file for the printer, which was checked against its hash.

        :param offset: ``next`` of the piece before, 0 for the first
        :param size: bytes of the piece, up to 4 MB
        :return: ``content`` (base64), ``next`` (0 at the end), ``name``, ``sha256`` of the whole file
        """

        def work():
            part = self._api_record("epd.paper.batch.part", file, "file_unknown")
            if type(offset) is not int or type(size) is not int or offset < 0:
                raise ApiRefusal("piece_wrong", self._api_piece_text())
            if not 1 <= size <= FILE_BYTES or offset > part.size:
                raise ApiRefusal("piece_wrong", self._api_piece_text())
            end = offset + size
            return {
                "file": part.id,
                "name": part.name,
                "sha256": part.sha256 or "",
                "content": base64.b64encode(part._read_pdf()[offset:end]).decode(),
                "next": end if end < part.size else 0,
            }

        return self._api_answer(work)

    @api.model
    def _api_piece_text(self):
        return self.env._("Ask for 1 to %s bytes from within the file.", FILE_BYTES)
