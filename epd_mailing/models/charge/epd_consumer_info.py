from odoo import fields, models


class EpdConsumerInfo(models.Model):
    """«Information for the consumer» on receipts of a period: for all, a building or an account.

    At most 1000 characters (GIS ZhKKh field AdditionalInformation); no advertising (order 43/pr).
    """

    _name = "epd.consumer.info"
    _description = "Information for the Consumer"
    _inherit = ["epd.field.guard"]
    _order = "period_id, building_id, account_id"
    _rec_name = "period_id"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    period_id = fields.Many2one(
        "epd.billing.period", required=True, index=True, ondelete="cascade", check_company=True
    )
    building_id = fields.Many2one("epd.building", ondelete="cascade", check_company=True)
    account_id = fields.Many2one(
        "epd.personal.account", ondelete="cascade", index="btree_not_null", check_company=True
    )
    text = fields.Text(required=True)

    _text_length = models.Constraint(
        "CHECK(char_length(text) <= 1000)",
        "The information for the consumer is longer than 1000 characters. Shorten it.",
    )
