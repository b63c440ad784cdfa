from odoo import models


# a report is on top of the room of mailings
class EpdMailing(models.Model):
    """The delivery report of a mailing."""

    _inherit = "epd.mailing"  # pylint: disable=consider-merging-classes-inherited

    def action_delivery_report(self):
        """Download the delivery report, see ``DeliveryReport``."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/epd_mailing/mailing/{self.id}/report.xlsx",
            "target": "self",
        }
