from odoo import api, fields, models
from odoo.exceptions import UserError


class EpdDeliveryConsent(models.Model):
    """What a payer said about getting receipts by e-mail: a log that is only added to."""

    _name = "epd.delivery.consent"
    _description = "Electronic Delivery Consent"
    _order = "date desc, id desc"
    _rec_name = "account_id"
    _check_company_auto = True

    account_id = fields.Many2one(
        "epd.personal.account", required=True, index=True, ondelete="restrict", check_company=True
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(
        "res.partner",
        string="Person",
        compute="_compute_partner_id",
        store=True,
        readonly=False,
        precompute=True,
    )
    action = fields.Selection(
        [("given", "Given"), ("withdrawn", "Withdrawn")], required=True, default="given"
    )
    kind = fields.Selection(
        [("instead", "E-mail instead of paper"), ("copy", "Copy by e-mail")],
        required=True,
        default="instead",
    )
    date = fields.Date(required=True, default=fields.Date.context_today)
    basis = fields.Char(required=True, help="The application, contract term or meeting's minutes.")
    user_id = fields.Many2one(
        "res.users", string="Recorded By", default=lambda self: self.env.user, readonly=True
    )

    @api.depends("account_id")
    def _compute_partner_id(self):
        for consent in self:
            consent.partner_id = consent.partner_id or consent.account_id.partner_id

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals["user_id"] = self.env.uid
        return super().create(vals_list)

    def write(self, vals):
        if self:
            raise UserError(
                self.env._("A recorded consent is not changed. Record a new one instead.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_recorded(self):
        raise UserError(self.env._("A recorded consent is not deleted. Record its withdrawal."))
