import json
from datetime import datetime

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ...tools.unisender import webhook as reader
from ..sending_common import KEY, SendingCommon


def encode(payload, api_key):
    """Sign a body as UniSender does: compact JSON with escaped slashes, MD5 over the bytes."""
    import hashlib

    draft = json.dumps({"auth": api_key, **payload}, separators=(",", ":")).replace("/", "\\/")
    mark = hashlib.md5(draft.encode()).hexdigest()
    return draft.replace(f'"auth":"{api_key}"', f'"auth":"{mark}"', 1).encode()


@tagged("post_install", "-at_install", "epd_mailing")
class TestWebhook(SendingCommon, HttpCase):
    def setUp(self):
        super().setUp()
        self.unisender._unlocked().write({"webhook_state": "on"})
        self.path = "/epd_mailing/webhook/" + self.unisender._get_webhook_url().rpartition("/")[2]

    def _event(self, letter, status, time="2026-04-02 10:00:00", **more):
        data = {
            "email": letter.email,
            "status": status,
            "email_id": int(letter.provider_id or 7),
            "metadata": {"key": letter.letter_key},
            **more,
        }
        return {"event_name": "email_status", "event_time": time, "event_data": data}

    def _post(self, events, key=KEY, path=None, name="events"):
        raw = encode({"events_by_user": [{"login": "x", name: events}]}, key)
        answer = self.url_open(
            path or self.path, data=raw, headers={"Content-Type": "application/json"}
        )
        self._run_cron("ir_cron_events")
        return answer

    def _sent(self):
        return self._send().letter_ids[:3]

    def test_activation(self):
        self.assertEqual(self.url_open(self.path).status_code, 200)

    def test_events_become_facts_once(self):
        letters = self._sent()
        letters._unlocked().write({"sending_at": datetime(2026, 4, 2, 9, 59)})
        self.env.flush_all()
        events = [
            self._event(letters[0], "ok_read", "2026-04-02 11:00:00"),
            self._event(letters[0], "ok_delivered"),
        ]
        for name in ("events", "Events"):
            self.assertEqual(self._post(events, name=name).status_code, 200)
        letters.invalidate_recordset()
        self.assertEqual(letters[0].state, "opened")
        self.assertEqual(letters[0].delivered_at, datetime(2026, 4, 2, 10))
        self.assertEqual(
            (letters[0].opened_at, letters[0].opened_source), (datetime(2026, 4, 2, 11), "webhook")
        )
        self.assertEqual(len(letters[0].event_ids), 2, "repeats are dropped")

    def test_flat_body(self):
        letter = self._sent()[0]
        event = self._event(letter, "ok_delivered")
        raw = encode(
            {
                "login": "x",
                "event_name": "email_status",
                "event_time": event["event_time"],
                **event["event_data"],
            },
            KEY,
        )
        self.assertEqual(self.url_open(self.path, data=raw).status_code, 200)
        self._run_cron("ir_cron_events")
        letter.invalidate_recordset()
        self.assertEqual(letter.state, "delivered")

    @mute_logger("odoo.addons.epd_mailing.controllers.webhook")
    def test_wrong_ones_learn_and_change_nothing(self):
        letter = self._sent()[0]
        event = self._event(letter, "ok_read")
        self.assertEqual(self._post([event], key="other").status_code, 403)
        self.assertEqual(self._post([event], path="/epd_mailing/webhook/none").status_code, 404)
        self.assertEqual(self.url_open(self.path, data=b"{").status_code, 403)
        self.unisender.sudo()._unlocked().write({"api_key": False})
        self.assertEqual(self._post([event], key="").status_code, 403)
        letter.invalidate_recordset()
        self.assertEqual((letter.state, letter.event_ids.ids), ("sent", []))

    def test_an_unknown_letter_is_settled_by_our_key(self):
        self.fake.fail("drop_after", email="ivanov", times=1)
        letter = self._sent().filtered(lambda row: row.state == "unknown")
        real = self.fake.letters("ivanov@example.com")[0]["id"]
        self._post([self._event(letter, "ok_delivered", email_id=real)])
        letter.invalidate_recordset()
        self.assertEqual((letter.send_state, letter.state), ("sent", "delivered"))
        self.assertEqual(letter.provider_id, str(real))

    def test_unknown_ids_are_kept(self):
        event = {
            "event_name": "email_status",
            "event_time": "2026-04-02 10:00:00",
            "event_data": {"email": "x@example.com", "status": "ok_read", "email_id": 5},
        }
        self.assertEqual(self._post([event, event]).status_code, 200)
        kept = self.env["epd.letter.event"].search([("provider_id", "=", "5")])
        self.assertEqual((len(kept), kept.letter_id.ids), (1, []))

    def test_switching_on_and_off(self):
        # the service tries the address in its own time, perhaps after this test: nobody is there
        self.env["ir.config_parameter"].set_param("web.base.url", "http://127.0.0.1:9")
        self.unisender.action_webhook_on()
        self.assertEqual(self.unisender.webhook_state, "on")
        self.unisender.action_webhook_off()
        self.assertEqual(self.unisender.webhook_state, "off")

    def test_signature_of_the_test_is_the_services(self):
        raw = encode({"events_by_user": []}, KEY)
        self.assertTrue(reader.verify(raw, KEY))

    def test_receipt_for_the_office_only(self):
        url = f"/epd_mailing/document/{self.documents[0].id}/receipt.pdf"
        self.authenticate("epd_operator", "epd_operator")
        self.assertEqual(self.url_open(url).content, self.documents[0]._read_pdf())
        self.authenticate(None, None)
        self.assertNotIn(b"%PDF", self.url_open(url).content)
