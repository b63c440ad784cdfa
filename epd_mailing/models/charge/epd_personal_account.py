from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ...tools import money


class EpdPersonalAccount(models.Model):
    """The account's figures, and what its form shows of them (room above extends the form)."""

    _inherit = "epd.personal.account"  # pylint: disable=consider-merging-classes-inherited

    charge_ids = fields.One2many("epd.charge", "account_id")
    balance_ids = fields.One2many("epd.account.balance", "account_id")
    reading_ids = fields.One2many("epd.meter.reading", "account_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    current_period_id = fields.Many2one(related="company_id.epd_current_period_id")
    current_period_name = fields.Char(
        related="current_period_id.name",
        string="Name of the Period",
        help="Within a line of text, where the field of a record takes a line of its own.",
    )
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

    is_balance_loaded = fields.Boolean(
        compute="_compute_balance_note", help="The current billing period has a balance."
    )
    balance_note = fields.Char(
        string="Balance Not Loaded",
        compute="_compute_balance_note",
        help="Without a balance it is not known what is owed: the last one known is named.",
    )

    @api.depends("balance_ids.due", "company_id.epd_current_period_id")
    @api.depends_context("lang")
    def _compute_balance_note(self):
        for period, accounts in self.grouped("current_period_id").items():
            loaded = {
                account.id
                for (account,) in self.env["epd.account.balance"]._read_group(
                    [("account_id", "in", accounts.ids), ("period_id", "=", period.id)],
                    ["account_id"],
                )
            }
            bare = accounts.filtered(lambda account, ids=loaded: account._origin.id not in ids)
            known = bare._get_last_balances(period)
            for account in accounts:
                account.is_balance_loaded = account not in bare
                account.balance_note = (
                    account in bare
                    and bool(period)
                    and self._describe_balance(period, known.get(account._origin.id))
                )

    def _describe_balance(self, period, known):
        """Return in words that a month has no balance, with the last one known.

        :param known: ``(billing period, roubles)``, or nothing
        """
        if not known:
            return self.env._("the balance of %s is not loaded", period.name)
        return self.env._(
            "the balance of %(period)s is not loaded; of %(earlier)s: %(amount)s",
            period=period.name,
            earlier=known[0].name,
            amount=money.format_money(known[1]),
        )

    def _get_last_balances(self, period):
        """Return ``{account id: (billing period, roubles owed)}`` of the last month with a balance.

        :param period: months before this one count
        """
        if not (self.ids and period):
            return {}
        self.env["epd.account.balance"].flush_model(["account_id", "period_id", "due"])
        rows = self.env.execute_query(
            SQL(
                "SELECT balance.account_id, balance.period_id, SUM(GREATEST(balance.due, 0))::text"
                " FROM epd_account_balance balance"
                " JOIN epd_billing_period earlier ON earlier.id = balance.period_id"
                " WHERE balance.account_id = ANY(%s) AND earlier.date_start < %s"
                " GROUP BY balance.account_id, balance.period_id, earlier.date_start"
                " ORDER BY earlier.date_start",
                self.ids,
                period.date_start,
            )
        )
        periods = self.env["epd.billing.period"]
        return {account: (periods.browse(month), amount or "0") for account, month, amount in rows}

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
