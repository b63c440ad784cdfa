import logging
import time
from datetime import timedelta

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import UserError

_logger = logging.getLogger(__name__)

SLICE = 240  # accounts formed, rendered and committed together
# a cron pass may take 120 s of wall and 60 s of CPU for all jobs of the database together
PASS_WALL = 40.0
PASS_CPU = 22.0
RETRY_AFTER = timedelta(seconds=30)
# the database's own troubles: the transaction is lost, the work is not
LOST_TRANSACTION = (psycopg2.OperationalError, psycopg2.InterfaceError)


class EpdBillingRun(models.Model):
    """The work of a run: slice after slice, each formed, rendered and committed by itself.

    The lock on the rows of a slice is its claim: a worker that dies loses it with its transaction,
    and the rows wait again at once. Nothing goes out of the house here, so no claim need be written
    down (letters are another matter).
    """

    _inherit = "epd.billing.run"

    @api.model
    def _cron_prepare(self):
        """Work on all runs that are being prepared, within the budget of a pass."""
        wall, cpu = time.monotonic(), time.process_time()

        def in_budget():
            return time.monotonic() - wall < PASS_WALL and time.process_time() - cpu < PASS_CPU

        cron = self.env.ref("epd_mailing.ir_cron_prepare")
        for run in self.search([("state", "=", "preparing")], order="id"):
            run = run._for_office()
            try:
                run._prepare_slices(in_budget)
            except LOST_TRANSACTION:
                self.env.cr.rollback()
                _logger.warning("Run %s: the transaction was lost, the slice waits", run.id)
                cron._trigger(fields.Datetime.now() + RETRY_AFTER)
            except Exception as error:  # one run must not stop the others
                self.env.cr.rollback()
                if not isinstance(error, UserError):
                    _logger.exception("Run %s failed", run.id)
                run._pause_for_fault(error)
        waiting = self.search_count([("state", "=", "preparing")], limit=1)
        if waiting and not in_budget():
            cron._trigger()
        self.env["ir.cron"]._commit_progress(remaining=0)

    def _for_office(self):
        """Return the run with its company, its clerk's language and the office's time zone."""
        return self.with_company(self.company_id).with_context(
            lang=self.user_id.lang or "ru_RU", tz=self.company_id.epd_tz, tracking_disable=True
        )

    def _pause_for_fault(self, error):
        """Stop the run on a fault that concerns all its accounts, saying which."""
        self.invalidate_recordset()
        text = (
            str(error)
            if isinstance(error, UserError)
            else self.env._(
                "An unexpected fault (%s); the administrator sees it in the log.",
                type(error).__name__,
            )
        )
        stopped = self._can_move("paused")
        stopped._move("paused", pause_reason=text)
        for run in stopped:
            run.message_post(body=text)
        # what was done so far is committed; this says why the rest is not
        self.env["ir.cron"]._commit_progress()

    def _prepare_slices(self, in_budget):
        """Work slice after slice until the run ends, is stopped, or the pass is over."""
        documents = self.env["epd.payment.document"]
        documents._check_ready(self._count_waiting())
        while in_budget():
            self.invalidate_recordset(["state"])
            if self.state != "preparing":  # stopped or cancelled meanwhile
                return
            found = self._get_waiting()
            lines = found.try_lock_for_update()
            if not found:
                self._finish()
                return
            if not lines:  # another worker has them
                return
            self._work_on(lines)
            # each slice stands by itself: a cut later loses at most the next one
            self.env["ir.cron"]._commit_progress(len(lines), remaining=self._count_waiting())

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

    def _count_waiting(self):
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
