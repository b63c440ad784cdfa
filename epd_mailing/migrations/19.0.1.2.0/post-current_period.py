"""An office that has periods and no current one, as nobody could set it, stands at its latest."""

from odoo import SUPERUSER_ID, api


def migrate(cr, _version):
    """Set the current billing period where it is missing."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    for company in env["res.company"].search([("epd_current_period_id", "=", False)]):
        last = env["epd.billing.period"].search(
            [("company_id", "=", company.id)], order="date_start desc", limit=1
        )
        if last:
            last._set_current()
