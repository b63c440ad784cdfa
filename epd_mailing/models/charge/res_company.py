from odoo import fields, models


class ResCompany(models.Model):
    """The month the office is at."""

    _inherit = "res.company"

    epd_current_period_id = fields.Many2one(
        "epd.billing.period", string="Current Billing Period", check_company=False
    )
