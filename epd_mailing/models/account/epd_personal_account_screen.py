from odoo import api, fields, models


class EpdPersonalAccount(models.Model):
    """What the form of an account shows at a glance, and what its buttons open."""

    _inherit = "epd.personal.account"

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
    reachable = fields.Boolean(
        compute="_compute_reachable", help="Some address of the account can receive letters."
    )
    letter_count = fields.Integer(compute="_compute_letter_count")

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

    @api.depends("address_ids.can_receive")
    def _compute_reachable(self):
        for account in self:
            account.reachable = bool(account.address_ids.filtered("can_receive"))

    @api.depends("document_ids.letter_ids")
    def _compute_letter_count(self):
        counts = dict(
            self.env["epd.mailing.letter"]._read_group(
                [("account_id", "in", self.ids), ("is_test", "=", False)],
                ["account_id"],
                ["__count"],
            )
        )
        for account in self:
            account.letter_count = counts.get(account._origin, 0)

    def _open_own(self, action):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(f"epd_mailing.{action}")
        return {**action, "context": {}}

    def action_documents(self):
        """Open the payment documents of the account."""
        return {
            **self._open_own("epd_payment_document_action"),
            "domain": [("account_id", "=", self.id)],
        }

    def action_letters(self):
        """Open the letters of the account."""
        return {
            **self._open_own("epd_mailing_letter_action"),
            "domain": [("account_id", "=", self.id), ("is_test", "=", False)],
        }

    def action_balances(self):
        """Open the balances of the account, month by month."""
        return {
            **self._open_own("epd_account_balance_action"),
            "domain": [("account_id", "=", self.id)],
        }
