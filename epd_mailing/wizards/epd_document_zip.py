import re
import zipfile

from odoo import fields, models
from odoo.exceptions import UserError

COUNT_LIMIT = 5000
BYTES_LIMIT = 500 * 2**20


class EpdDocumentZip(models.TransientModel):
    """A selection of documents on its way into an archive."""

    _name = "epd.document.zip"
    _description = "Archive of Receipts"

    document_ids = fields.Json(readonly=True)

    def _get_documents(self):
        self.ensure_one()
        documents = self.env["epd.payment.document"].browse(self.document_ids or [])
        documents.check_access("read")
        return documents

    def _write_zip(self, target):
        """Write the archive into ``target`` (writable binary file), one document at a time.

        Each file is checked against its hash; stored as it is, since a PDF is packed already.

        :raise UserError: naming the document whose file is gone or damaged
        """
        taken = set()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            for document in self._get_documents():
                archive.writestr(document._get_archive_name(taken), document._read_or_rebuild_pdf())
                document.invalidate_recordset(["pdf_file"])


class EpdPaymentDocument(models.Model):
    """«Save as an Archive»."""

    _inherit = "epd.payment.document"

    def action_zip(self):
        """Download the files of the chosen documents as one ZIP.

        :raise UserError: when there are too many for one archive
        """
        documents = self.filtered(lambda document: document.state != "draft")
        documents.check_access("read")
        if not documents:
            raise UserError(self.env._("Choose the documents to save."))
        size = sum(documents.mapped("pdf_size"))
        if len(documents) > COUNT_LIMIT or size > BYTES_LIMIT:
            raise UserError(
                self.env._(
                    "%(count)s documents of %(size)s MB are too many for one archive: %(limit)s "
                    "documents and %(megabytes)s MB at most. Choose a building or fewer documents.",
                    count=len(documents),
                    size=size // 2**20,
                    limit=COUNT_LIMIT,
                    megabytes=BYTES_LIMIT // 2**20,
                )
            )
        archive = self.env["epd.document.zip"].create({"document_ids": documents.ids})
        return {
            "type": "ir.actions.act_url",
            "url": f"/epd_mailing/archive/{archive.id}/receipts.zip",
            "target": "self",
        }

    def _get_archive_name(self, taken):
        """Return a safe file name: account, month, number of the form; never one in ``taken``."""
        self.ensure_one()
        number = re.sub(r"[^\w.-]+", "_", self.account_id.number).strip("._") or str(self.id)
        mark = {"receipt": "receipt", "epd": "epd", "capital_repair": "capital"}[self.form]
        stem = f"{number}_{self.period_id.date_start:%Y-%m}_{mark}_v{self.version}"
        if stem in taken:
            stem = f"{stem}_{self.id}"
        taken.add(stem)
        return f"{stem}.pdf"
