from odoo import api, models

from .run_drilldown import RunDrilldown


class EpdDrilldown(models.AbstractModel):
    """The numbers of a run's screen lead to the records behind them (this room does the counting)."""

    _inherit = "epd.behind"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _get_drilldown_domain(self, res_id, what):
        """Return what the run says, for who may read it."""
        run = self.env["epd.billing.run"].browse(res_id)
        if res_id and run.exists() and run.has_access("read"):
            return RunDrilldown(run).get_domain(what, self._name)
        return super()._get_drilldown_domain(res_id, what)
