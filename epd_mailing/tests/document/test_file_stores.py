import base64
import contextlib
import io
import shutil
import zipfile
from unittest.mock import patch

from odoo.addons.base.models.ir_attachment import IrAttachment
from odoo.exceptions import UserError
from odoo.tests import tagged

from ...models.base.stored_file import find_attachment, open_stored
from ..common import EpdCommon

DISK = "odoo.addons.epd_mailing.models.document.epd_receipt_renderer.shutil.disk_usage"
SCHEME = "store://"
ARCHIVE = b"an archive of receipts"


@contextlib.contextmanager
def object_store():
    """Give ``{name: bytes}``, in which ``ir.attachment`` keeps its files meanwhile.

    By the hooks that an addon with a store of its own has, as OCA's ``fs_attachment`` does: the name
    of a file is no path of the disk.
    """
    objects = {}

    def write(self, data, checksum):
        objects[checksum] = data
        return SCHEME + checksum

    def read(self, name, size=None):
        return objects.get(name.removeprefix(SCHEME), b"")[:size]

    def values(self, data, mimetype):
        found = known(self, data, mimetype)
        if found["store_fname"]:
            found["store_fname"] = SCHEME + found["checksum"]
        return found

    known = IrAttachment._get_datas_related_values
    with (
        patch.object(IrAttachment, "_storage", lambda self: "store"),
        patch.object(IrAttachment, "_get_datas_related_values", values),
        patch.object(IrAttachment, "_file_write", write),
        patch.object(IrAttachment, "_file_read", read),
    ):
        yield objects


@tagged("post_install", "-at_install", "epd_mailing")
class TestFileStores(EpdCommon):
    """Receipts and loaded files are the same wherever ``ir.attachment`` keeps them."""

    @contextlib.contextmanager
    def _store(self, kind):
        """Have files kept in ``kind``: ``db`` or ``object``; give what to lose them by."""
        if kind == "object":
            with object_store() as objects:
                yield objects.clear
            return
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("ir_attachment.location", kind)
        yield lambda: self.env.cr.execute("UPDATE ir_attachment SET db_datas = NULL")
        parameters.set_param("ir_attachment.location", "file")

    def _stored(self, records, field):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT store_fname, db_datas IS NOT NULL FROM ir_attachment"
            " WHERE res_model = %s AND res_field = %s AND res_id IN %s",
            (records._name, field, tuple(records.ids)),
        )
        return {
            ((name or "").partition("://")[0], inside) for name, inside in self.env.cr.fetchall()
        }

    def test_receipts_are_saved_read_and_zipped(self):
        for kind, place, accounts in (
            ("db", ("", True), self.accounts[:2]),
            ("object", ("store", False), self.accounts[2:]),
        ):
            with self.subTest(kind), self._store(kind):
                outcome = self.env["epd.payment.document"]._form_documents(
                    accounts, self.period, "epd"
                )
                documents = self.env["epd.payment.document"].concat(
                    *[document for document, _problem in outcome.values()]
                )
                self.assertEqual(len(documents), 2)
                self.assertEqual(self._stored(documents, "pdf_file"), {place})
                self.env.invalidate_all()
                files = [document._read_pdf() for document in documents]
                self.assertTrue(all(file.startswith(b"%PDF-") for file in files))
                archive = self.env["epd.document.zip"].create({"document_ids": documents.ids})
                target = io.BytesIO()
                archive._write_zip(target)
                with zipfile.ZipFile(target) as packed:
                    self.assertEqual([packed.read(name) for name in packed.namelist()], files)

    def test_loaded_files_are_opened_and_a_lost_one_is_told(self):
        for kind, place in (("db", ("", True)), ("object", ("store", False))):
            with self.subTest(kind), self._store(kind) as lose:
                order = self.env["epd.receipt.import"].create(
                    {"company_id": self.company.id, "period_id": self.period.id}
                )
                order.file = base64.b64encode(ARCHIVE)
                self.assertEqual(self._stored(order, "file"), {place})
                self.env.invalidate_all()
                with open_stored(order, "file", "none") as stream:
                    self.assertEqual(stream.read(), ARCHIVE)
                lose()
                self.env.invalidate_all()
                with self.assertRaisesRegex(UserError, "missing on the server"):
                    open_stored(order, "file", "none")

    def test_a_full_disk_is_no_hindrance_to_files_elsewhere(self):
        renderer = self.env["epd.receipt.renderer"]
        usage = shutil.disk_usage("/")._replace(free=300 * 2**20)
        with patch(DISK, lambda path: usage):
            with self.assertRaisesRegex(UserError, "disk"):
                renderer._check_ready(100_000)
            for kind in ("db", "object"):
                with self._store(kind):
                    renderer._check_ready(100_000)

    def test_a_store_notes_its_name_of_a_frozen_file_and_nothing_else(self):
        outcome = self.env["epd.payment.document"]._form_documents(
            self.accounts[0], self.period, "epd"
        )
        document, _problem = outcome[self.accounts[0].id]
        file = find_attachment(document, "pdf_file")
        # the field is of the store's addon: Odoo has got as far as asking for it
        with self.assertRaisesRegex(ValueError, "fs_filename"):
            file.write({"fs_filename": "receipt-1-0.pdf"})
        for values in ({"fs_filename": "x", "raw": b"x"}, {"raw": b"x"}, {"name": "x"}, {}):
            with self.subTest(values), self.assertRaisesRegex(UserError, "saved payment document"):
                file.write(values)
