from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools.query_plan import switch_off_jit

PRESENTED = ("paper", "delivered", "opened", "read")
PACE_SPAN = timedelta(minutes=3)


class EpdBillingRun(models.Model):
    """«General» of the run: the four steps of the month, each with its records and its next step.

    The accounts of a run are its rows; before there are any, those of the chosen lists.
    """

    _name = "epd.billing.run"
    _inherit = ["epd.billing.run", "epd.live"]

    dates_basis = fields.Char(related="period_id.rule_id.basis", string="By Law")
    is_current_period = fields.Boolean(compute="_compute_is_current_period")
    next_period_name = fields.Char(compute="_compute_is_current_period")
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

    def _get_scope_domain(self):
        """Return the domain of the accounts that the run is about."""
        self.ensure_one()
        rows = self._get_rows_query()
        if rows is not None:
            return Domain("id", "in", rows.subselect("account_id"))
        if not self.list_ids:
            return Domain.FALSE
        return self._get_account_domain()

    def _get_rows_query(self):
        """Return the query of the run's rows, or nothing while there are none."""
        lines = self.env["epd.billing.run.line"].sudo()
        domain = [("run_id", "=", self._origin.id)]
        if self._origin.id and lines.search_count(domain, limit=1):
            return lines._search(domain)
        return None

    @api.depends("period_id", "company_id.epd_current_period_id")
    def _compute_is_current_period(self):
        for run in self:
            period = run.period_id
            run.is_current_period = bool(period) and period == run.company_id.epd_current_period_id
            run.next_period_name = period and period._get_following_name()

    @api.depends("list_ids", "period_id", "form", "line_ids.state", "document_ids", "mailing_ids")
    def _compute_steps(self):
        accounts = self.env["epd.personal.account"]
        documents = self.env["epd.payment.document"]
        letters = self.env["epd.mailing.letter"]
        switch_off_jit(self.env.cr)
        for run in self:
            rows = run._get_rows_query()
            scope = run._get_scope_domain()
            run.scope_count = accounts.search_count(scope) if rows is None else run.account_count
            run.charged_count = run.document_count = run.mailed_count = 0
            run.presented_count = run.letter_count = 0
            if not (run.scope_count and run.period_id):
                continue
            run.charged_count = accounts.search_count(scope & run._get_charged_domain())
            states = dict(
                documents._read_group(
                    run._get_document_domain(scope if rows is None else None),
                    ["delivery_state"],
                    ["__count"],
                )
            )
            run.document_count = sum(states.values())
            run.mailed_count = run.document_count - states.get("none", 0)
            run.presented_count = sum(states.get(state, 0) for state in PRESENTED)
            if run.document_count:
                run.letter_count = letters.search_count(
                    run._get_letter_domain(scope if rows is None else None)
                )

    def _get_charged_domain(self):
        """Return the domain of accounts with charges in the period."""
        charges = self.env["epd.charge"]._search([("period_id", "=", self.period_id.id)])
        return Domain("id", "in", charges.subselect("account_id"))

    def _get_document_domain(self, scope=None):
        """Return the domain of the live documents of the accounts of the run."""
        rows = self._get_rows_query() if scope is None else None
        accounts = (
            rows.subselect("account_id")
            if rows is not None
            else self.env["epd.personal.account"]._search(
                self._get_scope_domain() if scope is None else scope
            )
        )
        return (
            Domain("period_id", "=", self.period_id.id)
            & Domain("form", "=", self.form)
            & Domain("state", "=", "saved")
            & Domain("account_id", "in", accounts)
        )

    def _get_letter_domain(self, scope=None):
        documents = self.env["epd.payment.document"]._search(self._get_document_domain(scope))
        return (
            Domain("document_id", "in", documents)
            & Domain("is_test", "=", False)
            & Domain("send_state", "not in", ("skipped", "cancelled"))
        )

    @api.depends("period_id", "mailing_ids")
    def _compute_period_mailing_ids(self):
        mailings = self.env["epd.mailing"].search([("period_id", "in", self.period_id.ids)])
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
                run.eta_text = self.env["epd.mailing"]._describe_seconds(
                    run.pending_count * seconds / done
                )

    # --- the work, told to the screens -----------------------------------------------------------

    def _work_on(self, lines):
        res = super()._work_on(lines)
        self._tell_screens()
        return res

    # --- what the steps open ---------------------------------------------------------------------

    def _get_behind_domain(self, what, model):
        """Return the domain of the records behind a number of the screen, see ``epd.behind``."""
        if model == "epd.mailing.letter" and what == "letters":
            return self._get_letter_domain()
        if model == "epd.personal.account" and what == "scope":
            return self._get_scope_domain()
        if model == "epd.personal.account" and what == "uncharged":
            return self._get_scope_domain() & ~self._get_charged_domain()
        if model == "epd.payment.document" and what in ("saved", "mailed", "presented", "waiting"):
            more = {
                "saved": Domain.TRUE,
                "mailed": Domain("delivery_state", "!=", "none"),
                "presented": Domain("delivery_state", "in", PRESENTED),
                "waiting": Domain("delivery_state", "not in", PRESENTED),
            }[what]
            return self._get_document_domain() & more
        return Domain.FALSE

    def _open_behind(self, xmlid, what, name):
        """Open the records behind the number ``what``: looked up each time, so always of now."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(f"epd_mailing.{xmlid}")
        domain = [("behind", "=", f"{self.id}:{what}")]
        return {**action, "name": name, "domain": domain, "context": {}}

    def action_open_scope(self):
        """Open the accounts of the run."""
        name = self.env._("Accounts of the Run")
        return self._open_behind("epd_personal_account_action", "scope", name)

    def action_open_uncharged(self):
        """Open the accounts without charges in the period."""
        name = self.env._("Without Charges")
        return self._open_behind("epd_personal_account_action", "uncharged", name)

    def action_open_charges(self):
        """Open the charges of the period."""
        action = self.env["ir.actions.act_window"]._for_xml_id("epd_mailing.epd_charge_action")
        return {**action, "domain": [("period_id", "=", self.period_id.id)], "context": {}}

    def action_open_live_documents(self):
        """Open the saved documents of the accounts of the run, earlier ones too."""
        name = self.env._("Documents Saved")
        return self._open_behind("epd_payment_document_action", "saved", name)

    def action_open_mailed(self):
        """Open the documents that have a letter or went on paper."""
        name = self.env._("Documents in a Mailing")
        return self._open_behind("epd_payment_document_action", "mailed", name)

    def action_open_presented(self):
        """Open the documents that reached their payers."""
        name = self.env._("Documents Presented")
        return self._open_behind("epd_payment_document_action", "presented", name)

    def action_open_unpresented(self):
        """Open the documents that have not reached their payers."""
        name = self.env._("Not Presented Yet")
        return self._open_behind("epd_payment_document_action", "waiting", name)

    def action_open_letters(self):
        """Open the letters of the documents of the run."""
        return self._open_behind("epd_mailing_letter_action", "letters", self.env._("Letters"))

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

    # --- the next month --------------------------------------------------------------------------

    def action_next_period(self):
        """Make the month after this run's the current one and open a new run for it.

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
        # operators do not write companies; the step to the next month is theirs
        company.sudo().epd_current_period_id = following
        run = self.create(
            {
                "company_id": company.id,
                "period_id": following.id,
                "form": self.form,
                "list_ids": [(6, 0, self.list_ids.ids)],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": run.id,
            "view_mode": "form",
        }
