from odoo import fields, models


class EpdAccountPayment(models.Model):
    """One payment that a register brought: what «Paid» of a balance came from.

    Written by ``epd.import`` alone. It says which payments of a further register are new, so that
    registers of one month add up and none counts twice, and it lets a register be taken back.
    """

    _name = "epd.account.payment"
    _description = "Payment of an Account"
    _inherit = ["epd.field.guard", "epd.company.money"]
    _order = "paid_on desc, id desc"
    _rec_name = "number"

    balance_id = fields.Many2one(
        "epd.account.balance", required=True, index=True, readonly=True, ondelete="cascade"
    )
    account_id = fields.Many2one(related="balance_id.account_id", store=True, index=True)
    period_id = fields.Many2one(related="balance_id.period_id", store=True)
    payee_id = fields.Many2one(related="balance_id.payee_id", store=True)
    company_id = fields.Many2one(related="balance_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    number = fields.Char(string="Payment Number", readonly=True)
    paid_on = fields.Date(readonly=True)
    paid_through = fields.Date(string="Payments Taken Up To", readonly=True)
    amount = fields.Monetary(readonly=True, help="Negative when money was given back.")
