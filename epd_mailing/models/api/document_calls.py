"""Documents of a month: prepared, listed, fetched."""

import base64

from odoo import Command

from ..document.epd_payment_document import FORMS
from .calls import CallRejected, Calls, format_day, format_moment, make_problem

MODES = ("missing", "changed", "all")
COUNTS = ("account_count", "pending_count", "saved_count", "skipped_count", "error_count")
NUMBERS_A_CALL = 5000
FORM_NAMES = [name for name, _label in FORMS]


class DocumentCalls(Calls):
    """Documents: the queue creates them, pages list them."""

    def prepare(self, key, month, form, mode, reason, numbers):
        """Start a run; see ``epd.api.prepare_documents``."""
        run = self.env["epd.billing.run"].create(
            {
                "company_id": self.company.id,
                "period_id": self.get_period(month).id,
                "form": self.check_choice(form, FORM_NAMES, "form_unknown"),
                "mode": self.check_choice(mode, MODES, "mode_unknown"),
                "reason": reason,
                "list_ids": [Command.set(self.get_list(key, numbers).ids)],
            }
        )
        run.action_prepare()
        return self._describe_run(run)

    def get_list(self, key, numbers):
        """Return the account list of these numbers, created under the key; all open ones for none."""
        if not numbers:
            return self.env["epd.account.list"]._get_predefined("all_open")
        if len(numbers) > NUMBERS_A_CALL:
            raise CallRejected(
                "too_many", self.env._("Give at most %s account numbers.", NUMBERS_A_CALL)
            )
        accounts = self.env["epd.personal.account"].search(
            [("company_id", "=", self.company.id), ("number", "in", numbers)]
        )
        missing = set(numbers) - set(accounts.mapped("number"))
        if missing:
            raise CallRejected(
                "account_unknown",
                self.env._("There is no personal account with this number."),
                min(missing),
            )
        return self.env["epd.account.list"].create(
            {
                "name": key,
                "kind": "fixed",
                "company_id": self.company.id,
                "account_ids": [Command.set(accounts.ids)],
            }
        )

    def get_run(self, run_id):
        """Return how far a run is."""
        return self._describe_run(self._find_run(run_id))

    def _find_run(self, run_id):
        return self.get_record("epd.billing.run", run_id, "run_unknown")

    def _describe_run(self, run):
        return {
            "run": run.id,
            "state": run.state,
            "pause_reason": run.pause_reason or "",
            **{name: run[name] for name in COUNTS},
        }

    def check_readiness(self, run_id):
        """Return what stands in the way of a run's documents."""
        found = self.env["epd.run.readiness"]._find_problems(self._find_run(run_id))
        return {
            "problems": [
                make_problem(entry["code"], entry["text"], f"{entry['model']}/{entry['ids'][0]}")
                for entry in found
            ],
            "findings": [
                {
                    "code": entry["code"],
                    "severity": entry["severity"],
                    "count": len(entry["ids"]),
                }
                for entry in found
            ],
        }

    def list_run_problems(self, run_id, after, limit):
        """Return a page of the accounts that have no document, and why."""
        domain = [("run_id", "=", self._find_run(run_id).id), ("state", "in", ("error", "skipped"))]
        lines, following = self.get_page(self.env["epd.billing.run.line"], domain, after, limit)
        return {
            "problems": [
                make_problem(
                    line.problem_code or "", line.problem_text or "", line.account_id.number
                )
                for line in lines
            ],
            "next": following,
        }

    def list_documents(self, month, form, after, limit):
        """Return a page of the live documents of a month."""
        domain = [("period_id", "=", self.get_period(month).id), ("state", "=", "saved")]
        if form:
            domain.append(("form", "=", self.check_choice(form, FORM_NAMES, "form_unknown")))
        documents, following = self.get_page(self.env["epd.payment.document"], domain, after, limit)
        return {
            "documents": [
                {
                    "document": document.id,
                    "number": document.name,
                    "account": document.account_id.number,
                    "form": document.form,
                    "version": document.version,
                    "total_due": f"{document.total_due:.2f}",
                    "pay_by": format_day(document.pay_by),
                    "saved_at": format_moment(document.saved_at),
                    "delivery_state": document.delivery_state,
                    "pdf_sha256": document.pdf_sha256 or "",
                    "pdf_size": document.pdf_size,
                }
                for document in documents
            ],
            "next": following,
        }

    def get_pdf(self, document_id):
        """Return the saved file of a document, in base64."""
        record = self.get_record("epd.payment.document", document_id, "document_unknown")
        return {
            "document": record.id,
            "name": record.pdf_name or "",
            "sha256": record.pdf_sha256 or "",
            "content": base64.b64encode(record._read_pdf()).decode(),
        }
