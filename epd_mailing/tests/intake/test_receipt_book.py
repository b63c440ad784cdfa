"""One PDF of a whole house becomes documents: each page has an owner, or nothing is saved."""

import base64
import io
from pathlib import Path

import pypdf
from odoo.exceptions import UserError
from odoo.tests import tagged
from reportlab.pdfgen import canvas

from ..common import EpdCommon

FILES = Path(__file__).parents[1] / "files"


def make_book(*pages):
    stream = io.BytesIO()
    drawing = canvas.Canvas(stream, invariant=True)
    for text in pages:
        drawing.drawString(50, 700, text)
        drawing.showPage()
    drawing.save()
    return stream.getvalue()


@tagged("post_install", "-at_install", "epd_mailing")
class TestReceiptBook(EpdCommon):
    def _order(self, data, name="дом.pdf", **more):
        vals = {
            "company_id": self.company.id,
            "period_id": self.period.id,
            "file": base64.b64encode(data),
            "file_name": name,
            **more,
        }
        return self.env["epd.receipt.import"].with_user(self.operator).create(vals)

    def _work(self):
        with self.enter_registry_test_mode():
            self.env.ref("epd_mailing.ir_cron_receipt_import").method_direct_trigger()
        self.env.invalidate_all()

    def _save(self, order):
        order.action_save()
        self._work()
        self.assertEqual(order.state, "done", order.pause_reason)
        return order.line_ids.document_id

    def _text(self, document):
        reader = pypdf.PdfReader(io.BytesIO(document.sudo()._read_pdf()))
        return [page.extract_text().strip() for page in reader.pages]

    def test_a_book_is_divided_by_the_numbers_on_its_pages(self):
        pages = ["Account 00100 p. 1", "Account 00100 p. 2", "Account 00101"]
        order = self._order(make_book(*pages))
        order.action_check()
        self.assertEqual((order.state, order.problem_count, order.is_book), ("checked", 0, True))
        documents = self._save(order)
        self.assertEqual(
            {d.account_id.number: self._text(d) for d in documents},
            {"00100": pages[:2], "00101": pages[2:]},
        )
        again = self._order(make_book(*pages))
        again.action_check()
        self.assertEqual(set(again.line_ids.mapped("state")), {"same"})

    def test_samples_of_houses(self):
        self.env["epd.personal.account"].create(
            [
                {"number": number, "company_id": self.company.id, "building_id": self.building.id,
                 "date_open": "2020-01-01"}
                for number in ("100001", "100002", "100003")
            ]
        )  # fmt: skip
        october = self.env["epd.billing.period"].create(
            {"company_id": self.company.id, "date_start": "2026-10-01"}
        )
        data = (FILES / "g03_all_in_one.pdf").read_bytes()
        wrong = self._order(data)
        wrong.action_check()
        self.assertEqual(set(wrong.line_ids.mapped("problem_code")), {"other_month"})
        packed = (FILES / "g04_one_pdf_of_all.zip").read_bytes()
        order = self._order(packed, "g04.zip", period_id=october.id)
        order.action_check()
        self.assertEqual((order.is_book, order.problem_count), (True, 0))
        documents = self._save(order)
        self.assertEqual(len(documents), 3)
        for document in documents:
            (text,) = self._text(document)
            self.assertIn(document.account_id.number, text)

    def test_nothing_is_saved_until_each_page_has_an_owner(self):
        order = self._order(make_book("Account 00100", "back", "00101 and 00100", "Account 00101"))
        order.good_only = True
        order.action_check()
        self.assertEqual(
            order.line_ids.sorted("entry_index").mapped("problem_code"),
            [False, "page_no_number", "several", False],
        )
        with self.assertRaisesRegex(UserError, "owner"):
            order.action_save()
        lines = order.line_ids.sorted("entry_index")
        lines[1].action_same_as_previous()
        with self.assertRaisesRegex(UserError, "owner"):
            order.action_save()
        lines[2].account_id = self.accounts.filtered(lambda a: a.number == "00101")
        documents = self._save(order)
        self.assertEqual(
            sorted((d.account_id.number, len(self._text(d))) for d in documents),
            [("00100", 2), ("00101", 2)],
        )

    def test_pages_of_one_account_that_stand_apart_are_told(self):
        order = self._order(make_book("Account 00100", "Account 00101", "Account 00100"))
        order.action_check()
        self.assertEqual(
            order.line_ids.sorted("entry_index").mapped("problem_code"), ["apart", False, "apart"]
        )

    def test_only_the_owner_of_a_page_can_be_written(self):
        order = self._order(make_book("Account 00100", "x"))
        order.action_check()
        line = order.line_ids.with_user(self.operator)[0]
        for vals in ({"state": "good"}, {"account_id": False}, {"name": "x"}):
            with self.assertRaises(UserError):
                line.write(vals)
        foreign = self.env["res.company"].create({"name": "Чужая"})
        house = self.env["epd.building"].create({"name": "Дом", "company_id": foreign.id})
        account = self.env["epd.personal.account"].create(
            {"number": "1", "company_id": foreign.id, "building_id": house.id}
        )
        with self.assertRaises(UserError):
            line.account_id = account.id
        self._order(make_book("Account 00100")).action_check()

    def test_a_document_saved_before_is_told(self):
        self._save(self._checked(make_book("Account 00100")))
        order = self._checked(make_book("Account 00100 anew"))
        self.assertEqual(order.line_ids.problem_code, "already")
        order = self._checked(make_book("Account 00100 anew"), replace_saved=True)
        self.assertEqual(self._save(order).version, 2)

    def _checked(self, data, **more):
        order = self._order(data, **more)
        order.action_check()
        return order
