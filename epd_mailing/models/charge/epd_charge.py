from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools import figures

DEFAULT_LINE_KEY = "1"  # of a line to which the billing program gives no key


class EpdCharge(models.Model):
    """One line of the charges of an account in a period.

    Columns and precisions: ``tools.figures.CHARGE``. We do not compute tariffs: figures are accepted
    as the billing program gives them, and checked.
    ``total = amount + excess + recalculation - discount``.
    """

    _name = "epd.charge"
    _description = "Charge"
    _inherit = ["epd.field.guard", "epd.document.source", "epd.company.money", "epd.behind"]
    _order = "period_id, account_id, sequence, id"
    _rec_name = "service_id"
    _check_company_auto = True

    account_id = fields.Many2one(
        "epd.personal.account", required=True, index=True, ondelete="restrict", check_company=True
    )
    period_id = fields.Many2one(
        "epd.billing.period", required=True, index=True, ondelete="restrict", check_company=True
    )
    service_id = fields.Many2one(
        "epd.service", required=True, index=True, ondelete="restrict", check_company=True
    )
    line_key = fields.Char(
        string="Source Line",
        required=True,
        default=DEFAULT_LINE_KEY,
        size=64,
        help="The billing program's own key of the line; the same key again replaces the line.",
    )
    sequence = fields.Integer(related="service_id.sequence", store=True)
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    building_id = fields.Many2one(related="account_id.building_id", store=True)
    # volumes and tariff
    # volumes of different units, prices and percents add up to nothing
    volume_individual = fields.Float(digits=figures.QUANTITY, aggregator=None)
    volume_common = fields.Float(digits=figures.QUANTITY, aggregator=None)
    volume_method = fields.Selection(
        [("norm", "Norm"), ("meter", "Meter"), ("other", "Other")], default="other"
    )
    tariff = fields.Float(digits=figures.TARIFF, aggregator=None)
    # amounts
    amount_individual = fields.Monetary()
    amount_common = fields.Monetary()
    amount = fields.Monetary(
        string="Charged", help="For the period, before recalculations, excess and discounts."
    )
    ratio = fields.Float(string="Raising Coefficient", digits=figures.RATIO, aggregator=None)
    excess = fields.Monetary(string="Excess by Coefficient")
    recalculation = fields.Monetary()
    recalculation_reason = fields.Char()
    discount = fields.Monetary(string="Discounts and Subsidies")
    vat_rate = fields.Float(string="VAT, %", digits=figures.RATIO, aggregator=None)
    vat_amount = fields.Monetary(
        string="VAT Included", help="Part of the total; as the billing program gives it."
    )
    total = fields.Monetary(
        compute="_compute_total", store=True, readonly=False, precompute=True, string="Total Due"
    )
    # reference figures of the form (sections 3 and 4)
    norm_individual = fields.Float(digits=figures.NORM, aggregator=None)
    norm_common = fields.Float(digits=figures.NORM, aggregator=None)
    house_reading = fields.Float(
        string="House Meter Reading", digits=figures.QUANTITY, aggregator=None
    )
    house_volume_premises = fields.Float(
        string="Volume in Premises", digits=figures.QUANTITY, aggregator=None
    )
    house_volume_common = fields.Float(
        string="Volume for Common Property", digits=figures.QUANTITY, aggregator=None
    )
    explanation = fields.Text()
    # instalments (section 5)
    instalment_period = fields.Monetary(string="Instalment of the Period")
    instalment_past = fields.Monetary(string="Instalment of Past Periods")
    instalment_percent = fields.Float(
        string="Instalment Interest, %", digits=figures.RATIO, aggregator=None
    )
    instalment_interest = fields.Monetary()
    instalment_total = fields.Monetary(string="Due with Instalments")

    _line_uniq = models.Constraint(
        "unique(account_id, period_id, service_id, line_key)",
        "This line of charges is already there for the account and period.",
    )
    _discount_positive = models.Constraint(
        "CHECK(discount >= 0)", "A discount is entered without a minus."
    )
    # newest month first, as the list of all charges shows them
    _account_period_idx = models.Index("(period_id DESC, account_id)")

    @api.depends(*figures.TOTAL_SIGNS)
    def _compute_total(self):
        for charge in self:
            charge.total = float(charge._expected_total())

    def _expected_total(self):
        """Return what the columns add up to, roubles (Decimal, 2 places)."""
        self.ensure_one()
        return figures.expected_total(self)

    @api.constrains("recalculation", "recalculation_reason")
    def _check_recalculation_reason(self):
        for charge in self:
            if charge.recalculation and not charge.recalculation_reason:
                raise ValidationError(
                    self.env._(
                        "A recalculation needs its reason (account %(account)s, %(service)s).",
                        account=charge.account_id.number,
                        service=charge.service_id.name,
                    )
                )
