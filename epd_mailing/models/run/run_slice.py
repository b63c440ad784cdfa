"""The next accounts of a run: claimed, formed, rendered, and what became of each."""

import logging

import psycopg2
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..base.epd_background_work import LOST_TRANSACTION
from ..document.epd_document_snapshot import LIFTED
from ..document.missing_balance import MissingBalance
from .run_waivers import RunWaivers

_logger = logging.getLogger(__name__)

CLAIM_ATTEMPTS = 5
SLICE = 240  # accounts formed, rendered and committed together


class RunSlice:
    """Works on one slice of a run, within the transaction of its worker.

    The lock on the rows is the claim: a worker that dies loses it with its transaction, and the
    rows wait again at once.

    :param run: ``epd.billing.run`` with the rights of the program
    """

    def __init__(self, run):
        run.ensure_one()
        self.run = run
        self.env = run.env

    def claim(self):
        """Lock the next accounts that wait and that no other worker has, and return their lines."""
        lines = self.env["epd.billing.run.line"]
        lines.flush_model(["run_id", "state"])
        query = SQL(
            """SELECT id FROM epd_billing_run_line WHERE run_id = %s AND state = 'pending'
                ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED""",
            self.run.id,
            SLICE,
        )
        for attempt in range(CLAIM_ATTEMPTS + 1):
            try:
                # a clash is usual: no error for the log
                self.env.cr.execute(query, log_exceptions=False)
                return lines.browse(row[0] for row in self.env.cr.fetchall())
            except psycopg2.errors.SerializationFailure:
                if attempt == CLAIM_ATTEMPTS:
                    raise
                # another worker committed its slice since this transaction began: look anew
                self.env.cr.rollback()
                self.env.invalidate_all()
        return lines

    def work_on(self, lines):
        """Form the documents of claimed lines; when that fails as a whole, one after another."""
        if not self._work_together(lines):
            self._work_one_by_one(lines)

    def _work_together(self, lines):
        """Form the documents of a slice at once.

        :return: False when one of the accounts made it fail
        """
        try:
            with self.env.cr.savepoint():
                self._write_outcomes(lines, self._form(lines))
        except LOST_TRANSACTION:
            raise
        except Exception:
            # an error of the machine stops the run here, with its reason
            self.env["epd.receipt.renderer"]._check_ready()
            _logger.exception("Run %s: a slice failed, its accounts are tried alone", self.run.id)
            return False
        return True

    def _work_one_by_one(self, lines):
        for line in lines:
            try:
                with self.env.cr.savepoint():
                    self._write_outcomes(line, self._form(line))
            except LOST_TRANSACTION:
                raise
            except Exception as error:
                line._move("error", **self._describe_error(line, error))

    def _describe_error(self, line, error):
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
            account = line.account_id.id
            _logger.error("Run %s: account %s failed", self.run.id, account, exc_info=error)
            code = "fault"
            text = self.env._("An unexpected error; the administrator sees it in the log.")
        return {"problem_code": code, "problem_text": text}

    def _form(self, lines):
        run, accounts = self.run, lines.account_id
        outcomes = self._reject_unbalanced(accounts)
        documents = self.env["epd.payment.document"].sudo()
        if RunWaivers(run).is_lifted("second_form"):
            documents = documents.with_context(epd_second_form=LIFTED)
        return outcomes | documents._form_documents(
            accounts.filtered(lambda account: account.id not in outcomes),
            run.period_id,
            run.form,
            run.mode,
            run.reason,
            {"run_id": run.id, "saved_by": (run.user_id or self.env.user).id},
        )

    def _reject_unbalanced(self, accounts):
        """Return ``{account id: (None, problem)}`` of accounts whose debt would drop from the paper.

        Those of which a clerk has lifted it go on.
        """
        query = SQL("(SELECT unnest(%s::integer[]))", accounts.ids)
        missing = self.env["epd.run.readiness"]._get_missing_balances(self.run, query)
        lifted = RunWaivers(self.run).get_seen_ids("no_balance") if missing else set()
        describe = MissingBalance(self.env, self.run.period_id, self.run.form).describe
        return {
            account: (None, {"code": "no_balance", "text": describe(owed)})
            for account, owed in missing.items()
            if account not in lifted
        }

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
