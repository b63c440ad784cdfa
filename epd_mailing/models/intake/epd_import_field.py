from odoo import fields, models

IMPORT_KINDS = [
    ("charge", "Charges"),
    ("balance", "Balances"),
    ("payment", "Payments"),
    ("reading", "Meter readings"),
    ("account", "Personal accounts"),
    ("gis", "Identifiers of ГИС ЖКХ"),
    ("building", "Buildings"),
    ("service", "Services"),
    ("provision", "Provisions of services"),
    ("tariff", "Tariffs"),
]
# what belongs to no month
TIMELESS = ("account", "building", "service", "provision", "tariff")
# what becomes of the rest of the month
IMPORT_SCOPES = [("part", "A part of the month's data"), ("whole", "All of the month's data")]


class EpdImportField(models.Model):
    """What a column of a file may hold, for each kind of file (see ``tools.table_file.kinds``)."""

    _name = "epd.import.field"
    _description = "Field of a Loaded File"
    _inherit = ["epd.field.guard"]
    _order = "kind, sequence, id"

    name = fields.Char(required=True, translate=True)
    kind = fields.Selection(IMPORT_KINDS, required=True, index=True)
    code = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    is_required = fields.Boolean(string="Required")

    _code_uniq = models.Constraint("unique(kind, code)", "This field is already there.")
