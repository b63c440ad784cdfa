from odoo import models

# what the bill and its payment code call the payer by
NAMES = ("name", "epd_last_name", "epd_first_name", "epd_middle_name")


class ResPartner(models.Model):
    """The payer whose name is printed: another name marks the saved documents."""

    # what is done with documents stands in their room
    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited

    def write(self, vals):
        names, before = [name for name in NAMES if name in vals], {}
        if names:
            before = {
                partner: [partner[name] for name in names]
                for partner in self.sudo()
                if partner.epd_account_ids
            }
        res = super().write(vals)
        renamed = self.browse(
            partner.id
            for partner, was in before.items()
            if [partner[name] for name in names] != was
        )
        if renamed:
            self.env["epd.payment.document"]._touch_identity(renamed.sudo().epd_account_ids)
        return res

    def _epd_follow_merge(self):
        """Mark the documents too: they may be printed with the name of a contact that was merged."""
        res = super()._epd_follow_merge()
        self.env["epd.payment.document"]._touch_identity(self.sudo().epd_account_ids)
        return res
