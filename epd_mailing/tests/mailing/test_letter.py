from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger
from psycopg2.errors import UniqueViolation

from ..sending_common import SendingCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestLetter(SendingCommon):
    """Never twice, in the database itself; and what a person decides about a letter."""

    def _unknown(self):
        mailing = self._make_mailing(self.documents[0])
        letter = mailing.letter_ids
        letter._unlocked()._move("claimed")
        letter._unlocked()._move("sending", sending_at=self._now() - timedelta(minutes=5))
        letter._unlocked()._move("unknown", failure_type="no_answer")
        mailing._move("scheduled")
        mailing._move("sending")
        mailing._move("done")
        return letter

    def test_new_letters_say_what_would_be_computed(self):
        letters = self._make_mailing().letter_ids
        self.assertEqual(set(letters.mapped("send_state")), {"pending", "skipped"})
        names = ("state", "building_id")
        written = letters.read(names)
        self.env.add_to_compute(letters._fields["state"], letters)
        self.env.add_to_compute(letters._fields["building_id"], letters)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(letters.read(names), written)
        self.assertEqual(letters.building_id, letters.account_id.building_id)

    @mute_logger("odoo.sql_db")
    def test_database_refuses_a_second_live_letter(self):
        first = self._make_mailing(self.documents[0]).letter_ids
        vals = first._unlocked().copy_data()[0] | {"letter_key": "another"}
        with self.assertRaises(UniqueViolation) as caught:
            first._unlocked().create(vals)
        self.assertEqual(caught.exception.diag.constraint_name, "epd_mailing_letter_never_twice")
        first._unlocked()._move("cancelled")
        first._unlocked().create(vals)

    def test_was_sent_is_logged_with_the_person(self):
        letter = self._unknown()
        letter.with_user(self.operator).action_mark_sent()
        self.assertEqual((letter.state, letter.decided_by), ("sent", self.operator))
        self.assertEqual(letter.event_ids.user_id, self.operator)
        self.assertTrue(letter.sent_at)
        with self.assertRaises(UserError):
            letter.with_user(self.operator).action_mark_sent()

    def test_send_once_more(self):
        letter = self._unknown()
        letter.with_user(self.operator).action_send_again()
        again = letter.mailing_id.letter_ids - letter
        self.assertEqual((again.resend_no, again.send_state), (1, "pending"))
        self.assertIn(self.operator.name, again.resend_reason)
        self.assertEqual((letter.state, letter.decided_by), ("rejected", self.operator))
        self._run_cron()
        self.assertEqual((again.send_state, letter.mailing_id.state), ("sent", "done"))
        self.assertEqual(len(self.fake.letters()), 1)
        # the first one arrived after all: the world's answer is shown, nothing is sent
        self.env["epd.letter.facts"]._apply_statuses(
            [(letter, "ok_delivered", self._now(), "webhook")]
        )
        self.assertEqual(letter.state, "delivered")
        with self.assertRaises(UserError):
            letter.action_send_again()

    def test_unknown_is_never_resent_with_the_failed(self):
        letter = self._unknown()
        with self.assertRaises(UserError):
            letter.mailing_id.action_resend_failed()
        with self.assertRaises(UserError):
            letter.action_resend()

    def test_stranger_decides_nothing(self):
        letter = self._unknown()
        stranger = new_test_user(
            self.env,
            "epd_stranger",
            "base.group_user",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        for action in ("action_mark_sent", "action_send_again", "action_resend"):
            with self.subTest(action), self.assertRaises(UserError):
                getattr(letter.with_user(stranger), action)()

    def test_withdraw_leaves_what_went(self):
        mailing = self._make_mailing()
        first, second, third = mailing.letter_ids.filtered("email")
        first._unlocked()._move("claimed")
        first._unlocked()._move("sending")
        mailing.letter_ids._withdraw("re-issued")
        self.assertEqual(
            (first.send_state, second.send_state, third.send_state),
            ("sending", "cancelled", "cancelled"),
        )
        self.assertEqual(second.failure_reason, "re-issued")

    def test_delivery_state_is_the_best_of_its_letters(self):
        self.env["epd.delivery.address"].create(
            {"account_id": self.accounts[0].id, "email": "second@example.com"}
        )
        mailing = self._make_mailing(self.documents[0])
        first, second = mailing.letter_ids
        self._send(mailing)
        self.assertEqual(self.documents[0].delivery_state, "sent")
        self.env["epd.letter.facts"]._apply_statuses(
            [(first, "err_user_unknown", self._now(), "webhook")]
        )
        self.assertEqual(self.documents[0].delivery_state, "sent")
        self.env["epd.letter.facts"]._apply_statuses([(second, "ok_read", self._now(), "poll")])
        self.assertEqual(self.documents[0].delivery_state, "opened")
