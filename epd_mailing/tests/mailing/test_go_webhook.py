import gzip
import random
from datetime import UTC, timedelta

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..fake_go import KEY, encode
from ..go_common import GoCommon

LOG = "odoo.addons.epd_mailing.controllers.webhook"


@tagged("post_install", "-at_install", "epd_mailing")
class TestGoWebhook(GoCommon, HttpCase):
    """Calls of Unisender Go's webhook, in each shape, and what they say of letters."""

    def setUp(self):
        super().setUp()
        self.go_account._unlocked().write({"webhook_state": "on"})
        self.path = "/epd_mailing/webhook/" + self.go_account._get_webhook_url().rpartition("/")[2]
        self.mailing = self._make_go_mailing(self.documents[:1])
        self._send(self.mailing)
        self.letter = self.mailing.letter_ids
        self.letter._unlocked().write({"sending_at": self._now() - timedelta(minutes=30)})
        self.env.flush_all()

    def _event(self, status, minutes=0, traffic="", detail="", **more):
        """Return an event of our letter, so many minutes after it went."""
        at = self.letter.sending_at + timedelta(minutes=minutes)
        return {
            "event_name": "transactional_email_status",
            "event_data": {
                "job_id": self.letter.provider_id,
                "metadata": {"key": self.letter.letter_key, "db": self.env.cr.dbname},
                "email": self.letter.email,
                "status": status,
                "event_time": f"{at:%Y-%m-%d %H:%M:%S}",
                "url": "https://example.com/a",
                "delivery_info": {"delivery_status": detail, "traffic_type": traffic},
                **more,
            },
        }

    def _post(self, *events, key=KEY, pack=False, project=False, flat=False):
        if flat:
            (event,) = events
            payload = {
                "event_name": event["event_name"],
                "user_id": 456,
                **event["event_data"],
            }
        else:
            names = {"project_id": "6123", "project_name": "УК/1"} if project else {}
            payload = {"events_by_user": [{"user_id": 456, **names, "events": list(events)}]}
        raw = encode(payload, key)
        answer = self.url_open(self.path, data=gzip.compress(raw) if pack else raw)
        self._run_cron("ir_cron_events")
        return answer.status_code

    def test_every_shape_tells_the_same(self):
        for number, shape in enumerate(({}, {"pack": True}, {"project": True}, {"flat": True})):
            with self.subTest(shape):
                status = ("sent", "delivered", "opened", "clicked")[number]
                self.assertEqual(self._post(self._event(status, number + 1), **shape), 200)
                self.assertIn(status, self.letter.event_ids.mapped("raw_status"))
        self.assertEqual(self.letter.state, "read")
        self.assertEqual(self.letter.clicked_source, "webhook")
        self.assertEqual(
            self.letter.delivered_at,
            self.letter.sending_at.replace(microsecond=0) + timedelta(minutes=2),
        )

    def test_repeats_and_disorder_do_no_harm(self):
        events = [
            self._event(status, number)
            for number, status in enumerate(("sent", "soft_bounced", "delivered", "opened"), 1)
        ]
        for seed in range(3):
            random.Random(seed).shuffle(events)
            self.assertEqual(self._post(*events), 200)
        self.assertEqual(self.letter.state, "opened")
        self.assertFalse(self.letter.is_deferred)
        self.assertEqual(len(self.letter.event_ids), 4)

    @mute_logger(LOG)
    def test_a_forged_call_is_refused(self):
        self.assertEqual(self._post(self._event("opened", 1), key="another-key"), 403)
        raw = encode({"events_by_user": [{"events": [self._event("opened", 1)]}]})
        changed = raw.replace(b'"opened"', b'"spam"')
        self.assertEqual(self.url_open(self.path, data=changed).status_code, 403)
        self.assertEqual(self.letter.state, "sent")
        self.assertTrue(self.go_account.webhook_rejected_at)

    def test_a_program_is_told_apart_from_a_person(self):
        self._post(self._event("opened", 1, traffic="protected"))
        self._post(self._event("opened", 2, traffic="machine"))
        self.assertEqual((self.letter.state, self.letter.opened_at), ("delivered", False))
        self.assertEqual(
            self.letter.machine_opened_at,
            self.letter.sending_at.replace(microsecond=0) + timedelta(minutes=1),
        )
        self.assertEqual(self.mailing.opened_count, 0)
        self._post(self._event("opened", 5, traffic="human"))
        self.assertEqual((self.letter.state, self.letter.opened_source), ("opened", "webhook"))

    def test_a_scanner_that_follows_links_has_read_nothing(self):
        self._post(self._event("clicked", 1, traffic="machine"))
        self.assertEqual(self.letter.state, "delivered")
        self.assertFalse(self.letter.opened_at or self.letter.clicked_at)
        self.assertTrue(self.letter.machine_opened_at)
        self.assertEqual(self.mailing.opened_count, 0)
        got = self.go._letters[0]
        at = self.letter.sending_at.replace(microsecond=0) + timedelta(minutes=1)
        got["received"], got["tracked"] = at.replace(tzinfo=UTC).timestamp(), True
        got["steps"] = ((0, "clicked", ""),)
        self._make_due(self.letter)
        for _run in range(2):
            self.go_account._unlocked().write({"dump_asked_at": False})
            self._run_cron("ir_cron_refresh")
        self.assertIn("event-dump/get", self.go.calls)
        self.assertFalse(self.letter.opened_at, "the dump does not make a person of it")

    def test_a_dump_does_not_make_a_person_of_a_program(self):
        self._post(self._event("opened", 5, traffic="protected"))
        got = self.go._letters[0]
        got["steps"] = ((300, "opened", ""),)
        got["received"] = self.letter.sending_at.replace(tzinfo=UTC, microsecond=0).timestamp()
        self._make_due(self.letter)
        for _run in range(2):
            self.go_account._unlocked().write({"dump_asked_at": False})
            self._run_cron("ir_cron_refresh")
        self.assertIn("event-dump/get", self.go.calls)
        self.assertFalse(self.letter.opened_at, "the webhook said that it was a program")

    def test_bounces(self):
        self._post(self._event("soft_bounced", 1, detail="err_mailbox_full"))
        self.assertEqual(
            (self.letter.state, self.letter.failure_type), ("deferred", "mailbox_full")
        )
        self._post(self._event("hard_bounced", 5, detail="err_user_unknown"))
        self.assertEqual(
            (self.letter.state, self.letter.failure_type), ("bounced", "invalid_address")
        )
        self.assertEqual(self.letter.address_id.state, "bounced")

    def test_a_payer_unsubscribes(self):
        self._post(self._event("delivered", 1), self._event("unsubscribed", 2))
        self.assertEqual(self.letter.state, "unsubscribed")
        self.assertEqual(self.letter.address_id.state, "unsubscribed")
        self.assertTrue(self.letter.account_id.activity_ids, "a task to print it")

    def test_a_call_settles_an_unknown_outcome(self):
        self.letter._unlocked().write({"send_state": "unknown", "provider_id": False})
        event = self._event("delivered", 1, job_id="1rctPx-00021H-CcC4")
        self._post(event)
        self.assertEqual(self.letter.state, "delivered")
        self.assertEqual(self.letter.provider_id, "1rctPx-00021H-CcC4")

    def test_other_events_and_odd_ones_are_passed_over(self):
        block = {"event_name": "transactional_spam_block", "event_data": {"domain": "mail.ru"}}
        self.assertEqual(self._post(block, self._event("something_new", 1)), 200)
        self.assertEqual(self.letter.state, "sent")

    def test_silence_is_noticed_by_the_dump(self):
        self.go_account._unlocked().write({"webhook_on_at": self._now() - timedelta(hours=3)})
        got = self.go._letters[0]
        got["received"] -= 1200
        self.go_account._unlocked().write({"webhook_silent_at": False})
        self._make_due(self.letter)
        for _run in range(2):
            self.go_account._unlocked().write({"dump_asked_at": False})
            self._run_cron("ir_cron_refresh")
        self.assertEqual(self.letter.state, "delivered")
        for event in self.letter.event_ids:
            event.received_at -= timedelta(minutes=30)
        self._run_cron("ir_cron_refresh")
        self.assertTrue(self.go_account.webhook_silent_at)
        self.assertTrue(self.go_account.activity_ids)
