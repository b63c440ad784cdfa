from odoo import models


class ResPartner(models.Model):
    """The payer whose name is printed: another name marks the saved documents."""

    # what is done with documents stands in their room
    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited

    def write(self, vals):
        before = {}
        if "name" in vals:
            before = {partner: partner.name for partner in self.sudo() if partner.epd_account_ids}
        res = super().write(vals)
        renamed = self.browse(p.id for p, name in before.items() if p.name != name)
        if renamed:
            self.env["epd.payment.document"]._touch_identity(renamed.sudo().epd_account_ids)
        return res
