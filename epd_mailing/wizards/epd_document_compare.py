from odoo import fields, models


class EpdDocumentCompare(models.TransientModel):
    """«What changed» between two documents, on the screen."""

    _name = "epd.document.compare"
    _description = "Comparison of Two Documents"
    _inherit = ["epd.readable.targets"]

    document_id = fields.Many2one("epd.payment.document", readonly=True, ondelete="cascade")
    other_id = fields.Many2one(
        "epd.payment.document", string="Earlier", readonly=True, ondelete="cascade"
    )
    difference = fields.Monetary(string="Difference in the Sum", readonly=True)
    currency_id = fields.Many2one(related="document_id.currency_id")
    line_ids = fields.One2many("epd.document.compare.line", "compare_id", readonly=True)


class EpdDocumentCompareLine(models.TransientModel):
    """One figure or text that differs."""

    _name = "epd.document.compare.line"
    _description = "Difference of Two Documents"
    _inherit = ["epd.readable.targets"]

    compare_id = fields.Many2one("epd.document.compare", required=True, ondelete="cascade")
    label = fields.Char(readonly=True)
    old = fields.Char(string="Was", readonly=True)
    new = fields.Char(string="Became", readonly=True)
