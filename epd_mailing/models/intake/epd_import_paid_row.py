from odoo import fields, models


class EpdImportPaidRow(models.Model):
    """A row of a register of payments, kept until the file is read whole: no person ever reads it.

    Several rows make the sum of one account. The loader writes them by SQL
    (``loader/payment.py``) and deletes them as soon as their payments are recorded.
    """

    _name = "epd.import.paid.row"
    _description = "Row of a Register at Work"
    _inherit = ["epd.field.guard"]
    _log_access = False
    _rec_name = "number"

    import_id = fields.Many2one("epd.import", required=True, readonly=True, ondelete="cascade")
    account_id = fields.Many2one(
        "epd.personal.account", required=True, readonly=True, ondelete="cascade"
    )
    payee_id = fields.Many2one("res.partner.bank", required=True, readonly=True, ondelete="cascade")
    file_row = fields.Integer(required=True, readonly=True)
    number = fields.Char(readonly=True, help="Of the payment; may be empty.")
    paid = fields.Float(required=True, readonly=True, digits=(16, 2), help="Roubles.")
    paid_on = fields.Date(readonly=True)
    paid_through = fields.Date(readonly=True)

    _row_uniq = models.Constraint(
        "unique(import_id, account_id, payee_id, file_row)",
        "This row of the file is known already.",
    )
