from odoo import fields, models


class EpdDocumentReason(models.TransientModel):
    """Asks the reason before a saved document is cancelled or issued again."""

    _name = "epd.document.reason"
    _description = "Reason for a Payment Document"
    _inherit = ["epd.readable.targets"]

    document_id = fields.Many2one("epd.payment.document", required=True, ondelete="cascade")
    operation = fields.Selection(
        [("reissue", "Re-issue"), ("cancel", "Cancel")], required=True, default="reissue"
    )
    reason = fields.Char(required=True)

    def action_apply(self):
        """Do it; letters that have not gone are withdrawn."""
        self.ensure_one()
        if self.operation == "cancel":
            return self.document_id.action_cancel_document(self.reason)
        return self.document_id.action_reissue(self.reason)
