from odoo import models
from odoo.tools import SQL


class ResPartner(models.Model):
    """Who provides services or is paid for them belongs to no single payer's company."""

    # provisions stand in this room
    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited

    def _epd_get_shared_sql(self):
        return SQL(
            """%s OR EXISTS (
                SELECT 1 FROM epd_service_provision provision
                  JOIN res_partner_bank bank ON bank.id = provision.payee_id
                 WHERE provision.company_id <> account.company_id
                   AND partner.id IN (provision.provider_id, bank.partner_id))""",
            super()._epd_get_shared_sql(),
        )
