from datetime import timedelta
from unittest.mock import patch

from odoo.addons.epd_mailing.tools.unisender.client import UniSenderClient
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..sending_common import SendingCommon

POLL_LOG = "odoo.addons.epd_mailing.models.mailing.epd_status_poll"


@tagged("post_install", "-at_install", "epd_mailing")
class TestServiceWords(SendingCommon):
    """What the service says is done and shown: limits of the day, warnings, ids it does not know."""

    def _rested(self):
        self.unisender._unlocked().write({"wait_until": False})

    # --- the day's number of letters -------------------------------------------------------------

    def _check_days_number(self, code):
        """A code of the service for a letter over the day's number: the queue waits, and no more."""
        self.fake.per_day, self.fake.day_code, self.fake.day_text = 1, code, "Лимит в сутки"
        mailing = self._make_mailing()
        self._send(mailing)
        for _try in range(10):
            self._rested()
            self._run_cron()
        self.assertEqual(mailing.state, "sending", "nobody has to look: it does not pause")
        states = mailing.letter_ids.filtered("email").mapped("send_state")
        self.assertEqual(sorted(states), ["pending", "pending", "sent"])
        self.assertGreater(self.unisender.wait_until, self._now() + timedelta(minutes=4))
        self.assertIn("Лимит в сутки", mailing.wait_reason)

    def test_limit_of_the_key(self):
        self._check_days_number("api_call_limit_exceeded_for_api_key")

    def test_limit_of_the_address(self):
        self._check_days_number("api_call_limit_exceeded_for_ip")

    def test_retry_later(self):
        self._check_days_number("retry_later")

    def test_wrong_argument(self):
        self._check_days_number("invalid_arg")

    def test_no_code_of_its_own(self):
        self._check_days_number("unspecified")

    def test_told_once_it_waits_for_the_office_midnight(self):
        self.company.epd_tz = "Asia/Vladivostok"
        self.fake.per_day = 1
        mailing = self._make_mailing()
        self._send(mailing)
        until = self.unisender.wait_until
        local = until + timedelta(hours=10)
        self.assertEqual((local.hour, local.minute), (0, 5))
        self.assertLessEqual(until - self._now(), timedelta(hours=24, minutes=5))
        self._rested()
        self._run_cron()
        # the service may count its day from another hour
        self.assertLessEqual(self.unisender.wait_until - self._now(), timedelta(hours=1))
        self.fake.per_day = 0
        self._rested()
        self._run_cron()
        self.assertEqual(mailing.state, "done")
        self.assertFalse(self.unisender.day_limit_at or self.unisender.limit_count)

    def test_a_limit_that_stays_after_rests_is_the_days(self):
        self.fake.per_day, self.fake.day_text = 1, "Too many calls"
        mailing = self._make_mailing()
        waits = []
        for _try in range(10):
            self._rested()
            self._send(mailing) if mailing.state == "draft" else self._run_cron()
            waits.append(self.unisender.wait_until - self._now())
        self.assertLess(waits[0], timedelta(minutes=2))
        self.assertGreater(waits[-1], timedelta(minutes=4))
        self.assertEqual(mailing.state, "sending")
        letters = mailing.letter_ids.filtered(lambda x: x.send_state == "pending")
        self.assertFalse(any(letters.mapped("attempts")), "no attempt of these letters")

    # --- warnings --------------------------------------------------------------------------------

    def test_warnings_are_shown(self):
        self.fake.warning = "Домен без DKIM"
        mailing = self._make_mailing(self.documents[0])
        self._send(mailing)
        self.assertEqual(self.unisender.last_warning, "Домен без DKIM")
        event = mailing.letter_ids.event_ids
        self.assertEqual((event.source, event.note), ("answer", "Домен без DKIM"))

    @mute_logger(POLL_LOG)
    def test_an_error_of_the_polling_goes_with_the_next_answer(self):
        mailing = self._make_mailing(self.documents[0])
        self._send(mailing)
        self.fake.fail("code", method="checkEmail", code="retry_later")
        self._due(mailing.letter_ids)
        self._run_cron("ir_cron_refresh")
        self.assertIn("retry_later", self.unisender.last_error)
        self._due(mailing.letter_ids)
        self._run_cron("ir_cron_refresh")
        self.assertFalse(self.unisender.last_error)

    # --- ids that the service does not know ------------------------------------------------------

    def _due(self, letters):
        letters._unlocked().write({"next_poll_at": self._now() - timedelta(minutes=1)})

    def test_letters_of_another_key_are_told_and_not_asked_for_ever(self):
        mailing = self._make_mailing()
        self._send(mailing)
        letters = mailing.letter_ids.filtered("provider_id")
        self.fake.reset()  # as another account of the service would answer
        self._due(letters)
        self._run_cron("ir_cron_refresh")
        self.assertFalse(any(letters.mapped("is_forgotten")), "perhaps it is only too early")
        self._shift(letters, sent_at=120)
        self._due(letters)
        self._run_cron("ir_cron_refresh")
        self.assertTrue(all(letters.mapped("is_forgotten")))
        self.assertFalse(letters.filtered("next_poll_at"))
        self.assertEqual(set(letters.mapped("state")), {"sent"})
        self.assertIn(str(len(letters)), mailing.message_ids[0].body)
        self.assertEqual(letters[0].event_ids[0].raw_status, "failed_email_id")

    @mute_logger(POLL_LOG)
    def test_a_refused_batch_is_halved_and_not_repeated_for_ever(self):
        mailing = self._make_mailing()
        self._send(mailing)
        letters = mailing.letter_ids.filtered("provider_id")
        letters[0]._unlocked().write({"provider_id": "odd"})
        self.fake.takes_odd_ids = False
        self.fake.advance(60)
        self._due(letters)
        self._run_cron("ir_cron_refresh")
        self.assertEqual(set(letters[1:].mapped("state")), {"delivered"})
        self.assertGreater(letters[0].next_poll_at, self._now())
        # and when the service rejects whatever it is asked
        self.fake.fail("code", 500, "checkEmail", code="invalid_arg")
        self._due(letters)
        asked = []
        original = UniSenderClient._check_batch

        def check(client, ids):
            asked.append(len(ids))
            return original(client, ids)

        with patch.object(UniSenderClient, "_check_batch", check):
            self._run_cron("ir_cron_refresh")
            first = len(asked)
            self._run_cron("ir_cron_refresh")
        self.assertEqual(len(asked), first, "the same batch is not asked again at once")
        self.assertIn("invalid_arg", self.unisender.last_error)
