from datetime import UTC, datetime, timedelta

from odoo.addons.epd_mailing.reports.presentations import Presentations
from odoo.addons.epd_mailing.tools.unisender.client import ContactInfo
from odoo.tests import tagged

from ..truth_common import TruthCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestTrueTimes(TruthCommon):
    """No time that cannot be true, no delivery of a letter that the service never got."""

    # --- the window ------------------------------------------------------------------------------

    def test_times_that_cannot_be_true_bound_by_the_receipt(self):
        letter = self._sent()
        now = self._now()
        cases = (
            now + timedelta(hours=3),
            datetime(2099, 1, 1),
            datetime(2017, 6, 19, 10, 38, 22),
            letter.sending_at - timedelta(minutes=2),
            "yesterday",
        )
        for told in cases:
            with self.subTest(told):
                letter._unlocked().write(
                    {"delivered_at": False, "delivered_source": False, "raw_status": False}
                )
                event = self._tell(letter, "ok_delivered", told)
                self.assertEqual((letter.state, letter.delivered_source), ("delivered", "poll"))
                self.assertLess(abs(letter.delivered_at - now), timedelta(minutes=1))
                self.assertFalse(event.event_at)
                self.assertTrue(event.event_time_raw, "what was told is kept")

    def test_times_between_sending_and_receipt_are_exact(self):
        letter = self._sent()
        told = (letter.sending_at + timedelta(minutes=5)).replace(microsecond=0)
        self._tell(letter, "ok_delivered", told)
        self.assertEqual((letter.delivered_at, letter.delivered_source), (told, "webhook"))

    def test_an_opening_before_the_delivery_bounds_it(self):
        letter = self._sent()
        began = letter.sending_at.replace(microsecond=0)
        late, early = began + timedelta(minutes=9), began + timedelta(minutes=5)
        for order in (("ok_delivered", "ok_read"), ("ok_read", "ok_delivered")):
            with self.subTest(order):
                letter._unlocked().write(
                    dict.fromkeys(
                        ("delivered_at", "delivered_source", "opened_at", "opened_source"), False
                    )
                )
                self.env["epd.letter.event"].search([("letter_id", "=", letter.id)]).unlink()
                for status in order:
                    self._tell(letter, status, late if status == "ok_delivered" else early)
                self.assertEqual((letter.opened_at, letter.opened_source), (early, "webhook"))
                self.assertEqual((letter.delivered_at, letter.delivered_source), (early, "poll"))

    def test_another_zone_is_told_once_and_can_be_set(self):
        letter = self._sent()
        now = self._now()
        self._tell(letter, "ok_delivered", now + timedelta(hours=3, seconds=-20))
        self._tell(letter, "ok_read", now + timedelta(hours=3, seconds=-10))
        self.assertEqual(self.unisender.event_offset, 3)
        self.assertEqual(len(self.unisender.activity_ids), 1, "told once")
        self.assertIn("3", self.unisender.activity_ids.note)
        self.unisender.with_user(self.manager).event_tz = "Europe/Moscow"
        self.assertEqual(self.unisender.event_offset, 0)
        self.assertEqual(letter.opened_source, "poll", "what was told before stays a bound")

    def test_an_odd_time_is_no_zone(self):
        letter = self._sent()
        self._tell(letter, "ok_delivered", self._now() + timedelta(hours=2, minutes=30))
        self.assertFalse(self.unisender.event_offset or self.unisender.activity_ids)

    # --- unknown letters and the contact ---------------------------------------------------------

    def test_a_newsletter_delivers_no_letter_that_never_arrived(self):
        self.mailing.action_cancel()
        self.accounts[0].partner_id.email = "click.person@example.com"
        self.mailing = self._make_mailing(self.documents[0])
        letter = self._lost("drop_before")
        self._shift(letter, sending_at=60)
        self.fake.take(letter.email_normalized)
        for _look in range(3):
            self._make_due(letter)
            self._run_cron("ir_cron_refresh")
        self.assertEqual((letter.send_state, letter.state), ("unknown", "unknown"))
        self.assertFalse(letter.delivered_at or letter.opened_at or letter.settled_by)

    def test_the_contact_says_sent_and_no_more(self):
        self.mailing.action_cancel()
        self.accounts[0].partner_id.email = "click.person@example.com"
        self.mailing = self._make_mailing(self.documents[0])
        letter = self._lost("drop_after")
        self._run_cron("ir_cron_refresh")
        self.assertEqual((letter.send_state, letter.state), ("sent", "sent"))
        self.assertEqual(letter.settled_by, "contact")
        self.assertFalse(letter.delivered_at or letter.opened_at)
        self.assertEqual(letter.sent_at, letter.sending_at)

    def test_the_window_of_the_contact(self):
        letter = self._lost("drop_after")
        facts, timeout = self.env["epd.letter.facts"], self.unisender.timeout_seconds
        for seconds, fits in ((-6, False), (timeout + 100, True), (timeout + 200, False)):
            moment = (letter.sending_at + timedelta(seconds=seconds)).replace(tzinfo=UTC)
            contact = ContactInfo("x", "active", "available", moment, moment, moment, moment)
            self.assertEqual(facts._is_of_call(letter, contact), fits, seconds)
        contact = ContactInfo("x", "active", "available", None, moment, moment, moment)
        self.assertFalse(facts._settle_by_contact(letter, contact), "a delivery alone says nothing")

    def test_a_newsletter_dates_no_polled_delivery(self):
        letter = self._sent()
        self.fake.take(letter.email_normalized)
        self._make_due(letter)
        self._run_cron("ir_cron_refresh")
        self._run_cron("ir_cron_refresh")
        self.assertEqual((letter.state, letter.delivered_source), ("delivered", "poll"))

    # --- who settled it, in the proof ------------------------------------------------------------

    def test_each_settler_is_told_and_stands_in_the_proof(self):
        self.mailing.action_cancel()
        proof = self.env["epd.presentation.proof"].create({"company_id": self.company.id})
        expected = {"event": "event", "contact": "contact", "person": "person"}
        for settler in expected:
            with self.subTest(settler):
                self.fake.reset()
                self.fake.speed = 10.0**6
                self.mailing = self._make_mailing(self.documents[list(expected).index(settler)])
                letter = self._lost("drop_after")
                if settler == "event":
                    self._tell(letter, "ok_sent", self._now())
                elif settler == "contact":
                    self._run_cron("ir_cron_refresh")
                else:
                    letter.with_user(self.operator).action_mark_sent()
                self.assertEqual((letter.send_state, letter.settled_by), ("sent", settler))
                labels = proof._get_labels()
                document = letter.document_id
                (presentation,) = Presentations(self.env, [("id", "=", document.id)])
                (way,) = presentation.ways
                named = proof._name_settler(way, labels)
                self.assertTrue(named)
                self.assertEqual(self.operator.name in named, settler == "person")
                facts = dict(proof._describe_way(document, way, labels)["facts"])
                self.assertEqual(facts["Исход установлен"], named)
                self._unknown_rests()

    # --- statuses nobody has heard of ------------------------------------------------------------

    def test_an_unheard_of_failure_is_the_end_after_a_day(self):
        letter = self._sent()
        number = int(letter.provider_id)
        self.fake.set_status(number, "err_new_thing")
        self._make_due(letter)
        self._run_cron("ir_cron_refresh")
        self.assertEqual((letter.state, letter.raw_status), ("deferred", "err_new_thing"))
        self.assertIn("err_new_thing", letter.failure_reason)
        self.assertTrue(letter.next_poll_at, "asked again")
        self._shift(letter, raw_status_at=1440)
        self._make_due(letter)
        self._run_cron("ir_cron_refresh")
        self.assertEqual((letter.state, letter.next_poll_at), ("bounced", False))
        self.assertEqual(letter.address_id.state, "active")

    def test_an_unheard_of_failure_may_turn_out_well(self):
        letter = self._sent()
        number = int(letter.provider_id)
        for status, state in (("err_new_thing", "deferred"), ("ok_delivered", "delivered")):
            self.fake.set_status(number, status)
            self._make_due(letter)
            self._run_cron("ir_cron_refresh")
            self.assertEqual(letter.state, state)
        self.assertFalse(letter.failure_type)

    def test_a_letter_that_is_tried_again_is_no_failure(self):
        letter = self._sent()
        self.fake.set_status(letter.provider_id, "err_retry_letter")
        self._make_due(letter)
        self._run_cron("ir_cron_refresh")
        self._shift(letter, raw_status_at=3000)
        self._make_due(letter)
        self._run_cron("ir_cron_refresh")
        self.assertEqual((letter.state, letter.failure_type), ("deferred", False))
