from odoo import api, fields, models


class EpdNewOwner(models.TransientModel):
    """«New Owner»: the account gets another responsible person from a day on."""

    _name = "epd.new.owner"
    _description = "New Owner of a Personal Account"
    _inherit = ["epd.readable.targets"]

    account_id = fields.Many2one("epd.personal.account", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id")
    old_partner_id = fields.Many2one(
        related="account_id.partner_id", string="Responsible Person Until Now"
    )
    partner_id = fields.Many2one("res.partner", string="New Responsible Person", required=True)
    email = fields.Char(
        string="Their E-mail",
        compute="_compute_email",
        store=True,
        readonly=False,
        help="Written to the new person. Empty: they get paper until an address is known.",
    )
    email_problem = fields.Char(
        string="What Is Wrong with the E-mail",
        compute="_compute_email_problem",
        help="Why no receipt would go there, or what is meant.",
    )
    date = fields.Date(
        string="Changed On", required=True, default=lambda self: self.env.company._epd_today()
    )
    basis = fields.Char(required=True)
    closing_text = fields.Char(compute="_compute_closing", string="Addresses to Be Closed")
    document_count = fields.Integer(compute="_compute_closing")

    @api.depends("partner_id")
    def _compute_email(self):
        for wizard in self:
            wizard.email = wizard.partner_id.email

    @api.depends("email")
    def _compute_email_problem(self):
        for wizard in self:
            wizard.email_problem = wizard.partner_id._epd_describe_doubt(wizard.email)

    @api.depends("account_id")
    def _compute_closing(self):
        for wizard in self:
            live = wizard.account_id.address_ids.filtered(lambda a: a.state != "closed")
            wizard.closing_text = ", ".join(filter(None, live.mapped("email"))) or "—"
            wizard.document_count = self.env["epd.payment.document"].search_count(
                [
                    ("account_id", "=", wizard.account_id.id),
                    ("period_id", "=", wizard.company_id.epd_current_period_id.id),
                    ("state", "=", "saved"),
                ]
            )

    def action_apply(self):
        """Hand the account over, see ``epd.personal.account._change_owner``."""
        self.ensure_one()
        email = self.email or ""
        self.account_id._change_owner(self.partner_id, self.date, self.basis)
        # a payer of the company now: before that the contact was not the office's to write
        if email != (self.partner_id.email or ""):
            self.partner_id.email = email  # empty too: then they get paper
        return {"type": "ir.actions.act_window_close"}
