import base64
import io
import json
import time
import zipfile
from types import SimpleNamespace
from unittest.mock import patch

import psycopg2
import pypdf
from lxml import etree
from odoo.addons.epd_mailing.models.document.document_writer import DocumentWriter, NewVersion
from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger
from pypdf.annotations import Link
from pypdf.generic import NameObject, TextStringObject
from reportlab.pdfgen import canvas

from ..common import EpdCommon

WORK = "odoo.addons.epd_mailing.models.intake.epd_receipt_import"


def make_pdf(text):
    """Return a one-page PDF with this text."""
    stream = io.BytesIO()
    page = canvas.Canvas(stream, invariant=True)
    page.drawString(50, 700, text)
    page.save()
    return stream.getvalue()


def encrypt(data):
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    writer.encrypt("x")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def make_zip(files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


@tagged("post_install", "-at_install", "epd_mailing")
class TestReceiptImport(EpdCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cron = cls.env.ref("epd_mailing.ir_cron_receipt_import")
        cls.files = {
            f"{n}_03.2026.pdf": make_pdf(f"Account {n}, due 5") for n in ("00100", "00101")
        }

    def _order(self, files=None, data=None, **more):
        return (
            self.env["epd.receipt.import"]
            .with_user(self.operator)
            .create(
                {
                    "company_id": self.company.id,
                    "period_id": self.period.id,
                    "file": base64.b64encode(data or make_zip(files or self.files)),
                    "file_name": "квитанции.zip",
                    "pattern": "{account}_{month}.pdf",
                    **more,
                }
            )
        )

    def _work(self):
        with self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.env.invalidate_all()

    def _problems(self, order):
        return {line.name: line.problem_code for line in order.line_ids if line.problem_code}

    def test_files_that_act_are_not_taken(self):
        writer = pypdf.PdfWriter(clone_from=io.BytesIO(make_pdf("Account 00100")))
        link = Link(rect=(0, 0, 200, 200), url="https://example.com")
        writer.add_annotation(0, link)
        launch = {"/S": NameObject("/Launch"), "/F": TextStringObject("calc.exe")}
        writer.pages[0]["/Annots"][0].get_object()["/A"].update(
            {NameObject(key): value for key, value in launch.items()}
        )
        stream = io.BytesIO()
        writer.write(stream)
        order = self._order({"00100_03.2026.pdf": stream.getvalue()})
        order.action_check()
        self.assertEqual(self._problems(order), {"00100_03.2026.pdf": "active"})
        with self.assertRaises(UserError):
            order.action_save()
        self.assertFalse(self.accounts.document_ids)

    def test_names_are_matched_in_no_time(self):
        with self.assertRaises(UserError):
            self._order(pattern="*a*a*a*a*a*a*a*a*{account}.pdf")
        order = self._order(
            {"a" * 250 + ".pdf": b"%PDF-", "1a" * 20_000 + ".pdf": b"%PDF-"},
            pattern="*a*a*a*a*{account}.pdf",
        )
        began = time.process_time()
        order.action_check()
        self.assertLess(time.process_time() - began, 5)
        self.assertEqual(set(self._problems(order).values()), {"no_match"})

    def test_files_become_frozen_documents(self):
        order = self._order()
        order.action_check()
        self.assertEqual((order.state, order.good_count, order.problem_count), ("checked", 2, 0))
        self.assertFalse(self.accounts.document_ids)
        order.action_save()
        self._work()
        self.assertEqual((order.state, order.saved_count), ("done", 2))
        document = self.accounts[0].document_ids
        self.assertEqual((document.state, document.is_ready_made), ("saved", True))
        self.assertEqual(document.saved_by, self.operator)
        self.assertEqual(document._read_pdf(), self.files["00100_03.2026.pdf"])
        snapshot = json.loads(document.snapshot)
        self.assertEqual(snapshot["ready_made"]["file"], "00100_03.2026.pdf")
        self.assertEqual(snapshot["ready_made"]["figures"], "charges")
        self.assertEqual((document.total_due, document.page_count), (1714.34, 1))
        self.assertFalse(document.is_outdated)
        with self.assertRaises(UserError):
            document.sudo().write({"is_ready_made": False})
        with self.assertRaisesRegex(UserError, "another program"):
            document._rebuild_pdf()
        self.assertEqual(
            self.env["epd.payment.document"]._purge_files(self.company, "2100-01-01"), 0
        )
        self.accounts[0].charge_ids[0].amount += 1
        self.assertTrue(document.is_outdated)

    def test_without_charges_the_snapshot_has_no_figures(self):
        self.accounts[0].charge_ids.unlink()
        self.accounts[0].balance_ids.unlink()
        order = self._order()
        order.action_check()
        order.action_save()
        self._work()
        document = self.accounts[0].document_ids
        self.assertEqual(json.loads(document.snapshot)["ready_made"]["figures"], "none")
        self.assertEqual(document.total_due, 0)

    def test_every_problem_is_told_and_nothing_is_saved(self):
        good = self.files["00100_03.2026.pdf"]
        files = {
            **self.files,
            "dir/00101_03.2026.pdf": self.files["00101_03.2026.pdf"],
            "00102_03.2026.pdf": encrypt(make_pdf("00102")),
            "00103_03.2026.pdf": make_pdf("Account 100103"),
            "00999_03.2026.pdf": good,
            "00100_02.2026.pdf": good,
            "readme.pdf": good,
            "note.txt": b"x",
            "../00100_03.2026.pdf": good,
        }
        order = self._order(files)
        order.action_check()
        self.assertEqual(
            self._problems(order),
            {
                "00101_03.2026.pdf": "twice", "dir/00101_03.2026.pdf": "twice",
                "00102_03.2026.pdf": "encrypted", "00103_03.2026.pdf": "no_number",
                "00999_03.2026.pdf": "no_account", "00100_02.2026.pdf": "other_month",
                "readme.pdf": "no_match", "note.txt": "not_pdf", "../00100_03.2026.pdf": "path",
            },
        )  # fmt: skip
        self.assertTrue(all(line.problem_text for line in order.line_ids if line.problem_code))
        with self.assertRaisesRegex(UserError, "9 files"):
            order.action_save()
        self._work()
        self.assertFalse(self.accounts.document_ids)
        order.good_only = True
        order.action_save()
        self._work()
        self.assertEqual(self.accounts.document_ids.account_id, self.accounts[0])

    def test_a_fault_in_the_middle_leaves_nothing(self):
        order = self._order()
        order.action_check()
        order.action_save()
        documents = type(self.env["epd.payment.document"])
        original, calls = documents._save_ready_made, []

        def break_later(self, *args):
            calls.append(1)
            if len(calls) == 2:
                raise ZeroDivisionError
            return original(self, *args)

        with (
            patch.object(documents, "_save_ready_made", break_later),
            patch(f"{WORK}.BATCH", 1),
            mute_logger("odoo.addons.epd_mailing.models.base.epd_background_work"),
        ):
            self._work()
        self.assertEqual((order.state, order.saved_count), ("paused", 0))
        self.assertFalse(self.accounts.document_ids)
        order.action_resume()
        self._work()
        self.assertEqual((order.state, order.saved_count), ("done", 2))

    def test_a_lost_transaction_is_tried_again_soon(self):
        order = self._order()
        order.action_check()
        order.action_save()
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", self.cron.id)])
        triggers.unlink()

        def lost(self, *args):
            raise psycopg2.errors.SerializationFailure("could not serialize access")

        with (
            patch.object(type(self.env["epd.payment.document"]), "_save_ready_made", lost),
            mute_logger("odoo.addons.epd_mailing.models.base.epd_background_work"),
        ):
            self._work()
        self.assertEqual((order.state, order.saved_count, order.pause_reason), ("saving", 0, False))
        self.assertTrue(triggers.search([("cron_id", "=", self.cron.id)]))
        self._work()
        self.assertEqual((order.state, order.saved_count), ("done", 2))

    def test_again_and_with_new_files(self):
        first = self._order()
        first.action_check()
        first.action_save()
        self._work()
        again = self._order()
        again.action_check()
        self.assertEqual(again.line_ids.mapped("state"), ["same", "same"])
        with self.assertRaises(UserError):
            again.action_save()
        newer = {"00100_03.2026.pdf": make_pdf("Account 00100, due 7")}
        order = self._order(newer)
        order.action_check()
        self.assertEqual(self._problems(order), {"00100_03.2026.pdf": "already"})
        order.action_to_draft()
        order.replace_saved = True
        order.action_check()
        order.action_save()
        self._work()
        versions = self.accounts[0].document_ids.sorted("version")
        self.assertEqual(versions.mapped("state"), ["superseded", "saved"])

    def test_numbers_that_file_names_cannot_hold(self):
        self.accounts[0].number = "00100/1"
        order = self._order({"00100-1_03.2026.pdf": make_pdf("No 00100/1")})
        order.action_check()
        self.assertEqual(order.line_ids.account_id, self.accounts[0])
        self.accounts[1].number = "00100-1"
        self.accounts[2].number = "00100_1"
        order = self._order({"00100 1_03.2026.pdf": make_pdf("00100/1")})
        order.action_check()
        self.assertEqual(self._problems(order), {"00100 1_03.2026.pdf": "ambiguous"})

    def test_a_number_joined_to_more_is_another_number(self):
        find = self.env["epd.receipt.import"]._find_number
        for text in (
            "0100017/1", "0100017-1", "0100017–1", "0100017А", "2-0100017", "0100017.1", "5,0100017",
        ):  # fmt: skip
            self.assertEqual(find("0100017", f"Account {text} of"), "no_number", text)
        for text in (
            "0100017.", "0100017", "0100017 - flat 1", "0100017 / 1", "№0100017,", "(0100017)",
            "0100017-", "0100017/1 and 0100017",
        ):  # fmt: skip
            self.assertEqual(find("0100017", f"Account {text} of"), "", text)
        self.assertEqual(find("0100017/1", "Account 0100017/1."), "")

    def test_a_misnamed_file_is_not_taken(self):
        order = self._order({"00100_03.2026.pdf": make_pdf("Account 00100/1")})
        order.action_check()
        self.assertEqual(self._problems(order), {"00100_03.2026.pdf": "no_number"})

    def test_a_star_does_not_cut_the_number(self):
        files = {f"{name}.pdf": make_pdf("Account 00100") for name in ("00100-1", "00100 (1)")}
        order = self._order(files, pattern="{account}*.pdf")
        order.action_check()
        self.assertEqual(self._problems(order), {"00100-1.pdf": "no_account"})
        self.assertEqual(order.line_ids.account_id, self.accounts[0])

    def test_what_is_no_archive(self):
        for data, text in ((b"%PDF", "no ZIP"), (b"PK\x03\x04", "damaged")):
            with self.assertRaisesRegex(UserError, text):
                self._order(data=data).action_check()
        with self.assertRaisesRegex(UserError, "account"):
            self._order(pattern="*.pdf")

    def test_in_the_background(self):
        with patch("odoo.addons.epd_mailing.models.intake.epd_receipt_import.SMALL", 1):
            order = self._order()
            order.action_check()
        self.assertEqual((order.state, order.pending_count), ("checking", 2))
        with patch(f"{WORK}.SLICE", 1):
            self._work()
        self.assertEqual((order.state, order.good_count), ("checked", 2))

    def test_the_work_is_done_with_the_rights_of_who_pressed(self):
        order = self._order()
        with self.assertRaises(UserError):
            order.user_id = self.manager
        order.with_user(self.manager).action_check()
        self.assertEqual(order.user_id, self.manager)

    def test_the_program_alone_writes_the_state(self):
        order = self._order()
        order.action_check()
        for vals in ({"state": "saving"}, {"file": False}, {"replace_saved": True}):
            with self.assertRaises(UserError):
                order.write(vals)
        with self.assertRaises(UserError):
            order.line_ids[0].write({"account_id": self.accounts[3].id})

    def test_the_time_of_keeping_never_takes_a_ready_made_file(self):
        order = self._order()
        order.action_check()
        order.action_save()
        self._work()
        documents = self.env["epd.payment.document"]
        account = self.accounts[2]
        built = self.env["epd.document.snapshot"]._build(account, self.period, "epd")
        snapshot, problem = built[account.id]
        self.assertFalse(problem)
        own = DocumentWriter(self.env, self.period, "epd").store(
            {account.id: SimpleNamespace(pdf=b"%PDF own", pages=1)},
            {account.id: NewVersion({**snapshot, "number": "own"})},
        )
        self.env.cr.execute(
            "UPDATE epd_payment_document SET saved_at = saved_at - interval '20 years'"
            " WHERE company_id = %s",
            (self.company.id,),
        )
        self.env.invalidate_all()
        with Form(self.env["res.config.settings"]) as settings:
            settings.epd_document_retention_months = 6
        settings.record.execute()
        self.assertEqual(self.company.epd_document_retention_months, 6)
        documents._gc_receipt_files()
        self.assertTrue(own.is_purged)
        ready = self.accounts[:2].document_ids
        self.assertEqual(ready.mapped("is_purged"), [False, False])
        self.assertEqual(ready[0]._read_pdf()[:4], b"%PDF")

    def test_the_setting_says_that_ready_made_files_are_kept(self):
        arch = self.env["res.config.settings"].get_view()["arch"]
        setting = etree.fromstring(arch).find(".//setting[@id='epd_retention']")
        self.assertIsNotNone(setting.find(".//field[@name='epd_document_retention_months']"))
        field = self.env["res.company"]._fields["epd_document_retention_months"]
        for text in (setting.get("help"), field.help):
            self.assertIn("Ready-made receipts of another program are always kept", text)

    def test_old_archives_are_removed_and_the_record_stays(self):
        order = self._order()
        order.action_check()
        order.action_cancel()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE epd_receipt_import SET write_date = '2020-01-01' WHERE id = %s", (order.id,)
        )
        self.env.invalidate_all()
        self.env["epd.receipt.import"]._gc_files()
        self.assertFalse(order.file)
        self.assertTrue(order.file_sha256)
