from odoo import fields, models


class EpdBillingRunLine(models.Model):
    """One account of a run: queue row, outcome, and the reason when there is no document."""

    _name = "epd.billing.run.line"
    _description = "Account of a Run"
    _inherit = ["epd.state.gate"]
    _order = "run_id, id"
    _rec_name = "account_id"

    _transitions = {
        "pending": ("saved", "skipped", "error"),
        "error": ("pending",),
        "skipped": ("pending",),
        "saved": (),
    }
    _gated_fields = ("problem_code", "problem_text", "document_id")

    run_id = fields.Many2one("epd.billing.run", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="run_id.company_id", store=True, index=True)
    account_id = fields.Many2one(
        "epd.personal.account", required=True, index=True, ondelete="cascade"
    )
    building_id = fields.Many2one(related="account_id.building_id", store=True)
    state = fields.Selection(
        [
            ("pending", "Waiting"),
            ("saved", "Saved"),
            ("skipped", "Left Out"),
            ("error", "Error"),
        ],
        required=True,
        default="pending",
        readonly=True,
    )
    problem_code = fields.Char(readonly=True)
    problem_text = fields.Text(string="Reason", readonly=True)
    document_id = fields.Many2one("epd.payment.document", readonly=True, ondelete="set null")

    _run_account_uniq = models.Constraint(
        "unique(run_id, account_id)", "The account is already in this run."
    )
    _queue_idx = models.Index("(run_id, state, id)")
