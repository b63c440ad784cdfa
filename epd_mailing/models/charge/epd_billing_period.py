from dateutil.relativedelta import relativedelta
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools import money


class EpdBillingPeriod(models.Model):
    """A billed month with its present-by and pay-by days."""

    _name = "epd.billing.period"
    _description = "Billing Period"
    _inherit = ["epd.field.guard"]
    _order = "date_start desc"

    name = fields.Char(compute="_compute_name", store=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    date_start = fields.Date(string="First Day", required=True)
    date_end = fields.Date(string="Last Day", compute="_compute_date_end", store=True)
    rule_id = fields.Many2one("epd.period.rule", compute="_compute_dates", store=True)
    present_by = fields.Date(
        compute="_compute_dates", store=True, readonly=False, help="Receipts are presented by."
    )
    pay_by = fields.Date(compute="_compute_dates", store=True, readonly=False)
    limit_index = fields.Float(
        string="Limit Index, %",
        digits=(5, 2),
        help="Highest allowed change of the payment for utilities (section 4 of form 43/pr).",
    )

    _period_uniq = models.Constraint(
        "unique(company_id, date_start)", "This billing period is already there. Open it instead."
    )

    @api.depends("date_start")
    def _compute_name(self):
        for period in self:
            period.name = money.month_name(period.date_start) if period.date_start else ""

    @api.depends("date_start")
    def _compute_date_end(self):
        for period in self:
            start = period.date_start
            period.date_end = start and start + relativedelta(months=1, days=-1)

    @api.depends("date_start")
    def _compute_dates(self):
        rules = self.env["epd.period.rule"].search([], limit=1000)
        for period in self:
            start = period.date_start
            rule = start and rules.filtered(lambda r, start=start: r.date_from <= start)[:1]
            period.rule_id = rule or False
            following = start and start + relativedelta(months=1)
            period.present_by = rule and following + relativedelta(day=rule.present_day)
            period.pay_by = rule and following + relativedelta(day=rule.pay_day)

    @api.constrains("date_start")
    def _check_first_day(self):
        for period in self:
            if period.date_start.day != 1:
                raise ValidationError(
                    self.env._("A billing period starts on the first day of a month.")
                )

    def _get_following_name(self):
        """Return the name of the month after this one."""
        self.ensure_one()
        return money.month_name(self.date_start + relativedelta(months=1))

    def _get_following(self):
        """Return the next billing period of the company, made if it is not there."""
        self.ensure_one()
        start = self.date_start + relativedelta(months=1)
        domain = [("company_id", "=", self.company_id.id), ("date_start", "=", start)]
        return self.search(domain, limit=1) or self.create(
            {"company_id": self.company_id.id, "date_start": start}
        )
