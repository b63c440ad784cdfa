from datetime import datetime
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ...models.mailing.epd_mailing_figures import get_figures
from ..sending_common import NOBODY, SendingCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestStatistics(SendingCommon):
    def setUp(self):
        super().setUp()
        for account, word in zip(self.accounts[:3], ("read", "full", "retry"), strict=True):
            account.partner_id.email = f"{word}.{account.number}@example.com"
        self.mailing = self._send()
        self.letters = self.mailing.letter_ids[:3]

    def test_polling(self):
        self.fake.advance(60)
        self.mailing.action_refresh()
        self.assertEqual(self.letters.mapped("state"), ["delivered", "bounced", "deferred"])
        self.fake.advance(86400)
        self.mailing.action_refresh()
        self.assertEqual(self.letters.mapped("state"), ["opened", "bounced", "opened"])
        self.assertEqual(self.letters[0].opened_source, "poll")
        self.assertEqual(self.letters[1].failure_type, "mailbox_full")
        self.assertEqual(self.letters[1].address_id.state, "active", "a full box may empty")
        self.assertTrue(self.mailing.refreshed_at)
        self.assertEqual(
            self.documents[:3].mapped("delivery_state"), ["opened", "failed", "opened"]
        )
        facts = get_figures(self.mailing)
        self.assertEqual(
            [
                facts[name]
                for name in (
                    "sent_count",
                    "delivered_count",
                    "opened_count",
                    "failed_count",
                    "skipped_count",
                )
            ],
            [3, 2, 2, 1, 1],
        )

    def test_the_cron_asks_when_the_time_has_come(self):
        self.fake.advance(86400)
        self._run_cron("ir_cron_refresh")
        self.assertEqual(self.letters.mapped("state"), ["sent"] * 3)
        self.letters._unlocked().write({"next_poll_at": "2020-01-01"})
        self._run_cron("ir_cron_refresh")
        self.assertEqual(self.letters.mapped("state"), ["opened", "bounced", "opened"])
        self.assertFalse(self.letters[1].next_poll_at, "a final fact is not asked again")

    def test_an_account_is_deleted_before_its_turn(self):
        """One without letters; those of the others are asked for in the same pass."""
        gone = self._make_unisender("z-gone@uk-test.example.com")
        self._make_unisender("z-last@uk-test.example.com")
        poll = type(self.env["epd.status.poll"])
        original, asked = poll._poll_account, []

        def poll_account(poll, account, began):
            asked.append(account.name)
            if gone.exists():
                gone.unlink()
                self.env.flush_all()
                # another transaction's: a rollback of the pass does not bring it back
                poll.env.cr.commit()
            return original(poll, account, began)

        with patch.object(poll, "_poll_account", poll_account):
            self._run_cron("ir_cron_refresh")
        self.assertIn("z-last@uk-test.example.com", asked)
        self.assertNotIn("z-gone@uk-test.example.com", asked)

    def test_late_and_repeated_facts_do_no_harm(self):
        letter = self.letters[0]
        moments = [datetime(2026, 4, 2, hour) for hour in range(1, 6)]
        said = [
            ("ok_read", 3),
            ("ok_delivered", 1),
            ("ok_read", 4),
            ("ok_sent", 2),
            ("err_will_retry", 2),
        ]
        for raw, hour in said:
            self.env["epd.letter.facts"]._apply_statuses(
                [(letter, raw, moments[hour - 1], "webhook")]
            )
        self.assertEqual(letter.state, "opened")
        self.assertEqual(letter.delivered_at, moments[0])
        self.assertEqual(letter.opened_at, moments[2])
        self.assertEqual(letter.raw_status, "ok_read")

    def test_an_exact_time_replaces_an_estimate(self):
        letter = self.letters[0]
        late, exact = datetime(2026, 4, 2, 12), datetime(2026, 4, 2, 9)
        self.env["epd.letter.facts"]._apply_statuses([(letter, "ok_delivered", late, "poll")])
        self.env["epd.letter.facts"]._apply_statuses([(letter, "ok_delivered", exact, "webhook")])
        self.env["epd.letter.facts"]._apply_statuses([(letter, "ok_read", late, "poll")])
        self.assertEqual((letter.delivered_at, letter.delivered_source), (exact, "webhook"))
        self.assertEqual((letter.opened_at, letter.opened_source), (late, "poll"))

    def test_dead_addresses_are_closed_with_a_task(self):
        letter = self.letters[0]
        now = datetime(2026, 4, 2)
        self.env["epd.letter.facts"]._apply_statuses([(letter, "err_user_unknown", now, "webhook")])
        self.assertEqual((letter.state, letter.address_id.state), ("bounced", "bounced"))
        self.assertTrue(self.accounts[0].activity_ids)
        self.assertTrue(self.accounts[0]._wants_paper())

    def test_unknown_statuses_are_kept(self):
        letter = self.letters[0]
        self.env["epd.letter.facts"]._apply_statuses(
            [(letter, "err_new_thing", datetime(2026, 4, 2), "webhook")]
        )
        self.assertEqual((letter.state, letter.raw_status), ("deferred", "err_new_thing"))
        self.assertIn("err_new_thing", letter.failure_reason)

    def test_service_away(self):
        self._move_service(NOBODY)
        with (
            self.assertLogs("odoo.addons.epd_mailing.models.mailing.epd_status_poll", "WARNING"),
            self.assertRaises(UserError),
        ):
            self.mailing.action_refresh()
        self.assertEqual(self.letters.mapped("state"), ["sent"] * 3)
