from odoo import SUPERUSER_ID, api
from odoo.addons.epd_mailing.tools import query_plan


def migrate(cr, version):
    """Have part of a number, a name or an address found by an index, in databases made by createdb too."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    query_plan.prepare_text_search(cr, env.registry)
