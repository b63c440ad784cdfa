from odoo import Command, models


# the run room knows no printing
class EpdBillingRun(models.Model):
    """From a run to the printer."""

    _inherit = "epd.billing.run"  # pylint: disable=consider-merging-classes-inherited

    def action_make_paper(self):
        """«Paper Receipts»: a draft batch of the run's period, form and lists."""
        self.ensure_one()
        self.check_access("write")
        batch = self.env["epd.paper.batch"].create(
            {
                "company_id": self.company_id.id,
                "period_id": self.period_id.id,
                "form": self.form,
                "run_id": self.id,
                "list_ids": [Command.set(self.list_ids.ids)],
            }
        )
        return batch._get_records_action(context={})
