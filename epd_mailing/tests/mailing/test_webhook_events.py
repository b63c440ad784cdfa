import gzip
import hashlib
import json
from datetime import datetime

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ...tools.unisender import webhook
from ..sending_common import KEY, SendingCommon

LOG = "odoo.addons.epd_mailing.controllers.webhook"
TOKEN = "a-token-that-nobody-guesses"


@tagged("post_install", "-at_install", "epd_mailing")
class TestWebhookEvents(HttpCase, SendingCommon):
    """UniSender's reports: only genuine ones, each once, in any order, none lost."""

    def setUp(self):
        super().setUp()
        self.unisender._unlocked().write({"webhook_token": TOKEN, "webhook_state": "on"})
        self.mailing = self._make_mailing(self.documents[0])
        self.letter = self.mailing.letter_ids
        self.letter._unlocked()._move("claimed")
        self.letter._unlocked()._move("sending", sending_at=datetime(2026, 3, 30, 9, 0))
        self.env.flush_all()

    def _sent(self, provider_id="11411542313"):
        self.letter._unlocked()._move(
            "sent", provider_id=provider_id, sent_at=datetime(2026, 3, 30, 9, 0, 1)
        )
        self.env.flush_all()

    def _event(self, status, time, provider_id=11411542313, **data):
        return {
            "event_name": "email_status",
            "event_time": time,
            "event_data": {
                "email": "ivanov@example.com",
                "status": status,
                "email_id": provider_id,
                **data,
            },
        }

    def _body(self, events, key=KEY, name="events"):
        payload = {"auth": key, "events_by_user": [{"login": "uk/demo", name: events}]}
        # as PHP writes it: compact, with «/» escaped
        text = json.dumps(payload, separators=(",", ":")).replace("/", "\\/")
        mark = hashlib.md5(text.encode()).hexdigest()
        return text.replace(f'"auth":"{key}"', f'"auth":"{mark}"', 1).encode()

    def _post(self, body, token=TOKEN):
        answer = self.url_open(
            f"/epd_mailing/webhook/{token}",
            data=body,
            headers={"Content-Type": "application/json"},
        )
        self._run_cron("ir_cron_events")
        return answer.status_code

    def _report(self, *events):
        self.assertEqual(self._post(self._body(list(events))), 200)
        self.env.invalidate_all()

    def test_activation_get(self):
        self.assertEqual(self.url_open(f"/epd_mailing/webhook/{TOKEN}").status_code, 200)

    def test_genuine_event_is_an_exact_fact(self):
        self._sent()
        self._report(self._event("ok_delivered", "2026-03-30 09:00:07"))
        self.assertEqual(self.letter.state, "delivered")
        self.assertEqual(self.letter.delivered_at, datetime(2026, 3, 30, 9, 0, 7))
        self.assertEqual(self.letter.delivered_source, "webhook")
        self.assertEqual(self.letter.document_id.delivery_state, "delivered")

    def test_whatever_content_type(self):
        self._sent()
        body = self._body([self._event("ok_delivered", "2026-03-30 09:05:00")])
        for kind in ("application/x-www-form-urlencoded", "text/plain"):
            answer = self.url_open(
                f"/epd_mailing/webhook/{TOKEN}", data=body, headers={"Content-Type": kind}
            )
            self.assertEqual(answer.status_code, 200, kind)
        self._run_cron("ir_cron_events")
        self.env.invalidate_all()
        self.assertEqual(self.letter.state, "delivered")

    @mute_logger(LOG)
    def test_fails_closed(self):
        self._sent()
        event = [self._event("ok_delivered", "2026-03-30 09:00:07")]
        good = self._body(event)
        bad = {
            "wrong key": self._body(event, key="other"),
            "changed body": good.replace(b"ok_delivered", b"ok_read_____"),
            "no auth": json.dumps({"events_by_user": []}).encode(),
            "two auths": good[:-1] + b',"auth":"0"}',
            "null auth": b'{"auth":null}',
            "empty": b" ",
            "not JSON": b"auth",
        }
        for name, body in bad.items():
            with self.subTest(name):
                self.assertIn(self._post(body), (403, 404, 413))
        self.assertEqual(self._post(good, token="unknown-token-of-a-stranger"), 404)
        self.unisender._unlocked().write({"webhook_state": "off"})
        self.env.flush_all()
        self.assertEqual(self._post(good), 404)
        self.unisender._unlocked().write({"webhook_state": "on", "api_key": False})
        self.env.flush_all()
        self.assertEqual(self._post(self._body(event, key="")), 403)
        self.assertFalse(self.env["epd.letter.event"].search_count([("source", "=", "webhook")]))
        self.assertEqual(self.letter.state, "sent")

    def test_too_large(self):
        self.assertEqual(self._post(b"x" * (4 * 2**20 + 1)), 413)

    def test_repeats_are_harmless(self):
        self._sent()
        event = self._event("ok_delivered", "2026-03-30 09:00:07")
        self._report(event, event)
        self._report(event)
        self.assertEqual(len(self.letter.event_ids), 1)

    def test_any_order_ends_in_the_same_state(self):
        self._sent()
        self._report(self._event("ok_read", "2026-03-30 10:00:00"))
        self.assertEqual((self.letter.state, self.letter.delivered_source), ("opened", "poll"))
        self._report(self._event("ok_sent", "2026-03-30 09:00:02"))
        self.assertEqual(self.letter.state, "opened")
        self._report(self._event("ok_delivered", "2026-03-30 09:00:07"))
        self.assertEqual(self.letter.state, "opened")
        self.assertEqual(self.letter.delivered_at, datetime(2026, 3, 30, 9, 0, 7))
        self.assertEqual(self.letter.delivered_source, "webhook")
        self.assertEqual(self.letter.opened_at, datetime(2026, 3, 30, 10, 0))

    def test_flat_gzip_and_other_spelling(self):
        self._sent()
        body = gzip.compress(
            self._body([self._event("ok_delivered", "2026-03-30 09:00:07")], name="Events")
        )
        self.assertEqual(self._post(body), 200)
        flat = {"auth": KEY, "login": "uk", "event_name": "email_status"}
        flat |= {
            "event_time": "2026-03-30 10:00:00",
            "status": "ok_read",
            "email_id": "11411542313",
        }
        text = json.dumps(flat, separators=(",", ":"))
        mark = hashlib.md5(text.encode()).hexdigest()
        self.assertEqual(self._post(text.replace(KEY, mark, 1).encode()), 200)
        self.env.invalidate_all()
        self.assertEqual(self.letter.state, "opened")

    def test_event_before_the_outcome_is_written(self):
        key = {"key": self.letter.letter_key}
        self._report(self._event("ok_delivered", "2026-03-30 09:00:07", metadata=key))
        self.assertEqual(self.letter.send_state, "sending")
        self.assertEqual(self.letter.delivered_at, datetime(2026, 3, 30, 9, 0, 7))

    def test_event_without_our_key_is_kept_and_matched_later(self):
        self._report(self._event("ok_delivered", "2026-03-30 09:00:07"))
        event = self.env["epd.letter.event"].search([("provider_id", "=", "11411542313")])
        self.assertFalse(event.letter_id)
        self._sent()
        self._run_matching()
        self.assertEqual(event.letter_id, self.letter)
        self.assertEqual(self.letter.state, "delivered")

    def _run_matching(self):
        self.env["epd.status.poll"]._match_kept_events()
        self.env.flush_all()

    def test_our_key_settles_an_unknown_letter(self):
        self.letter._unlocked()._move("unknown", failure_type="no_answer")
        self.env.flush_all()
        key = {"key": self.letter.letter_key, "db": self.env.cr.dbname}
        self._report(self._event("ok_sent", "2026-03-30 09:00:07", metadata=key))
        self.assertEqual((self.letter.send_state, self.letter.state), ("sent", "sent"))
        self.assertEqual(self.letter.provider_id, "11411542313")
        self.assertFalse(self.letter.failure_type)
        self.assertTrue(self.letter.next_poll_at, "its statuses can be asked from now on")

    def test_event_of_a_copy_of_the_database(self):
        key = {"key": self.letter.letter_key, "db": "another"}
        self._report(self._event("ok_delivered", "2026-03-30 09:00:07", metadata=key))
        self.assertFalse(self.letter.event_ids)

    def test_foreign_account_cannot_touch_the_letter(self):
        self._sent()
        other = self._make_unisender("other@uk-test.example.com")
        other._unlocked().write({"webhook_token": TOKEN[::-1], "webhook_state": "on"})
        self.env.flush_all()
        body = self._body([self._event("ok_read", "2026-03-30 10:00:00")])
        self.assertEqual(self._post(body, token=TOKEN[::-1]), 200)
        self.env.invalidate_all()
        self.assertEqual(self.letter.state, "sent")

    def test_bounce_closes_the_address_and_tells_the_office(self):
        self._sent()
        self._report(self._event("err_user_unknown", "2026-03-30 09:05:00"))
        self.assertEqual(
            (self.letter.state, self.letter.failure_type), ("bounced", "invalid_address")
        )
        self.assertEqual(self.letter.address_id.state, "bounced")
        self.assertTrue(self.letter.account_id.activity_ids)
        self.assertEqual(self.letter.document_id.delivery_state, "failed")
        self.assertIn(self.letter.account_id, self.letter.account_id._wants_paper())

    def test_temporary_failure_and_full_mailbox_keep_the_address(self):
        self._sent()
        self._report(self._event("err_will_retry", "2026-03-30 09:05:00"))
        self.assertEqual(self.letter.state, "deferred")
        self._report(self._event("err_mailbox_full", "2026-03-30 19:05:00"))
        self.assertEqual((self.letter.state, self.letter.failure_type), ("bounced", "mailbox_full"))
        self.assertEqual(self.letter.address_id.state, "active")

    def test_late_bounce_after_delivery_is_logged_only(self):
        self._sent()
        self._report(self._event("ok_delivered", "2026-03-30 09:00:07"))
        self._report(self._event("err_user_unknown", "2026-03-30 11:00:00"))
        self.assertEqual(self.letter.state, "delivered")
        self.assertEqual(self.letter.address_id.state, "active")
        self.assertEqual(len(self.letter.event_ids), 2)

    def test_unsubscribing_stands_in_the_register_of_consents(self):
        account = self.letter.account_id
        register = self.env["epd.delivery.consent"]
        before = register.search([("account_id", "=", account.id)])
        self._sent()
        self._report(self._event("ok_unsubscribed", "2026-03-30 10:00:00"))
        self._report(self._event("ok_unsubscribed", "2026-03-30 10:00:00"))
        row = register.search([("account_id", "=", account.id)]) - before
        self.assertEqual(
            (len(row), row.action, row.partner_id), (1, "withdrawn", account.partner_id)
        )
        self.assertIn(self.letter.email_normalized, row.basis)
        self.assertEqual(account.consent_state, "withdrawn")

    def test_unsubscribing_one_of_several_addresses_leaves_the_consent(self):
        account = self.letter.account_id
        self.env["epd.delivery.address"].create(
            {"account_id": account.id, "email": "second@example.com"}
        )
        register = self.env["epd.delivery.consent"]
        register.create({"account_id": account.id, "basis": "Заявление", "date": "2026-01-10"})
        before = register.search([("account_id", "=", account.id)])
        self.assertEqual(account.consent_state, "instead")
        self._sent()
        self._report(self._event("ok_unsubscribed", "2026-03-30 10:00:00"))
        self.assertEqual(self.letter.address_id.state, "unsubscribed")
        self.assertEqual(account.consent_state, "instead")
        reasons = self.env["epd.letter.eligibility"]._get_reasons(self.letter)
        self.assertEqual(reasons[self.letter], "address_unsubscribed")
        row = register.search([("account_id", "=", account.id)]) - before
        self.assertEqual((row.action, row.address), ("withdrawn", self.letter.email_normalized))
        self.assertIn(row.address, row.basis)

    def test_unsubscribed_on_all_accounts_with_the_address(self):
        self._sent()
        same = self.env["epd.delivery.address"].create(
            {"account_id": self.accounts[1].id, "email": "IVANOV@example.com"}
        )
        self._report(self._event("ok_unsubscribed", "2026-03-30 10:00:00"))
        self.assertEqual(self.letter.state, "unsubscribed")
        self.assertEqual(self.letter.address_id.state, "unsubscribed")
        self.assertEqual(same.state, "unsubscribed")
        self.assertEqual(self.letter.document_id.delivery_state, "delivered")

    def test_unheard_of_status_by_prefix_keeps_the_raw(self):
        self._sent()
        self._report(self._event("err_new_thing", "2026-03-30 09:05:00"))
        self.assertEqual((self.letter.state, self.letter.raw_status), ("deferred", "err_new_thing"))
        self.assertIn("err_new_thing", self.letter.failure_reason)
        self.assertEqual(self.letter.address_id.state, "active")

    def test_burst_needs_few_queries(self):
        self._sent()
        events = [
            self._event("ok_delivered", f"2026-03-30 09:{n // 60:02}:{n % 60:02}", provider_id=n)
            for n in range(100)
        ]
        parsed = webhook.parse(self._body(events))
        with self.assertQueryCount(7):
            self.env["epd.letter.event"]._store(self.unisender, parsed)
            self.env["epd.letter.event"]._read_slice(100)
