from odoo import fields, models


class ResCompany(models.Model):
    """Whether the set-up of the office is over."""

    # whose field this is stands in its own room
    _inherit = "res.company"  # pylint: disable=consider-merging-classes-inherited

    epd_setup_closed = fields.Boolean(
        string="Set-up Closed",
        help="The application opens with the month and no longer with the steps of the first day.",
    )

    def _compute_color(self):
        """Give the sample's colour to whoever works in another company: its contact is its own.

        Odoo asks for it where a user's companies are shown
        (https://github.com/odoo/odoo/blob/19.0/odoo/addons/base/models/res_company.py, 2026-11-26).
        """
        return super(ResCompany, self.sudo())._compute_color()
