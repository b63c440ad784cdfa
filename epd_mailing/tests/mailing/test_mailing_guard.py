import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ...models.mailing.mailing_message import MailingMessage
from ..sending_common import SendingCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestMailingGuard(SendingCommon):
    """What a mailing takes in and skips, and what a clerk may do with it."""

    def _as_operator(self, mailing):
        return mailing.with_user(self.operator)

    # --- documents → letters ----------------------------------------------------------------------

    def test_a_letter_for_each_address(self):
        self.env["epd.delivery.address"].create(
            {"account_id": self.accounts[0].id, "email": "second@example.com"}
        )
        mailing = self._make_mailing()
        going = mailing.letter_ids.filtered(lambda x: x.send_state == "pending")
        self.assertEqual(len(going), 4)
        self.assertEqual(len(set(going.mapped("letter_key"))), 4)
        self.assertEqual(self.documents[0].delivery_state, "pending")

    def test_only_a_paused_mailing_goes_on(self):
        """A draft whose letters are still being written would be planned for no day at all."""
        mailing = self._make_mailing()
        mailing._unlocked().write({"is_filling": True, "fill_left": 5, "fill_total": 5})
        with self.assertRaises(UserError):
            self._as_operator(mailing).action_resume()
        self.assertEqual(mailing.state, "draft")

    def test_what_buttons_answer_fits_into_json(self):
        mailing = self._send()
        letters = mailing.letter_ids.filtered(lambda x: x.send_state == "sent")
        for action in (
            self.documents[0].with_user(self.operator).action_confirm_send(),
            letters[0].with_user(self.operator).action_resend(),
            mailing.action_resend_unopened(),
        ):
            self.assertTrue(json.loads(json.dumps(action))["res_model"])

    def test_closed_address_is_silent_beside_a_live_one(self):
        self.env["epd.delivery.address"].create(
            {"account_id": self.accounts[0].id, "email": "old@example.com"}
        ).action_close()
        mailing = self._make_mailing(self.documents[0])
        self.assertEqual(mailing.letter_ids.mapped("email"), ["ivanov@example.com"])

    def test_consent_decides_paper_not_email(self):
        mailing = self._make_mailing(self.documents[0])
        self.assertEqual(mailing.letter_ids.send_state, "pending")
        mailing.unlink()
        self.company.epd_consent_policy = "strict"
        self.assertEqual(
            self._make_mailing(self.documents[0]).letter_ids.failure_type, "no_consent"
        )
        self.env["epd.delivery.consent"].create(
            {"account_id": self.accounts[1].id, "basis": "application", "date": "2026-03-10"}
        )
        self.assertEqual(self._make_mailing(self.documents[1]).letter_ids.send_state, "pending")

    def test_new_person_does_not_get_the_old_ones_document(self):
        self.accounts[0].partner_id = self.accounts[1].partner_id
        mailing = self._make_mailing(self.documents[0])
        self.assertEqual(mailing.letter_ids.failure_type, "payer_changed")

    def test_superseded_and_fileless_documents(self):
        self.documents[0]._supersede("mistake")
        self.env.cr.execute(
            "DELETE FROM ir_attachment WHERE res_model = 'epd.payment.document' AND res_id = %s",
            (self.documents[1].id,),
        )
        mailing = self._make_mailing(self.documents[:2])
        self.assertEqual(
            mailing.letter_ids.mapped("failure_type"), ["document_superseded", "file_missing"]
        )

    def test_adding_twice_is_harmless(self):
        mailing = self._make_mailing()
        before = len(mailing.letter_ids)
        self.assertFalse(self._as_operator(mailing)._add_documents(self.documents))
        self.assertEqual(len(mailing.letter_ids), before)

    def test_queries_do_not_grow_with_the_documents(self):
        counts = []
        for documents in (self.documents[:1], self.documents[1:]):
            mailing = self._make_mailing(self.documents[:0])
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            mailing._add_documents(documents)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2)

    # --- the gate --------------------------------------------------------------------------------

    def test_broken_template_is_refused_with_the_line(self):
        with self.assertRaisesRegex(UserError, "line 2"):
            self._make_mailing(body="<p>\n{{ nonsense }}</p>").action_send()

    def test_state_is_not_written(self):
        mailing = self._make_mailing()
        for model in (mailing, self._as_operator(mailing)):
            for vals in ({"state": "done"}, {"started_at": self._now()}, {"parent_id": 1}):
                with self.assertRaises(UserError):
                    model.write(vals)
        with self.assertRaises(UserError):
            mailing.letter_ids.with_user(self.manager).write({"send_state": "sent"})
        with self.assertRaises(AccessError):
            mailing.letter_ids.with_user(self.manager).write({"resend_reason": "x"})
        with self.assertRaises(UserError):
            mailing.letter_ids[0].write({"email_normalized": "x@example.com"})

    def test_schedule_move_and_take_back(self):
        mailing = self._as_operator(self._make_mailing())
        later = datetime.now().replace(microsecond=0) + timedelta(days=2)
        mailing.action_schedule(str(later))
        self.assertEqual((mailing.state, mailing.scheduled_at), ("scheduled", later))
        mailing.action_schedule(later + timedelta(days=1))
        self.assertEqual(mailing.scheduled_at, later + timedelta(days=1))
        mailing.action_pause()
        mailing.action_resume()
        self.assertEqual(mailing.state, "scheduled", "its time has not come")
        mailing.action_unschedule()
        self.assertEqual((mailing.state, mailing.scheduled_at), ("draft", False))

    def test_cancel_tells_what_went_and_frees_the_rest(self):
        self.unisender.limit_per_day = 1
        mailing = self._make_mailing()
        self._send(mailing)
        self._as_operator(mailing).action_cancel()
        states = sorted(mailing.letter_ids.filtered("email").mapped("send_state"))
        self.assertEqual((mailing.state, states), ("cancelled", ["cancelled", "cancelled", "sent"]))
        self.assertIn(self.operator.name, mailing.message_ids[0].body)
        self.assertEqual(self.documents[2].delivery_state, "none")
        again = self._make_mailing()
        self.assertEqual(
            sorted(again.letter_ids.filtered("email").mapped("send_state")),
            ["pending", "pending", "skipped"],
        )
        for action in ("action_send", "action_resume", "action_pause", "action_cancel"):
            with self.subTest(action), self.assertRaises(UserError):
                getattr(mailing, action)()

    def test_paused_when_the_account_is_not_active_any_more(self):
        mailing = self._make_mailing()
        mailing.action_send()
        self.unisender._unlocked()._move("error", last_error="x")
        self._run_cron()
        self.assertEqual(mailing.state, "paused")
        self.assertTrue(mailing.activity_ids)
        self.assertFalse(self.fake.letters())

    # --- repeats ---------------------------------------------------------------------------------

    def test_resend_failed_goes_to_the_corrected_address_once(self):
        mailing = self._make_mailing()
        self._send(mailing)
        letter = mailing.letter_ids.filtered(lambda x: x.account_id == self.accounts[0])
        self.env["epd.letter.facts"]._apply_statuses(
            [(letter, "err_user_unknown", self._now(), "webhook")]
        )
        with self.assertRaises(UserError):
            mailing.action_resend_failed()
        self.accounts[0].partner_id.email = "ivanov2@example.com"
        action = self._as_operator(mailing).action_resend_failed()
        again = self.env["epd.mailing"].browse(action["res_id"])
        self.assertEqual((again.parent_id, again.state), (mailing, "draft"))
        self.assertEqual(again.letter_ids.email, "ivanov2@example.com")
        self.assertIn(self.operator.name, again.letter_ids.resend_reason)
        self._send(again)
        self.assertEqual(len(self.fake.letters()), 4)
        self.assertEqual(letter.state, "bounced", "history stays")
        with self.assertRaises(UserError):
            mailing.action_resend_failed()

    def test_resend_unopened_goes_to_them_only_and_once(self):
        mailing = self._make_mailing()
        self._send(mailing)
        first, second, third = mailing.letter_ids.filtered("email")
        self.env["epd.letter.facts"]._apply_statuses([(first, "ok_read", self._now(), "webhook")])
        self.env["epd.letter.facts"]._apply_statuses(
            [(second, "ok_delivered", self._now(), "webhook")]
        )
        action = mailing.action_resend_unopened()
        again = self.env["epd.mailing"].browse(action["res_id"])
        self.assertEqual(again.letter_ids.document_id, second.document_id | third.document_id)
        self.assertEqual(set(again.letter_ids.mapped("resend_no")), {1})
        with self.assertRaises(UserError):
            mailing.action_resend_unopened()

    # --- estimates, test letter, preview ----------------------------------------------------------

    def test_estimate_and_what_will_be_late(self):
        self.unisender.write({"limit_per_minute": 60, "limit_per_day": 2})
        # the day of the office: in Moscow it begins three hours before that of UTC
        today = datetime.now(ZoneInfo(self.company.epd_tz)).date()
        self.period.present_by = today
        mailing = self._make_mailing()
        self.assertIn("24", mailing.eta_text)
        self.assertGreaterEqual(mailing.late_count, 1)
        self.assertIn("the limits of the UniSender account", mailing.late_text)
        self.unisender.limit_per_day = 0
        self.period.present_by = today + timedelta(days=2)
        mailing.invalidate_recordset()
        self.assertEqual(mailing.late_count, 0)

    def test_why_letters_are_late(self):
        self.unisender.limit_per_day = 0
        mailing = self._make_mailing()
        self.period.present_by = self._now().date() - timedelta(days=3)
        mailing.invalidate_recordset()
        self.assertEqual(mailing.late_count, mailing.pending_count)
        self.assertIn("has passed", mailing.late_text)
        self.period.present_by = self._now().date() + timedelta(days=3)
        mailing.action_schedule(self._now() + timedelta(days=9))
        mailing.invalidate_recordset()
        self.assertEqual(mailing.late_count, mailing.pending_count)
        self.assertIn("is planned after", mailing.late_text)

    def test_test_letter_is_real_and_not_counted(self):
        mailing = self._make_mailing()
        letter = self.env["epd.mailing.letter"].browse(
            self._as_operator(mailing)._send_test_letter("clerk@example.com", self.documents[1].id)
        )
        self._run_cron()
        received = self.fake.letters()
        self.assertEqual([x["email"] for x in received], ["clerk@example.com"])
        self.assertEqual(received[0]["attachments"][0]["sha256"], self.documents[1].pdf_sha256)
        self.assertEqual((letter.send_state, mailing.state), ("sent", "draft"))
        self.assertEqual((mailing.letter_count, mailing.sent_count), (4, 0))
        self.assertEqual(self.documents[1].delivery_state, "pending")
        self._send(mailing)
        self.assertEqual(len(self.fake.letters()), 4)

    def test_test_letter_needs_an_address_and_a_document(self):
        mailing = self._make_mailing()
        with self.assertRaises(UserError):
            mailing._send_test_letter("nobody")
        with self.assertRaises(UserError):
            self._make_mailing(self.documents[:0])._send_test_letter("clerk@example.com")

    def test_preview(self):
        mailing = self._as_operator(self._make_mailing())
        preview = MailingMessage(mailing).get_preview(self.documents[2].id)
        self.assertIn("00102", preview.subject)
        self.assertIn("Сёмин О", preview.html)
        mailing.body = "{{ document_link }}"
        self.assertTrue(MailingMessage(mailing).get_preview().html)
