from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import figures


class EpdAccountBalance(models.Model):
    """The balance of an account with one payee in a period.

    ``due = opening - paid + charged + penalty + court_costs``; positive is owed, negative is an
    advance. One payee's advance never pays another.
    """

    _name = "epd.account.balance"
    _description = "Account Balance"
    _inherit = ["epd.field.guard", "epd.document.source", "epd.company.money", "epd.behind"]
    _order = "period_id, account_id, id"
    _rec_name = "account_id"
    _check_company_auto = True

    account_id = fields.Many2one(
        "epd.personal.account", required=True, index=True, ondelete="restrict", check_company=True
    )
    period_id = fields.Many2one(
        "epd.billing.period", required=True, index=True, ondelete="restrict", check_company=True
    )
    payee_id = fields.Many2one(
        "res.partner.bank", required=True, index=True, ondelete="restrict", check_company=True
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    opening = fields.Monetary(string="Debt (+) / Advance (-) at the Start")
    paid = fields.Monetary()
    payment_ids = fields.One2many("epd.account.payment", "balance_id", readonly=True)
    paid_through = fields.Date(string="Payments Taken Up To")
    last_payment_date = fields.Date()
    charged = fields.Monetary(help="As the billing program gives it; checked against the lines.")
    penalty = fields.Monetary()
    court_costs = fields.Monetary()
    due = fields.Monetary(compute="_compute_due", store=True)

    _balance_uniq = models.Constraint(
        "unique(account_id, period_id, payee_id)",
        "The balance with this payee is already there for the account and period.",
    )
    _account_period_idx = models.Index("(period_id, account_id)")

    @api.depends(*figures.DUE_SIGNS)
    def _compute_due(self):
        for balance in self:
            balance.due = float(figures.expected_due(balance))

    @api.model
    def _get_debtors_domain(self, period, amount):
        """Return the domain of the accounts that still owe at least ``amount`` for earlier months.

        What is unpaid is counted payee by payee and added up: the debt at the start, penalties and
        court costs, less what was paid. One payee's advance never pays another. The charges of the
        month itself are no debt yet.

        :param period: ``epd.billing.period``
        :param amount: roubles
        """
        self.flush_model(["account_id", "period_id", "due", "charged"])
        query = SQL(
            "(SELECT account_id FROM epd_account_balance WHERE period_id = %s GROUP BY account_id"
            " HAVING SUM(GREATEST(COALESCE(due, 0) - COALESCE(charged, 0), 0)) >= %s)",
            period.id,
            amount,
        )
        return Domain("id", "in", query)
