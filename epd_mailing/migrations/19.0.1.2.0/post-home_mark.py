"""The database that has the keys now is the one that sends; a copy of it will not."""

from odoo import SUPERUSER_ID, api


def migrate(cr, _version):
    """Write the mark of this database to the accounts that have a key."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    accounts = env["epd.unisender.account"].with_context(active_test=False).search([])
    for account in accounts.filtered(lambda account: account.api_key and not account.home):
        account._unlocked().write(account._get_home_vals())
