import re
import zipfile

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.document_number import FORMS

COUNT_LIMIT = 5000
BYTES_LIMIT = 500 * 2**20


class EpdDocumentZip(models.TransientModel):
    """A selection of documents on its way into an archive."""

    _name = "epd.document.zip"
    _description = "Archive of Receipts"

    document_ids = fields.Json(readonly=True)

    @api.model
    def _open_for(self, documents):
        """Return the action that downloads the files of ``documents`` as one ZIP.

        :raise UserError: when there are too many for one archive
        """
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
        archive = self.create({"document_ids": documents.ids})
        return {
            "type": "ir.actions.act_url",
            "url": f"/epd_mailing/archive/{archive.id}/receipts.zip",
            "target": "self",
        }

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
        names = set()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            for document in self._get_documents():
                name = self._make_file_name(document, names)
                names.add(name)
                archive.writestr(name, document._read_or_rebuild_pdf())
                document.invalidate_recordset(["pdf_file"])

    @api.model
    def _make_file_name(self, document, names):
        """Return a safe file name: account, month, form and version; never one of ``names``."""
        number = re.sub(r"[^\w.-]+", "_", document.account_id.number).strip("._")
        month = f"{document.period_id.date_start:%Y-%m}"
        mark = f"{FORMS[document.form].file_mark}_v{document.version}"
        stem = f"{number or document.id}_{month}_{mark}"
        return f"{stem}_{document.id}.pdf" if f"{stem}.pdf" in names else f"{stem}.pdf"
