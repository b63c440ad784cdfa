import base64

from odoo import fields, models
from odoo.exceptions import UserError

from ...tools import receipt_data


class EpdPaperBatchPart(models.Model):
    """One file for the printer."""

    _name = "epd.paper.batch.part"
    _description = "File for the Printer"
    _inherit = ["epd.field.guard"]
    _order = "batch_id desc, number"

    batch_id = fields.Many2one(
        "epd.paper.batch", required=True, index=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    number = fields.Integer(required=True, readonly=True)
    name = fields.Char(string="File", required=True, readonly=True)
    document_count = fields.Integer(string="Receipts", readonly=True)
    page_count = fields.Integer(string="Pages", readonly=True)
    first_account = fields.Char(string="From Account", readonly=True)
    last_account = fields.Char(string="To Account", readonly=True)
    size = fields.Integer(string="Bytes", readonly=True)
    sha256 = fields.Char(readonly=True, size=64)
    # nobody reads the stored bytes but the program, which checks them
    pdf_file = fields.Binary(attachment=True, readonly=True, copy=False, groups=fields.NO_ACCESS)

    def _read_pdf(self):
        """Return the bytes of the file, checked against its hash.

        :raise UserError: when the file is gone or is not what was stored
        """
        self.ensure_one()
        try:
            pdf = self.with_context(bin_size=False).sudo().pdf_file
        except OSError:
            pdf = False
        data = base64.b64decode(pdf) if pdf else b""
        if not data or receipt_data.digest(data) != self.sha256:
            raise UserError(
                self.env._("The file %s is missing or damaged. Create the batch again.", self.name)
            )
        return data

    def action_download(self):
        """Open the file for printing."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/epd_mailing/paper/{self.id}/receipts.pdf",
            "target": "new",
        }
