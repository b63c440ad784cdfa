from odoo.tests import tagged

from ...tools import money, payment_qr, receipt_pdf
from .. import code_readers
from ..common import EpdCommon
from .test_receipt import pdf_text, pdf_words

RESOLUTIONS = (150, 200, 300)


@tagged("post_install", "-at_install", "epd_mailing")
class TestPaymentCode(EpdCommon):
    """The code on paper is read by all, and says what the paper says."""

    engine = "wkhtmltopdf" if receipt_pdf.WkhtmltopdfEngine().is_there() else "auto"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.epd_print_engine = cls.engine
        documents = cls.env["epd.payment.document"].sudo()
        outcome = documents._form_documents(cls.accounts[:2], cls.period, "epd")
        cls.documents = documents.union(*(outcome[account.id][0] for account in cls.accounts[:2]))

    def _find(self, document, dpi):
        wanted = [block["qr"] for block in document._load_snapshot()["blocks"]]
        codes = code_readers.find_codes(code_readers.rasterise(document._read_pdf(), dpi), dpi)
        self.assertEqual(sorted(code.text for code in codes), sorted(wanted), dpi)
        return codes

    def test_all_readers_read_all_codes(self):
        """The short table; ``make bench PARTS=codes`` has the long one."""
        browser = code_readers.BrowserReaders()
        self.addCleanup(browser.close)
        readers = code_readers.make_readers(browser)
        unread = []
        for dpi in RESOLUTIONS:
            codes = [code for document in self.documents for code in self._find(document, dpi)]
            self.assertEqual(len(codes), 4)
            for (reader, name), count in code_readers.read_all(readers, codes).items():
                if count < len(codes):
                    unread.append(f"{reader}, {dpi} dpi, {name}: {count} of {len(codes)}")
            self.assertFalse(unread)

    def test_every_field_stands_on_the_paper(self):
        for document in self.documents:
            text = " ".join(pdf_text(document._read_pdf()).split())
            snapshot = document._load_snapshot()
            codes = self._find(document, 200)
            for block in snapshot["blocks"]:
                fields = next(
                    fields
                    for fields in (code_readers.parse_payment(code.text) for code in codes)
                    if fields["PersonalAcc"] == block["payee"]["personal_acc"]
                )
                for key in ("Name", "PersonalAcc", "BankName", "BIC", "CorrespAcc", "PersAcc"):
                    self.assertIn(fields[key], text, key)
                self.assertIn(f"ИНН {fields['PayeeINN']}, КПП {fields['KPP']}", text)
                self.assertIn(fields["PayerAddress"], text)
                name = " ".join(
                    fields.get(key, "") for key in ("LastName", "FirstName", "MiddleName")
                )
                self.assertEqual(name.strip(), document.account_id.partner_id.name)
                self.assertIn(name.strip(), text)
                roubles, kopecks = divmod(int(fields["Sum"]), 100)
                printed = f"{roubles:,}".replace(",", " ") + f",{kopecks:02d}"
                self.assertIn(f"К оплате, руб. {printed}", text)
                self.assertEqual(fields["PaymPeriod"], "032026")
                self.assertIn(f"л/с {document.account_id.number}", fields["Purpose"])

    def test_modules_are_half_a_millimetre(self):
        """From the first finder pattern to the second, measured on the raster."""
        document = self.documents[0]
        image = code_readers.rasterise(document._read_pdf(), 300)
        for code in code_readers.zxingcpp.read_barcodes(image):
            corners = code.position
            width = (corners.top_right.x - corners.top_left.x) * 25.4 / 300
            text = code.bytes.decode()
            quiet = 2 * payment_qr.QUIET_ZONE * payment_qr.MODULE_MM
            self.assertAlmostEqual(width, payment_qr.qr_size_mm(text) - quiet, delta=0.5)

    def _save(self, account, form="epd"):
        self._confirm_requisites()
        document, problem = (
            self.env["epd.payment.document"]
            .sudo()
            ._form_documents(account, self.period, form)[account.id]
        )
        return document, problem

    def _fields(self, account=None):
        """Return the fields of the codes of a new document, the office's first."""
        document, problem = self._save(account or self.accounts[2])
        self.assertFalse(problem)
        texts = [block["qr"] for block in document._load_snapshot()["blocks"]]
        return [code_readers.parse_payment(text) if text else None for text in texts]

    def test_identifiers_of_gis_and_the_category(self):
        account = self.accounts[2]
        account.gis_service_id = "75да533315-01"
        self.env["epd.gis.placement"].create(
            {
                "account_id": account.id,
                "period_id": self.period.id,
                "gis_document_id": "75да533315-01-6031",
            }
        )
        self.company.epd_code_category = "2"
        fields = self._fields(account)[0]
        self.assertTrue(fields["Purpose"].endswith("л/с 00102///ЖКУ75да533315-01"))
        self.assertEqual((fields["UIN"], fields["Category"]), ("75да533315-01-6031", "2"))
        account = self.accounts[3]
        account.gis_service_id = "75да533316-01"
        self.company.write({"epd_code_gis": False, "epd_code_category": False})
        fields = self._fields(account)[0]
        self.assertTrue(fields["Purpose"].endswith("л/с 00103"))
        self.assertNotIn("Category", fields)

    def test_nothing_due_has_no_code_or_one_without_a_sum(self):
        self.accounts[2:].balance_ids.filtered(
            lambda b: b.payee_id == self.office_payee
        ).opening = -5000
        office, repair = self._fields(self.accounts[2])
        self.assertIsNone(office)
        self.assertIn("Sum", repair)
        self.company.epd_code_without_sum = "print"
        office, repair = self._fields(self.accounts[3])
        self.assertEqual(office["PersAcc"], "00103")
        self.assertNotIn("Sum", office)

    def test_a_payee_too_long_is_told_on_its_form(self):
        payee = self.office_payee
        payee.epd_payee_name = "Ж" * 159 + "²"
        self.assertRegex(payee.epd_code_problem, r"too long.* 157 bytes \(about 79 letters\)")
        payee.epd_payee_short_name = "ТСЖ «Ж²»"
        self.assertFalse(payee.epd_code_problem)
        self.assertEqual(self._fields()[0]["Name"], "ТСЖ «Ж²»")
        payee.write({"epd_payee_name": "Ж" * 160, "epd_payee_short_name": False})
        self.assertFalse(payee.epd_code_problem, "it fits in Windows-1251")
        document, _problem = self._save(self.accounts[3])
        text = document._load_snapshot()["blocks"][0]["qr"]
        self.assertEqual(text[:7], "ST00011")
        read = code_readers.find_codes(code_readers.rasterise(document._read_pdf(), 200), 200)
        self.assertIn(text, [code.text for code in read])

    def test_spaces_in_requisites_stand_neither_in_the_code_nor_in_the_way(self):
        wanted = self.office_payee._epd_payee_values()
        self.bank.bic = "049205999 "
        self.company.partner_id.write({"vat": " 1655 123453", "epd_kpp": "165501001"})
        self.office_payee.acc_number = "40702 810 9 0000 0001234\u00a0"
        self.office_payee.epd_payee_name = "  "
        self.assertEqual(self.office_payee._epd_payee_values(), wanted)
        self.assertFalse(self.office_payee.epd_code_problem)
        self.assertFalse(self.office_payee.epd_requisites_warning)

    def test_a_payer_at_fault_is_pointed_at(self):
        self.accounts[2].partner_id.name = "Знаков |#;:^_~{}!$%&()*+,/@"
        self.accounts[2].partner_id.write(
            {"epd_last_name": "|#;:^_~{}!$%&()*+,/@", "epd_first_name": "Иван"}
        )
        document, problem = self._save(self.accounts[2])
        self.assertFalse(document)
        self.assertEqual(problem["code"], "payer")
        self.assertIn("responsible person", problem["text"])

    def test_one_home_of_inn_and_kpp(self):
        self.company.epd_kpp = "165501999"
        self.assertEqual(self.company.partner_id.epd_kpp, "165501999")
        self.assertEqual(self._fields()[0]["KPP"], "165501999")
        self.company.partner_id.is_company = True
        self.company.partner_id.epd_kpp = False
        self.assertIn("KPP is empty", self.office_payee.epd_requisites_warning)

    def test_what_was_saved_keeps_its_code_and_a_new_version_gets_the_new_one(self):
        document = self.documents[0]
        before = document.pdf_sha256, document.snapshot_sha256, document._read_pdf()
        self.company.epd_code_category = "7"
        account = document.account_id
        account.gis_service_id = "75да533315-01"
        self.assertFalse(document.is_outdated)
        again = (
            self.env["epd.payment.document"]
            .sudo()
            ._form_documents(account, self.period, "epd", mode="all")[account.id][0]
        )
        self.assertEqual(again.version, document.version + 1)
        self.assertEqual(
            (document.pdf_sha256, document.snapshot_sha256, document._read_pdf()), before
        )
        fields = code_readers.parse_payment(again._load_snapshot()["blocks"][0]["qr"])
        self.assertEqual(fields["Category"], "7")
        self.assertTrue(fields["Purpose"].endswith("///ЖКУ75да533315-01"))

    def test_long_words_break_and_never_shrink_the_page(self):
        account = self.accounts[2]
        account.partner_id.name = "Щ" * 95
        self.building.name = "г. Казань, ул. " + "Ы" * 95
        self.company.name = "Ю" * 95
        self.service_water.name = "Ф" * 95
        document, problem = self._save(account)
        self.assertFalse(problem)
        image = code_readers.rasterise(document._read_pdf(), 300)
        found = code_readers.zxingcpp.read_barcodes(image)
        self.assertEqual([code.bytes[:7] for code in found], [b"ST00011"] * 2)
        for code in found:
            corners = code.position
            width = (corners.top_right.x - corners.top_left.x) * 25.4 / 300
            size = payment_qr.qr_size_mm(code.bytes.decode("cp1251"))
            quiet = 2 * payment_qr.QUIET_ZONE * payment_qr.MODULE_MM
            self.assertAlmostEqual(width, size - quiet, delta=0.5)
        text = pdf_text(document._read_pdf())
        for letter in "ЩЫЮФ":
            self.assertGreaterEqual(text.count(letter), 95)

    def test_a_payer_of_500_letters_keeps_nobody_from_a_receipt(self):
        """The code leaves the name out, so there is room for the sums beside it."""
        self.repair_payee.epd_payee_name = (
            "ООО «УК Демо Сервис», специальный счёт капитального ремонта"
        )
        self._confirm_requisites()
        self.accounts[2].partner_id.write(
            {"epd_last_name": "Щ" * 160, "epd_first_name": "Ы" * 160, "epd_middle_name": "Ж" * 160}
        )
        outcome = (
            self.env["epd.payment.document"]
            .sudo()
            ._form_documents(self.accounts[2:], self.period, "epd")
        )
        for account in self.accounts[2:]:
            document, problem = outcome[account.id]
            self.assertFalse(problem)
            codes = self._find(document, 200)
            self.assertIn(
                account.number, [code_readers.parse_payment(c.text)["PersAcc"] for c in codes]
            )

    def test_a_tatar_name_and_a_long_payee_go_together(self):
        self.office_payee.epd_payee_name = "Управляющая компания " * 7
        self.accounts[2].partner_id.name = "Гыйльметдинова Гөлнара Җәлил кызы"
        fields = self._fields(self.accounts[2])
        self.assertEqual(fields[0]["PersAcc"], "00102")
        self.assertNotIn("LastName", fields[0])
        self.assertEqual(fields[1]["LastName"], "Гыйльметдинова")
        self.assertEqual(fields[1]["MiddleName"], "Җәлил кызы")

    def test_no_sum_is_hidden_behind_a_long_payee(self):
        """The frame of a slip grows with what stands in it; what it hid was the amount due."""
        self.office_payee.epd_payee_name = (
            "Общество с ограниченной ответственностью «Управляющая компания жилищно-коммунального "
            "хозяйства Вахитовского и Приволжского районов города»"
        )
        balance = self.accounts[2].balance_ids.filtered(lambda b: b.payee_id == self.office_payee)
        balance.write(
            {
                "opening": 12345.67,
                "paid": 5000,
                "penalty": 10,
                "court_costs": 20,
                "paid_through": "2026-03-31",
                "last_payment_date": "2026-03-30",
            }
        )
        self.accounts[2].charge_ids[:1].write({"vat_rate": 5, "vat_amount": 1})
        document, problem = self._save(self.accounts[2])
        self.assertFalse(problem)
        page = pdf_words(document._read_pdf())
        due = money.format_money(document._load_snapshot()["blocks"][0]["due"])
        frame = next(word for word in page if word.text == "Расчёт")
        for text in ("включительно,", "30.03.2026", due.split(money.NBSP)[-1].split(" ")[-1]):
            word = next(word for word in page if word.text == text)
            self.assertLess(word.bottom, frame.top - 1, text)
        pixels = code_readers.rasterise(document._read_pdf(), 100)
        last = next(word for word in page if word.text == "30.03.2026")
        scale = 100 / 72
        box = (last.left * scale, last.top * scale, last.right * scale, last.bottom * scale)
        dark = pixels.crop([round(side) for side in box]).histogram()
        self.assertGreater(sum(dark[:128]), 20, "the last line of the slip is cut away")

    def test_a_further_sheet_in_large_print(self):
        account = self.accounts[2]
        account.large_print = True
        document, problem = self._save(account)
        self.assertFalse(problem)
        self.assertEqual(document.page_count, 2)
        sheet = " ".join(pdf_text(document._read_pdf()).split("\f")[1].split())
        for wanted in (
            "Сёмин О’Коннор Пётр",
            "1 324,20 руб.",
            "390,14 руб.",
            "Оплатить до 15.04.2026",
        ):
            self.assertIn(wanted, sheet)
        image = code_readers.rasterise(document._read_pdf(), 200, page=2)
        wanted = sorted(block["qr"] for block in document._load_snapshot()["blocks"])
        self.assertEqual(sorted(c.text for c in code_readers.find_codes(image, 200)), wanted)

    def test_vat_is_printed_only_where_there_is_any(self):
        account = self.accounts[2]
        charge = account.charge_ids.filtered(lambda c: c.service_id == self.service_water)
        charge.write({"vat_rate": 5, "vat_amount": 5.46})
        text = " ".join(pdf_text(self._save(account)[0]._read_pdf()).split())
        self.assertIn("5,46 (5 %)", text)
        self.assertIn("в том числе НДС 5,46", text)
        self.assertNotIn("НДС", pdf_text(self.documents[0]._read_pdf()))

    def test_a_second_form_is_refused_where_the_company_says_so(self):
        account = self.documents[0].account_id
        self.company.epd_second_form = "error"
        document, problem = self._save(account, form="receipt")
        self.assertFalse(document)
        self.assertEqual(problem["code"], "second_form")
        self.company.epd_second_form = "warning"
        document, problem = self._save(account, form="receipt")
        self.assertTrue(document)


@tagged("post_install", "-at_install", "epd_mailing")
class TestPaymentCodePlutoprint(TestPaymentCode):
    """The same from the other engine."""

    allow_inherited_tests_method = True
    engine = "plutoprint"

    def test_it_is_the_other_engine(self):
        self.assertRegex(self.documents[0].engine, r"^plutoprint ")
