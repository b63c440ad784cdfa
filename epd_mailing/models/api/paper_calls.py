"""Paper: files for the printer of those whom e-mail does not reach, and their handing over."""

import base64
from datetime import date

from odoo import Command
from odoo.exceptions import UserError

from .calls import FILE_BYTES, CallRejected, format_day, make_problem
from .document_calls import FORM_NAMES, DocumentCalls

PAPER_COUNTS = (
    "document_count",
    "pending_count",
    "error_count",
    "page_count",
    "unsent_count",
    "unknown_count",
)


class PaperCalls(DocumentCalls):
    """Paper batches. Each step may be taken again: one already taken changes nothing."""

    def create_batch(self, key, month, form, numbers, with_unsent, odd_start, part_size):
        """Start a batch; see ``epd.api.make_paper_batch``."""
        if type(part_size) is not int or not 10 <= part_size <= 1000:
            raise CallRejected(
                "part_size_wrong", self.env._("A file holds 10 to 1000 receipts."), str(part_size)
            )
        if form:
            self.check_choice(form, FORM_NAMES, "form_unknown")
        batch = self.env["epd.paper.batch"].create(
            {
                "company_id": self.company.id,
                "period_id": self.get_period(month).id,
                "form": form or False,
                "list_ids": [Command.set(self.get_list(key, numbers).ids if numbers else [])],
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
            raise CallRejected("nothing_to_print", str(error), month) from error
        return self._describe(batch)

    def _find(self, batch_id):
        return self.get_record("epd.paper.batch", batch_id, "batch_unknown")

    def _describe(self, batch):
        batch.invalidate_recordset()
        return {
            "batch": batch.id,
            "number": batch.number,
            "state": batch.state,
            "pause_reason": batch.pause_reason or "",
            "presented_on": format_day(batch.presented_on),
            "file_count": len(batch.part_ids),
            **{name: batch[name] for name in PAPER_COUNTS},
        }

    def _take_step(self, batch_id, states, step):
        """Take a step unless the batch is where it leads already."""
        batch = self._find(batch_id)
        if batch.state not in states:
            step(batch)
        return self._describe(batch)

    def get(self, batch_id):
        """Return how far a batch is."""
        return self._describe(self._find(batch_id))

    def pause(self, batch_id):
        """Stop after the file in work."""
        return self._take_step(batch_id, ("paused",), lambda batch: batch.action_stop())

    def resume(self, batch_id):
        """Go on where the work stopped."""
        return self._take_step(
            batch_id, ("building", "ready", "printed"), lambda batch: batch.action_resume()
        )

    def cancel(self, batch_id):
        """Give a batch up before it is handed over."""
        return self._take_step(batch_id, ("cancelled",), lambda batch: batch.action_cancel())

    def mark_printed(self, batch_id, on):
        """Record that a batch was handed over; ``on`` is an ISO day, empty means today."""
        batch = self._find(batch_id)
        day = self._read_day(on)
        if batch.state != "printed":
            batch.action_mark_printed(day)
        elif day and day != batch.presented_on:
            raise CallRejected(
                "printed_already",
                self.env._(
                    "The batch was recorded as handed over on another day: %s.",
                    format_day(batch.presented_on),
                ),
                str(batch_id),
            )
        return self._describe(batch)

    def _read_day(self, day):
        try:
            return date.fromisoformat(day) if day else None
        except (TypeError, ValueError):
            text = self.env._("Write the day like 2026-04-02.")
            raise CallRejected("day_wrong", text, str(day)) from None

    # --- what is in it ----------------------------------------------------------------------------

    def list_receipts(self, batch_id, after, limit):
        """Return a page of the receipts; those skipped as problems."""
        domain = [("batch_id", "=", self._find(batch_id).id)]
        lines, following = self.get_page(self.env["epd.paper.batch.line"], domain, after, limit)
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
                make_problem("left_out", line.problem_text or "", line.account_id.number)
                for line in lines
                if line.state == "error"
            ],
            "next": following,
        }

    def list_files(self, batch_id, after, limit):
        """Return a page of the files that are there so far."""
        domain = [("batch_id", "=", self._find(batch_id).id)]
        parts, following = self.get_page(self.env["epd.paper.batch.part"], domain, after, limit)
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

    def get_file(self, file_id, offset, size):
        """Return ``size`` bytes of a file from ``offset``, in base64."""
        part = self.get_record("epd.paper.batch.part", file_id, "file_unknown")
        if (
            type(offset) is not int
            or type(size) is not int
            or not 0 <= offset <= part.size
            or not 1 <= size <= FILE_BYTES
        ):
            raise CallRejected(
                "piece_wrong", self.env._("Ask for 1 to %s bytes from within the file.", FILE_BYTES)
            )
        end = offset + size
        return {
            "file": part.id,
            "name": part.name,
            "sha256": part.sha256 or "",
            "content": base64.b64encode(part._read_pdf()[offset:end]).decode(),
            "next": end if end < part.size else 0,
        }
