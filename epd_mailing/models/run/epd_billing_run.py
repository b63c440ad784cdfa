from odoo import api, fields, models

from ..document.epd_payment_document import FORMS


class EpdBillingRun(models.Model):
    """One clerk's run over a period: which accounts, which form, what became of each.

    ===========  ==================================================================
    state        set by
    ===========  ==================================================================
    draft        creation, «Back to Draft»
    preparing    «Save for Sending»: the cron forms documents in slices
    paused       «Stop», or a fault that a person has to mend
    done         the last account was worked on (some may stand with an error)
    cancelled    the clerk; saved documents stay
    ===========  ==================================================================
    """

    _name = "epd.billing.run"
    _description = "Preparation and Sending of Payment Documents"
    _inherit = ["mail.thread", "mail.activity.mixin", "epd.state.gate", "epd.background.work"]
    _order = "id desc"
    _check_company_auto = True

    _transitions = {
        "draft": ("preparing", "cancelled"),
        "preparing": ("paused", "done", "cancelled"),
        "paused": ("preparing", "cancelled"),
        "done": ("preparing",),
        "cancelled": ("draft",),
    }
    _gated_fields = ("started_at", "finished_at", "pause_reason")

    name = fields.Char(compute="_compute_name")
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
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
    user_id = fields.Many2one("res.users", default=lambda self: self.env.user, readonly=True)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("preparing", "Preparing"),
            ("paused", "Stopped"),
            ("done", "Done"),
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
    finished_at = fields.Datetime(readonly=True, copy=False)
    pause_reason = fields.Text(readonly=True, copy=False)
    line_ids = fields.One2many("epd.billing.run.line", "run_id", copy=False)
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

    @api.depends("period_id.name", "form")
    @api.depends_context("lang")
    def _compute_name(self):
        labels = dict(self._fields["form"]._description_selection(self.env))
        for run in self:
            run.name = f"{labels.get(run.form, '')}, {run.period_id.name or ''}"

    @api.depends("line_ids.state")
    def _compute_counts(self):
        counts = {}
        for run, state, count in self.env["epd.billing.run.line"]._read_group(
            [("run_id", "in", self.ids)], ["run_id", "state"], ["__count"]
        ):
            counts.setdefault(run.id, {})[state] = count
        for run in self:
            by_state = counts.get(run._origin.id, {})
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
            self.env["epd.mailing"]._read_group(
                [("run_id", "in", self.ids)], ["run_id"], ["__count"]
            )
        )
        for run in self:
            run.mailing_count = counts.get(run, 0)

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
