from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.delivery_state import PRESENTED


class EpdPeriodStep(models.TransientModel):
    """«Make Current» and «Go On to the Next Month»: says what is still open, then moves the office."""

    _name = "epd.period.step"
    _description = "Step to Another Billing Period"

    period_id = fields.Many2one("epd.billing.period", ondelete="cascade")
    run_id = fields.Many2one(
        "epd.billing.run",
        ondelete="cascade",
        help="The run from which the office goes on; a new run is opened for the new month.",
    )
    target_name = fields.Char(string="New Current Period", compute="_compute_current_id")
    current_id = fields.Many2one(
        "epd.billing.period", string="Current Billing Period", compute="_compute_current_id"
    )
    open_text = fields.Text(string="Still Open", compute="_compute_open_text")

    @api.depends("period_id", "run_id")
    def _compute_current_id(self):
        for step in self:
            company = step.run_id.company_id or step.period_id.company_id
            step.current_id = company.sudo().epd_current_period_id
            step.target_name = step.run_id.next_period_name or step.period_id.name

    @api.depends("current_id")
    def _compute_open_text(self):
        for step in self:
            step.open_text = "\n".join(f"– {text}" for text in step._get_open_texts())

    def _get_open_texts(self):
        """Return what is not finished in the month that the office is at, a text each."""
        if not self.current_id:
            return []
        month = [("period_id", "=", self.current_id.id)]
        runs = self.env["epd.billing.run"].search_count(
            [*month, ("state", "in", ("preparing", "paused"))]
        )
        mailings = self.env["epd.mailing"].search_count(
            [*month, ("state", "not in", ("done", "cancelled"))]
        )
        documents = self.env["epd.payment.document"]
        saved = [*month, ("state", "=", "saved")]
        bare = self.env["epd.personal.account"].search_count(
            [
                ("id", "in", self.env["epd.charge"]._search(month).subselect("account_id")),
                ("id", "not in", documents._search(saved).subselect("account_id")),
            ]
        )
        waiting = documents.search_count([*saved, ("delivery_state", "not in", PRESENTED)])
        texts = {
            self.env._("Accounts with charges and without a saved receipt: %s.", bare): bare,
            self.env._("Receipts not presented to their payers yet: %s.", waiting): waiting,
            self.env._("Preparations not finished: %s.", runs): runs,
            self.env._("Mailings not finished: %s.", mailings): mailings,
        }
        return [text for text, count in texts.items() if count]

    def action_confirm(self):
        """Move the office; from a run, open the run of the new month.

        :raise UserError: when the office has moved meanwhile, or no period was chosen
        """
        self.ensure_one()
        if self.run_id:
            return self.run_id.action_next_period()
        if not self.period_id:
            raise UserError(self.env._("Choose the billing period in the list first."))
        self.period_id.check_access("read")
        self.period_id._set_current()
        # the list behind shows another mark now
        return {"type": "ir.actions.client", "tag": "soft_reload"}
