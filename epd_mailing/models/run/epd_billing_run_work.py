import logging

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..base.epd_background_work import LOST_TRANSACTION

_logger = logging.getLogger(__name__)

SLICE = 240  # accounts formed, rendered and committed together


class EpdBillingRun(models.Model):
    """The work of a run: slice after slice, each formed, rendered and committed by itself.

    The lock on the rows of a slice is its claim: a worker that dies loses it with its transaction,
    and the rows wait again at once. Nothing goes out of the house here, so no claim need be written
    down (letters are another matter).
    """

    _inherit = "epd.billing.run"

    _work_cron = "epd_mailing.ir_cron_prepare"
    _work_states = ("preparing",)

    @api.model
    def _cron_prepare(self):
        """Work on all runs that are being prepared, within the budget of a pass."""
        self._work_pass()

    def _for_office(self):
        # what became of each account stands in its line
        return super()._for_office().with_context(tracking_disable=True)

    def _work(self, in_budget):
        """Work on the accounts that wait; what the machine lacks is said before the first slice."""
        self.env["epd.payment.document"]._check_ready(self._work_left())
        return super()._work(in_budget)

    def _work_slice(self):
        """Form, render and save the next accounts; without any the run is done."""
        found = self._get_waiting()
        lines = found.try_lock_for_update()
        if not found:
            self._finish()
            return None
        if not lines:  # another worker has them
            return None
        self._work_on(lines)
        return len(lines)

    def _finish(self):
        self._move("done", finished_at=fields.Datetime.now())
        self.message_post(
            body=self.env._(
                "Saved: %(saved)s, left out: %(skipped)s, with an error: %(errors)s.",
                saved=self.saved_count,
                skipped=self.skipped_count,
                errors=self.error_count,
            )
        )

    def _get_waiting(self):
        return self.env["epd.billing.run.line"].search(
            [("run_id", "=", self.id), ("state", "=", "pending")], order="id", limit=SLICE
        )

    def _work_left(self):
        """Return how many accounts wait."""
        return self.env["epd.billing.run.line"].search_count(
            [("run_id", "=", self.id), ("state", "=", "pending")]
        )

    def _work_on(self, lines):
        """Form the documents of a slice; when that fails as a whole, one account after another."""
        try:
            with self.env.cr.savepoint():
                self._write_outcomes(lines, self._form(lines))
            return
        except LOST_TRANSACTION:
            raise
        except Exception:
            # a fault of the machine stops the run here, with its reason
            self.env["epd.payment.document"]._check_ready()
            _logger.exception("Run %s: a slice failed, its accounts are tried alone", self.id)
        for line in lines:
            try:
                with self.env.cr.savepoint():
                    self._write_outcomes(line, self._form(line))
            except LOST_TRANSACTION:
                raise
            except Exception as error:
                line._move("error", **self._describe_fault(line, error))

    def _describe_fault(self, line, error):
        if isinstance(error, psycopg2.IntegrityError):
            code, text = (
                "busy",
                self.env._(
                    "Somebody else saved a document of this account at the same moment. Press “Try "
                    "Errors Again”."
                ),
            )
        elif isinstance(error, UserError):
            code, text = "fault", str(error)
        else:
            _logger.error("Run %s: account %s failed", self.id, line.account_id.id, exc_info=error)
            code = "fault"
            text = self.env._("An unexpected fault; the administrator sees it in the log.")
        return {"problem_code": code, "problem_text": text}

    def _form(self, lines):
        return (
            self.env["epd.payment.document"]
            .sudo()
            ._form_documents(
                lines.account_id, self.period_id, self.form, self.mode, self, self.reason
            )
        )

    def _write_outcomes(self, lines, outcomes):
        for line in lines:
            document, problem = outcomes[line.account_id.id]
            state = "saved" if not problem else "skipped" if document else "error"
            if problem and problem["code"] == "no_charges":
                state = "skipped"
            line._move(
                state,
                document_id=document.id if document else False,
                problem_code=problem and problem["code"],
                problem_text=problem and problem["text"],
            )
