from odoo import fields, models

SERVICE_KINDS = [
    ("housing", "Housing"),
    ("common", "Common-property resources"),
    ("utility", "Utility"),
    ("additional", "Additional"),
    ("capital_repair", "Capital repair"),
    ("insurance", "Insurance"),
]


class EpdService(models.Model):
    """A service that is charged for; kinds by order 43/pr of Minstroy, 26.01.2018."""

    _name = "epd.service"
    _description = "Service"
    _inherit = ["epd.field.guard"]
    _order = "sequence, code, id"

    name = fields.Char(required=True)
    code = fields.Char(required=True, size=30, help="Known to the billing program.")
    kind = fields.Selection(SERVICE_KINDS, required=True, default="utility")
    uom_name = fields.Char(string="Unit", required=True, help="As printed, e.g. м³.")
    okei_code = fields.Char(string="OKEI Code", size=4)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    active = fields.Boolean(default=True)

    _code_uniq = models.Constraint(
        "unique(company_id, code)", "A service with this code is already there."
    )
