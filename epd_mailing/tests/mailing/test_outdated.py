from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from ..sending_common import SendingCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestOutdated(SendingCommon):
    """Charges that change after saving: said before the letters go, or they do not go."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        every = cls.env.ref("epd_mailing.account_list_all_open")
        cls.billing_run = cls.env["epd.billing.run"].create(
            {
                "period_id": cls.period.id,
                "company_id": cls.company.id,
                "list_ids": [(6, 0, every.ids)],
            }
        )

    def setUp(self):
        super().setUp()
        self.mailing = self._make_mailing(self.documents[:2])
        self.document = self.documents[0]

    def change(self):
        """100,00 ₽ more on the first account."""
        account = self.accounts[0]
        charge = account.charge_ids.filtered(lambda c: c.service_id == self.service_house)
        charge.write({"amount_individual": 1309.60, "amount": 1309.60})
        balance = account.balance_ids.filtered(lambda b: b.payee_id == self.office_payee)
        balance.charged += 100
        self.env.flush_all()
        self.env.invalidate_all()

    def page(self):
        action = self.billing_run.with_user(self.operator).action_confirm_mailing()
        return self.env["epd.run.outlook"].browse(action["res_id"])

    def test_nothing_is_said_of_what_is_as_saved(self):
        self.assertEqual((self.mailing.outdated_count, self.mailing.outdated_text), (0, False))
        self.assertNotIn("outdated", self.page().line_ids.mapped("what"))

    def test_count_and_sums_on_the_mailing_and_on_who_gets_what(self):
        self.change()
        self.mailing.action_schedule("2040-01-01 00:00:00")
        for text in (
            self.mailing.outdated_text,
            self.page().line_ids.filtered(lambda line: line.what == "outdated").text,
        ):
            self.assertIn("1 documents", text)
            self.assertIn("1 714,34", text.replace("\xa0", " ").replace("\u202f", " "))
            self.assertIn("1 814,34", text.replace("\xa0", " ").replace("\u202f", " "))
        self.assertEqual(self.mailing.outdated_count, 1)
        self.assertFalse(self.mailing.outdated_blocks)
        line = self.page().line_ids.filtered(lambda line: line.what == "outdated")
        self.assertEqual(line.mend, "again")
        found = self.env["epd.payment.document"].search(line.action_open()["domain"])
        self.assertEqual(found, self.document)
        line.action_mend()
        self.assertEqual(self.billing_run.mode, "changed")
        schedule = self.env["epd.mailing.schedule"].create({"mailing_id": self.mailing.id})
        self.assertEqual(schedule.outdated_text, self.mailing.outdated_text)

    def test_payments_readings_names_and_numbers_count_too(self):
        account = self.accounts[0]
        reading = {
            "account_id": account.id,
            "period_id": self.period.id,
            "service_id": self.service_water.id,
            "meter_number": "1",
        }
        ways = {
            "payment": lambda: account.balance_ids[0].write({"paid": 5}),
            "balance": lambda: account.balance_ids[0].write({"penalty": 5}),
            "reading": lambda: self.env["epd.meter.reading"].create(reading),
            "charge is gone": lambda: account.charge_ids[0].unlink(),
            "name": lambda: account.partner_id.write({"name": "Иванова Анна"}),
            "name in the code": lambda: account.partner_id.write({"epd_last_name": "Иванова"}),
            "merged": lambda: self.merge(account.partner_id),
            "number": lambda: account.write({"number": "00999"}),
        }
        for name, change in ways.items():
            with self.subTest(name), self.cr.savepoint() as point:
                change()
                self.env.flush_all()
                self.env.invalidate_all()
                self.assertEqual(self.mailing.outdated_count, 1)
                self.assertTrue(self.document.is_outdated)
                point.rollback()
                self.env.invalidate_all()

    def merge(self, partner):
        """The contact is one with another, and is called as that one is; the letter goes on."""
        twin = self.env["res.partner"].create({"name": "Иванов И. И.", "email": partner.email})
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((partner | twin).ids, twin, extra_checks=False)

    def test_what_says_the_same_is_not_outdated(self):
        """Looked at again, since something was written, and nothing that is printed differs."""
        partner = self.accounts[0].partner_id
        partner.write({"epd_last_name": "Иванов", "epd_first_name": "Иван"})
        partner.write({"epd_middle_name": "Иванович", "name": "Другое имя"})
        partner.name = "Иванов Иван Иванович"
        self.env.invalidate_all()
        self.assertTrue(self.document.touched_at)
        self.assertEqual(self.mailing.outdated_count, 0)

    def test_an_earlier_month_that_still_waits_counts_too(self):
        april = self.env["epd.billing.period"].create(
            {"date_start": "2026-04-01", "company_id": self.company.id}
        )
        self.company.epd_current_period_id = april
        presented = self.documents[1]
        self._send(self._make_mailing(self.documents[2]))
        letter = self.mailing.letter_ids.filtered(lambda x: x.document_id == presented)
        letter._unlocked()._move("claimed")
        letter._unlocked()._move("sending")
        letter._unlocked()._move("sent", delivered_at="2026-04-02 10:00:00")
        self.accounts[0].partner_id.name = "Иванова Анна"
        self.accounts[1].number = "00777"
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self.mailing.outdated_count, 1)
        self.assertTrue(self.document.is_outdated)
        self.assertFalse(presented.is_outdated, "history that reached its payer stays as it is")
        self.assertEqual(presented.delivery_state, "delivered")

    def test_one_receipt_at_the_counter(self):
        self.mailing.action_cancel()
        open_page = self.document.with_user(self.operator).action_confirm_send
        pages = self.env["epd.receipt.send"].with_user(self.operator)
        page = Form(pages.with_context(**open_page()["context"]))
        self.assertFalse(page.outdated_text)
        self.change()
        page = Form(pages.with_context(**open_page()["context"])).save()
        for text in ("1 714,34", "1 814,34"):
            self.assertIn(text, page.outdated_text.replace("\xa0", " ").replace("\u202f", " "))
        action = page.action_reissue()
        wizard = self.env[action["res_model"]].with_context(**action["context"])
        with Form(wizard.with_user(self.operator)) as form:
            form.reason = "Перерасчёт"
        fresh = form.save().action_apply()
        self.assertEqual(self.document.state, "superseded")
        fresh = self.env["epd.payment.document"].browse(fresh["res_id"])
        self.assertAlmostEqual(fresh.total_due, 1814.34)
        self.company.epd_outdated_policy = "block"
        self.accounts[0].partner_id.name = "Иванова Анна"
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "Changed after"):
            fresh.with_user(self.operator).action_send_alone()

    def test_issued_again_in_the_mailing(self):
        self.change()
        self.mailing.action_schedule("2040-01-01 00:00:00")
        self.mailing.with_user(self.operator).action_reissue_outdated()
        self.env.invalidate_all()
        self.assertEqual(self.document.state, "superseded")
        waiting = self.mailing.letter_ids.filtered(lambda x: x.send_state == "pending")
        fresh = waiting.document_id - self.documents
        self.assertEqual((len(waiting), fresh.version), (2, 2))
        self.assertAlmostEqual(fresh.total_due, 1814.34)
        self.assertEqual(self.mailing.outdated_count, 0)
        self.assertEqual(self.mailing.state, "scheduled")

    def test_a_renamed_payer_is_issued_again(self):
        name = self.accounts[0].partner_id.name
        document = self.document.with_user(self.operator)
        self.assertFalse(document.printed_payer)
        self.accounts[0].partner_id.name = "Иванова Анна"
        self.assertEqual(document.printed_payer, name)
        self.mailing.action_reissue_outdated()
        self.assertEqual(document.state, "superseded")
        self.assertEqual(self.mailing.outdated_count, 0)
        newer = self.env["epd.payment.document"].browse(document.action_open_newer()["res_id"])
        self.assertEqual((newer.state, newer.printed_payer), ("saved", False))
        newer.with_user(self.operator).action_cancel_document("Ошибка")
        with self.assertRaises(UserError):
            document.action_open_newer()

    def test_a_company_may_warn_only(self):
        self.change()
        self._send(self.mailing)
        self.assertEqual(len(self.fake.letters()), 2)

    def test_a_company_may_block(self):
        self.company.epd_outdated_policy = "block"
        self.mailing.action_schedule("2040-01-01 00:00:00")
        self.change()
        self.assertTrue(self.mailing.outdated_blocks)
        with self.assertRaisesRegex(UserError, "Issue Again"):
            self.mailing.action_send()
        second = self._make_mailing(self.document)
        self.assertEqual(second.letter_ids.failure_type, "document_outdated")
        # the last look before the call: changed while scheduled
        self.mailing._unlocked().write({"scheduled_at": "2020-01-01 00:00:00"})
        self._run_cron()
        self.env.invalidate_all()
        letters = {x.document_id: (x.send_state, x.failure_type) for x in self.mailing.letter_ids}
        self.assertEqual(letters[self.document], ("skipped", "document_outdated"))
        self.assertEqual(letters[self.documents[1]][0], "sent")
        self.assertEqual([x["email"] for x in self.fake.letters()], ["petrova@example.com"])
