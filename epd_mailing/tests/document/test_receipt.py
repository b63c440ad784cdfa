import base64
import re
import subprocess
from typing import NamedTuple
from unittest.mock import patch

import zxingcpp
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ...models.document.document_comparison import DocumentComparison
from ...tools import receipt_data, receipt_pages, receipt_pdf
from ..code_readers import rasterise
from ..common import EpdCommon

QR = zxingcpp.BarcodeFormat.QRCode
NBSP = "\u00a0"


def pdf_text(pdf):
    """Return the text of the pages of a PDF, as poppler reads it."""
    answer = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
    )
    return answer.stdout.decode().replace(NBSP, " ")


class PdfWord(NamedTuple):
    """A word on paper; points from the left and upper edges."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


def pdf_words(pdf):
    """Return the words of a PDF with their places, as poppler finds them."""
    answer = subprocess.run(
        ["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True
    )
    found = re.findall(
        r'<word xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*?)</word>',
        answer.stdout.decode(),
    )
    return [PdfWord(text, *map(float, places)) for *places, text in found]


def pdf_codes(pdf, dpi=200):
    """Return the texts of the QR codes on the first page, as rasterised at ``dpi``."""
    picture = rasterise(pdf, dpi)
    return [found.bytes.decode() for found in zxingcpp.read_barcodes(picture, formats=QR)]


@tagged("post_install", "-at_install", "epd_mailing")
class TestReceipt(EpdCommon):
    """What stands on paper, read back from the PDF itself."""

    engine = "wkhtmltopdf" if receipt_pdf.WkhtmltopdfEngine().is_there() else "auto"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.epd_print_engine = cls.engine

    def _document(self, account=None, form="epd"):
        account = account or self.accounts[0]
        documents = self.env["epd.payment.document"].sudo()
        document, problem = documents._form_documents(account, self.period, form)[account.id]
        self.assertFalse(problem)
        return document

    def test_the_paper_says_who_for_what_how_much_by_when(self):
        text = pdf_text(self._document()._read_pdf())
        for wanted in (
            "Единый платёжный документ",
            "март 2026",
            "Иванов Иван Иванович",
            "г. Казань, ул. Тестовая, д. 1, кв. 1",
            "00100",
            "1 714,34",
            "оплатить до 15.04.2026",
            "срок предъявления — до 05.04.2026",
            "1 324,20",
            "390,14",
            "Содержание жилого помещения",
            "40702810900000001234",
            "049205999",
            "ИНН 1655123453",
            "стр. 1 из 1",
        ):
            self.assertIn(wanted, text)
        for other in ("00101", "Петрова", "Перерасчёт", "Льготы", "на СОИ", "Рассрочка"):
            self.assertNotIn(other, text)

    def test_codes_read_from_paper_are_those_of_the_snapshot(self):
        document = self._document()
        wanted = [block["qr"] for block in document._load_snapshot()["blocks"]]
        self.assertEqual(sorted(pdf_codes(document._read_pdf())), sorted(wanted))
        self.assertIn("Sum=132420", wanted[0])
        self.assertIn("PersAcc=00100", wanted[0])

    def test_codes_are_read_from_coarse_and_fine_print(self):
        outcome = (
            self.env["epd.payment.document"]
            .sudo()
            ._form_documents(self.accounts, self.period, "epd")
        )
        for account in self.accounts:
            document = outcome[account.id][0]
            wanted = sorted(block["qr"] for block in document._load_snapshot()["blocks"])
            for dpi in (150, 300):
                self.assertEqual(sorted(pdf_codes(document._read_pdf(), dpi)), wanted, dpi)

    def test_texts_taller_than_reckoned_lose_nothing(self):
        account = self.accounts[0]
        self.env["epd.charge"].create(
            [
                {
                    "account_id": account.id,
                    "period_id": self.period.id,
                    "service_id": self.service_water.id,
                    "line_key": f"more{number}",
                    "tariff": 1000 + number,
                }
                for number in range(40)
            ]
        )
        with patch.object(receipt_pages, "PAGE_MM", 290):  # more than a sheet of paper has
            document = self._document(account)
        pages = pdf_text(document._read_pdf()).split("\f")[:-1]
        for number, page in enumerate(pages, 1):
            self.assertIn(f"стр. {number} из {len(pages)}", page)
        for number in range(40):
            self.assertIn(f"1 {number:03d},00", "\n".join(pages))

    def test_a_file_that_never_fits_its_pages_is_refused(self):
        with (
            patch.object(receipt_pages, "PAGE_MM", 4000),
            patch.object(receipt_pages, "CONTINUED_MM", 0),
        ):
            account = self.accounts[0]
            self.env["epd.charge"].create(
                [
                    {
                        "account_id": account.id,
                        "period_id": self.period.id,
                        "service_id": self.service_water.id,
                        "line_key": f"more{number}",
                    }
                    for number in range(120)
                ]
            )
            documents = self.env["epd.payment.document"].sudo()
            outcome = documents._form_documents(self.accounts[:2], self.period, "epd")
        self.assertFalse(outcome[account.id][0])
        self.assertIn("laid out on 1 page", outcome[account.id][1]["text"])
        self.assertTrue(outcome[self.accounts[1].id][0], "the other is unharmed")

    def test_payments_taken_up_to_which_day_even_when_nothing_was_paid(self):
        self.accounts[0].balance_ids.write({"paid_through": "2026-03-31"})
        text = " ".join(pdf_text(self._document()._read_pdf()).split())
        self.assertIn("поступившие по 31.03.2026", text)

    def test_zero_is_printed_as_a_sum(self):
        account = self.accounts[0]
        account.charge_ids.filtered(lambda c: c.service_id == self.service_repair).amount = 0
        account.balance_ids.filtered(lambda b: b.payee_id == self.repair_payee).charged = 0
        text = pdf_text(self._document(form="capital_repair")._read_pdf())
        self.assertRegex(text, "Итого по получателю +0,00 +0,00")
        self.assertIn("оплата не требуется", text)

    def test_each_paper_is_its_own(self):
        outcome = (
            self.env["epd.payment.document"]
            .sudo()
            ._form_documents(self.accounts, self.period, "epd")
        )
        numbers = set(self.accounts.mapped("number"))
        for account in self.accounts:
            text = pdf_text(outcome[account.id][0]._read_pdf())
            self.assertEqual({number for number in numbers if number in text}, {account.number})

    def test_odd_names_come_through(self):
        account = self.accounts[2]
        account.premises = "12А"
        text = pdf_text(self._document(account)._read_pdf())
        self.assertIn("Сёмин О’Коннор Пётр", text)
        self.assertIn("кв. 12А", text)

    def test_forms_are_told_apart(self):
        receipt = pdf_text(self._document(form="receipt")._read_pdf())
        self.assertIn("Квитанция", receipt)
        self.assertNotIn("Взнос на капитальный ремонт", receipt)
        repair = pdf_text(self._document(form="capital_repair")._read_pdf())
        self.assertIn("390,14", repair)
        self.assertNotIn("Холодное водоснабжение", repair)

    def test_a_legal_person_an_advance_and_a_recalculation(self):
        account = self.accounts[0]
        account.partner_id.write(
            {
                "name": "ООО «Ромашка»",
                "is_company": True,
                "vat": "1655123453",
                "epd_kpp": "165501001",
            }
        )
        charge = account.charge_ids.filtered(lambda c: c.service_id == self.service_water)
        charge.write({"recalculation": -14.6, "recalculation_reason": "Отсутствие жильца"})
        charge.total = 100
        balance = account.balance_ids.filtered(lambda b: b.payee_id == self.office_payee)
        balance.write({"opening": -5000, "charged": 1309.6})
        self.company.epd_code_without_sum = "print"
        document = self._document()
        text = pdf_text(document._read_pdf())
        for wanted in (
            "ООО «Ромашка» (ИНН 1655123453, КПП 165501001)",
            "Отсутствие жильца",
            "Аванс на следующий период",
            "3 690,40",
            "Код без суммы",
        ):
            self.assertIn(wanted, text)
        self.assertEqual(document.total_due, 390.14, "an advance never pays another payee")

    def test_many_lines_flow_to_a_second_page_with_its_head(self):
        account = self.accounts[0]
        lines = self.env["epd.charge"].create(
            [
                {
                    "account_id": account.id,
                    "period_id": self.period.id,
                    "service_id": self.service_water.id,
                    "line_key": f"more{number}",
                    "amount": 1,
                    "explanation": f"Порядок расчёта строки {number}",
                }
                for number in range(30)
            ]
        )
        balance = account.balance_ids.filtered(lambda b: b.payee_id == self.office_payee)
        balance.charged += len(lines)
        document = self._document()
        pages = pdf_text(document._read_pdf()).split("\f")[:-1]
        self.assertEqual(len(pages), document.page_count)
        self.assertGreater(len(pages), 1)
        for number, page in enumerate(pages, 1):
            self.assertIn(f"стр. {number} из {len(pages)}", page)
            self.assertIn("Лицевой счёт 00100, Иванов Иван Иванович", page)
        text = "\n".join(pages)
        for number in range(30):
            self.assertEqual(text.count(f"Порядок расчёта строки {number}\n"), 1)

    def test_information_of_the_month(self):
        other = self.building.copy({"name": "Другой дом"})
        self.env["epd.consumer.info"].create(
            [
                {"period_id": self.period.id, "company_id": self.company.id, "text": "Для всех"},
                {
                    "period_id": self.period.id,
                    "company_id": self.company.id,
                    "building_id": other.id,
                    "text": "Для чужого дома",
                },
                {
                    "period_id": self.period.id,
                    "company_id": self.company.id,
                    "account_id": self.accounts[1].id,
                    "text": "Для чужого счёта",
                },
            ]
        )
        text = pdf_text(self._document()._read_pdf())
        self.assertIn("Для всех", text)
        self.assertNotIn("Для чужого", text)

    def test_a_sample_is_marked_and_stored_nowhere(self):
        preview = self.env["epd.receipt.preview"].with_user(self.operator)
        action = self.accounts[0].with_user(self.operator).action_preview_receipt()
        shown = preview.browse(action["res_id"])
        self.assertFalse(shown.problem_text)
        text = pdf_text(base64.b64decode(shown.receipt))
        self.assertIn("1 714,34", text)
        self.assertIn("№ образец", text)
        mark = set("ОБРАЗЕЦ")  # across the page, letter by letter
        self.assertEqual(mark, set().union(*(w for w in map(set, text.split()) if w <= mark)))
        self.assertFalse(self.accounts.document_ids)
        saved = shown.action_save()
        document = self.env["epd.payment.document"].browse(saved["res_id"])
        self.assertEqual((document.account_id, document.state), (self.accounts[0], "saved"))
        text = pdf_text(document._read_pdf())
        self.assertFalse({"О", "Б", "З", "Е", "Ц"} & set(text.split()))

    def test_paging_through_a_run(self):
        run = (
            self.env["epd.billing.run"]
            .with_user(self.operator)
            .create(
                {
                    "period_id": self.period.id,
                    "list_ids": [(6, 0, self.env.ref("epd_mailing.account_list_all_open").ids)],
                }
            )
        )
        self.accounts[1].balance_ids[0].sudo().charged += 5
        preview = self.env["epd.receipt.preview"].with_user(self.operator)
        shown = preview.browse(run.action_preview()["res_id"])
        self.assertEqual((shown.total, shown.account_id), (4, self.accounts[0]))
        following = preview.browse(shown.action_next()["res_id"])
        # an address of its own: what the browser keeps of one receipt is not shown for another
        self.assertNotEqual(following, shown)
        self.assertEqual((following.account_id, following.number), (self.accounts[1], 2))
        self.assertTrue(following.problem_text)
        self.assertFalse(following.receipt)
        again = preview.browse(following.action_previous()["res_id"])
        self.assertEqual((again.account_id, again.number), (self.accounts[0], 1))
        self.assertTrue(again.receipt)

    def test_print_gives_the_saved_files(self):
        outcome = (
            self.env["epd.payment.document"]
            .sudo()
            ._form_documents(self.accounts[:2], self.period, "epd")
        )
        documents = self.env["epd.payment.document"].browse(
            [outcome[account.id][0].id for account in self.accounts[:2]]
        )
        report = self.env["ir.actions.report"].with_user(self.operator)
        name = "epd_mailing.epd_payment_document_report"
        one, kind = report._render_qweb_pdf(name, documents[0].ids)
        self.assertEqual((receipt_data.digest(one), kind), (documents[0].pdf_sha256, "pdf"))
        both, _kind = report._render_qweb_pdf(name, documents.ids)
        pages = pdf_text(both).split("\f")[:-1]
        self.assertEqual(len(pages), 2)
        self.assertIn("00100", pages[0])
        self.assertIn("00101", pages[1])

    def test_a_stranger_gets_no_paper(self):
        document = self._document()
        stranger = new_test_user(self.env, "stranger", groups="base.group_user")
        report = self.env["ir.actions.report"].with_user(stranger)
        with self.assertRaises(AccessError):
            report._render_qweb_pdf("epd_mailing.epd_payment_document_report", document.ids)
        with self.assertRaises(AccessError):
            document.with_user(stranger).read(["receipt_file"])

    def test_raw_bytes_are_read_by_the_program_only(self):
        document = self._document().with_user(self.operator)
        with self.assertRaises(AccessError):
            document.read(["pdf_file"])
        verified = base64.b64decode(document.receipt_file)
        self.assertEqual(receipt_data.digest(verified), document.pdf_sha256)

    def test_old_files_go_and_can_be_made_again(self):
        document = self._document()
        documents = self.env["epd.payment.document"]
        documents._gc_receipt_files()
        self.assertFalse(document.is_purged, "the setting is off by default")
        self.company.epd_document_retention_months = 6
        documents._gc_receipt_files()
        self.assertFalse(document.is_purged, "not old enough")
        self.env.cr.execute(
            "UPDATE epd_payment_document SET saved_at = saved_at - interval '7 months' WHERE id = %s",
            (document.id,),
        )
        document.invalidate_recordset()
        documents._gc_receipt_files()
        self.assertTrue(document.is_purged)
        self.assertTrue(document.snapshot and document.pdf_sha256)
        with self.assertRaisesRegex(UserError, "removed"):
            document._read_pdf()
        again = document._rebuild_pdf()
        text = pdf_text(again)
        self.assertIn("1 714,34", text)
        self.assertIn("восстановлено", text)
        self.assertNotEqual(receipt_data.digest(again), document.pdf_sha256)

    def test_two_months_are_compared(self):
        earlier = self.env["epd.billing.period"].create(
            {"date_start": "2026-02-01", "company_id": self.company.id}
        )
        account = self.accounts[0]
        self._make_charges(account, earlier, water="76.40")
        account.charge_ids.filtered(
            lambda c: c.period_id == earlier and c.service_id == self.service_water
        ).volume_individual = 2
        before = self.env["epd.payment.document"].sudo()._form_documents(account, earlier, "epd")
        before = before[account.id][0]
        document = self._document().with_user(self.operator)
        found = DocumentComparison(document, before)
        self.assertEqual(str(found.get_difference()), "38.20")
        self.assertEqual(
            found.get_sums(),
            [
                {
                    "what": "Холодное водоснабжение",
                    "kind": "service",
                    "old": "76.40",
                    "new": "114.60",
                    "difference": "38.20",
                    "causes": ["volume"],
                }
            ],
        )
        action = document.action_compare_month()
        shown = self.env["epd.document.compare"].browse(action["res_id"])
        self.assertEqual((shown.other_id, shown.difference), (before, 38.2))
        self.assertEqual(len(shown.line_ids), 1)
        with self.assertRaises(UserError):
            document.action_compare_version()


@tagged("post_install", "-at_install", "epd_mailing")
class TestReceiptByPlutoprint(TestReceipt):
    """The same by the other engine, and what concerns both."""

    allow_inherited_tests_method = True
    engine = "plutoprint"

    def test_the_document_says_what_made_it(self):
        self.assertRegex(self._document().engine, r"^plutoprint \d+\.")

    def test_both_engines_print_the_same_words(self):
        """Page by page the same words; where a line breaks may differ."""
        snapshot = {1: self._document()._load_snapshot()}
        texts = {}
        for name, engine in receipt_pdf.ENGINES.items():
            if engine().is_there():
                self.company.epd_print_engine = name
                renderer = self.env["epd.receipt.renderer"].with_company(self.company)
                result = renderer._render_receipts(snapshot.items())[1]
                self.assertTrue(result.engine.startswith(name))
                texts[name] = [sorted(page.split()) for page in pdf_text(result.pdf).split("\f")]
        self.assertEqual(len({str(pages) for pages in texts.values()}), 1, texts)
