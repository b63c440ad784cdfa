from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.delivery_state import PRESENTED
from ...tools.query_plan import switch_off_jit
from ..base.shown_rows import find_shown
from ..base.state_counts import count_by_state
from ..base.thread import QUIET
from ..charge.control_sums import ControlSums
from ..document.document_sums import compare_documents
from ..document.epd_payment_document import FORMS
from ..mailing.mailing_estimate import describe_seconds
from .run_annulment import RunAnnulment
from .run_scope import RunScope
from .run_slice import RunSlice
from .run_waivers import RunWaivers

PACE_SPAN = timedelta(minutes=3)  # the pace of this span gives the time left


class EpdBillingRun(models.Model):
    """One clerk's run over a period: which accounts, which form, what became of each.

    ===========  ==================================================================
    state        set by
    ===========  ==================================================================
    draft        creation, «Back to Draft»
    preparing    «Save for Sending»: the cron forms documents in slices
    paused       «Stop», or an error that a person has to correct
    done         the last account was worked on (some may stand with an error)
    annulling    «Annul the Preparation»: documents that have not left are cancelled in slices
    cancelled    the clerk, and saved documents stay; or all documents are annulled
    ===========  ==================================================================

    The accounts of a run are its rows; before there are any, those of the chosen lists. The screen
    shows the four steps of the month, each with its records and its next step. In the background
    slice after slice is formed, rendered and committed by itself (``RunSlice``). Nothing goes out of
    the house here, so no claim need be written down (letters are another matter). Which accounts,
    documents and letters it is about is in ``RunScope``, what stands in the way in
    ``epd.run.readiness``, who gets what in ``RunOutlook``, what its numbers open in ``RunDrilldown``.
    """

    _name = "epd.billing.run"
    _description = "Preparation and Sending of Payment Documents"
    _inherit = ["mail.activity.mixin", "epd.background.task", "epd.live"]
    _order = "id desc"
    _rec_names_search = ["period_id"]
    _check_company_auto = True

    _transitions = {
        "draft": ("preparing", "cancelled"),
        "preparing": ("paused", "done", "cancelled"),
        "paused": ("preparing", "annulling", "cancelled"),
        "done": ("preparing", "annulling"),
        "annulling": ("done", "paused", "cancelled"),
        "cancelled": ("draft",),
    }
    _work_cron = "epd_mailing.ir_cron_prepare"
    _work_is_shared = True
    _work_states = ("preparing", "annulling")
    _guarded_fields = (
        "started_at",
        "requisites_confirmed_by",
        "requisites_confirmed_at",
        "waivers",
        "annul_reason",
    )

    name = fields.Char(compute="_compute_name")
    period_id = fields.Many2one(
        "epd.billing.period",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
        default=lambda self: self.env.company.epd_current_period_id,
    )
    form = fields.Selection(FORMS, required=True, default="epd")
    list_ids = fields.Many2many("epd.account.list", string="Account Lists")
    mode = fields.Selection(
        [
            ("missing", "Only missing"),
            ("changed", "Missing and changed since saving"),
            ("all", "All, as new versions"),
        ],
        required=True,
        default="missing",
    )
    reason = fields.Char(help="Why saved documents are issued again.")
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("preparing", "Preparing"),
            ("paused", "Stopped"),
            ("done", "Done"),
            ("annulling", "Being Annulled"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    started_at = fields.Datetime(readonly=True, copy=False)
    requisites_confirmed_by = fields.Many2one(
        "res.users",
        readonly=True,
        copy=False,
        help="Who confirmed payees' requisites that differ from those of the last documents.",
    )
    requisites_confirmed_at = fields.Datetime(readonly=True, copy=False)
    waivers = fields.Json(
        readonly=True,
        copy=False,
        prefetch=False,  # it names every account that was lifted
        help="Findings that were lifted, with the reason, who and when.",
    )
    waiver_text = fields.Text(string="Lifted", compute="_compute_waiver_text")
    annul_reason = fields.Char(string="Why Annulled", readonly=True, copy=False)
    late_count = fields.Integer(
        string="Accounts That Came Later",
        compute="_compute_late_count",
        help="Accounts of the lists that were not there when the run was prepared.",
    )
    sums_text = fields.Text(
        string="Control Sums",
        compute="_compute_sums_text",
        help="Roubles of the month beside those of the month before.",
    )
    line_ids = fields.One2many("epd.billing.run.line", "run_id", copy=False)
    shown_line_ids = fields.One2many(
        "epd.billing.run.line",
        string="Accounts Shown",
        compute="_compute_shown_line_ids",
        help="The first accounts of the run, those with a problem before the others.",
    )
    document_ids = fields.One2many("epd.payment.document", "run_id", copy=False)
    mailing_ids = fields.One2many("epd.mailing", "run_id", copy=False)
    mailing_count = fields.Integer(compute="_compute_mailing_count")
    present_by = fields.Date(related="period_id.present_by")
    pay_by = fields.Date(related="period_id.pay_by")
    account_count = fields.Integer(compute="_compute_counts")
    pending_count = fields.Integer(compute="_compute_counts")
    saved_count = fields.Integer(compute="_compute_counts")
    skipped_count = fields.Integer(compute="_compute_counts")
    error_count = fields.Integer(compute="_compute_counts")
    progress = fields.Float(compute="_compute_counts", help="Percent of the accounts worked on.")

    dates_basis = fields.Char(related="period_id.rule_id.basis", string="By Law")
    is_current_period = fields.Boolean(compute="_compute_is_current_period")
    next_period_name = fields.Char(compute="_compute_is_current_period")
    is_annullable = fields.Boolean(
        compute="_compute_is_annullable", help="There are documents that have not left."
    )
    scope_count = fields.Integer(string="Accounts of the Run", compute="_compute_steps")
    charged_count = fields.Integer(string="Charges Are In", compute="_compute_steps")
    document_count = fields.Integer(string="Documents Saved", compute="_compute_steps")
    mailed_count = fields.Integer(string="In a Mailing", compute="_compute_steps")
    presented_count = fields.Integer(string="Presented", compute="_compute_steps")
    letter_count = fields.Integer(string="Letters", compute="_compute_steps")
    period_mailing_ids = fields.Many2many(
        "epd.mailing", string="Mailings of the Period", compute="_compute_period_mailing_ids"
    )
    eta_text = fields.Char(string="Time Left", compute="_compute_eta_text")

    @api.depends("period_id.name", "form")
    @api.depends_context("lang")
    def _compute_name(self):
        labels = dict(self._fields["form"]._description_selection(self.env))
        for run in self:
            run.name = f"{labels.get(run.form, '')}, {run.period_id.name or ''}"

    @api.depends("line_ids.state")
    def _compute_shown_line_ids(self):
        odd = Domain("state", "in", ("error", "skipped"))
        for run in self:
            own = Domain("run_id", "=", run._origin.id)
            run.shown_line_ids = find_shown(self.env["epd.billing.run.line"], own, odd)

    @api.depends("line_ids.state")
    def _compute_counts(self):
        counts = count_by_state(self, "line_ids")
        for run in self:
            by_state = counts[run._origin.id]
            total = sum(by_state.values())
            run.account_count = total
            run.pending_count = by_state.get("pending", 0)
            run.saved_count = by_state.get("saved", 0)
            run.skipped_count = by_state.get("skipped", 0)
            run.error_count = by_state.get("error", 0)
            run.progress = 100.0 * (total - run.pending_count) / total if total else 0.0

    @api.depends("mailing_ids")
    def _compute_mailing_count(self):
        counts = dict(
            self.env["epd.mailing"]
            .with_context(active_test=False)
            ._read_group([("run_id", "in", self.ids)], ["run_id"], ["__count"])
        )
        for run in self:
            run.mailing_count = counts.get(run, 0)

    @api.depends("period_id", "company_id.epd_current_period_id")
    def _compute_is_current_period(self):
        for run in self:
            period = run.period_id
            run.is_current_period = bool(period) and period == run.company_id.epd_current_period_id
            run.next_period_name = period and period._get_following_name()

    @api.depends("list_ids", "period_id", "form", "line_ids.state", "document_ids", "mailing_ids")
    def _compute_steps(self):
        accounts = self.env["epd.personal.account"]
        # what belongs to accounts of a run is of its company: to ask each row for it would read the rows
        documents = self.env["epd.payment.document"].sudo()
        letters = self.env["epd.mailing.letter"].sudo()
        switch_off_jit(self.env.cr)
        for run in self:
            scope = RunScope(run)
            run.scope_count = (
                run.account_count if scope.has_rows else accounts.search_count(scope.get_domain())
            )
            run.charged_count = run.document_count = run.mailed_count = 0
            run.presented_count = run.letter_count = 0
            if not (run.scope_count and run.period_id):
                continue
            run.charged_count = scope.count_charged()
            states = dict(
                documents._read_group(scope.get_document_domain(), ["delivery_state"], ["__count"])
            )
            run.document_count = sum(states.values())
            run.mailed_count = run.document_count - states.get("none", 0)
            run.presented_count = sum(states.get(state, 0) for state in PRESENTED)
            if run.document_count:
                run.letter_count = letters.search_count(scope.get_letter_domain())

    @api.depends("state", "document_ids.state")
    def _compute_is_annullable(self):
        for run in self:
            run.is_annullable = run.state in ("done", "paused") and RunAnnulment(run).has_work()

    @api.depends("waivers")
    @api.depends_context("lang")
    def _compute_waiver_text(self):
        readiness = self.env["epd.run.readiness"]
        for run in self:
            waivers = RunWaivers(run)
            run.waiver_text = "\n".join(
                f"{readiness._describe_rule(code)} {waivers.describe(code)}"
                for code in run.waivers or {}
            )

    @api.depends("state", "list_ids", "line_ids")
    def _compute_late_count(self):
        accounts = self.env["epd.personal.account"]
        for run in self:
            run.late_count = accounts.search_count(RunScope(run).get_late_domain())

    @api.depends("list_ids", "period_id", "form", "line_ids.state", "document_ids")
    @api.depends_context("lang")
    def _compute_sums_text(self):
        for run in self:
            # a form that follows the work is read every second: all the charges are not
            at_work = run.state in self._work_states
            run.sums_text = False if at_work else run._describe_sums()

    def _describe_sums(self):
        """Return a line for charges, balances and saved documents beside those of the month before."""
        scope, program = RunScope(self), self.env(su=True)
        if not (self.period_id and (self.list_ids or scope.has_rows)):
            return False
        sums = ControlSums(program, self.period_id, scope.get_query())
        charged, due = (each.describe(self.env) for each in (sums.charged, sums.balances["due"]))
        texts = [
            self.env._("Charged: %s", charged),
            self.env._("Due with the balances: %s", due),
        ]
        documents = self.env["epd.payment.document"].sudo()._search(scope.get_document_domain())
        saved = compare_documents(program, self.period_id, documents.subselect())
        if saved.now:
            texts.append(self.env._("Due in the saved documents: %s", saved.describe(self.env)))
        return "\n".join(texts)

    @api.depends("period_id", "mailing_ids")
    def _compute_period_mailing_ids(self):
        mailings = self.env["epd.mailing"].with_context(active_test=False)
        mailings = mailings.search([("period_id", "in", self.period_id.ids)])
        for run in self:
            run.period_mailing_ids = mailings.filtered(
                lambda mailing, run=run: mailing.period_id == run.period_id
            )

    @api.depends("state", "line_ids.state")
    def _compute_eta_text(self):
        lines = self.env["epd.billing.run.line"]
        for run in self:
            run.eta_text = False
            if run.state != "preparing" or not run.pending_count:
                continue
            now = fields.Datetime.now()
            begin = max(run.started_at or now, now - PACE_SPAN)
            done = lines.search_count(
                [
                    ("run_id", "=", run._origin.id),
                    ("state", "!=", "pending"),
                    ("write_date", ">=", begin),
                ]
            )
            seconds = (now - begin).total_seconds()
            if done and seconds > 0:
                run.eta_text = describe_seconds(self.env, run.pending_count * seconds / done)

    # --- what a clerk does ---------------------------------------------------------------------------

    def action_prepare(self):
        """«Save for Sending»: queue the accounts of the lists; the cron works on them.

        Pressed again on a run that is done, it works on all accounts of the lists once more, as its
        mode says: missing only, changed since, or all as new versions.
        """
        runs = self._check_and_unlock()
        for run in runs:
            run._check_asked()
            run._check_requisites()
            RunWaivers(run).drop_outgrown()
            if run.state == "done":
                run.line_ids.unlink()
            run._add_accounts()
            if not run.account_count:
                raise UserError(self.env._("There is no account in the chosen lists."))
        self.env["epd.receipt.renderer"]._check_ready(sum(runs.mapped("pending_count")))
        runs._move(
            "preparing",
            started_at=fields.Datetime.now(),
            finished_at=False,
            pause_reason=False,
        )
        self._wake_worker()
        return True

    def _check_asked(self):
        """Check that the run says what is wanted.

        :raise UserError: saying what to enter
        """
        self.ensure_one()
        if not self.list_ids:
            raise UserError(self.env._("Choose at least one list of personal accounts."))
        if self.mode == "all" and not self.reason:
            raise UserError(self.env._("Say in “Reason” why all documents are issued again."))

    def _check_requisites(self):
        """Check that payees have the requisites of the last documents, or confirmed ones.

        :raise UserError: naming the payee, old and new values, who changed them and when
        """
        changes = self.env["epd.run.readiness"]._get_requisites_changes(self)
        if changes:
            raise UserError(
                self.env._(
                    "Requisites of payees are not those of the last documents. A manager compares "
                    "and confirms them at “Save for Sending”:\n%s",
                    "\n".join(change.describe() for change in changes),
                )
            )

    def action_confirm_requisites(self):
        """Confirm as a manager that documents are saved with the payees' present requisites.

        :return: True; nothing to confirm changes nothing
        :raise AccessError: when the user is no manager of the company
        """
        for run in self:
            run.check_access("write")
            changes = self.env["epd.run.readiness"]._get_requisites_changes(run)
            if not changes:
                continue
            text = self.env["epd.payee.requisites"]._confirm(run.company_id, changes)
            run._unlocked().write(
                {
                    "requisites_confirmed_by": self.env.uid,
                    "requisites_confirmed_at": fields.Datetime.now(),
                }
            )
            run.message_post(body=self.env._("Requisites of payees confirmed: %s", text))
        return True

    def _add_accounts(self):
        """Add a row for each account of the lists: one statement, for 100 000 accounts too."""
        self.ensure_one()
        query = RunScope(self).get_listed_query()
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
                accounts=query,
            )
        )
        self.invalidate_recordset()

    def action_preview(self):
        """«Prepare»: page through the receipts, rendered as the saved ones will be."""
        self.ensure_one()
        self.check_access("read")
        if not self.list_ids:
            raise UserError(self.env._("Choose at least one list of personal accounts."))
        return self.env["epd.receipt.preview"]._open_for(run=self)

    def action_resume(self):
        """Go on where the run stopped."""
        preparing = self.filtered(lambda run: not run.annul_reason)
        for run in preparing:
            run._check_requisites()
        self.env["epd.receipt.renderer"]._check_ready(sum(preparing.mapped("pending_count")))
        return super().action_resume()

    def _get_resumed_state(self):
        return "annulling" if self.annul_reason else "preparing"

    def action_lift(self, code, reason):
        """Lift a finding of the check for this run, with a reason.

        :param code: ``no_balance``, ``second_form`` or ``sums_jump``
        :param reason: text, required
        :raise UserError: when there is nothing to lift, or no reason is given
        """
        self.ensure_one()
        self.check_access("write")
        sizes = self.env["epd.run.readiness"]._find_liftable(self, code)
        RunWaivers(self).lift(code, reason, sizes)
        return True

    def action_ask_annul(self):
        """«Annul the Preparation»: say what will be annulled and what has left, then ask why.

        :raise UserError: when the run has no document that could be annulled
        """
        self.ensure_one()
        self.check_access("write")
        self._check_annullable()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Annul the Preparation"),
            "res_model": "epd.document.reason",
            "view_mode": "form",
            "target": "new",
            "context": {"default_run_id": self.id, "default_operation": "annul"},
        }

    def _check_annullable(self):
        if not RunAnnulment(self).has_work():
            raise UserError(
                self.env._("Every document of this run has left already, or is annulled.")
            )

    def action_annul(self, reason):
        """Cancel all documents of the run that have not left, in the background.

        :param reason: text, required
        :raise UserError: when there is none, or no reason is given
        """
        for run in self._check_and_unlock():
            if not (reason or "").strip():
                raise UserError(self.env._("Say why the documents are annulled."))
            run._check_annullable()
            run._move("annulling", annul_reason=reason.strip(), pause_reason=False)
        self._wake_worker()
        return True

    def action_open_left(self):
        """Open the documents of the run that have left the house."""
        name = self.env._("Documents That Have Left")
        return self._open_drilldown("epd_payment_document_action", "annul_left", name)

    def action_open_late(self):
        """Open the accounts that came after the run was prepared."""
        name = self.env._("Accounts That Came Later")
        return self._open_drilldown("epd_personal_account_action", "late", name)

    def action_to_draft(self):
        """Take a cancelled run back to its beginning; saved documents stay."""
        runs = self._check_and_unlock()
        runs._move("draft", started_at=False, finished_at=False, pause_reason=False)
        runs.line_ids.unlink()
        return True

    def action_retry_errors(self):
        """Work once more on the accounts that stand with an error."""
        runs = self._check_and_unlock()
        lines = runs.line_ids.search([("run_id", "in", runs.ids), ("state", "=", "error")])
        if not lines:
            raise UserError(self.env._("No account of the run stands with an error."))
        lines._unlocked()._move("pending", problem_code=False, problem_text=False)
        runs.filtered(lambda run: run.state != "preparing")._move("preparing", finished_at=False)
        self._wake_worker()
        return True

    def action_make_mailing(self):
        """Create a draft mailing of the run's saved documents that have no live letter yet."""
        self.ensure_one()
        self.check_access("write")
        domain = RunScope(self).get_mailing_domain()
        if not self.env["epd.payment.document"].search_count(domain, limit=1):
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
        mailing._fill()
        return mailing._get_records_action(context={})

    def action_ask_next_period(self):
        """Say what is still open in this month, and ask whether to go on to the next."""
        self.ensure_one()
        self.check_access("write")
        action = self.env["ir.actions.act_window"]._for_xml_id("epd_mailing.epd_period_step_action")
        return {**action, "context": {"default_run_id": self.id}}

    def action_next_period(self):
        """Move the office to the month after this run's and open a new run for it.

        :raise UserError: when this run is not of the current period
        """
        self.ensure_one()
        self.check_access("write")
        company = self.company_id
        if self.period_id != company.epd_current_period_id:
            raise UserError(
                self.env._(
                    "The current billing period is %(period)s. Go on from its run.",
                    period=company.epd_current_period_id.name or "—",
                )
            )
        following = self.period_id._get_following()
        following._set_current()
        run = self.create(
            {
                "company_id": company.id,
                "period_id": following.id,
                "form": self.form,
                "list_ids": [Command.set(self.list_ids.ids)],
            }
        )
        return run._get_records_action(context={})

    # --- the work ------------------------------------------------------------------------------------

    @api.model
    def _cron_prepare(self):
        """Work on all runs that are being prepared, within the budget of a cron run."""
        self._run_work()

    def _for_office(self):
        # what became of each account stands in its line
        return super()._for_office().with_context(tracking_disable=QUIET)

    def _work(self, in_budget):
        """Work on the accounts that wait; what the machine lacks is said before the first slice."""
        if self.state == "preparing":
            self.env["epd.receipt.renderer"]._check_ready(self._work_left())
        return super()._work(in_budget)

    def _work_slice(self):
        """Form, render and save the next accounts; without any the run is done."""
        if self.state == "annulling":
            return self._annul_slice()
        part = RunSlice(self)
        lines = part.claim()
        if not lines:
            # what other workers still have is theirs; the last of them finishes
            if not self._work_left() and self._try_lock():
                self._finish()
            return None
        part.work_on(lines)
        self._notify_screens()
        return len(lines)

    def _annul_slice(self):
        """Cancel the next documents; without any the run is cancelled, or done with what has left."""
        annulment = RunAnnulment(self)
        count = annulment.take_slice()
        if count:
            self._notify_screens()
            return count
        if annulment.count(has_left=False)[0] or not self._try_lock():
            return None  # other workers still have some; the last of them finishes
        left, _due = annulment.count(has_left=True)
        self.message_post(
            body=self.env._(
                "Preparation annulled. Reason: %(reason)s. Have left and stay: %(left)s.",
                reason=self.annul_reason,
                left=left,
            )
        )
        self._move(
            "done" if left else "cancelled", annul_reason=False, finished_at=fields.Datetime.now()
        )
        self._notify_screens()
        return None

    def _finish(self):
        self._move("done", finished_at=fields.Datetime.now())
        self.message_post(
            body=self.env._(
                "Saved: %(saved)s, skipped: %(skipped)s, with an error: %(errors)s.",
                saved=self.saved_count,
                skipped=self.skipped_count,
                errors=self.error_count,
            )
        )

    def _work_left(self):
        """Return how many accounts wait, or documents that are to be annulled."""
        if self.state == "annulling":
            return RunAnnulment(self).count(has_left=False)[0]
        return self.env["epd.billing.run.line"].search_count(
            [("run_id", "=", self.id), ("state", "=", "pending")]
        )

    # --- what stands in the way, and who gets what ---------------------------------------------------

    def action_confirm_prepare(self):
        """«Save for Sending»: show what will be saved and what stands in the way, then ask."""
        self.ensure_one()
        self.check_access("write")
        self._check_asked()
        return self.env["epd.run.outlook"]._open_for(self, "prepare")

    def action_confirm_mailing(self):
        """«Create a Mailing»: show who gets what, then ask."""
        self.ensure_one()
        self.check_access("write")
        domain = RunScope(self).get_document_domain()
        if not self.env["epd.payment.document"].search_count(domain, limit=1):
            raise UserError(
                self.env._("There are no saved documents yet. Press “Save for Sending” first.")
            )
        return self.env["epd.run.outlook"]._open_for(self, "mail")

    # --- what its numbers open -----------------------------------------------------------------------

    def _open(self, xmlid, domain):
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        return {**action, "domain": domain, "context": {"default_run_id": self.id}}

    def action_open_lines(self):
        """Open the accounts of the run with what became of each."""
        self.ensure_one()
        return self._open("epd_mailing.epd_billing_run_line_action", [("run_id", "=", self.id)])

    def action_open_documents(self):
        """Open the documents that the run saved."""
        self.ensure_one()
        domain = [("run_id", "=", self.id)]
        return self._open("epd_mailing.epd_payment_document_action", domain)

    def action_open_mailings(self):
        """Open the mailings of the run."""
        self.ensure_one()
        return self._open("epd_mailing.epd_mailing_action", [("run_id", "=", self.id)])

    def _open_drilldown(self, xmlid, what, name):
        """Open the records that the number ``what`` counts, those of this moment."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(f"epd_mailing.{xmlid}")
        domain = [("drilldown", "=", f"{self.id}:{what}")]
        return {**action, "name": name, "domain": domain, "context": {}}

    def action_open_scope(self):
        """Open the accounts of the run."""
        name = self.env._("Accounts of the Run")
        return self._open_drilldown("epd_personal_account_action", "scope", name)

    def action_open_uncharged(self):
        """Open the accounts without charges in the period."""
        name = self.env._("Without Charges")
        return self._open_drilldown("epd_personal_account_action", "uncharged", name)

    def action_open_charges(self):
        """Open the charges of the period."""
        action = self.env["ir.actions.act_window"]._for_xml_id("epd_mailing.epd_charge_action")
        return {**action, "domain": [("period_id", "=", self.period_id.id)], "context": {}}

    def action_open_live_documents(self):
        """Open the saved documents of the accounts of the run, earlier ones too."""
        name = self.env._("Documents Saved")
        return self._open_drilldown("epd_payment_document_action", "saved", name)

    def action_open_mailed(self):
        """Open the documents that have a letter or went on paper."""
        name = self.env._("Documents in a Mailing")
        return self._open_drilldown("epd_payment_document_action", "mailed", name)

    def action_open_presented(self):
        """Open the documents that reached their payers."""
        name = self.env._("Documents Presented")
        return self._open_drilldown("epd_payment_document_action", "presented", name)

    def action_open_unpresented(self):
        """Open the documents that have not reached their payers."""
        name = self.env._("Not Presented Yet")
        return self._open_drilldown("epd_payment_document_action", "waiting", name)

    def action_open_letters(self):
        """Open the letters of the documents of the run."""
        return self._open_drilldown("epd_mailing_letter_action", "letters", self.env._("Letters"))

    def action_create_list(self):
        """«Create and Fill»: a list of the office's own, chosen in this run at once."""
        return self._open_dialog("epd_mailing.epd_account_list_fill_run_action")

    def action_why(self):
        """Say why an account is in none of the chosen lists."""
        return self._open_dialog("epd_mailing.epd_account_list_why_run_action")

    def _open_dialog(self, xmlid):
        self.ensure_one()
        self.check_access("write")
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        return {**action, "context": {"default_run_id": self.id}}
