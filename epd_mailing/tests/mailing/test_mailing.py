import hashlib
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from ...models.base import shown_rows
from ...tools.unisender import pool
from ..sending_common import KEY, NOBODY, SendingCommon

SEND = "odoo.addons.epd_mailing.models.mailing.epd_mailing_sender"


@tagged("post_install", "-at_install", "epd_mailing")
class TestMailing(SendingCommon):
    def test_each_payer_gets_his_own_file(self):
        mailing = self._send(
            self._make_mailing(body="<p>{{ payer_name }}</p><p>{{ unsubscribe_link }}</p>")
        )
        self.assertEqual(mailing.state, "done")
        self.assertEqual((mailing.sent_count, mailing.skipped_count), (3, 1))
        received = {letter["email"]: letter for letter in self.fake.letters()}
        self.assertEqual(len(received), 3)
        for document in self.documents[:3]:
            letter = received[document.account_id.address_ids.email_normalized]
            self.assertEqual(letter["attachments"][0]["sha256"], document.pdf_sha256)
            self.assertEqual(
                letter["subject"], f"Квитанция за март 2026, счёт {document.account_id.number}"
            )
            self.assertIn(document.partner_id.name.split()[0], letter["body"])
            self.assertIn("{{UnsubscribeUrl}}", letter["body"])
            row = mailing.letter_ids.filtered(
                lambda line, document=document: line.document_id == document
            )
            self.assertEqual(letter["metadata"], {"key": row.letter_key, "db": self.env.cr.dbname})
            self.assertEqual(row.provider_id, str(letter["id"]))

    def test_who_gets_no_letter_is_said(self):
        wanted = {
            "address_closed": lambda account: account.address_ids.action_close(),
            "paper_only": lambda account: account.write({"channel": "paper"}),
            "address_bounced": lambda account: account.address_ids._lose("bounced", "x"),
            "address_unsubscribed": lambda account: account.address_ids._lose("unsubscribed", "x"),
            "malformed_address": lambda account: account.partner_id.write({"email": "нет адреса"}),
        }
        for reason, change in wanted.items():
            with self.subTest(reason), self.cr.savepoint() as point:
                change(self.accounts[0])
                letters = self._make_mailing(self.documents[0]).letter_ids
                self.assertEqual(letters.mapped("send_state"), ["skipped"])
                self.assertEqual(letters.failure_type, reason)
                self.assertTrue(letters.failure_reason)
                point.rollback()
                self.env.invalidate_all()

    def test_the_same_document_never_goes_twice(self):
        first = self._make_mailing(self.documents[:1])
        second = self._make_mailing(self.documents[:1])
        self.assertEqual(second.letter_ids.failure_type, "already_sent")
        self._send(first)
        with self.assertRaises(UserError):
            second.action_send()
        letter = first.letter_ids
        self.env.flush_all()
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
            letter._unlocked().copy({"letter_key": "other", "send_state": "pending"})
            self.env.flush_all()

    def test_incomplete_mailings_are_refused(self):
        mailing = self._make_mailing()
        for vals in ({"unisender_account_id": False}, {"subject": False}, {"body": " "}):
            with self.assertRaises(UserError), self.cr.savepoint():
                mailing.write(vals)
                mailing.action_send()
        empty = self._make_mailing(self.documents[3:])
        with self.assertRaisesRegex(UserError, "no letter to send"):
            empty.action_send()
        self.unisender.sudo()._unlocked().write({"state": "draft"})
        with self.assertRaisesRegex(UserError, "not active"):
            mailing.action_send()
        self.assertEqual(mailing.state, "draft")

    def test_schedule_in_the_future_and_in_the_past(self):
        mailing = self._make_mailing()
        soon = fields.Datetime.now() + timedelta(hours=1)
        mailing.action_schedule(fields.Datetime.to_string(soon))
        self._run_cron()
        self.assertEqual((mailing.state, mailing.sent_count), ("scheduled", 0))
        mailing.action_unschedule()
        self.assertEqual((mailing.state, mailing.scheduled_at), ("draft", False))
        mailing.action_schedule("2020-01-01 00:00:00")
        self.assertIn("passed", mailing.message_ids[:1].body)
        self._run_cron()
        self.assertEqual(mailing.state, "done")

    def test_pause_and_cancel_in_the_middle(self):
        mailing = self._make_mailing()
        mailing.action_send()
        original = pool.send_many

        def pausing(*args):
            outcomes = original(*args)
            mailing.sudo()._unlocked().write({"state": "paused"})
            mailing.flush_recordset()
            return outcomes

        self.unisender.parallel_calls = 1
        with patch.object(pool, "send_many", pausing):
            self._run_cron()
        self.assertEqual(
            (mailing.state, mailing.sent_count, mailing.pending_count), ("paused", 1, 2)
        )
        self.assertEqual(len(self.fake.letters()), 1)
        mailing.action_cancel()
        self.assertEqual((mailing.state, mailing.sent_count), ("cancelled", 1))
        self.assertEqual(
            mailing.letter_ids.filtered(lambda x: x.state == "cancelled").mapped("failure_type"),
            ["withdrawn"] * 2,
        )
        with self.assertRaises(UserError):
            mailing.action_resume()

    def test_resume_sends_the_rest_once(self):
        mailing = self._make_mailing()
        mailing.action_send()
        mailing.action_pause()
        self._run_cron()
        mailing.action_resume()
        self._run_cron()
        self._run_cron()
        self.assertEqual((mailing.state, len(self.fake.letters())), ("done", 3))

    def test_doubt_is_never_sent_again(self):
        for fault in ("drop_after", "http_502", "non_json"):
            self.fake.fail(fault, email="ivanov", times=1)
        mailing = self._send()
        unknown = mailing.letter_ids.filtered(lambda letter: letter.state == "unknown")
        self.assertEqual(unknown.email, "ivanov@example.com")
        self.assertEqual((mailing.state, mailing.unknown_count), ("done", 1))
        self._run_cron()
        self.assertEqual(len(self.fake.letters()), 3)
        unknown.with_user(self.operator).action_send_again()
        again = mailing.letter_ids.filtered(lambda letter: letter.send_state == "pending")
        self.assertEqual((again.email, again.resend_no), (unknown.email, 1))
        self.assertEqual(unknown.decided_by, self.operator)
        self.assertEqual(unknown.event_ids.source, "person")

    def test_it_was_sent(self):
        self.fake.fail("drop_after", email="ivanov", times=1)
        mailing = self._send()
        unknown = mailing.letter_ids.filtered(lambda letter: letter.state == "unknown")
        unknown.with_user(self.operator).action_mark_sent()
        self.assertEqual((unknown.state, mailing.unknown_count), ("sent", 0))

    def test_a_worker_that_died(self):
        mailing = self._make_mailing()
        mailing.action_send()
        past = fields.Datetime.now() - timedelta(hours=1)
        claimed, sending = mailing.letter_ids.filtered(
            lambda letter: letter.send_state == "pending"
        )[:2]._unlocked()
        (claimed | sending)._move("claimed", lease_until=past)
        sending._move("sending", sending_at=past)
        self._run_cron()
        self.assertEqual(claimed.state, "sent", "nothing had gone: it goes now")
        self.assertEqual(sending.state, "unknown", "perhaps it went: never by itself")
        emails = [letter["email"] for letter in self.fake.letters()]
        self.assertNotIn(sending.email_normalized, emails)
        self.assertEqual(len(emails), len(set(emails)))

    def test_service_down_and_back(self):
        mailing = self._make_mailing()
        self._move_service(NOBODY)
        mailing.action_send()
        self._run_cron()
        self.assertEqual((mailing.state, mailing.pending_count), ("sending", 3))
        self.assertGreater(self.unisender.wait_until, fields.Datetime.now())
        self.assertIn("connect_failed", mailing.wait_reason)
        self._move_service(self.fake.url)
        self.unisender._unlocked().write({"wait_until": False})
        self._run_cron()
        self.assertEqual((mailing.state, len(self.fake.letters())), ("done", 3))

    def test_wrong_key_pauses_and_calls_a_person(self):
        mailing = self._make_mailing()
        mailing.action_send()
        self.unisender.api_key_input = "wrong"
        self.unisender.sudo()._unlocked().write({"state": "active"})
        self._run_cron()
        self.assertEqual((mailing.state, mailing.pending_count), ("paused", 3))
        self.assertIn("invalid_api_key", mailing.wait_reason)
        self.assertTrue(mailing.activity_ids)
        self.assertEqual(self.unisender.state, "error")
        self.assertEqual(self.fake.letters(), [])
        self.unisender.action_check_connection()
        self.assertEqual(self.unisender.state, "error")
        self.unisender.api_key_input = KEY
        self.unisender.action_check_connection()
        mailing.action_resume()
        self._run_cron()
        self.assertEqual((mailing.state, len(self.fake.letters())), ("done", 3))

    def test_slow_down_waits_with_the_reason(self):
        self.fake.fail("code", code="api_call_limit_exceeded_for_api_key", times=1)
        self.unisender.parallel_calls = 1
        mailing = self._send()
        self.assertEqual((mailing.state, mailing.pending_count), ("sending", 3))
        self.assertTrue(mailing.wait_until > fields.Datetime.now())
        self.assertTrue(mailing.wait_reason)
        self._run_cron()
        self.assertEqual(self.fake.letters(), [], "it waits")

    def test_refusals_are_of_the_letter(self):
        self.accounts[0].partner_id.email = "unsubscribed.x@example.com"
        mailing = self._send()
        refused = mailing.letter_ids.filtered(lambda letter: letter.state == "rejected")
        self.assertEqual(refused.failure_type, "unsubscribed")
        self.assertEqual(refused.address_id.state, "unsubscribed")
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 2))

    def test_limits_are_kept_through_the_database(self):
        self.unisender.write({"limit_per_day": 2, "parallel_calls": 8})
        mailing = self._send()
        self.assertEqual(
            (mailing.state, mailing.sent_count, mailing.pending_count), ("sending", 2, 1)
        )
        self.assertEqual(len(self.fake.letters()), 2)

    def test_one_address_waits(self):
        self.accounts[1].partner_id.email = "ivanov@example.com"
        self.unisender.write({"limit_address_seconds": 3600})
        mailing = self._send()
        waiting = mailing.letter_ids.filtered(lambda letter: letter.send_state == "pending")
        self.assertEqual(waiting.email_normalized, "ivanov@example.com")
        self.assertEqual(len(self.fake.letters()), 2)

    def test_too_large_a_letter(self):
        self.unisender.limit_letter_bytes = 10
        mailing = self._send()
        self.assertEqual(set(mailing.letter_ids[:3].mapped("failure_type")), {"too_large"})
        self.assertEqual(self.fake.letters(), [])

    def test_each_letter_is_checked_again_at_its_claim(self):
        mailing = self._make_mailing()
        mailing.action_send()
        self.documents[0].with_user(self.operator).action_cancel_document("Ошибка")
        self.accounts[1].address_ids._lose("bounced", "x")
        self.env.cr.execute(
            "UPDATE epd_payment_document SET pdf_sha256 = 'x' WHERE id = %s",
            (self.documents[2].id,),
        )
        self.env.invalidate_all()
        self._run_cron()
        reasons = mailing.letter_ids[:3].mapped("failure_type")
        self.assertEqual(reasons, ["withdrawn", "address_bounced", "file_damaged"])
        self.assertEqual(self.fake.letters(), [])

    def test_resend_of_what_failed(self):
        self.accounts[0].partner_id.email = "unknown.x@example.com"
        mailing = self._send()
        self.fake.advance(7200)
        mailing.action_refresh()
        failed = mailing.letter_ids.filtered(lambda letter: letter.state == "bounced")
        self.assertEqual(failed.account_id, self.accounts[0])
        with self.assertRaises(UserError):
            mailing.action_resend_failed()  # the address is lost, nothing to send to
        self.accounts[0].partner_id.email = "good@example.com"
        failed.address_id.with_user(self.operator).action_reopen()
        again = self.env["epd.mailing"].browse(mailing.action_resend_failed()["res_id"])
        self.assertEqual((again.parent_id, again.state), (mailing, "draft"))
        self._send(again)
        self.assertEqual(
            self.fake.letters("good@example.com")[0]["attachments"][0]["sha256"],
            self.documents[0].pdf_sha256,
        )
        self.assertEqual(len(mailing.letter_ids), 4, "history stays")

    def test_a_poisonous_letter_harms_no_other(self):
        mailing = self._make_mailing()
        mailing.write(
            {"body": "{% if account_number == '00100' %}{{ 1 if period > 5 }}{% endif %}x"}
        )
        mailing.action_send()
        with mute_logger(SEND):
            self._run_cron()
        poisoned = mailing.letter_ids.filtered(lambda x: x.failure_type == "template_error")
        self.assertEqual(poisoned.account_id, self.accounts[0])
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 2))

    def test_what_began_is_not_edited_or_deleted(self):
        mailing = self._send()
        for vals in ({"subject": "Другая"}, {"body": "x"}, {"unisender_account_id": False}):
            with self.assertRaises(UserError):
                mailing.write(vals)
        with self.assertRaises(UserError):
            mailing.unlink()
        with self.assertRaises(UserError):
            mailing.letter_ids[0].sudo().unlink()
        copy = mailing.copy()
        self.assertEqual(
            (copy.state, copy.letter_ids, copy.scheduled_at),
            ("draft", copy.letter_ids.browse(), False),
        )

    def test_file_bytes(self):
        self._send(self._make_mailing(self.documents[:1]))
        row = self.fake.letters()[0]["attachments"][0]
        self.assertTrue(row["name"].isascii())
        self.assertEqual(row["sha256"], hashlib.sha256(self.documents[0]._read_pdf()).hexdigest())

    def test_key_is_shown_to_nobody(self):
        for user in (self.operator, self.manager, self.env.ref("base.user_admin")):
            account = self.unisender.with_user(user).with_company(self.company)
            self.assertFalse(account.api_key_input)
            self.assertNotIn("api_key", account.fields_get())
            with self.assertRaises(AccessError):
                account.read(["api_key"])
        self.assertEqual(self.unisender.sudo().api_key, KEY)
        self.assertFalse(self.unisender.copy({"name": "b@example.com"}).has_api_key)

    def test_the_form_is_sent_some_letters_alone(self):
        mailing = self._make_mailing()
        letters = mailing.letter_ids.sorted("id")
        self.assertGreater(len(letters), 2)
        letters[-1]._unlocked().write({"send_state": "unknown", "state": "unknown"})
        seen = mailing.with_user(self.operator)
        self.assertEqual(seen.shown_letter_ids.ids, [letters[-1].id, *letters[:-1].ids])
        self._make_mailing(self.documents[:1])
        with patch.object(shown_rows, "SHOWN", 2):
            seen.invalidate_recordset(["shown_letter_ids"])
            self.assertEqual(seen.shown_letter_ids.ids, [letters[-1].id, letters[0].id])
        with patch.object(shown_rows, "SHOWN", 1):
            seen.invalidate_recordset(["shown_letter_ids"])
            self.assertEqual(seen.shown_letter_ids.ids, letters[-1].ids)
        self.assertFalse(self.env["epd.mailing"].new({}).shown_letter_ids)
        arch = seen.get_view(False, "form")["arch"]
        self.assertNotIn('name="letter_ids"', arch)
        self.assertIn(f"letter_count &lt;= {shown_rows.SHOWN}", arch)
