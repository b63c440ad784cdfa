import io
import re
import zipfile
from datetime import datetime

import openpyxl
from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import HttpCase, new_test_user, tagged
from pypdf import PdfReader

from ...wizards import epd_document_zip, epd_presentation_proof
from ..paper.test_paper import PaperCase


@tagged("post_install", "-at_install", "epd_mailing")
class TestDownloads(PaperCase, HttpCase):
    """Tables, papers and archives, downloaded as the operator does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.epd_tz = "Asia/Vladivostok"  # ten hours before UTC
        cls.mailing = cls._make_mailing()
        cls.letters = cls.mailing.letter_ids.filtered(lambda x: x.send_state == "pending")
        cls.accounts[0].partner_id.name = "=HYPERLINK(1)"
        for letter in cls.letters:
            letter._unlocked().write(
                {"send_state": "sent", "sent_at": "2026-04-01 10:00:00", "provider_id": "77-1"}
            )
        # 23:59 and 0:01 of the legal day's end in the office's zone
        cls.letters[0]._unlocked().write(
            {"delivered_at": "2026-04-05 13:59:00", "delivered_source": "webhook"}
        )
        cls.letters[1]._unlocked().write(
            {"delivered_at": "2026-04-05 14:01:00", "delivered_source": "poll"}
        )
        cls.env.flush_all()

    def setUp(self):
        super().setUp()
        self.authenticate("epd_operator", "epd_operator")

    def _run_cron(self, name="ir_cron_send"):
        # the class is in the runner's test mode already
        root = self.env.ref("base.user_root")
        self.env.ref(f"epd_mailing.{name}").with_user(root).method_direct_trigger()

    def _get(self, action, status=200):
        answer = self.url_open(action["url"])
        self.assertEqual(answer.status_code, status, answer.text[:200])
        return answer.content

    def _book(self, action):
        return openpyxl.load_workbook(io.BytesIO(self._get(action)))

    def _proof(self, **vals):
        return (
            self.env["epd.presentation.proof"]
            .with_user(self.operator)
            .create({"company_id": self.company.id, **vals})
        )

    def test_delivery_report(self):
        sheet = self._book(self.mailing.with_user(self.operator).action_delivery_report()).active
        self.assertEqual(sheet.max_row, 5)
        self.assertEqual(sheet.freeze_panes, "A2")
        self.assertTrue(sheet.auto_filter.ref)
        # by place: the headers are in the language of the session
        names = ("Building", "Premises", "Account", "Payer", "Document", "Due", "Address")
        names += ("Status", "Reason", "Sent", "Delivered")
        row = {name: sheet.cell(2, place) for place, name in enumerate(names, start=1)}
        self.assertEqual(row["Payer"].value, "=HYPERLINK(1)")
        self.assertEqual(row["Payer"].data_type, "s", "a text, not a formula")
        self.assertEqual(row["Delivered"].value, datetime(2026, 4, 5, 23, 59))
        self.assertTrue(row["Delivered"].is_date)
        self.assertEqual(row["Account"].value, "00100")
        self.assertGreater(sheet.column_dimensions["A"].width, 20)

    def test_proof_table_and_the_legal_day(self):
        batch = self._make()
        batch.action_mark_printed()
        book = self._book(self._proof(period_from=self.period.id).action_xlsx())
        sheet, summary = book.worksheets
        rows = list(sheet.iter_rows(min_row=2, values_only=True))
        self.assertEqual(len(rows), 7, "three letters, and all four on paper: nobody has agreed")
        hashes = {row[9] for row in rows}
        self.assertEqual(hashes, set(self.documents.mapped("pdf_sha256")))
        # live, sent in time, arrived in time: a minute after midnight of the office is late
        figures = [row[1] for row in summary.iter_rows(min_row=2, values_only=True)]
        self.assertEqual(figures[:3], [4, 3, 1])

    def test_proof_paper(self):
        self.env["epd.gis.placement"].create(
            {
                "account_id": self.accounts[1].id,
                "period_id": self.period.id,
                "gis_document_id": "16да533311-01-6031",
                "placed_on": "2026-04-03",
            }
        )
        self.operator.partner_id.function = "Главный бухгалтер"
        proof = self._proof(account_id=self.accounts[1].id)
        pdf = self._get(proof.action_pdf())
        text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
        plain = "".join(text.split())
        for part in (
            "Сведения о предъявлении",
            self.documents[1].pdf_sha256,
            "не позднее 06.04.2026 00:01",
            "77-1",
            "1 / 1",
            "Петрова Анна Сергеевна",
            "размещён 03.04.2026, идентификатор 16да533311-01-6031",
            "Главный бухгалтер",
            "Предъявлено по электронной почте",
        ):
            self.assertIn("".join(part.split()), plain)
        self.assertNotIn("Иванов", plain)

    def test_archive(self):
        self.accounts[0].number = "00/1 00"
        documents = self.documents.with_user(self.operator)
        content = self._get(documents.action_zip())
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            self.assertEqual(names[0], "00_1_00_2026-03_epd_v1.pdf")
            self.assertEqual(len(set(names)), 4)
            self.assertEqual(archive.read(names[1]), self.documents[1]._read_pdf())

    def test_an_archive_has_bounds(self):
        self.patch(epd_document_zip, "COUNT_LIMIT", 3)
        with self.assertRaisesRegex(UserError, "too many for one archive"):
            self.documents.action_zip()

    def test_a_damaged_file_makes_no_archive(self):
        action = self.documents.with_user(self.operator).action_zip()
        self.env.cr.execute(
            "UPDATE epd_payment_document SET pdf_sha256 = 'x' WHERE id = %s",
            (self.documents[2].id,),
        )
        self.documents.invalidate_recordset()
        self.assertIn(self.documents[2].name, self._get(action, 409).decode())

    def test_paper_download(self):
        batch = self._make()
        pdf = self._get(batch.action_download())
        self.assertEqual(len(PdfReader(io.BytesIO(pdf)).pages), 4)

    def _urls(self):
        """Return the address of a file of each kind; what is asked for there has the number 0."""
        order = self.env["epd.import"].with_user(self.operator).create({"kind": "account"})
        urls = [
            self.documents[0].with_user(self.operator).action_open_pdf()["url"],
            self.mailing.action_delivery_report()["url"],
            self._make().action_download()["url"],
            self._proof().action_xlsx()["url"],
            self._proof(account_id=self.accounts[0].id).action_pdf()["url"],
            self.documents.with_user(self.operator).action_zip()["url"],
            f"/epd_mailing/import/{order.id}/problems.xlsx",
        ]
        return {url: re.sub(r"/[0-9]+/", "/0/", url) for url in urls}

    def test_what_a_browser_may_do_with_a_file(self):
        for url, nothing in self._urls().items():
            answer = self.url_open(url)
            self.assertEqual(answer.status_code, 200, url)
            headers = answer.headers
            self.assertIn("no-store", headers["Cache-Control"], url)
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff", url)
            kind = "inline" if headers["Content-Type"] == "application/pdf" else "attachment"
            self.assertTrue(headers["Content-Disposition"].startswith(f"{kind}; filename"), url)
            self.assertEqual(len(answer.content), int(headers["Content-Length"]), url)
            self.assertNotEqual(nothing, url)
            self.assertEqual(self.url_open(nothing).status_code, 404, nothing)
            self.assertEqual(self.url_open(nothing.replace("/0/", "/99999999/")).status_code, 404)

    def test_what_is_told_instead_of_a_file_is_no_markup(self):
        batch = self._make()
        self.env.cr.execute(
            "UPDATE epd_payment_document SET pdf_sha256 = 'x', name = '<b>' WHERE id IN %s",
            (tuple(self.documents.ids),),
        )
        self.env.cr.execute(
            "UPDATE epd_paper_batch_part SET sha256 = 'x', name = '<b>' WHERE batch_id = %s",
            (batch.id,),
        )
        self.env.invalidate_all()
        for url in (
            self.documents[0].with_user(self.operator).action_open_pdf()["url"],
            self.documents.with_user(self.operator).action_zip()["url"],
            batch.action_download()["url"],
        ):
            answer = self.url_open(url)
            self.assertEqual(answer.status_code, 409, url)
            self.assertIn("<b>", answer.text)
            self.assertEqual(answer.headers["Content-Type"], "text/plain; charset=utf-8", url)
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff", url)
            self.assertIn("no-store", answer.headers["Cache-Control"], url)

    def test_strangers_get_nothing(self):
        batch = self._make()
        urls = [
            self.mailing.action_delivery_report()["url"],
            batch.action_download()["url"],
            self._proof().action_xlsx()["url"],
            self._proof(account_id=self.accounts[0].id).action_pdf()["url"],
            self.documents.with_user(self.operator).action_zip()["url"],
        ]
        other = self.env["res.company"].create({"name": "Чужая"})
        for login, group in (
            ("epd_out_stranger", "epd_mailing.group_epd_manager"),
            ("epd_out_nobody", "base.group_user"),
        ):
            new_test_user(
                self.env, login, group, company_id=other.id, company_ids=[(6, 0, other.ids)]
            )
            self.authenticate(login, login)
            for url in urls:
                self.assertEqual(self.url_open(url).status_code, 404, (login, url))
        self.authenticate(None, None)
        for url in urls:
            answer = self.url_open(url, allow_redirects=False)
            self.assertEqual(answer.status_code, 303, url)

    def test_too_much_for_a_paper(self):
        self.patch(epd_presentation_proof, "PDF_LIMIT", 3)
        proof = self._proof(building_id=self.building.id)
        with self.assertRaisesRegex(UserError, "too many for a paper"):
            proof.action_pdf()
        empty = self._proof(form="receipt")
        with self.assertRaisesRegex(UserError, "no saved document"):
            empty.action_xlsx()

    def test_days_of_the_office(self):
        moment = fields.Datetime.to_datetime("2026-04-05 14:01:00")
        self.assertEqual(str(self.company._epd_local_time(moment).date()), "2026-04-06")
