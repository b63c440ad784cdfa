import hashlib
import json
from datetime import timedelta

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ...tools.unisender.webhook import HookEvent
from ..fake_unisender import KEY
from ..sending_common import SendingCommon

TOKEN = "a-token-that-nobody-guesses"
LOG = "odoo.addons.epd_mailing.controllers.webhook"


@tagged("post_install", "-at_install", "epd_mailing")
class TestWebhookSilence(HttpCase, SendingCommon):
    """A webhook that gets no calls is noticed, told and registered again."""

    def setUp(self):
        super().setUp()
        self.env["ir.config_parameter"].set_param("web.base.url", "http://127.0.0.1:9")
        self.unisender._unlocked().write({"webhook_token": TOKEN})
        self.unisender.action_webhook_on()
        self.fake.speed = 10.0**6
        self.accounts[0].partner_id.email = "read.person@example.com"
        self.mailing = self._make_mailing(self.documents[0])
        self._send(self.mailing)
        self.letter = self.mailing.letter_ids
        self.env.flush_all()

    def _poll(self):
        self.letter._unlocked().write({"next_poll_at": self._now() - timedelta(minutes=1)})
        self._run_cron("ir_cron_refresh")

    def _let_pass(self, minutes):
        """Let time pass: what was known so far is older."""
        delta = timedelta(minutes=minutes)
        for event in self.letter.event_ids:
            event.received_at -= delta
        vals = {
            name: self.unisender[name] - delta
            for name in ("webhook_on_at", "webhook_called_at", "webhook_renewed_at")
            if self.unisender[name]
        }
        self.unisender._unlocked().write(vals)

    def _post(self, key=KEY, status="ok_delivered", token=TOKEN, hours=0, told=None):
        told = (told or self._now()) + timedelta(hours=hours)
        event = {
            "event_name": "email_status",
            "event_time": f"{told:%Y-%m-%d %H:%M:%S}",
            "event_data": {"email_id": int(self.letter.provider_id), "status": status},
        }
        payload = {"auth": key, "events_by_user": [{"login": "x", "events": [event]}]}
        text = json.dumps(payload, separators=(",", ":"))
        mark = hashlib.md5(text.encode()).hexdigest()
        answer = self.url_open(
            f"/epd_mailing/webhook/{token}", data=text.replace(key, mark, 1).encode()
        )
        self._run_cron("ir_cron_events")
        return answer.status_code

    def test_silence_is_told_once_and_the_contacts_are_asked(self):
        self._poll()
        self.assertFalse(self.unisender.webhook_silent_at, "a call may be on its way")
        self.assertEqual(self.letter.delivered_source, "poll")
        self._let_pass(30)
        self._run_cron("ir_cron_refresh")
        self.assertTrue(self.unisender.webhook_silent_at)
        self.assertEqual(len(self.unisender.activity_ids), 1)
        self._let_pass(60)
        self._run_cron("ir_cron_refresh")
        self.assertEqual(len(self.unisender.activity_ids), 1, "told once")

    def test_events_that_wait_for_their_job_are_no_silence(self):
        self._make_call_heard(90)
        self._poll()
        event = HookEvent(
            *("email_status", self.letter.provider_id, self.letter.email, "ok_read"),
            *("", None, {"key": self.letter.letter_key}),
        )
        self.env["epd.letter.event"]._store(self.unisender, [event])
        self._let_pass(30)
        self._run_cron("ir_cron_refresh")
        self.assertFalse(self.unisender.webhook_silent_at, "the job is off, calls come")

    def test_exact_times_come_from_the_contact_meanwhile(self):
        self._poll()
        self.assertTrue(self.letter.contact_at, "it waits for the webhook")
        self._let_pass(30)
        self._run_cron("ir_cron_refresh")
        self.assertEqual(
            (self.letter.delivered_source, self.letter.opened_source), ("contact", "contact")
        )

    def test_it_is_registered_again_once_a_day(self):
        self._poll()
        self._let_pass(30)
        client = self.unisender._get_client()
        client.remove_hook(self.unisender._get_webhook_url())
        self._let_pass(1500)
        self._run_cron("ir_cron_refresh")
        self.assertEqual(len(client.list_hooks()), 1)
        client.remove_hook(self.unisender._get_webhook_url())
        self._run_cron("ir_cron_refresh")
        self.assertFalse(client.list_hooks(), "not at every look")

    def test_registered_again_by_hand_it_has_time_and_keeps_its_last_call(self):
        self._make_call_heard(90)
        self._poll()
        self._let_pass(30)
        self._run_cron("ir_cron_refresh")
        self.assertTrue(self.unisender.webhook_silent_at)
        called = self.unisender.webhook_called_at
        self.unisender.with_user(self.manager).action_webhook_on()
        self._run_cron("ir_cron_refresh")
        self.assertFalse(self.unisender.webhook_silent_at, "what was missed before is past")
        self.assertEqual(self.unisender.webhook_called_at, called)

    def test_a_genuine_call_ends_the_silence(self):
        self._poll()
        self._let_pass(30)
        self._run_cron("ir_cron_refresh")
        self.assertEqual(self._post(), 200)
        self.assertFalse(self.unisender.webhook_silent_at)
        self.assertTrue(self.unisender.webhook_called_at)
        self._run_cron("ir_cron_refresh")
        self.assertFalse(self.unisender.webhook_silent_at)

    def _make_call_heard(self, minutes):
        self.unisender._unlocked().write(
            {"webhook_called_at": self._now() - timedelta(minutes=minutes)}
        )

    def test_a_poll_between_two_calls_of_a_minute_is_no_silence(self):
        # calls are noted once a minute: the second one is not
        self._make_call_heard(0)
        self._poll()
        self.assertEqual(self._post(status="ok_read"), 200)
        # the database's now() stands still in a test
        self.letter.event_ids.filtered(lambda e: e.source == "webhook").received_at = self._now()
        self._let_pass(30)
        self._run_cron("ir_cron_refresh")
        self.assertFalse(self.unisender.webhook_silent_at)

    def test_events_of_a_wrong_zone_are_no_silence(self):
        self.assertEqual(self._post(hours=3), 200)
        self.assertEqual(self.letter.delivered_source, "poll")
        self.assertEqual(self.letter.event_ids.mapped("source"), ["webhook"], "said once")
        self._let_pass(30)
        self._run_cron("ir_cron_refresh")
        self.assertFalse(self.unisender.webhook_silent_at)

    def test_letters_on_their_way_are_no_silence(self):
        # nobody has seen the service call for «ok_sent»
        self.fake.set_status(self.letter.provider_id, "ok_sent")
        self._poll()
        self._let_pass(30)
        self._run_cron("ir_cron_refresh")
        self.assertFalse(self.unisender.webhook_silent_at)

    @mute_logger(LOG)
    def test_a_call_that_is_too_large_is_shown_too(self):
        answer = self.url_open(f"/epd_mailing/webhook/{TOKEN}", data=b"x" * (4 * 2**20 + 1))
        self.env.invalidate_all()
        self.assertEqual(answer.status_code, 413)
        self.assertTrue(self.unisender.webhook_rejected_at)
        self.assertTrue(self.unisender.webhook_rejected_reason)

    def test_two_accounts_of_one_key_hear_the_same_events(self):
        other = self._make_unisender("second@uk-test.example.com")
        token = "another-token-that-nobody-guesses"
        other._unlocked().write({"webhook_token": token, "webhook_state": "on"})
        self.env.flush_all()
        told = self._now()
        for called in (token, TOKEN):  # the other one first
            self.assertEqual(self._post(token=called, told=told), 200)
        self.assertEqual(self.letter.delivered_source, "webhook")

    def test_it_is_switched_off_whatever_the_service_says(self):
        self.fake.fail("code", method="removeHook", code="invalid_arg")
        answer = self.unisender.action_webhook_off()
        self.assertEqual(self.unisender.webhook_state, "off")
        self.assertIn("invalid_arg", answer["params"]["message"])

    def test_no_letters_no_silence(self):
        self.fake.set_status(self.letter.provider_id, "not_sent")
        self._poll()
        self._let_pass(600)
        self._run_cron("ir_cron_refresh")
        self.assertFalse(self.unisender.webhook_silent_at)

    @mute_logger(LOG)
    def test_a_refused_call_is_shown_with_its_reason(self):
        self.assertEqual(self._post(key="another-key"), 403)
        self.assertTrue(self.unisender.webhook_rejected_at)
        self.assertTrue(self.unisender.webhook_rejected_reason)
        self.assertFalse(self.unisender.webhook_called_at)
        first = self.unisender.webhook_rejected_at
        self._post(key="another-key")
        self.assertEqual(
            self.unisender.webhook_rejected_at, first, "a stranger's calls cost nothing"
        )

    def test_the_zone_of_the_events_is_the_accounts(self):
        self.unisender.event_tz = "Europe/Moscow"
        self.env.flush_all()
        moment = (self._now() + timedelta(hours=3)).replace(microsecond=0)
        event = {
            "event_name": "email_status",
            "event_time": f"{moment:%Y-%m-%d %H:%M:%S}",
            "event_data": {"email_id": int(self.letter.provider_id), "status": "ok_delivered"},
        }
        payload = {"auth": KEY, "events_by_user": [{"login": "x", "events": [event]}]}
        text = json.dumps(payload, separators=(",", ":"))
        mark = hashlib.md5(text.encode()).hexdigest()
        self.url_open(f"/epd_mailing/webhook/{TOKEN}", data=text.replace(KEY, mark, 1).encode())
        self._run_cron("ir_cron_events")
        self.assertEqual(self.letter.delivered_source, "webhook")
        self.assertFalse(self.unisender.event_offset)

    def test_addresses_that_the_service_cannot_reach(self):
        account = self._make_unisender("real@uk-test.example.com")
        cases = {
            "http://localhost:8069": True,
            "http://192.168.0.5:8069": True,
            "http://10.1.2.3": True,
            "https://odoo.office.local": True,
            "https://erp": True,
            "https://erp.example.com": False,
            "https://93.184.216.34": False,
        }
        account.base_url = "https://api.unisender.com"
        for url, warned in cases.items():
            self.env["ir.config_parameter"].set_param("web.base.url", url)
            account.invalidate_recordset(["webhook_warning"])
            self.assertEqual(bool(account.webhook_warning), warned, url)
        account.base_url = self.fake.url
        self.env["ir.config_parameter"].set_param("web.base.url", "http://localhost:8069")
        self.assertFalse(account.webhook_warning, "a service on this machine reaches it")
