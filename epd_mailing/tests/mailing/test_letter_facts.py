from datetime import UTC, timedelta
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.mailing.epd_mailing_figures import get_figures
from ...tools.unisender.client import ContactInfo, UniSenderClient
from ..sending_common import SendingCommon

LOG = "odoo.addons.epd_mailing.models.mailing.epd_status_poll"


@tagged("post_install", "-at_install", "epd_mailing")
class TestLetterFacts(SendingCommon):
    """What became of the letters: by polling, by the contact, never worse than what is known."""

    def setUp(self):
        super().setUp()
        for account, word in zip(self.accounts, ("click", "full", "unknown"), strict=False):
            account.partner_id.email = f"{word}.person@example.com"
        self.unisender.track_links = True
        self.mailing = self._make_mailing()
        self._send(self.mailing)
        self.letters = self.mailing.letter_ids.filtered("email").sorted("account_id")

    def _due(self):
        letters = self.letters.filtered("next_poll_at")
        letters._unlocked().write({"next_poll_at": self._now() - timedelta(minutes=1)})

    def test_polling_in_one_call(self):
        self.fake.speed = 10.0**6  # all of it in the moment of sending
        self._due()
        original = UniSenderClient.check_email
        asked = []

        def check(client, ids):
            asked.append(len(ids))
            return original(client, ids)

        with patch.object(UniSenderClient, "check_email", check):
            self._run_cron("ir_cron_refresh")
            self._run_cron("ir_cron_refresh")
        self.assertEqual(asked, [3])
        first, second, third = self.letters
        self.assertEqual((first.state, first.clicked_source), ("read", "contact"))
        self.assertTrue(first.delivered_at and first.opened_at)
        self.assertEqual((second.state, second.failure_type), ("bounced", "mailbox_full"))
        self.assertEqual((third.state, third.failure_type), ("bounced", "invalid_address"))
        self.assertEqual(third.address_id.state, "bounced")
        self.assertEqual((self.mailing.failed_count, self.mailing.skipped_count), (2, 1))
        self.assertFalse((second | third).filtered("next_poll_at"), "final: not asked again")
        figures = get_figures(self.mailing.with_user(self.operator))
        self.assertEqual(sum(figures["buildings"][0]["states"].values()), 4)
        self.assertIn({"state": "skipped", "reason": "no_address", "count": 1}, figures["reasons"])

    @mute_logger(LOG)
    def test_service_that_does_not_answer(self):
        self._due()
        self.fake.fail("http_502", method="checkEmail", times=2)
        self._run_cron("ir_cron_refresh")
        self.assertEqual(set(self.letters.mapped("state")), {"sent"})
        with self.assertRaises(UserError):
            self.mailing.action_refresh()

    def test_interval_grows_until_the_vendor_forgets(self):
        letter, gaps = self.letters[0], []
        for _look in range(4):
            self.env["epd.status.poll"]._plan_next_poll(letter, self._now(), True)
            gaps.append(letter.next_poll_at - self._now())
        self.assertEqual(gaps, sorted(gaps))
        self.assertGreater(gaps[-1], gaps[0])
        self._shift(letter, sent_at=31 * 1440)
        self.env["epd.status.poll"]._plan_next_poll(letter, self._now(), True)
        self.assertFalse(letter.next_poll_at)

    def test_facts_never_go_back(self):
        letter, now = self.letters[0], self._now()
        self.env["epd.letter.facts"]._apply_statuses([(letter, "ok_read", now, "webhook")])
        self.env["epd.letter.facts"]._apply_statuses(
            [(letter, "ok_delivered", now + timedelta(hours=1), "poll")]
        )
        self.env["epd.letter.facts"]._apply_statuses([(letter, "err_will_retry", now, "poll")])
        self.assertEqual((letter.state, letter.raw_status), ("opened", "ok_read"))
        self.assertEqual((letter.opened_at, letter.opened_source), (now, "webhook"))
        self.env["epd.letter.facts"]._apply_statuses(
            [(letter, "ok_read", now - timedelta(hours=1), "webhook")]
        )
        self.assertEqual(letter.opened_at, now - timedelta(hours=1))

    def test_polled_time_gives_way_to_the_exact_one(self):
        letter, now = self.letters[0], self._now()
        self.env["epd.letter.facts"]._apply_statuses([(letter, "ok_delivered", now, "poll")])
        self.env["epd.letter.facts"]._apply_statuses(
            [(letter, "ok_delivered", now - timedelta(hours=3), "webhook")]
        )
        self.assertEqual(letter.delivered_at, now - timedelta(hours=3))
        self.assertEqual(letter.delivered_source, "webhook")

    # --- unknown letters and the contact ----------------------------------------------------------

    def _make_unknown(self, letter):
        self.env.cr.execute(
            """UPDATE epd_mailing_letter SET send_state = 'unknown', state = 'unknown',
               provider_id = NULL, raw_status = NULL, next_poll_at = %s WHERE id = %s""",
            (self._now() - timedelta(minutes=1), letter.id),
        )
        letter.invalidate_recordset()
        return letter

    def test_contact_settles_an_unknown_letter(self):
        letter = self._make_unknown(self.letters[0])
        self.fake.advance(60)
        self._run_cron("ir_cron_refresh")
        self.assertEqual((letter.send_state, letter.state), ("sent", "sent"))
        self.assertEqual(letter.settled_by, "contact")

    def test_contact_is_not_believed_with_a_rival(self):
        letter = self._make_unknown(self.letters[0])
        rival = self.letters[1]
        rival._unlocked().write({"email_normalized": letter.email_normalized})
        self._run_cron("ir_cron_refresh")
        self.assertEqual(letter.send_state, "unknown")

    def test_older_letter_of_the_contact_settles_nothing(self):
        letter = self._make_unknown(self.letters[0])
        old = (letter.sending_at - timedelta(hours=1)).replace(tzinfo=UTC)
        contact = ContactInfo("x", "active", "available", old, old, None, None)
        self.assertFalse(self.env["epd.letter.facts"]._settle_by_contact(letter, contact))
        self.assertFalse(self.env["epd.letter.facts"]._settle_by_contact(letter, None))
        self.assertEqual(letter.send_state, "unknown")
