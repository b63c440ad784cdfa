from odoo import fields, models


class ResCompany(models.Model):
    """Whether the set-up of the office is over."""

    # whose field this is stands in its own room
    _inherit = "res.company"  # pylint: disable=consider-merging-classes-inherited

    epd_setup_closed = fields.Boolean(
        string="Set-up Closed",
        help="The application opens with the month and no longer with the steps of the first day.",
    )
