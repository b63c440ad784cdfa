"""Accounts whose address is none that the key may go to: they rest, and say why."""

from odoo import SUPERUSER_ID, api
from odoo.addons.epd_mailing.tools.unisender import errors


def migrate(cr, version):
    """Bring addresses into their one form; stop accounts that speak to somebody else."""
    if not version:
        return
    env = api.Environment(cr, SUPERUSER_ID, {})
    cr.execute(
        "UPDATE epd_unisender_account SET base_url = rtrim(lower(trim(base_url)), '/')"
        " WHERE base_url <> rtrim(lower(trim(base_url)), '/')"
    )
    accounts = env["epd.unisender.account"].with_context(active_test=False).search([])
    for account in accounts:
        if not account._is_allowed_address():
            account._unlocked().write(
                {
                    "state": "error",
                    "last_error": account._for_office()._describe_error(
                        errors.ForbiddenAddress("forbidden_address")
                    ),
                }
            )
