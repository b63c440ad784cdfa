from odoo import api, fields, models

from ...tools.table_file import column_letter


class EpdImportColumn(models.Model):
    """One column of the file: its heading, first values, and what it is read as."""

    _name = "epd.import.column"
    _description = "Column of a Loaded File"
    _inherit = ["epd.field.guard"]
    _order = "import_id, index"
    _rec_name = "header"

    import_id = fields.Many2one("epd.import", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="import_id.company_id", store=True, index=True)
    kind = fields.Selection(related="import_id.kind")
    index = fields.Integer(required=True, readonly=True)
    letter = fields.Char(compute="_compute_letter")
    header = fields.Char(string="Heading", readonly=True)
    samples = fields.Char(string="First Values", readonly=True)
    has_numbers = fields.Boolean(readonly=True, help="Sums or formulas stand in the column.")
    field_id = fields.Many2one(
        "epd.import.field", string="Read As", ondelete="restrict", domain="[('kind', '=', kind)]"
    )
    service = fields.Char(
        string="Service (Across)",
        help="Code or name of the service when the column holds the figures of one service.",
    )

    @api.depends("index")
    def _compute_letter(self):
        for column in self:
            column.letter = column_letter(column.index)

    def write(self, vals):
        res = super().write(vals)
        if {"field_id", "service"} & set(vals):
            self.import_id._check_editable()
            self.import_id._check_no_payments()
        return res
