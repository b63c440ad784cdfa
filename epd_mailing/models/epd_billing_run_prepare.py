import logging
import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

SLICE = 100  # accounts formed, rendered and committed together
LEASE = timedelta(minutes=10)
# a cron pass may take 120 s of wall and 60 s of CPU for all jobs of the database together
PASS_WALL = 40.0
PASS_CPU = 22.0


class EpdBillingRun(models.Model):
    """The work of a run: slices of accounts, claimed, formed and committed one after another."""

    _inherit = "epd.billing.run"

    def _check_user_may(self):
        self.check_access("write")
        return self.sudo()._through_gate()

    def action_prepare(self):
        """«Save for Sending»: take in the accounts of the lists and hand the run to the queue."""
        runs = self._check_user_may()
        documents = self.env["epd.payment.document"]
        documents._check_engine(documents._get_engine())
        for run in runs:
            if not run.list_ids:
                raise UserError(self.env._("Choose at least one list of personal accounts."))
            if run.mode == "all" and not run.reason:
                raise UserError(self.env._("Say in “Reason” why all documents are issued again."))
            run._take_in_accounts()
            if not run.account_count:
                raise UserError(self.env._("There is no account in the chosen lists."))
        runs._move("preparing", started_at=fields.Datetime.now(), pause_reason=False)
        self.env.ref("epd_mailing.ir_cron_prepare").sudo()._trigger()
        return True

    def _take_in_accounts(self):
        """Make a row for each account of the lists: one statement, for 100 000 accounts too."""
        self.ensure_one()
        accounts = self.env["epd.personal.account"]
        domain = fields.Domain.OR(
            [entry.with_company(self.company_id)._get_domain(self.period_id)
             for entry in self.list_ids]
        ) & fields.Domain("company_id", "=", self.company_id.id)
        query = accounts.sudo()._search(domain, order="building_id, premises_sort, number, id")
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO epd_billing_run_line
                       (run_id, company_id, account_id, building_id, state,
                        create_uid, write_uid, create_date, write_date)
                SELECT %(run)s, %(company)s, account.id, account.building_id, 'pending',
                       %(uid)s, %(uid)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                  FROM epd_personal_account account
                 WHERE account.id IN %(accounts)s
                 ORDER BY account.building_id, account.premises_sort, account.number
                    ON CONFLICT (run_id, account_id) DO NOTHING
                """,
                run=self.id,
                company=self.company_id.id,
                uid=self.env.uid,
                accounts=query.subselect(),
            )
        )
        self.invalidate_recordset()

    def action_stop(self):
        """Stop after the slice in work."""
        self._check_user_may()._move(
            "paused", pause_reason=self.env._("Stopped by %(user)s", user=self.env.user.name)
        )
        return True

    def action_resume(self):
        """Go on where the run stopped."""
        runs = self._check_user_may()
        documents = self.env["epd.payment.document"]
        documents._check_engine(documents._get_engine())
        runs._move("preparing", pause_reason=False)
        self.env.ref("epd_mailing.ir_cron_prepare").sudo()._trigger()
        return True

    def action_cancel(self):
        """Give the run up; what was saved stays."""
        self._check_user_may()._move("cancelled")
        return True

    def action_to_draft(self):
        """Take a cancelled run back to its beginning."""
        self._check_user_may()._move("draft")
        return True

    def action_retry_errors(self):
        """Work once more on the accounts that stand with an error."""
        runs = self._check_user_may()
        lines = runs.line_ids.filtered(lambda line: line.state == "error")
        if not lines:
            raise UserError(self.env._("No account of the run stands with an error."))
        lines._through_gate()._move("pending", problem_code=False, problem_text=False)
        runs.filtered(lambda run: run.state != "preparing")._move("preparing", finished_at=False)
        self.env.ref("epd_mailing.ir_cron_prepare").sudo()._trigger()
        return True

    @api.model
    def _cron_prepare(self):
        """Work on all runs that are being prepared, within the budget of a pass."""
        wall, cpu = time.monotonic(), time.process_time()

        def in_budget():
            return (
                time.monotonic() - wall < PASS_WALL and time.process_time() - cpu < PASS_CPU
            )

        failed = None
        for run in self.search([("state", "=", "preparing")], order="id"):
            user = run.user_id
            run = run.with_company(run.company_id).with_context(
                lang=user.lang or "ru_RU", tz=run.company_id.epd_tz, tracking_disable=True
            )
            try:
                run._prepare_slices(in_budget)
            except Exception as error:  # one run must not stop the others
                self.env.cr.rollback()
                _logger.exception("Run %s failed", run.id)
                failed = error
                run._pause_for_fault(error)
        waiting = self.search_count([("state", "=", "preparing")], limit=1)
        if waiting and not in_budget():
            self.env.ref("epd_mailing.ir_cron_prepare")._trigger()
        self.env["ir.cron"]._commit_progress(remaining=0)
        return failed is None

    def _pause_for_fault(self, error):
        """Stop the run on a fault that concerns all its accounts, saying which."""
        self.invalidate_recordset()
        text = str(error) if isinstance(error, UserError) else type(error).__name__
        self._can_move("paused")._through_gate()._move("paused", pause_reason=text)
        # what was done so far is committed; this says why the rest is not
        self.env["ir.cron"]._commit_progress()

    def _prepare_slices(self, in_budget):
        documents = self.env["epd.payment.document"]
        documents._check_engine(documents._get_engine())
        while in_budget():
            self.invalidate_recordset(["state"])
            if self.state != "preparing":  # stopped or cancelled meanwhile
                return
            lines = self._claim_lines()
            if not lines:
                if not self.line_ids.search_count(
                    [("run_id", "=", self.id), ("state", "=", "claimed")], limit=1
                ):
                    self._through_gate()._move("done", finished_at=fields.Datetime.now())
                return
            self._work_on(lines)
            left = self._count_waiting()
            # each slice stands by itself: a cut later loses at most the next one
            self.env["ir.cron"]._commit_progress(len(lines), remaining=left)

    def _count_waiting(self):
        return self.env["epd.billing.run.line"].search_count(
            [("run_id", "=", self.id), ("state", "in", ("pending", "claimed"))]
        )

    def _claim_lines(self):
        """Claim the next slice and commit the claim; expired claims are taken over."""
        now = fields.Datetime.now()
        found = self.env["epd.billing.run.line"].search(
            [
                ("run_id", "=", self.id),
                "|",
                ("state", "=", "pending"),
                "&",
                ("state", "=", "claimed"),
                ("lease_until", "<", now),
            ],
            order="id",
            limit=SLICE,
        )
        lines = found.try_lock_for_update()
        if lines:
            lines._through_gate().write({"state": "claimed", "lease_until": now + LEASE})
            # the lock ends with the transaction, the claim stays
            self.env["ir.cron"]._commit_progress()
        return lines

    def _work_on(self, lines):
        """Form the documents of a slice; when that fails as a whole, one account after another."""
        try:
            with self.env.cr.savepoint():
                self._write_outcomes(lines, self._form(lines))
            return
        except Exception:
            _logger.exception("Run %s: a slice failed, its accounts are tried alone", self.id)
        for line in lines:
            try:
                with self.env.cr.savepoint():
                    self._write_outcomes(line, self._form(line))
            except Exception as error:
                _logger.exception("Run %s: account %s failed", self.id, line.account_id.id)
                line._through_gate()._move(
                    "error",
                    problem_code="fault",
                    problem_text=str(error) if isinstance(error, UserError)
                    else self.env._("An unexpected fault; the administrator sees it in the log."),
                )

    def _form(self, lines):
        return (
            self.env["epd.payment.document"]
            .sudo()
            ._form_documents(
                lines.account_id, self.period_id, self.form, self.mode, self, self.reason
            )
        )

    def _write_outcomes(self, lines, outcomes):
        for line in lines._through_gate():
            document, problem = outcomes[line.account_id.id]
            state = "saved" if not problem else "skipped" if document else "error"
            if problem and problem["code"] == "no_charges":
                state = "skipped"
            line._move(
                state,
                document_id=document.id if document else False,
                problem_code=problem and problem["code"],
                problem_text=problem and problem["text"],
                lease_until=False,
            )

    def action_make_mailing(self):
        """Make a draft mailing of the run's saved documents that have no live letter yet."""
        self.ensure_one()
        self.check_access("write")
        documents = self._get_documents()
        if not documents:
            raise UserError(
                self.env._("There are no saved documents yet. Press “Save for Sending” first.")
            )
        template = self.env["epd.message.template"].search(
            [("company_id", "=", self.company_id.id)], limit=1
        )
        mailing = self.env["epd.mailing"].create(
            {
                "company_id": self.company_id.id,
                "period_id": self.period_id.id,
                "run_id": self.id,
                "template_id": template.id,
            }
        )
        mailing._add_documents(documents)
        return {
            "type": "ir.actions.act_window",
            "res_model": "epd.mailing",
            "res_id": mailing.id,
            "view_mode": "form",
        }

    def _get_documents(self):
        """Return the live documents of the accounts of the run."""
        return self.env["epd.payment.document"].search(
            [
                ("account_id", "in", self.line_ids.account_id.ids),
                ("period_id", "=", self.period_id.id),
                ("form", "=", self.form),
                ("state", "=", "saved"),
            ]
        )
