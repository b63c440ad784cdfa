from unittest.mock import patch

import psycopg2
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.mailing import mailing_withdrawal
from ...tools.unisender import pool
from ..sending_common import SendingCommon

WORK = "odoo.addons.epd_mailing.models.base.epd_background_work"
BUDGET = "odoo.addons.epd_mailing.tools.work_budget"


@tagged("post_install", "-at_install", "epd_mailing")
class TestCancelling(SendingCommon):
    """A big mailing is given up at once; its letters are withdrawn in the background."""

    def setUp(self):
        super().setUp()
        self.patch(mailing_withdrawal, "AT_ONCE", 1)
        self.mailing = self._make_mailing()

    def _cancel(self):
        self.mailing.with_user(self.operator).action_cancel()
        self.env.invalidate_all()

    def _states(self):
        letters = self.mailing.letter_ids.filtered(lambda letter: letter.state != "skipped")
        return sorted(letters.mapped("state"))

    def test_a_second_window_is_told_that_it_is_done_already(self):
        self._cancel()
        self._run_cron("ir_cron_fill")
        mailing = self.mailing.with_context(lang="en_US")
        with self.assertRaisesRegex(UserError, r"already\. Reload the page"):
            mailing.action_cancel()
        with self.assertRaisesRegex(UserError, r"cannot go to .* Reload the page"):
            mailing._move("sending")

    def test_many_are_withdrawn_in_the_background(self):
        self._cancel()
        self.assertEqual(self.mailing.state, "cancelling")
        self.assertEqual(self._states(), ["pending"] * 3, "the clerk waits for none of them")
        self.assertIn("3", self.mailing.message_ids[:1].body)
        self._run_cron("ir_cron_fill")
        self.assertEqual((self.mailing.state, self._states()), ("cancelled", ["cancelled"] * 3))
        self.assertTrue(self.mailing.finished_at)
        withdrawn = self.mailing.letter_ids.filtered(lambda letter: letter.state == "cancelled")
        self.assertEqual(withdrawn.mapped("failure_type"), ["withdrawn"] * 3)
        self.assertIn("3", self.mailing.message_ids[:1].body)

    def test_few_are_withdrawn_at_once(self):
        self.patch(mailing_withdrawal, "AT_ONCE", 3)
        self._cancel()
        self.assertEqual((self.mailing.state, self._states()), ("cancelled", ["cancelled"] * 3))

    def test_nothing_goes_meanwhile(self):
        self.mailing._send_test_letter(self.env.user.email, self.documents[0].id)
        self.mailing.action_send()
        self.env["epd.mailing.sender"]._start_due()
        self.assertEqual(self.mailing.state, "sending")
        self._cancel()
        self.assertEqual(self.mailing.test_letter_ids.mapped("state"), ["cancelled"])
        self._run_cron()
        self.assertFalse(self.fake.letters())
        for step in ("action_send", "action_resume", "action_pause", "action_unschedule"):
            with self.assertRaises(UserError):
                getattr(self.mailing, step)()
        with self.assertRaises(UserError):
            self.mailing._send_test_letter(self.env.user.email, self.documents[0].id)
        with self.assertRaises(UserError):
            self.mailing.unlink()
        self._run_cron("ir_cron_fill")
        self._run_cron()
        self.assertFalse(self.fake.letters())
        self.assertEqual((self.mailing.state, self._states()), ("cancelled", ["cancelled"] * 3))

    def test_what_was_under_way_and_did_not_go_is_withdrawn_too(self):
        self.mailing.action_send()
        original = pool.send_many

        def cancelling(*args):
            outcomes = original(*args)
            # as if the button were pressed, and the withdrawal done, while the call was under way
            self.mailing.action_cancel()
            while self.mailing.state == "cancelling":
                mailing_withdrawal.MailingWithdrawal(self.mailing.sudo()._unlocked()).take_slice()
            self.env.flush_all()
            return outcomes

        self.unisender.parallel_calls = 1
        self.fake.fail("code", times=9, code="retry_later")
        with patch.object(pool, "send_many", cancelling):
            self._run_cron()
        self.assertEqual((self.mailing.state, self._states()), ("cancelled", ["cancelled"] * 3))

    def test_what_came_back_too_late_is_withdrawn_by_the_next_look(self):
        letter = self.mailing.letter_ids.filtered(lambda one: one.state == "pending")[0]
        self._cancel()
        self._run_cron("ir_cron_fill")
        # as written by a transaction that began before the mailing was cancelled
        self.env.cr.execute(
            "UPDATE epd_mailing_letter SET send_state = 'pending', state = 'pending' WHERE id = %s",
            (letter.id,),
        )
        self.env.invalidate_all()
        self._run_cron()
        self.assertEqual((letter.state, letter.failure_type), ("cancelled", "withdrawn"))
        self.assertFalse(self.fake.letters())

    def test_it_goes_on_after_a_stop_of_the_server(self):
        self._cancel()
        lost = psycopg2.OperationalError("gone")
        with (
            patch.object(type(self.mailing), "_work_slice", side_effect=lost),
            mute_logger(WORK),
        ):
            self._run_cron("ir_cron_fill")
        self.assertEqual(self.mailing.state, "cancelling")
        with patch(f"{BUDGET}.RUN_WALL", -1):
            self._run_cron("ir_cron_fill")
        self.assertEqual(self.mailing.state, "cancelling")
        self._run_cron("ir_cron_fill")
        self.assertEqual((self.mailing.state, self._states()), ("cancelled", ["cancelled"] * 3))

    def test_a_fault_is_told_once_and_tried_again(self):
        self._cancel()
        before = len(self.mailing.message_ids)
        with (
            patch.object(type(self.mailing), "_work_slice", side_effect=ValueError("x")),
            mute_logger(WORK),
        ):
            self._run_cron("ir_cron_fill")
            self._run_cron("ir_cron_fill")
        self.assertEqual(self.mailing.state, "cancelling")
        self.assertIn("ValueError", self.mailing.wait_reason)
        self.assertEqual(len(self.mailing.message_ids), before + 1)
        self._run_cron("ir_cron_fill")
        self.assertEqual((self.mailing.state, self.mailing.wait_reason), ("cancelled", False))

    def test_who_waits_is_told_of_the_right_job(self):
        self._cancel()
        self.assertEqual(self.mailing._get_awaited_cron(), "epd_mailing.ir_cron_fill")

    def test_programs_cancel_once(self):
        api = self.env["epd.api"].with_user(self.operator).with_company(self.company)
        self.assertEqual(api.cancel_mailing(self.mailing.id)["state"], "cancelling")
        told = api.cancel_mailing(self.mailing.id)
        self.assertEqual((told["state"], told["pending_count"]), ("cancelling", 3))
        self._run_cron("ir_cron_fill")
        self.assertEqual(api.get_mailing(self.mailing.id)["state"], "cancelled")

    def test_the_documents_are_free_for_another_mailing(self):
        self._cancel()
        self._run_cron("ir_cron_fill")
        self.assertEqual(self._make_mailing().pending_count, 3)
