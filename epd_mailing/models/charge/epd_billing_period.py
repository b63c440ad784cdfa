from dateutil.relativedelta import relativedelta
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ...tools import money
from ..base.yes_no import search_yes_no


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
    date_start = fields.Date(
        string="First Day", required=True, default=lambda self: self._get_next_start()
    )
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

    is_current = fields.Boolean(
        string="Current", compute="_compute_is_current", search="_search_is_current"
    )

    _period_uniq = models.Constraint(
        "unique(company_id, date_start)", "This billing period is already there. Open it instead."
    )

    @api.model
    def _get_next_start(self):
        """Return the first day of the month after the last period, or of the office's last month."""
        company = self.env.company
        last = self.search([("company_id", "=", company.id)], order="date_start desc", limit=1)
        if last:
            return last.date_start + relativedelta(months=1)
        # receipts are for the month that is over
        return company._epd_today() + relativedelta(months=-1, day=1)

    @api.model_create_multi
    def create(self, vals_list):
        """Create periods; the first one of an office is where it stands."""
        periods = super().create(vals_list)
        for company in periods.company_id.filtered(lambda c: not c.epd_current_period_id):
            own = periods.filtered(lambda period, company=company: period.company_id == company)
            own.sorted("date_start")[:1]._set_current()
        return periods

    @api.depends("company_id.epd_current_period_id")
    def _compute_is_current(self):
        for period in self:
            current = period.company_id.sudo().epd_current_period_id
            period.is_current = bool(current) and current == period._origin

    def _search_is_current(self, operator, value):
        companies = self.env["res.company"].sudo()

        def find_current():
            found = companies.search([("epd_current_period_id", "!=", False)])
            return Domain("id", "in", found.epd_current_period_id.ids)

        return search_yes_no(operator, value, find_current)

    @api.onchange("date_start")
    def _onchange_date_start(self):
        # whatever day of the month is picked
        if self.date_start:
            self.date_start = self.date_start.replace(day=1)

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

    def _set_current(self):
        """Move the office to this month, forth or back."""
        self.ensure_one()
        # operators do not write companies; where the office stands is theirs to say
        self.company_id.sudo().epd_current_period_id = self

    def _get_following_name(self):
        """Return the name of the month after this one."""
        return money.month_name(self._get_following_start())

    def _get_following_start(self):
        """Return the first day of the month after this one."""
        self.ensure_one()
        return self.date_start + relativedelta(months=1)

    def _get_following(self):
        """Return the next billing period of the company, made if it is not there."""
        self.ensure_one()
        start = self._get_following_start()
        domain = [("company_id", "=", self.company_id.id), ("date_start", "=", start)]
        return self.search(domain, limit=1) or self.create(
            {"company_id": self.company_id.id, "date_start": start}
        )
