from odoo import api, models
from odoo.fields import Domain


class EpdDrilldown(models.AbstractModel):
    """The numbers on the screen of a billing run (the room below knows no runs)."""

    _inherit = "epd.behind"

    @api.model
    def _get_drilldown_domain(self, res_id, what):
        run = self.env["epd.billing.run"].browse(res_id)
        if run.exists() and run.has_access("read"):
            return run._get_behind_domain(what, self._name)
        return Domain.FALSE
