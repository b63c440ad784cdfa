import io
from datetime import date, timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from pypdf import PdfReader

from ...reports.consent_form import ConsentForm
from ..sending_common import SendingCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestOwnerAndConsent(SendingCommon):
    """A new owner, consents and their month, one receipt sent at the counter: as the operator."""

    def setUp(self):
        super().setUp()
        self.account = self.accounts[0].with_user(self.operator)
        self.env["epd.message.template"].create(
            {
                "name": "Квитанция",
                "subject": "Квитанция за {{ period }}",
                "body": "<p>Здравствуйте!</p>",
                "company_id": self.company.id,
            }
        )
        self.new = self.env["res.partner"].create({"name": "Новая Хозяйка"})

    def _consent(self, day, action="given", kind="instead", account=None):
        return (
            self.env["epd.delivery.consent"]
            .with_user(self.operator)
            .create(
                {
                    "account_id": (account or self.account).id,
                    "date": day,
                    "action": action,
                    "kind": kind,
                    "basis": "Заявление",
                }
            )
        )

    def _hand_over(self, **vals):
        wizard = self.env["epd.new.owner"].with_user(self.operator)
        with Form(wizard.with_context(default_account_id=self.account.id)) as form:
            self.assertEqual(form.old_partner_id, self.accounts[0].partner_id)
            self.assertEqual(form.closing_text, "ivanov@example.com")
            form.partner_id = vals.get("partner", self.new)
            form.email = vals.get("email", "new@example.com")
            form.date = vals.get("date", fields.Date.today())
            form.basis = "Выписка из ЕГРН"
        return form.save().action_apply()

    def test_the_earlier_owner_never_gets_the_next_bill(self):
        self._consent("2026-01-10")
        waiting = self._make_mailing(self.documents[0])
        old = self.account.address_ids
        self._hand_over()
        self.assertEqual(old.state, "closed")
        self.assertIn(f"{fields.Date.today():%d.%m.%Y}", old.state_reason)
        self.assertEqual(waiting.letter_ids.send_state, "cancelled")
        self.assertEqual(self.account.partner_id, self.new)
        self.assertEqual(self.new.email, "new@example.com")
        (noted,) = [m.body for m in self.account.message_ids if "ivanov@example.com" in m.body]
        self.assertIn("Новая Хозяйка", noted)
        self.assertEqual(self.account.consent_state, "none", "a consent is the person's own")
        # the next month
        april = self.env["epd.billing.period"].create(
            {"date_start": "2026-04-01", "company_id": self.company.id}
        )
        self._make_charges(self.accounts[0], april)
        documents = self._make_documents(self.accounts[0], april)
        self._send(self._make_mailing(documents, period_id=april.id))
        self.assertEqual([letter["email"] for letter in self.fake.letters()], ["new@example.com"])

    def test_a_saved_receipt_is_not_mailed_to_anybody(self):
        self._hand_over()
        with self.assertRaisesRegex(UserError, "previous responsible person"):
            self.documents[0].with_user(self.operator).action_send_alone()

    def test_what_is_refused(self):
        with self.assertRaisesRegex(UserError, "already"):
            self._hand_over(partner=self.accounts[0].partner_id, email="ivanov@example.com")
        with self.assertRaisesRegex(UserError, "beforehand"):
            self._hand_over(date=fields.Date.today() + timedelta(days=2))
        self.assertEqual(self.account.address_ids.state, "active")

    def test_consent_counts_from_its_month(self):
        april = self.env["epd.billing.period"].create(
            {"date_start": "2026-04-01", "company_id": self.company.id}
        )
        for day, counts in (("2026-03-20", True), ("2026-03-21", False)):
            consent = self._consent(day, account=self.accounts[1])
            self.assertEqual(consent.effective_from, date(2026, 3 if counts else 4, 1))
        late = self._consent("2026-03-21")
        self.assertEqual(late.effective_from, date(2026, 4, 1))
        account = self.accounts[0]
        self.assertTrue(account._wants_paper(self.period))
        self.assertFalse(account._wants_paper(april))
        self._consent("2026-04-05", action="withdrawn")
        self.assertFalse(account._wants_paper(self.period) - account)
        self.assertTrue(account._wants_paper(april))
        self.assertEqual(account.consent_state, "withdrawn")

    def test_cutoff_day_is_the_companys(self):
        self.company.epd_consent_cutoff_day = 31
        self.assertEqual(self._consent("2026-03-31").effective_from, date(2026, 3, 1))
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self.company.epd_consent_cutoff_day = 0
            self.company.flush_recordset()

    def test_strict_policy_asks_for_a_consent_that_counts(self):
        self.company.epd_consent_policy = "strict"
        self._consent("2026-03-25")
        self._consent("2026-03-15", account=self.accounts[1])
        reasons = {
            letter.account_id: letter.failure_type
            for letter in self._make_mailing(self.documents[:2]).letter_ids
        }
        self.assertEqual(reasons, {self.accounts[0]: "no_consent", self.accounts[1]: False})

    def test_consents_by_the_minutes(self):
        self._consent("2026-01-10", action="withdrawn")
        self._consent("2026-01-10", account=self.accounts[1])
        wizard = self.env["epd.consent.bulk"].with_user(self.operator)
        with Form(wizard.with_context(default_building_id=self.building.id)) as form:
            form.basis = "Протокол № 1 от 01.03.2026"
            form.date = "2026-03-01"
            self.assertEqual((form.account_count, form.same_count, form.passed_count), (1, 1, 2))
            form.over_withdrawn = True
            self.assertEqual(form.account_count, 2)
            form.over_withdrawn = False
        form.save().action_apply()
        self.assertEqual(
            self.accounts.mapped("consent_state"), ["withdrawn", "instead", "instead", "none"]
        )
        self.assertEqual(self.accounts[2].consent_ids.user_id, self.operator)
        with self.assertRaises(UserError):
            form.save().action_apply()

    def test_a_changed_email_is_followed_and_shown(self):
        account = self.accounts[0]
        account.partner_id.with_user(self.operator).email = "moved@example.com"
        self.assertEqual(account.address_ids.email_normalized, "moved@example.com")
        note = account.message_ids[0].body
        self.assertIn("ivanov@example.com", note)
        self.assertIn("moved@example.com", note)
        count = len(account.message_ids)
        account.partner_id.email = "moved@example.com"
        self.assertEqual(len(account.message_ids), count, "nothing changed, nothing is said")

    def test_the_printed_consent(self):
        data = ConsentForm(self.account).get_data(self.account)
        self.assertEqual(data["payer"], "Иванов Иван Иванович")
        self.assertEqual(data["email"], "ivanov@example.com")
        forms = ConsentForm(self.accounts[:2].with_user(self.operator)).render()
        self.assertEqual(list(forms), self.accounts[:2].ids)
        self.assertTrue(all(pdf.startswith(b"%PDF") for pdf in forms.values()))
        report = self.env["ir.actions.report"].with_user(self.operator)
        printed, kind = report._render_qweb_pdf(
            "epd_mailing.epd_consent_report", self.accounts[:2].ids
        )
        pages = PdfReader(io.BytesIO(printed)).pages
        self.assertEqual((len(pages), kind), (4, "pdf"), "two sheets each")
        request, consent = (
            " ".join(page.extract_text().replace("\xa0", " ").split()) for page in pages[:2]
        )
        for sheet in (request, consent):
            self.assertEqual(sheet.count("Подпись"), 1, "each has its own signature")
            self.assertIn("Иванов Иван Иванович", sheet)
        self.assertIn("статьи 155", request)
        self.assertNotIn("персональн", request)
        self.assertIn("152-ФЗ", consent)
        for word in ("155", "заявлени", "квитанци"):
            self.assertNotIn(word, consent.lower().replace("письменным заявлением", ""))
        nobody = new_test_user(self.env, "epd_consent_nobody", "base.group_user")
        with self.assertRaises(AccessError):
            report.with_user(nobody)._render_qweb_pdf(
                "epd_mailing.epd_consent_report", self.account.ids
            )

    def test_both_papers_are_told_apart_on_the_account(self):
        """A consent to data processing is entered as what it is, and decides nothing about paper."""
        before = self.account.consent_state
        with Form(self.account) as form:
            with form.consent_ids.new() as line:
                line.document = "data"
                line.basis = "Согласие от 01.02.2026"
            self.assertEqual(form.consent_state, before)
            with form.consent_ids.new() as line:
                line.kind = "copy"
                line.basis = "Заявление от 01.02.2026"
            self.assertEqual(form.consent_state, "copy")
        self.assertEqual(
            sorted(self.account.consent_ids.filtered("basis")[-2:].mapped("document")),
            ["data", "request"],
        )

    def test_the_register_tells_the_two_papers_apart(self):
        account = self.accounts[1]
        consents = self.env["epd.delivery.consent"]
        common = {"account_id": account.id, "basis": "Заявление"}
        consents.create({**common, "document": "data", "date": "2026-01-15"})
        self.assertEqual(account.consent_state, "none", "it decides nothing about the delivery")
        consents.create({**common, "document": "request", "date": "2026-01-16"})
        self.assertEqual(account.consent_state, "instead")
        withdrawn = consents.create(
            {**common, "document": "data", "action": "withdrawn", "date": "2026-01-20"}
        )
        self.assertEqual(account.consent_state, "instead")
        old = consents.create({**common, "document": "joint", "date": "2025-08-31"})
        late = consents.create({**common, "document": "joint", "date": "2025-09-01"})
        self.assertEqual((old.is_joint, late.is_joint, withdrawn.is_joint), (False, True, False))
        found = consents.search([("account_id", "=", account.id), ("is_joint", "=", True)])
        self.assertEqual(found, late)

    def test_balance_of_the_period_on_the_account(self):
        self.assertAlmostEqual(self.account.due_now, 1714.34)
        self.env["epd.account.balance"].search(
            [("account_id", "=", self.account.id), ("payee_id", "=", self.repair_payee.id)]
        ).opening = -1000
        self.assertAlmostEqual(self.account.due_now, 1324.20)
        self.assertAlmostEqual(self.account.advance_now, 609.86)
