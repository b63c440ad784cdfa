from odoo import api, fields, models


class EpdMailingTest(models.TransientModel):
    """«Test Letter»: a chosen account's real receipt to oneself, or to an address of the office."""

    _name = "epd.mailing.test"
    _description = "Test Letter"
    _inherit = ["epd.readable.targets"]

    mailing_id = fields.Many2one("epd.mailing", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="mailing_id.company_id")
    document_id = fields.Many2one(
        "epd.payment.document",
        required=True,
        ondelete="cascade",
        domain="[('company_id', '=', company_id), ('state', '=', 'saved')]",
    )
    email = fields.Char(string="Send To", required=True, default=lambda self: self.env.user.email)
    allowed_text = fields.Char(string="It May Go To", compute="_compute_allowed_text")

    @api.depends("mailing_id.unisender_account_id.test_emails")
    @api.depends_context("uid")
    def _compute_allowed_text(self):
        for wizard in self:
            wizard.allowed_text = ", ".join(wizard.mailing_id._get_test_addresses())

    def action_send(self):
        """Put the test letter into the queue."""
        self.ensure_one()
        self.mailing_id._send_test_letter(self.email, self.document_id.id)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("The test letter is on its way to %s.", self.email),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
