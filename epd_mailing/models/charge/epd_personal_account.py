from odoo import api, fields, models
from odoo.exceptions import ValidationError


class EpdPersonalAccount(models.Model):
    """The account's figures, and what its form shows of them (room above extends the form)."""

    _inherit = "epd.personal.account"  # pylint: disable=consider-merging-classes-inherited

    charge_ids = fields.One2many("epd.charge", "account_id")
    balance_ids = fields.One2many("epd.account.balance", "account_id")
    reading_ids = fields.One2many("epd.meter.reading", "account_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    current_period_id = fields.Many2one(related="company_id.epd_current_period_id")
    due_now = fields.Monetary(
        string="Due in the Period",
        compute="_compute_now",
        help="What is owed to the payees in the current billing period.",
    )
    advance_now = fields.Monetary(
        string="Advance in the Period",
        compute="_compute_now",
        help="Paid ahead at the payees. One payee's advance never pays another.",
    )

    @api.depends("balance_ids.due", "company_id.epd_current_period_id")
    def _compute_now(self):
        domain = [
            ("account_id", "in", self.ids),
            ("period_id", "in", self.company_id.epd_current_period_id.ids),
        ]
        balances = self.env["epd.account.balance"]
        owed, ahead = (
            dict(balances._read_group([*domain, ("due", sign, 0)], ["account_id"], ["due:sum"]))
            for sign in (">", "<")
        )
        for account in self:
            account.due_now = owed.get(account._origin, 0)
            account.advance_now = -ahead.get(account._origin, 0)

    def action_balances(self):
        """Open the balances of the account, month by month."""
        return {
            **self._open_own("epd_account_balance_action"),
            "domain": [("account_id", "=", self.id)],
        }

    def _get_current_period(self):
        self.ensure_one()
        period = self.company_id.epd_current_period_id
        if not period:
            raise ValidationError(self.env._("Choose the current billing period first."))
        return period
