from odoo import fields, models


class EpdPaperPrinted(models.TransientModel):
    """Asks the day on which printed receipts were handed over."""

    _name = "epd.paper.printed"
    _description = "Receipts Handed Over"
    _inherit = ["epd.readable.targets"]

    batch_id = fields.Many2one(
        "epd.paper.batch",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.context.get("active_id"),
    )
    presented_on = fields.Date(
        string="Handed Over On", required=True, default=lambda self: self.env.company._epd_today()
    )

    def action_apply(self):
        """Record it: the receipts count as presented from that day on."""
        self.ensure_one()
        return self.batch_id.action_mark_printed(self.presented_on)
