from odoo import fields, models


class EpdPaperBatchLine(models.Model):
    """One receipt of a batch for the printer: its place in the files, or why it is skipped."""

    _name = "epd.paper.batch.line"
    _description = "Receipt on Paper"
    _inherit = ["epd.state.gate"]
    _order = "batch_id desc, sequence, id"
    _rec_name = "document_id"

    _transitions = {"pending": ("done", "error"), "done": (), "error": ()}
    _guarded_fields = (
        "is_live",
        "is_presented",
        "part_id",
        "page_from",
        "page_count",
        "problem_text",
        "document_id",
        "account_id",
    )

    batch_id = fields.Many2one(
        "epd.paper.batch", required=True, index=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    document_id = fields.Many2one(
        "epd.payment.document", required=True, index=True, readonly=True, ondelete="restrict"
    )
    account_id = fields.Many2one(
        "epd.personal.account", required=True, index=True, readonly=True, ondelete="restrict"
    )
    building_id = fields.Many2one("epd.building", readonly=True, ondelete="restrict")
    partner_id = fields.Many2one(related="document_id.partner_id")
    entrance = fields.Integer(related="account_id.entrance")
    premises = fields.Char(related="account_id.premises")
    sequence = fields.Integer(readonly=True, help="Place in the order of the carrier's way.")
    state = fields.Selection(
        [("pending", "Waiting"), ("done", "In the File"), ("error", "Skipped")],
        required=True,
        default="pending",
        readonly=True,
    )
    # a receipt stands in one batch only, unless that one was cancelled or left it out
    is_live = fields.Boolean(required=True, default=True, readonly=True)
    is_presented = fields.Boolean(string="Handed Over", readonly=True)
    part_id = fields.Many2one("epd.paper.batch.part", string="File", readonly=True)
    page_from = fields.Integer(string="Page", readonly=True, help="First page in its file.")
    page_count = fields.Integer(string="Pages", readonly=True)
    problem_text = fields.Text(string="Reason", readonly=True)

    _never_twice = models.UniqueIndex(
        "(document_id) WHERE is_live", "This receipt stands in another batch for the printer."
    )
    _queue_idx = models.Index("(batch_id, sequence) WHERE state = 'pending'")

    def _skip(self, reason):
        """Skip the receipt with its reason: another batch may print it."""
        self._move("error", problem_text=reason, is_live=False)
