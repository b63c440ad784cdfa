from odoo import api, fields, models

from ...tools.table_file import column_letter


class EpdImportProblem(models.Model):
    """One thing wrong in one place of a loaded file."""

    _name = "epd.import.problem"
    _description = "Problem of a Loaded File"
    _inherit = ["epd.field.guard"]
    _order = "import_id, row, column_index, id"
    _rec_name = "text"

    import_id = fields.Many2one("epd.import", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="import_id.company_id", store=True, index=True)
    row = fields.Integer(readonly=True)
    column_index = fields.Integer(readonly=True, default=-1)
    column = fields.Char(compute="_compute_column", help="As in Excel.")
    header = fields.Char(string="Heading", readonly=True)
    value = fields.Char(string="Found", readonly=True)
    code = fields.Char(readonly=True)
    text = fields.Text(string="Problem", readonly=True)
    severity = fields.Selection(
        [("error", "Error"), ("warning", "Warning")], required=True, readonly=True
    )

    @api.depends("column_index")
    def _compute_column(self):
        for problem in self:
            problem.column = (
                column_letter(problem.column_index) if problem.column_index >= 0 else ""
            )
