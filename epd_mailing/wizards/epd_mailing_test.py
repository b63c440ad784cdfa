from odoo import fields, models


class EpdMailingTest(models.TransientModel):
    """«Test Letter»: a chosen account's real receipt to oneself."""

    _name = "epd.mailing.test"
    _description = "Test Letter"

    mailing_id = fields.Many2one("epd.mailing", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="mailing_id.company_id")
    document_id = fields.Many2one(
        "epd.payment.document",
        required=True,
        ondelete="cascade",
        domain="[('company_id', '=', company_id), ('state', '=', 'saved')]",
    )
    email = fields.Char(string="Send To", required=True, default=lambda self: self.env.user.email)

    def action_send(self):
        """Put the test letter into the queue."""
        self.ensure_one()
        self.mailing_id.send_test_letter(self.email, self.document_id.id)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("The test letter is on its way to %s.", self.email),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
