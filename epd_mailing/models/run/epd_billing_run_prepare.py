from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class EpdBillingRun(models.Model):
    """What a clerk does with a run. The work itself is in ``epd_billing_run_work``."""

    _inherit = "epd.billing.run"

    def _check_user_may(self):
        self.check_access("write")
        return self.sudo()._through_gate()

    def action_prepare(self):
        """«Save for Sending»: take in the accounts of the lists and hand the run to the queue.

        Pressed again on a run that is done, it works on all accounts of the lists once more, as its
        mode says: missing only, changed since, or all as new versions.
        """
        runs = self._check_user_may()
        for run in runs:
            run._check_asked()
            if run.state == "done":
                run.line_ids.unlink()
            run._take_in_accounts()
            if not run.account_count:
                raise UserError(self.env._("There is no account in the chosen lists."))
        self.env["epd.payment.document"]._check_ready(sum(runs.mapped("pending_count")))
        runs._move(
            "preparing",
            started_at=fields.Datetime.now(),
            finished_at=False,
            pause_reason=False,
        )
        self._wake_worker()
        return True

    def _check_asked(self):
        """Refuse a run that does not say what is wanted.

        :raise UserError: saying what to enter
        """
        self.ensure_one()
        if not self.list_ids:
            raise UserError(self.env._("Choose at least one list of personal accounts."))
        if self.mode == "all" and not self.reason:
            raise UserError(self.env._("Say in “Reason” why all documents are issued again."))

    def action_prepare_again(self):
        """«Save Again» on runs that are done; see :meth:`action_prepare`."""
        if self.filtered(lambda run: run.state != "done"):
            raise UserError(self.env._("Only a run that is done is worked on again."))
        return self.action_prepare()

    def _get_account_domain(self):
        """Return the domain of the accounts of the chosen lists, within the company."""
        self.ensure_one()
        lists = self.list_ids.with_company(self.company_id)
        chosen = fields.Domain.OR([entry._get_domain(self.period_id) for entry in lists])
        return chosen & fields.Domain("company_id", "=", self.company_id.id)

    def _take_in_accounts(self):
        """Make a row for each account of the lists: one statement, for 100 000 accounts too."""
        self.ensure_one()
        query = self.env["epd.personal.account"].sudo()._search(self._get_account_domain())
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
                 ORDER BY account.building_id, account.premises_sort, account.number, account.id
                    ON CONFLICT (run_id, account_id) DO NOTHING
                """,
                run=self.id,
                company=self.company_id.id,
                uid=self.env.uid,
                accounts=query.subselect(),
            )
        )
        self.invalidate_recordset()

    def action_preview(self):
        """«Prepare»: page through the receipts, made as the saved ones will be."""
        self.ensure_one()
        self.check_access("read")
        if not self.list_ids:
            raise UserError(self.env._("Choose at least one list of personal accounts."))
        return self.env["epd.receipt.preview"]._open_for(run=self)

    def action_stop(self):
        """Stop after the slice in work."""
        self._check_user_may()._move(
            "paused", pause_reason=self.env._("Stopped by %(user)s", user=self.env.user.name)
        )
        return True

    def action_resume(self):
        """Go on where the run stopped."""
        runs = self._check_user_may()
        self.env["epd.payment.document"]._check_ready(sum(runs.mapped("pending_count")))
        runs._move("preparing", pause_reason=False)
        self._wake_worker()
        return True

    def action_cancel(self):
        """Give the run up; what was saved stays."""
        self._check_user_may()._move("cancelled")
        return True

    def action_to_draft(self):
        """Take a cancelled run back to its beginning; saved documents stay."""
        runs = self._check_user_may()
        runs._move("draft", started_at=False, finished_at=False, pause_reason=False)
        runs.line_ids.unlink()
        return True

    def action_retry_errors(self):
        """Work once more on the accounts that stand with an error."""
        runs = self._check_user_may()
        lines = runs.line_ids.search([("run_id", "in", runs.ids), ("state", "=", "error")])
        if not lines:
            raise UserError(self.env._("No account of the run stands with an error."))
        lines._through_gate()._move("pending", problem_code=False, problem_text=False)
        runs.filtered(lambda run: run.state != "preparing")._move("preparing", finished_at=False)
        self._wake_worker()
        return True

    def action_make_mailing(self):
        """Make a draft mailing of the run's saved documents that have no live letter yet."""
        self.ensure_one()
        self.check_access("write")
        if not self.env["epd.payment.document"].search_count(self._get_mailing_domain(), limit=1):
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
        mailing._take_in_run()
        return {
            "type": "ir.actions.act_window",
            "res_model": "epd.mailing",
            "res_id": mailing.id,
            "view_mode": "form",
        }

    def _get_mailing_domain(self):
        """Return the domain of the live documents of the accounts of the run, earlier ones too."""
        accounts = self.env["epd.billing.run.line"].sudo()._search([("run_id", "=", self.id)])
        return (
            fields.Domain("account_id", "in", accounts.subselect("account_id"))
            & fields.Domain("period_id", "=", self.period_id.id)
            & fields.Domain("form", "=", self.form)
            & fields.Domain("state", "=", "saved")
        )
