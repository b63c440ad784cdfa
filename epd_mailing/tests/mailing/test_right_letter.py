import io

import openpyxl
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from ...reports.delivery_report import DeliveryReport
from ..sending_common import SendingCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestRightLetter(SendingCommon):
    """What becomes of letters when an address goes, and what a letter says it was sent to."""

    def setUp(self):
        super().setUp()
        self.account, self.document = self.accounts[0], self.documents[0]
        self.partner = self.account.partner_id

    def received(self):
        return sorted(letter["email"] for letter in self.fake.letters())

    def test_waiting_letters_of_a_cleared_address_are_withdrawn(self):
        mailing = self._make_mailing(self.documents[:2])
        mailing.action_send()
        self.partner.email = False
        letter = mailing.letter_ids.filtered(lambda x: x.document_id == self.document)
        self.assertEqual((letter.send_state, letter.failure_type), ("skipped", "address_closed"))
        self._run_cron()
        self.assertEqual(self.received(), ["petrova@example.com"])
        self.assertIn(self.account, self.account._wants_paper())

    def test_a_mailing_not_begun_writes_to_the_new_address(self):
        mailing = self._make_mailing(self.documents[:2])
        self.partner.email = "moved@example.com, second@example.com"
        letters = mailing.letter_ids.filtered(lambda x: x.document_id == self.document)
        self.assertEqual(
            sorted((x.email, x.send_state) for x in letters),
            [
                ("ivanov@example.com", "skipped"),
                ("moved@example.com", "pending"),
                ("second@example.com", "pending"),
            ],
        )
        self._send(mailing)
        self.assertEqual(
            self.received(), ["moved@example.com", "petrova@example.com", "second@example.com"]
        )

    def test_each_way_of_losing_an_address_stops_its_letter(self):
        ways = {
            "address_closed": lambda: self.account.address_ids.action_close(),
            "address_bounced": lambda: self.account.address_ids._lose("bounced", "x"),
            "address_unsubscribed": lambda: self.account.address_ids._lose("unsubscribed", "x"),
            "malformed_address": lambda: self.partner.write({"email": "ivan petrov@mail.ru"}),
            "payer_changed": lambda: self.account.write(
                {"partner_id": self.accounts[1].partner_id.id}
            ),
        }
        for reason, lose in ways.items():
            with self.subTest(reason), self.cr.savepoint() as point:
                mailing = self._make_mailing(self.document)
                lose()
                self.assertEqual(
                    mailing.letter_ids.mapped(lambda x: (x.send_state, x.failure_type)),
                    [("skipped", reason)],
                )
                point.rollback()
                self.env.invalidate_all()

    def test_a_letter_names_what_the_service_was_given(self):
        self.partner.email = "Иванов <Ivan@ПОЧТА.РФ>"
        mailing = self._make_mailing(self.document)
        given = "ivan@xn--80a1acny.xn--p1ai"
        self.assertEqual(mailing.letter_ids.mapped("email"), [given])
        self._send(mailing)
        self.assertEqual(self.received(), [given])
        self.assertIn(given, self.document.letters_text)

    def test_report_proof_and_account_name_what_the_service_was_given(self):
        self.partner.email = "Иванов <Ivan@ПОЧТА.РФ.>"
        mailing = self._make_mailing(self.document)
        given = "ivan@xn--80a1acny.xn--p1ai"
        self._send(mailing)
        self.assertEqual(self.received(), [given])
        # an operator cannot make them say something else
        address, letter = self.account.address_ids, mailing.letter_ids
        for record, name in (
            (address, "email_normalized"),
            (letter, "email"),
            (letter, "email_normalized"),
        ):
            with self.assertRaises(UserError):
                record.with_user(self.manager).write({name: "stranger@example.com"})
        # and what the contact says afterwards is about the next letter
        self.partner.email = "moved@example.com"
        self.env.flush_all()
        self.env.invalidate_all()
        told = {"the document of the account": self.document.letters_text}
        told["the letters of the account"] = (
            self.env["epd.mailing.letter"]
            .search(self.account.with_user(self.operator).action_letters()["domain"])
            .email
        )
        stream = io.BytesIO()
        DeliveryReport(mailing.with_user(self.operator)).write_to(stream)
        told["delivery report"] = self.read_table(stream)
        proof = self.env["epd.presentation.proof"].with_user(self.operator)
        proof = proof.create({"company_id": self.company.id, "account_id": self.account.id})
        stream = io.BytesIO()
        proof._write_xlsx(stream)
        told["table of the proof"] = self.read_table(stream)
        told["paper of the proof"] = str(proof._get_paper_data())
        api = self.env["epd.api"].with_user(self.manager).with_company(self.company)
        told["program"] = api.list_letters(mailing.id)["letters"][0]["email"]
        for place, text in told.items():
            with self.subTest(place):
                self.assertIn(given, text)
                self.assertNotIn("moved@example.com", text)

    def read_table(self, stream):
        """Return all cells of a table as one text."""
        sheet = openpyxl.load_workbook(stream).active
        return " ".join(str(cell) for row in sheet.iter_rows(values_only=True) for cell in row)

    def test_lists_get_a_letter_each(self):
        self.partner.email = "a@example.com; b@example.com"
        self._send(self._make_mailing(self.document))
        self.assertEqual(self.received(), ["a@example.com", "b@example.com"])

    def test_the_test_letter(self):
        mailing = self._make_mailing(self.documents[:1])
        for text in ("clerk office@example.com", "a@example.com, b@example.com", "", "no"):
            wizard = Form(
                self.env["epd.mailing.test"].with_context(
                    default_mailing_id=mailing.id, default_document_id=self.document.id
                )
            )
            wizard.email = text or " "
            with self.assertRaises(UserError):
                wizard.save().action_send()
        letter = self.env["epd.mailing.letter"].browse(
            mailing._send_test_letter("Clerk@Example.com.", self.document.id)
        )
        self.assertEqual(
            (letter.email, letter.email_normalized), ("clerk@example.com", "clerk@example.com")
        )

    def test_sender_and_replies(self):
        service = self.unisender
        for name in ("sender_email", "reply_to"):
            for text in ("office uk@example.com", "a@example.com, b@example.com", "нет"):
                with self.subTest(name), self.assertRaises(ValidationError):
                    service[name] = text
                with self.subTest(name), self.assertRaises(ValidationError):
                    service.copy({"name": "другая", name: text})
            service[name] = " Office@Example.com. "
            self.assertEqual(service[name], "office@example.com")
        with self.assertRaises(ValidationError):
            self.building.reply_to = "office uk@example.com"
        self.building.reply_to = "Дом@почта.РФ"
        self.assertEqual(self.building.reply_to, "дом@почта.рф")
        self.building.reply_to = False
