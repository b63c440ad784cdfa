from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from ..sending_common import SendingCommon

DAY = timedelta(days=1)


@tagged("post_install", "-at_install", "epd_mailing")
class TestPlan(SendingCommon):
    """«Schedule», then «Send»: the plan is kept, and the clerk sees what goes where and when."""

    def _plan(self, mailing, when=None):
        mailing.action_schedule(when or fields.Datetime.now() + DAY)
        return mailing

    def _open_send(self, mailing):
        action = mailing.action_confirm_send()
        return self.env["epd.mailing.send"].with_context(**action["context"]).create({})

    def test_send_keeps_the_plan(self):
        mailing = self._plan(self._make_mailing())
        planned = mailing.scheduled_at
        mailing.action_send()
        self._run_cron()
        self.assertEqual((mailing.state, mailing.scheduled_at), ("scheduled", planned))
        self.assertFalse(self.fake.letters())
        mailing.action_send_now()
        self._run_cron()
        self.assertEqual(mailing.state, "done")

    def test_a_planned_one_keeps_a_text_that_works(self):
        """It leaves by itself: who breaks its text is told at once, not the payers' night."""
        mailing = self._plan(self._make_mailing())
        before = mailing.body
        for vals, word in (
            ({"body": "<p>{{ nobody }}</p>"}, "nobody"),
            ({"body": "<p>1</p><script>a</script>"}, "script"),
            ({"body": False}, "text"),
            ({"subject": "{{ amount_due }}"}, "amount_due"),
            ({"preheader": "{{ nobody }}"}, "nobody"),
        ):
            with self.subTest(vals), self.assertRaisesRegex(UserError, word), self.cr.savepoint():
                mailing.write(vals)
        mailing.invalidate_recordset()
        self.assertEqual((mailing.state, mailing.body), ("scheduled", before))

    def test_a_planned_one_that_is_not_whole_is_told(self):
        mailing = self._plan(self._make_mailing())
        self.env.cr.execute(
            "UPDATE epd_mailing SET body = '<p>{{ nobody }}</p>' WHERE id = %s", [mailing.id]
        )
        mailing.invalidate_recordset()
        with self.assertRaisesRegex(UserError, "nobody"):
            mailing.action_send()

    def test_of_several_the_planned_ones_wait(self):
        planned = self._plan(self._make_mailing(self.documents[:1]))
        draft = self._make_mailing(self.documents[1:2])
        (planned + draft).action_send()
        self._run_cron()
        self.assertEqual((planned.state, draft.state), ("scheduled", "done"))

    def test_the_window_says_how_many_letters_to_how_many_addresses(self):
        account = self.documents[0].account_id
        account.address_ids = [(0, 0, {"email": "second.of.first@example.com"})]
        mailing = self._make_mailing()
        wizard = self._open_send(mailing)
        pending = mailing.letter_ids.filtered(lambda letter: letter.send_state == "pending")
        self.assertEqual(wizard.letter_count, len(pending))
        self.assertEqual(wizard.address_count, len(set(pending.mapped("email_normalized"))))
        self.assertFalse(wizard.is_planned)
        self._plan(mailing)
        wizard = self._open_send(mailing)
        self.assertTrue(wizard.is_planned)
        self.assertTrue(wizard.plan_text)
        wizard.action_keep_plan()
        self.assertEqual(mailing.state, "scheduled")
        self.assertGreater(mailing.scheduled_at, fields.Datetime.now())
        wizard.action_send_now()
        self.assertLessEqual(mailing.scheduled_at, fields.Datetime.now())

    def test_quiet_hours_put_the_start_off(self):
        self.company.write({"epd_tz": "Europe/Moscow", "epd_quiet_from": 21, "epd_quiet_to": 8})
        mailing = self._make_mailing()
        mailing.action_schedule(datetime(2037, 3, 1, 19, 30))  # 22:30 in Moscow
        self.assertEqual(mailing.scheduled_at, datetime(2037, 3, 2, 5, 0))
        mailing.action_schedule(datetime(2037, 3, 1, 9, 0))
        self.assertEqual(mailing.scheduled_at, datetime(2037, 3, 1, 9, 0))
        mailing.action_schedule(datetime(2037, 3, 1, 19, 30), at_any_hour=True)
        self.assertEqual(mailing.scheduled_at, datetime(2037, 3, 1, 19, 30))
        self.assertTrue(mailing.at_any_hour)
        with Form(
            self.env["epd.mailing.schedule"].with_context(default_mailing_id=mailing.id)
        ) as form:
            form.scheduled_at = datetime(2037, 3, 1, 19, 30)
            self.assertIn("08:00", form.quiet_text)

    def test_a_mailing_that_runs_into_the_night_waits(self):
        mailing = self._make_mailing()
        mailing.action_send()
        end = fields.Datetime.now() + timedelta(hours=3)
        with patch.object(type(mailing), "_get_quiet_end", lambda _self: end):
            self._run_cron()
            self.assertEqual(mailing.state, "sending")
            self.assertFalse(self.fake.letters())
            self.assertEqual(mailing.wait_until, end)
            # who tries the mailing at night gets the letter all the same
            mailing._send_test_letter("clerk@example.com")
            self._run_cron()
            self.assertEqual([one["email"] for one in self.fake.letters()], ["clerk@example.com"])
        self._run_cron()
        self.assertEqual(mailing.state, "done")
        self.assertFalse(mailing.wait_reason)

    def test_a_receipt_from_the_counter_does_not_wait_for_the_morning(self):
        now = self.company._epd_local_time(fields.Datetime.now())
        self.company.write(
            {"epd_quiet_from": (now.hour - 1) % 24, "epd_quiet_to": (now.hour + 2) % 24}
        )
        self.env["epd.message.template"].create(
            {"name": "T", "company_id": self.company.id, "subject": "Счёт", "body": "<p>x</p>"}
        )
        self.documents[0].action_send_alone()
        self._run_cron()
        self.assertEqual(len(self.fake.letters()), 1)
        mailing = self._make_mailing(self.documents[1:2])
        wizard = self._open_send(mailing)
        self.assertTrue(wizard.quiet_text)
        wizard.action_send_now()
        self.assertGreater(mailing.scheduled_at, fields.Datetime.now())
        wizard.at_any_hour = True
        wizard.action_send_now()
        self._run_cron()
        self.assertEqual(mailing.state, "done")

    def test_quiet_hours_are_hours_of_the_day(self):
        for value in (-1, 24, 99):
            with self.subTest(value), self.assertRaises(ValidationError):
                with self.cr.savepoint():
                    self.company.epd_quiet_from = value
                    self.company.flush_recordset()

    def test_a_new_mailing_leads_to_what_is_missing(self):
        """An office that has just begun: each lack names the step before, and opens it."""
        office = self.env["res.company"].sudo().create({"name": "Новая УК"})
        for user in (self.operator, self.manager):
            user.sudo().write({"company_ids": [(4, office.id)]})
        new = self.env["epd.mailing"].with_user(self.operator).with_company(office)
        mailing = new.create({"subject": "Квитанция", "body": "<p>Т</p>"})
        wizards = self.env["epd.mailing.fill"].with_company(office)
        period = self.env["epd.billing.period"].create(
            {"company_id": office.id, "date_start": "2026-03-01"}
        )
        given = {"mailing_id": mailing.id, "period_id": period.id}
        for user, opened in (
            (self.operator, "epd.personal.account"),
            (self.manager, "epd.setup.step"),
        ):
            wizard = wizards.with_user(user).create(given)
            self.assertEqual(wizard.lack, "accounts")
            self.assertEqual(wizard.action_open_lack()["res_model"], opened)
        with self.assertRaisesRegex(UserError, "UniSender"):
            mailing.action_confirm_send()
        self.env["epd.personal.account"].create(
            {
                "number": "1",
                "company_id": office.id,
                "building_id": self.building.copy({"company_id": office.id}).id,
                "partner_id": self.env["res.partner"].create({"name": "Новый Плательщик"}).id,
            }
        )
        wizard = wizards.with_user(self.operator).create(given)
        self.assertEqual(wizard.lack, "receipts")
        self.assertEqual(wizard.action_open_lack()["res_model"], "epd.billing.run")
        # where the month is saved, what is left without a letter counts
        own = self._make_mailing(self.documents.browse())
        wizard = self.env["epd.mailing.fill"].create({"mailing_id": own.id})
        self.assertFalse(wizard.lack)
        wizard.form = "capital_repair"
        self.assertEqual(wizard.lack, "without")

    def test_a_new_mailing_takes_saved_receipts(self):
        self._make_mailing(self.documents[:1])
        mailing = self._make_mailing(self.documents.browse())
        with self.assertRaises(UserError):
            mailing.action_confirm_send()
        form = Form(
            self.env["epd.mailing.fill"].with_context(
                **mailing.action_choose_documents()["context"]
            )
        )
        self.assertEqual(form.period_id, self.period)
        self.assertEqual(form.document_count, len(self.documents) - 1)
        form.form = "capital_repair"
        self.assertFalse(form.document_count)
        form.form = False
        form.list_id = self.env["epd.account.list"].create(
            {
                "name": "Один",
                "kind": "fixed",
                "company_id": self.company.id,
                "account_ids": self.documents[1].account_id.ids,
            }
        )
        self.assertEqual(form.document_count, 1)
        wizard = form.save()
        wizard.action_fill()
        with self.assertRaises(UserError):
            wizard.copy().action_fill()
        self.assertEqual(mailing.letter_ids.document_id, self.documents[1])
        self.assertTrue(self._open_send(mailing).letter_count)

    def test_more_receipts_than_at_once_are_added_in_the_background(self):
        mailing = self._make_mailing(self.documents[-1:])
        with patch("odoo.addons.epd_mailing.models.mailing.epd_mailing_filling.AT_ONCE", 1):
            for _again in range(2):
                wizard = self.env["epd.mailing.fill"].create({"mailing_id": mailing.id})
                if not wizard.document_count:
                    break
                wizard.action_fill()
                while mailing.is_filling:
                    self._run_cron("ir_cron_fill")
        self.assertEqual(mailing.letter_ids.document_id, self.documents)

    def test_repeats_have_names_of_their_own(self):
        mailing = self._send()
        letters = mailing.letter_ids.filtered(lambda letter: letter.send_state == "sent")
        names = [mailing.name]
        for _again in range(2):
            action = letters[:1].action_resend()
            repeat = self.env["epd.mailing"].browse(action["res_id"])
            names.append(repeat.name)
            repeat.letter_ids._withdraw("x")
        self.assertEqual(len(set(names)), 3)
        self.assertIn("2", names[-1])

    def test_a_day_after_the_responsible_person_has_a_report(self):
        mailing = self._make_mailing(responsible_id=self.manager.id)
        self._send(mailing)
        self.assertTrue(mailing.report_due_at)
        notify = self.env["mail.message"].search_count(
            [("partner_ids", "in", self.manager.partner_id.ids)]
        )
        self._run_cron("ir_cron_report")
        self.assertTrue(mailing.report_due_at, "not before its day")
        mailing._unlocked().write({"report_due_at": fields.Datetime.now()})
        lost = mailing.letter_ids.filtered(lambda letter: letter.send_state == "sent")[:1]
        lost._unlocked().write(
            {
                "bounced_at": fields.Datetime.now(),
                "failure_type": "mailbox_full",
                "raw_status": "err_mailbox_full",
            }
        )
        for _again in range(2):
            self._run_cron("ir_cron_report")
        found = self.env["mail.message"].search(
            [("partner_ids", "in", self.manager.partner_id.ids)], order="id desc"
        )
        self.assertEqual(len(found), notify + 1)
        self.assertIn(str(mailing.sent_count), found[0].body)
        self.assertEqual(mailing.activity_ids.user_id, self.manager)

    def test_who_left_the_company_gets_no_report(self):
        mailing = self._make_mailing(responsible_id=self.manager.id)
        self._send(mailing)
        self.manager.sudo().active = False
        mailing._unlocked().write({"report_due_at": fields.Datetime.now()})
        self._run_cron("ir_cron_report")
        self.assertFalse(mailing.report_due_at)
        self.assertNotIn(self.manager, mailing.activity_ids.user_id)

    def test_who_works_in_another_zone_is_told_the_office_s_time(self):
        self.company.epd_tz = "Europe/Moscow"
        moment = "2099-01-01 07:00:00"  # 10:00 in Moscow, 17:00 in Vladivostok
        mailing = self._make_mailing(self.documents[:1])
        mailing.action_schedule(moment)
        for zone, told in (("Europe/Moscow", False), ("Asia/Vladivostok", True), (None, False)):
            with self.subTest(zone):
                mailing.invalidate_recordset(["plan_text"])
                text = mailing.with_context(tz=zone).plan_text
                self.assertIn("10:00", text)
                self.assertEqual("time of the office" in text, told)
                wizard = (
                    self.env["epd.mailing.schedule"]
                    .with_context(tz=zone)
                    .create({"mailing_id": mailing.id, "scheduled_at": moment})
                )
                self.assertEqual(bool(wizard.office_text), told)
