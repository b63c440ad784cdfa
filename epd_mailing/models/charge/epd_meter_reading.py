from odoo import fields, models

from ...tools import figures


class EpdMeterReading(models.Model):
    """A reading of an individual meter in a period (section 2 of form 43/pr)."""

    _name = "epd.meter.reading"
    _description = "Meter Reading"
    _inherit = ["epd.field.guard", "epd.document.source"]
    _order = "period_id, account_id, service_id, meter_number"
    _rec_name = "meter_number"
    _check_company_auto = True

    account_id = fields.Many2one(
        "epd.personal.account", required=True, index=True, ondelete="restrict", check_company=True
    )
    period_id = fields.Many2one(
        "epd.billing.period", required=True, index=True, ondelete="restrict", check_company=True
    )
    service_id = fields.Many2one(
        "epd.service", required=True, ondelete="restrict", check_company=True
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    meter_number = fields.Char(required=True, size=40)
    zone = fields.Char(string="Tariff Zone", size=20, default="")
    previous = fields.Float(digits=figures.QUANTITY)
    current = fields.Float(digits=figures.QUANTITY)
    consumption = fields.Float(digits=figures.QUANTITY)
    read_on = fields.Date()
    verify_by = fields.Date()

    _reading_uniq = models.Constraint(
        "unique(account_id, period_id, meter_number, zone)",
        "This meter already has a reading in the period.",
    )
