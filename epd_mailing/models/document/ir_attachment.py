from odoo import api, models
from odoo.exceptions import UserError

from ...tools import receipt_data
from ..base.field_guard import with_checks

DOCUMENT = "epd.payment.document"
# what a store of files notes of a file that it has just accepted, beside the file itself
# (https://github.com/OCA/storage/blob/19.0/fs_attachment/models/ir_attachment.py, seen 2026-11-26)
STORE_NOTES = {"fs_filename"}


class IrAttachment(models.Model):
    """Keeps the files of saved payment documents as they are."""

    _inherit = "ir.attachment"

    def _epd_check_frozen(self):
        domain = [
            ("id", "in", self.ids),
            ("res_model", "=", DOCUMENT),
            ("res_field", "!=", False),
        ]
        files = self.sudo().search(domain)
        if not files:
            return
        documents = self.env[DOCUMENT].sudo().browse(files.mapped("res_id"))
        if documents.exists().filtered(lambda doc: doc.state != "draft" and not doc.is_purged):
            self._epd_reject()

    def _epd_reject(self):
        raise UserError(
            self.env._("The file of a saved payment document is not changed or deleted.")
        )

    @api.model_create_multi
    def create(self, vals_list):
        # a file of a field of ours is never open to the world, whatever defaults a user or a caller has
        attachments = super().create(
            [
                {**vals, "public": False, "access_token": False}
                if vals.get("res_field") and (vals.get("res_model") or "").startswith("epd.")
                else vals
                for vals in vals_list
            ]
        )
        attachments._epd_check_added()
        return attachments

    def write(self, vals):
        if not vals or set(vals) - STORE_NOTES:
            self._epd_check_frozen()
        res = super().write(vals)
        if {"res_model", "res_id", "res_field"} & set(vals):
            self._epd_check_added()
        return res

    def _epd_check_added(self):
        """Let no file stand beside a saved document's own: only that very file is accepted."""
        files = self.sudo().filtered(lambda file: file.res_field and file.res_model == DOCUMENT)
        if not files:
            return
        documents = self.env[DOCUMENT].sudo().browse(files.mapped("res_id")).exists()
        digests = {doc.id: doc.pdf_sha256 for doc in documents if doc.state != "draft"}
        for file in files:
            wanted = digests.get(file.res_id)
            if wanted and receipt_data.digest(file.raw or b"") != wanted:
                self._epd_reject()

    def unlink(self):
        return super(IrAttachment, with_checks(self)).unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_epd_document(self):
        self._epd_check_frozen()
