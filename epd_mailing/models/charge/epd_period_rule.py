from odoo import api, fields, models
from odoo.exceptions import ValidationError


class EpdPeriodRule(models.Model):
    """The days by which a receipt is presented and paid, by the law of the time.

    Housing code art. 155 with law 177-FZ of 24.06.2025: the 5th and the 15th of the month after the
    billed one for periods from March 2026; the 1st and the 10th before.
    """

    _name = "epd.period.rule"
    _description = "Billing Dates Rule"
    _inherit = ["epd.field.guard", "epd.thread"]
    _order = "date_from desc"
    _rec_name = "basis"

    date_from = fields.Date(string="Periods From", required=True, tracking=True)
    present_day = fields.Integer(string="Present By Day", required=True, tracking=True)
    pay_day = fields.Integer(string="Pay By Day", required=True, tracking=True)
    basis = fields.Char(string="Legal Basis", translate=True)

    _date_uniq = models.Constraint("unique(date_from)", "There is a rule from this date already.")

    @api.constrains("present_day", "pay_day")
    def _check_days(self):
        for rule in self:
            if not (1 <= rule.present_day <= 28 and 1 <= rule.pay_day <= 28):
                raise ValidationError(self.env._("Enter days of the month from 1 to 28."))

    @api.model
    def _for_period(self, date_start):
        """Return the rule in force for the period that starts on ``date_start`` (or nothing)."""
        return self.search([("date_from", "<=", date_start)], limit=1)
