from odoo import models


class BasePartnerMerge(models.TransientModel):
    """Contacts that are one: the wizard moves our records by SQL, past the ORM."""

    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        partners = self.env["res.partner"].browse(partner_ids)
        payees = self.env["res.partner.bank"].sudo().with_context(active_test=False)
        payees = payees.search([("partner_id", "in", partners.ids)])
        with payees._epd_guard_requisites():
            res = super()._merge(partner_ids, dst_partner=dst_partner, extra_checks=extra_checks)
            self.env.invalidate_all()
        if len(partners.exists()) < len(partners):
            partners.exists().sudo()._epd_follow_merge()
        return res
