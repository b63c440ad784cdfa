from odoo import fields, models


class EpdApiCall(models.Model):
    """What a program asked under a key of its own, and what it was answered.

    Stands in the same transaction as the work: a call is done *and* remembered, or neither.
    """

    _name = "epd.api.call"
    _description = "Call of a Program"
    _inherit = ["epd.field.guard"]
    _order = "id desc"
    _rec_name = "key"

    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    key = fields.Char(required=True, readonly=True, size=100, help="Chosen by the caller.")
    method = fields.Char(required=True, readonly=True)
    request_sha256 = fields.Char(required=True, readonly=True, size=64)
    answer = fields.Text(readonly=True, help="JSON.")
    user_id = fields.Many2one("res.users", readonly=True)

    _key_uniq = models.Constraint(
        "unique(company_id, key)", "This key was used for another call already."
    )
