from odoo import fields, models


class ResCompany(models.Model):
    """Whether the set-up of the office is over."""

    _inherit = "res.company"

    epd_setup_closed = fields.Boolean(
        string="Set-up Closed",
        help="The application opens with the month and no longer with the steps of the first day.",
    )
