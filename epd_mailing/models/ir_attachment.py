from odoo import api, models
from odoo.exceptions import UserError


class IrAttachment(models.Model):
    """Keeps the files of saved payment documents as they are."""

    _inherit = "ir.attachment"

    def _epd_check_frozen(self):
        domain = [
            ("id", "in", self.ids),
            ("res_model", "=", "epd.payment.document"),
            ("res_field", "!=", False),
        ]
        files = self.sudo().search(domain)
        if not files:
            return
        documents = self.env["epd.payment.document"].sudo().browse(files.mapped("res_id"))
        if documents.exists().filtered(lambda doc: doc.state != "draft" and not doc.is_purged):
            raise UserError(
                self.env._("The file of a saved payment document is not changed or deleted.")
            )

    def write(self, vals):
        self._epd_check_frozen()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_epd_document(self):
        self._epd_check_frozen()
