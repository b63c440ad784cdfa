from odoo import api, fields, models
from odoo.exceptions import UserError

from ..document.epd_payment_document import FORMS

PART_SIZE = 500  # documents in one file: what a printer and a pass of the cron take well


class EpdPaperBatch(models.Model):
    """Receipts for the printer: those of a period that e-mail does not reach, or that want paper.

    ==========  ====================================================================
    state       set by
    ==========  ====================================================================
    draft       creation
    building    «Make the File»: the cron joins the saved files part by part
    paused      «Stop», or a fault of the machine
    ready       the last part is made
    printed     the clerk: printed and handed over, so the documents are presented
    cancelled   the clerk, before it was handed over; its documents may be printed anew
    ==========  ====================================================================
    """

    _name = "epd.paper.batch"
    _description = "Paper Receipts"
    _inherit = ["mail.thread", "epd.state.gate", "epd.background.work"]
    _order = "id desc"
    _check_company_auto = True

    _transitions = {
        "draft": ("building", "cancelled"),
        "building": ("paused", "ready", "cancelled"),
        "paused": ("building", "cancelled"),
        "ready": ("printed", "cancelled"),
        "printed": (),
        "cancelled": (),
    }
    _gated_fields = (
        "number",
        "unsent_count",
        "unknown_count",
        "started_at",
        "finished_at",
        "pause_reason",
        "presented_on",
        "presented_by",
    )
    _draft_fields = ("company_id", "period_id", "form", "list_ids", "with_unsent", "odd_start")

    name = fields.Char(compute="_compute_name", store=True)
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
    run_id = fields.Many2one(
        "epd.billing.run", index="btree_not_null", ondelete="set null", check_company=True
    )
    number = fields.Integer(
        string="No. in the Period", readonly=True, copy=False, help="2 and on: a top-up."
    )
    form = fields.Selection(FORMS, help="Empty: all forms.")
    list_ids = fields.Many2many(
        "epd.account.list", string="Account Lists", help="Empty: all accounts of the period."
    )
    odd_start = fields.Boolean(
        string="Each Receipt on Its Own Sheet",
        help="For printing on both sides: a blank page follows a receipt of an odd number of pages.",
    )
    with_unsent = fields.Boolean(
        string="Also Those Not Mailed Yet",
        help="Print also receipts that could go by e-mail but stand in no mailing.",
    )
    part_size = fields.Integer(
        string="Receipts in One File", default=PART_SIZE, required=True, help="10 to 1000."
    )
    user_id = fields.Many2one("res.users", default=lambda self: self.env.user, readonly=True)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("building", "Being Made"),
            ("paused", "Stopped"),
            ("ready", "Ready to Print"),
            ("printed", "Handed Over"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    pause_reason = fields.Text(readonly=True, copy=False)
    started_at = fields.Datetime(readonly=True, copy=False)
    finished_at = fields.Datetime(readonly=True, copy=False)
    presented_on = fields.Date(string="Handed Over On", readonly=True, copy=False, tracking=True)
    presented_by = fields.Many2one("res.users", string="Handed Over By", readonly=True, copy=False)
    unsent_count = fields.Integer(string="Not Mailed Yet", readonly=True, copy=False)
    unknown_count = fields.Integer(string="Outcome Unknown", readonly=True, copy=False)
    line_ids = fields.One2many("epd.paper.batch.line", "batch_id", copy=False)
    part_ids = fields.One2many("epd.paper.batch.part", "batch_id", string="Files", copy=False)
    document_count = fields.Integer(string="Receipts", compute="_compute_counts")
    pending_count = fields.Integer(compute="_compute_counts")
    error_count = fields.Integer(string="Left Out", compute="_compute_counts")
    page_count = fields.Integer(string="Pages", compute="_compute_counts")
    progress = fields.Float(compute="_compute_counts", help="Percent of the receipts joined.")

    _part_size_range = models.Constraint(
        "CHECK(part_size BETWEEN 10 AND 1000)", "A file holds 10 to 1000 receipts."
    )
    _number_uniq = models.UniqueIndex("(period_id, number) WHERE number > 0")

    @api.depends("number", "period_id.name")
    def _compute_name(self):
        for batch in self:
            number = f" № {batch.number}" if batch.number else ""
            batch.name = f"{batch.period_id.name or ''}{number}"

    @api.depends("line_ids.state", "part_ids")
    def _compute_counts(self):
        counts = {}
        for batch, state, count in self.env["epd.paper.batch.line"]._read_group(
            [("batch_id", "in", self.ids)], ["batch_id", "state"], ["__count"]
        ):
            counts.setdefault(batch.id, {})[state] = count
        pages = dict(
            self.env["epd.paper.batch.part"]._read_group(
                [("batch_id", "in", self.ids)], ["batch_id"], ["page_count:sum"]
            )
        )
        for batch in self:
            by_state = counts.get(batch._origin.id, {})
            done, pending = by_state.get("done", 0), by_state.get("pending", 0)
            batch.document_count = done + pending
            batch.pending_count = pending
            batch.error_count = by_state.get("error", 0)
            batch.page_count = pages.get(batch._origin, 0)
            batch.progress = 100.0 * done / (done + pending) if done + pending else 0.0

    def write(self, vals):
        if set(self._draft_fields).intersection(vals) and self.filtered(
            lambda batch: batch.state != "draft"
        ):
            raise UserError(
                self.env._("The list is made already. Cancel this batch and make another one.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_made(self):
        if self.filtered(lambda batch: batch.state not in ("draft", "cancelled")):
            raise UserError(self.env._("Paper receipts are kept as a proof. Cancel them instead."))
