import hashlib
from contextlib import suppress
from datetime import timedelta
from itertools import chain, repeat
from unittest.mock import patch

import psycopg2
from odoo import api
from odoo.exceptions import UserError
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ...models.mailing import claimed_slice, epd_mailing_sender
from ...models.mailing.claimed_slice import ClaimedSlice
from ...models.mailing.letter_queue import LetterQueue
from ...tools.unisender import pool
from ..sending_common import NOBODY, SendingCommon

ROOM = "odoo.addons.epd_mailing.models.mailing"
SEND_LOG = f"{ROOM}.epd_mailing_sender"


@tagged("post_install", "-at_install", "epd_mailing")
class TestSender(SendingCommon):
    """The cron sends each letter once, with its own file, and takes the service's word for it."""

    def test_sends_each_payer_his_own_file(self):
        mailing = self._make_mailing()
        self._send(mailing)
        self.assertEqual(mailing.state, "done")
        received = {letter["email"]: letter for letter in self.fake.letters()}
        self.assertEqual(len(received), 3)
        for letter in mailing.letter_ids.filtered("email"):
            self.assertEqual(letter.send_state, "sent")
            got = received[letter.email]
            self.assertEqual(str(got["id"]), letter.provider_id)
            self.assertEqual(got["metadata"]["key"], letter.letter_key)
            self.assertIn(letter.account_id.number, got["subject"])
            self.assertEqual(
                [file["sha256"] for file in got["attachments"]], [letter.document_id.pdf_sha256]
            )
            self.assertEqual(letter.document_id.delivery_state, "sent")

    def test_second_pass_sends_nothing(self):
        mailing = self._make_mailing()
        self._send(mailing)
        self._run_cron()
        self.assertEqual(len(self.fake.letters()), 3)

    def test_two_mailings_of_same_documents(self):
        first, second = self._make_mailing(), self._make_mailing()
        self.assertEqual(
            set(second.letter_ids.mapped("failure_type")), {"already_sent", "no_address"}
        )
        self._send(first)
        with self.assertRaises(UserError):
            second.action_send()
        self.assertEqual(len(self.fake.letters()), 3)

    def test_file_changed_on_disk_is_not_sent(self):
        mailing = self._make_mailing()
        document = self.documents[0]
        self.env.cr.execute(
            "UPDATE epd_payment_document SET pdf_sha256 = %s WHERE id = %s",
            (hashlib.sha256(b"other").hexdigest(), document.id),
        )
        document.invalidate_recordset()
        self._send(mailing)
        letter = mailing.letter_ids.filtered(lambda x: x.document_id == document)
        self.assertEqual((letter.send_state, letter.failure_type), ("skipped", "file_damaged"))
        self.assertEqual(len(self.fake.letters()), 2)
        self.assertEqual(mailing.state, "done")

    def test_checked_again_at_the_claim(self):
        mailing = self._make_mailing()
        first, second, third = mailing.letter_ids.filtered("email")
        first.address_id.action_close()
        second.address_id._lose("bounced", "err_user_unknown")
        third.document_id._move("cancelled", state_reason="mistake")
        self._send(mailing)
        self.assertFalse(self.fake.letters())
        self.assertEqual(first.failure_type, "address_closed")
        self.assertEqual(second.failure_type, "address_bounced")
        self.assertEqual(third.failure_type, "document_superseded")
        self.assertEqual(mailing.state, "done")

    def test_poisonous_letter_does_not_stop_others(self):
        mailing = self._make_mailing()
        victim = self.documents[1]
        original = type(victim)._render_letter

        def render(document, letter, mailing):
            if document == victim:
                raise ZeroDivisionError
            return original(document, letter, mailing)

        with (
            patch.object(type(victim), "_render_letter", render),
            mute_logger(SEND_LOG),
        ):
            self._send(mailing)
        self.assertEqual(len(self.fake.letters()), 2)
        letter = mailing.letter_ids.filtered(lambda x: x.document_id == victim)
        self.assertEqual(letter.failure_type, "template_error")

    def test_poisonous_mailing_does_not_stop_others(self):
        bad = self._make_mailing(self.documents[0])
        good = self._make_mailing(self.documents[1:])
        bad.action_send()
        original = ClaimedSlice.send

        def send(part):
            if part.mailing == bad:
                raise ZeroDivisionError
            return original(part)

        with patch.object(ClaimedSlice, "send", send), mute_logger(SEND_LOG):
            self._send(good)
        self.assertEqual(good.state, "done")
        self.assertEqual(bad.state, "sending")
        self.assertTrue(bad.wait_reason)
        self.assertEqual(bad.letter_ids.send_state, "pending")

    def test_wherever_time_ends_the_next_pass_is_called_at_once(self):
        """Between the claim and the first letter nothing has moved, and nobody has said when to come back."""
        self.unisender.parallel_calls = 1
        mailings = self._make_mailing(self.documents[0]) | self._make_mailing(self.documents[1:])
        mailings.action_send()
        cron = self.env.ref("epd_mailing.ir_cron_send")
        for looks in range(1, 100):
            self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]).unlink()
            left = chain(repeat(1.0, looks), repeat(0.0))
            with patch.object(
                epd_mailing_sender.Budget, "left", lambda _budget, left=left: next(left)
            ):
                self._run_cron()
            if set(mailings.mapped("state")) == {"done"}:
                break
            with self.subTest(looks):
                woken = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
                self.assertTrue(woken, "nobody comes back")
                self.assertLessEqual(min(woken.mapped("call_at")), self._now())
        self.assertEqual(set(mailings.mapped("state")), {"done"})
        self.assertEqual(len(self.fake.letters()), 3)

    def test_a_slow_service_leaves_time_for_another_account(self):
        """An answer that takes long ends the pass: the next one begins with the other office's letters."""
        self.unisender.parallel_calls = 1
        other = self._make_unisender("other@uk-test.example.com", parallel_calls=1)
        slow = self._make_mailing(self.documents[:2])
        quick = self._make_mailing(self.documents[2:], unisender_account_id=other.id)
        (slow | quick).action_send()
        with patch.object(claimed_slice, "SLOW_WAVE", -1.0):
            self._run_cron()
            self._run_cron()
        self.assertEqual(quick.sent_count, 1)
        self.assertEqual(slow.sent_count, 1)

    def _move_account_away(self):
        """Give the account to another company, as a transaction does that saw no mailing of it."""
        company = self.env["res.company"].create({"name": "ООО «Другая УК»"})
        query = "UPDATE epd_unisender_account SET company_id = %s WHERE id = %s"
        self.env.cr.execute(query, (company.id, self.unisender.id))
        self.env.invalidate_all()

    def test_no_letter_goes_by_the_key_of_another_company(self):
        mailing = self._make_mailing()
        mailing.action_send()
        self._move_account_away()
        self._run_cron()
        self.assertFalse(self.fake.letters())
        self.assertEqual(mailing.state, "paused")
        self.assertIn("UniSender", mailing.wait_reason)

    def test_the_account_is_moved_between_the_claim_and_the_letter(self):
        mailing = self._make_mailing()
        sender = type(self.env["epd.mailing.sender"])
        original = sender._prepare_calls

        def prepare(sender, letters, account):
            calls = original(sender, letters, account)
            self._move_account_away()
            return calls

        with patch.object(sender, "_prepare_calls", prepare):
            self._send(mailing)
        cron = self.env.ref("epd_mailing.ir_cron_send")
        woken = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertGreater(max(woken.mapped("call_at")), self._now(), "nobody comes back")
        self._run_cron()
        self.assertFalse(self.fake.letters())
        self.assertEqual(mailing.state, "paused")
        self.assertEqual(set(mailing.letter_ids.mapped("send_state")), {"pending", "skipped"})

    def test_what_is_switched_off_between_the_claim_and_the_letter_is_looked_at_again(self):
        mailing = self._make_mailing()
        sender = type(self.env["epd.mailing.sender"])
        original = sender._prepare_calls

        def prepare(sender, letters, account):
            calls = original(sender, letters, account)
            account._unlocked()._move("error")
            return calls

        with patch.object(sender, "_prepare_calls", prepare):
            self._send(mailing)
        self.assertFalse(self.fake.letters())
        cron = self.env.ref("epd_mailing.ir_cron_send")
        woken = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertGreater(max(woken.mapped("call_at")), self._now(), "nobody comes back")
        self._run_cron()
        self.assertEqual(mailing.state, "paused")

    # --- the service answers in its own ways ------------------------------------------------------

    def test_refusal_of_one_letter(self):
        self.accounts[0].partner_id.email = "unsubscribed@example.com"
        mailing = self._make_mailing()
        self._send(mailing)
        letter = mailing.letter_ids.filtered(lambda x: x.account_id == self.accounts[0])
        self.assertEqual((letter.state, letter.failure_type), ("rejected", "unsubscribed"))
        self.assertEqual(letter.address_id.state, "unsubscribed")
        self.assertTrue(letter.account_id.activity_ids, "the office is told that paper is needed")
        self.assertEqual(len(self.fake.letters()), 2)

    def test_retry_later_grows(self):
        self.fake.fail("code", code="retry_later", email="ivanov", times=2)
        mailing = self._make_mailing(self.documents[0])
        self._send(mailing)
        letter = mailing.letter_ids
        self.assertEqual((letter.send_state, letter.attempts), ("pending", 1))
        first = letter.next_try_at - self._now()
        self._shift(letter, next_try_at=120)
        self._run_cron()
        self.assertEqual(letter.attempts, 2)
        self.assertGreater(letter.next_try_at - self._now(), first)
        self._shift(letter, next_try_at=120)
        self._run_cron()
        self.assertEqual((letter.send_state, mailing.state), ("sent", "done"))

    @mute_logger(SEND_LOG)
    def test_doubtful_answer_is_never_sent_again(self):
        kinds = ("drop_after", "http_502", "non_json")
        for kind, document in zip(kinds, self.documents, strict=False):
            with self.subTest(kind):
                self.fake.reset()
                self.fake.fail(kind, times=1)
                mailing = self._make_mailing(document)
                self._send(mailing)
                letter = mailing.letter_ids
                self.assertEqual(letter.send_state, "unknown")
                self.assertEqual(letter.document_id.delivery_state, "unknown")
                self._rested()
                self._run_cron()
                self.assertEqual(len(self.fake.letters()), 1)
                self.assertEqual((letter.send_state, mailing.state), ("unknown", "done"))
                self.assertEqual(mailing.unknown_count, 1)

    def _rested(self):
        self.unisender._unlocked().write({"wait_until": False})

    def test_refused_connection_waits_and_loses_nothing(self):
        self._move_service(NOBODY)
        mailing = self._make_mailing()
        self._send(mailing)
        self.assertEqual(mailing.state, "sending")
        self.assertTrue(mailing.wait_reason)
        self.assertGreater(self.unisender.wait_until, self._now())
        self.assertEqual(
            set(mailing.letter_ids.filtered("email").mapped("send_state")), {"pending"}
        )
        self.assertFalse(any(mailing.letter_ids.mapped("sending_at")))
        self._move_service(self.fake.url)
        self._rested()
        self._run_cron()
        self.assertEqual(mailing.state, "done")
        self.assertEqual(len(self.fake.letters()), 3)
        self.assertFalse(mailing.wait_reason)
        self.assertFalse(self.unisender.fault_count)

    def test_service_limit_makes_the_queue_wait(self):
        self.fake.fail("code", code="api_call_limit_exceeded_for_api_key", times=1)
        mailing = self._make_mailing()
        self._send(mailing)
        self.assertEqual(mailing.state, "sending")
        self.assertTrue(self.unisender.wait_until)
        self._rested()
        self._run_cron()
        self.assertEqual(mailing.state, "done")
        self.assertEqual(len(self.fake.letters()), 3)

    def test_wrong_key_pauses_and_tells_a_manager(self):
        self.unisender.api_key_input = "wrong"
        self.unisender._unlocked().write({"state": "active"})
        mailing = self._make_mailing()
        self._send(mailing)
        self.assertEqual((mailing.state, self.unisender.state), ("paused", "error"))
        self.assertTrue(mailing.activity_ids)
        self.assertNotIn("wrong", f"{self.unisender.last_error}{mailing.wait_reason}")
        self.assertEqual(
            set(mailing.letter_ids.filtered("email").mapped("send_state")), {"pending"}
        )
        with self.assertRaises(UserError):
            mailing.action_resume()

    # --- limits ----------------------------------------------------------------------------------

    def test_minute_limit_is_kept(self):
        self.unisender.limit_per_minute = 2
        mailing = self._make_mailing()
        self._send(mailing)
        self.assertEqual(len(self.fake.letters()), 2)
        self.assertEqual(mailing.state, "sending")
        self.assertTrue(self.naps, "the pace holds the worker")
        wakes = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", self.env.ref("epd_mailing.ir_cron_send").id)]
        )
        self.assertLessEqual(min(wakes.mapped("call_at")), self._now(), "the pace needs no gap")
        self._shift(mailing.letter_ids, sending_at=2)
        self._run_cron()
        self.assertEqual(len(self.fake.letters()), 3)

    def _pass_with_a_letter_due_in(self, seconds):
        """Make a pass by a clock that moves with the naps alone; one letter is due later."""
        mailing = self._make_mailing()
        mailing.action_send()
        clock = mailing.scheduled_at

        def nap(budget, length):
            nonlocal clock
            self.naps.append(length)
            clock += timedelta(seconds=length)
            if len(self.naps) > 20:
                budget.end()

        later = mailing.letter_ids.filtered(lambda x: x.send_state == "pending")[0]
        later._unlocked().write({"next_try_at": clock + timedelta(seconds=seconds)})
        job = self.env.ref("epd_mailing.ir_cron_send")
        self.env["ir.cron.trigger"].search([("cron_id", "=", job.id)]).unlink()
        with (
            patch.object(epd_mailing_sender.Budget, "nap", nap),
            patch(f"{ROOM}.letter_queue.db_now", lambda _env: clock),
            patch(f"{ROOM}.sending_limits.db_now", lambda _env: clock),
            patch.object(epd_mailing_sender.fields.Datetime, "now", lambda *_args: clock),
        ):
            self._run_cron()
        self.env.invalidate_all()
        wakes = self.env["ir.cron.trigger"].search([("cron_id", "=", job.id)])
        return mailing, later, wakes.mapped("call_at")

    def test_a_wait_of_some_seconds_holds_the_worker(self):
        mailing, later, wakes = self._pass_with_a_letter_due_in(5)
        self.assertEqual(self.naps, [1.0] * 5)
        self.assertEqual((later.send_state, mailing.state), ("sent", "done"))
        self.assertEqual(len(self.fake.letters()), 3)
        self.assertFalse(wakes)

    def test_a_longer_wait_gives_the_worker_back(self):
        mailing, later, wakes = self._pass_with_a_letter_due_in(6)
        self.assertEqual(self.naps, [])
        self.assertEqual((later.send_state, mailing.state), ("pending", "sending"))
        self.assertEqual(len(self.fake.letters()), 2)
        self.assertEqual(wakes, [later.next_try_at])

    def test_day_limit_is_kept_and_said(self):
        self.unisender.limit_per_day = 2
        mailing = self._make_mailing()
        self._send(mailing)
        self.assertEqual(len(self.fake.letters()), 2)
        self.assertTrue(mailing.wait_reason)
        self.assertGreater(mailing.wait_until, self._now() + timedelta(hours=23))

    def test_seconds_between_letters_to_one_address(self):
        self.unisender.limit_address_seconds = 60
        self.accounts[1].address_ids.action_close()
        self.env["epd.delivery.address"].create(
            {"account_id": self.accounts[1].id, "email": "ivanov@example.com"}
        )
        mailing = self._make_mailing()
        self._send(mailing)
        self.assertEqual(len(self.fake.letters()), 2)
        waiting = mailing.letter_ids.filtered(lambda x: x.send_state == "pending")
        self.assertEqual(waiting.email, "ivanov@example.com")
        self.assertGreater(waiting.next_try_at, self._now())
        self._shift(mailing.letter_ids, sending_at=2, next_try_at=2)
        self._run_cron()
        self.assertEqual([x["email"] for x in self.fake.letters()].count("ivanov@example.com"), 2)

    # --- claims ----------------------------------------------------------------------------------

    def test_expired_claim_goes_back(self):
        mailing = self._make_mailing(self.documents[0])
        letter = mailing.letter_ids
        letter._unlocked()._move(
            "claimed", claim_token="dead", lease_until=self._now() - timedelta(minutes=1)
        )
        self._send_claimed_anyway(mailing)
        self.assertEqual(letter.send_state, "sent")

    def test_live_claim_of_another_worker_is_left_alone(self):
        mailing = self._make_mailing(self.documents[0])
        letter = mailing.letter_ids
        letter._unlocked()._move(
            "claimed", claim_token="alive", lease_until=self._now() + timedelta(minutes=4)
        )
        self._send_claimed_anyway(mailing)
        self.assertEqual((letter.send_state, mailing.state), ("claimed", "sending"))
        self.assertFalse(self.fake.letters())

    def _send_claimed_anyway(self, mailing):
        mailing._move("scheduled", scheduled_at=self._now())
        self._run_cron()

    def test_letter_of_a_dead_worker_becomes_unknown(self):
        mailing = self._make_mailing(self.documents[0])
        letter = mailing.letter_ids
        letter._unlocked()._move("claimed", claim_token="dead")
        letter._unlocked()._move(
            "sending",
            sending_at=self._now() - timedelta(minutes=10),
            lease_until=self._now() - timedelta(minutes=8),
        )
        self._send_claimed_anyway(mailing)
        self.assertEqual((letter.send_state, mailing.state), ("unknown", "done"))
        self.assertFalse(self.fake.letters())

    def test_worker_that_dies_during_the_calls(self):
        mailing = self._make_mailing()

        class Killed(BaseException):
            pass

        def die(*_args):
            raise Killed

        mailing.action_send()
        with (
            self.enter_registry_test_mode(),
            patch.object(pool, "send_many", die),
            suppress(Killed),  # assertRaises would roll the commits back
            self.registry.cursor() as cr,
        ):
            self.env(cr=cr, user=self.env.ref("base.user_root"))["epd.mailing"]._cron_send()
        self.assertEqual(
            set(mailing.letter_ids.filtered("email").mapped("send_state")), {"sending"}
        )

    def test_two_workers_of_a_mailing_leave_no_error_in_the_log(self):
        country = self.env.ref("base.aq").id  # a row that both see: nothing of a test is committed
        update = SQL("UPDATE res_country SET code = code WHERE id = %s RETURNING id", country)
        rest = type(self.env["epd.unisender.account"])
        with db_connect(self.cr.dbname).cursor() as one:
            env = api.Environment(one, self.env.uid, {})
            record = env["res.country"].browse(country)
            for clash in (
                lambda: LetterQueue(env)._get_changed(update),
                lambda: rest._lock_row(record),
            ):
                one.rollback()
                one.execute("SELECT 1")  # its snapshot
                with db_connect(self.cr.dbname).cursor() as other:
                    other.execute("UPDATE res_country SET code = code WHERE id = %s", [country])
                with (
                    self.assertNoLogs("odoo.sql_db", "WARNING"),
                    self.assertRaises(psycopg2.errors.SerializationFailure),
                ):
                    clash()
            one.rollback()

    def test_a_mailing_that_another_worker_has_is_left_to_them(self):
        mailing = self._make_mailing()
        mailing.action_send()
        mailing._unlocked()._move("sending", started_at=self._now())
        sender = self.env["epd.mailing.sender"]
        with patch.object(type(mailing), "_try_lock", lambda mailing: False):
            mailing._show_wait("the daily limit", False)
            self.assertFalse(mailing.wait_reason)
            mailing.letter_ids._unlocked().write({"send_state": "skipped"})
            self.assertTrue(sender._finish_or_wait(mailing), "when to look again")
            self.assertEqual(mailing.state, "sending")
        mailing._show_wait("the daily limit", False)
        self.assertEqual(mailing.wait_reason, "the daily limit")
        self.assertFalse(sender._finish_or_wait(mailing))
        self.assertEqual(mailing.state, "done")

    def test_withdrawn_while_claimed(self):
        mailing = self._make_mailing()
        sender = self.env.registry["epd.mailing.sender"]
        original = sender._prepare_calls

        def withdraw(sender, letters, account):
            calls = original(sender, letters, account)
            self.documents[0].with_env(letters.env).letter_ids._withdraw("re-issued")
            return calls

        with patch.object(sender, "_prepare_calls", withdraw):
            self._send(mailing)
        self.assertEqual(len(self.fake.letters()), 2)
        letter = mailing.letter_ids.filtered(lambda x: x.document_id == self.documents[0])
        self.assertEqual(letter.send_state, "cancelled")

    def test_pause_acts_within_one_wave(self):
        self.unisender.parallel_calls = 1
        mailing = self._make_mailing()
        original = pool.send_many

        def send(*args):
            mailing.with_env(self.env).sudo()
            self.env.cr.execute(
                "UPDATE epd_mailing SET state = 'paused' WHERE id = %s", (mailing.id,)
            )
            return original(*args)

        with patch.object(pool, "send_many", send):
            self._send(mailing)
        self.assertEqual(len(self.fake.letters()), 1)
        self.assertEqual(mailing.state, "paused")
        self.assertEqual(
            sorted(mailing.letter_ids.filtered("email").mapped("send_state")),
            ["pending", "pending", "sent"],
        )
        mailing.action_resume()
        self._run_cron()
        self.assertEqual((mailing.state, len(self.fake.letters())), ("done", 3))
