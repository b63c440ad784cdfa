from datetime import UTC, timedelta

from odoo.addons.epd_mailing.reports.presentations import Presentations
from odoo.addons.epd_mailing.tools.unisender.client import ContactInfo
from odoo.tests import tagged

from ..truth_common import TruthCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestDoubtfulTimes(TruthCommon):
    """Times that each may be true, and cannot be true together with what else is known."""

    def setUp(self):
        super().setUp()
        self.letter = self._sent()
        self.began = self.letter.sending_at.replace(microsecond=0)

    def _describe(self):
        """Return (way, facts) of the letter as the proof has them."""
        proof = self.env["epd.presentation.proof"].create({"company_id": self.company.id})
        labels = proof._get_labels()
        document = self.letter.document_id
        (presentation,) = Presentations(self.env, [("id", "=", document.id)])
        way = presentation.ways[0]
        return way, proof._describe_way(document, way, labels)

    def _contact(self, send, **moments):
        """Return a contact whose last letter went at ``send``; the others are None if not given."""
        moments = {name: moment and moment.replace(tzinfo=UTC) for name, moment in moments.items()}
        names = ("last_delivery", "last_read", "last_click")
        rest = {name: moments.get(name) for name in names}
        return ContactInfo("x", "active", "available", send.replace(tzinfo=UTC), **rest)

    # --- a zone in doubt -------------------------------------------------------------------------

    def test_while_the_zone_is_in_doubt_no_time_is_exact(self):
        self.unisender.event_tz = "Europe/Moscow"  # and the service writes UTC
        letter = self.letter
        self._shift(letter, sending_at=-600)  # just now
        began = self._now()
        self._tell(letter, "ok_delivered", began - timedelta(hours=3) + timedelta(seconds=10))
        self.assertEqual((self.unisender.event_offset, letter.delivered_source), (-3, "poll"))
        # next day the same error lies between sending and receipt
        self._shift(letter, sending_at=1440, sent_at=1440)
        self._tell(letter, "ok_read", began - timedelta(hours=3))
        self.assertEqual((letter.state, letter.opened_source), ("opened", "poll"))
        self.assertFalse(letter.event_ids.filtered(lambda e: e.raw_status == "ok_read").event_at)

    def test_a_time_near_its_receipt_ends_the_doubt(self):
        letter = self.letter
        self._tell(letter, "ok_delivered", self._now() + timedelta(hours=5))
        self.assertEqual(self.unisender.event_offset, 5)
        self._tell(letter, "ok_read", self._now() - timedelta(seconds=30))
        self.assertEqual((self.unisender.event_offset, letter.opened_source), (0, "webhook"))
        self._tell(letter, "ok_link_visited", self._now() + timedelta(hours=5))
        self.assertEqual(len(self.unisender.activity_ids), 1, "one task stands already")

    # --- what we have seen ourselves -------------------------------------------------------------

    def test_an_event_later_than_what_was_seen_is_not_believed(self):
        seen = self.began + timedelta(minutes=30)
        facts = self.env["epd.letter.facts"]
        facts._apply_statuses([(self.letter, "ok_read", seen, "poll")])
        for status, name in (("ok_delivered", "delivered"), ("ok_read", "opened")):
            with self.subTest(status):
                self._tell(self.letter, status, seen + timedelta(hours=2))
                self.assertEqual(
                    (self.letter[f"{name}_at"], self.letter[f"{name}_source"]), (seen, "poll")
                )
                self._tell(self.letter, status, seen - timedelta(minutes=1))
                self.assertEqual(self.letter[f"{name}_source"], "webhook")

    # --- the contact -----------------------------------------------------------------------------

    def test_the_contact_opens_no_letter_whose_opening_nobody_saw(self):
        seen = self.began + timedelta(minutes=10)
        facts = self.env["epd.letter.facts"]
        facts._apply_statuses([(self.letter, "ok_delivered", seen, "poll")])
        # they read last month's letter once more
        contact = self._contact(
            self.began,
            last_delivery=self.began + timedelta(minutes=1),
            last_read=self.began + timedelta(minutes=5),
            last_click=self.began + timedelta(minutes=6),
        )
        self.assertTrue(facts._date_by_contact(self.letter, contact))
        self.assertEqual(
            (self.letter.state, self.letter.delivered_source), ("delivered", "contact")
        )
        self.assertFalse(self.letter.opened_at or self.letter.clicked_at)

    def test_the_contact_dates_nothing_later_than_it_was_seen(self):
        seen = self.began + timedelta(minutes=10)
        facts = self.env["epd.letter.facts"]
        facts._apply_statuses([(self.letter, "ok_read", seen, "poll")])
        contact = self._contact(
            self.began,
            last_delivery=self.began + timedelta(minutes=1),
            last_read=seen + timedelta(hours=2),
        )
        facts._date_by_contact(self.letter, contact)
        self.assertEqual(self.letter.delivered_source, "contact")
        self.assertEqual((self.letter.opened_at, self.letter.opened_source), (seen, "poll"))

    def test_a_letter_of_another_company_is_a_rival_too(self):
        company = self.env["res.company"].create({"name": "Другая"})
        self.letter._unlocked().copy(
            {
                "letter_key": "of-another",
                "resend_no": 7,
                "company_id": company.id,
                "sending_at": self.letter.sending_at,
            }
        )
        self.assertTrue(self.env["epd.letter.facts"]._has_rival(self.letter))

    # --- the proof -------------------------------------------------------------------------------

    def test_nothing_arrives_before_it_was_sent(self):
        # the answer to the call came late, the event early; the service's clock is behind
        for seconds in (-40, 5):
            with self.subTest(seconds):
                self.letter._unlocked().write(
                    {
                        "delivered_at": False,
                        "delivered_source": False,
                        "sent_at": self.began + timedelta(seconds=28),
                    }
                )
                self._tell(self.letter, "ok_delivered", self.began + timedelta(seconds=seconds))
                way, _described = self._describe()
                self.assertLessEqual(way.sent_at, way.delivered_at)
                self.assertGreaterEqual(way.sent_at, self.began)

    def test_a_polled_bounce_is_no_later_than(self):
        facts = self.env["epd.letter.facts"]
        seen = self.began + timedelta(minutes=30)
        facts._apply_statuses([(self.letter, "err_user_unknown", seen, "poll")])
        _way, described = self._describe()
        self.assertIn("не позднее", dict(described["facts"])["Не доставлено"])
        self._tell(self.letter, "err_user_unknown", seen - timedelta(minutes=5))
        _way, described = self._describe()
        self.assertNotIn("не позднее", dict(described["facts"])["Не доставлено"])


@tagged("post_install", "-at_install", "epd_mailing")
class TestUnknownInTheProof(TruthCommon):
    """What the proof says of a letter that a person had sent once more."""

    def test_the_first_of_a_repeat_is_not_called_refused(self):
        letter = self._lost("drop_before")
        letter.with_user(self.operator).action_send_again()
        proof = self.env["epd.presentation.proof"].create({"company_id": self.company.id})
        labels = proof._get_labels()
        (presentation,) = Presentations(self.env, [("id", "=", letter.document_id.id)])
        way = presentation.ways[0]
        described = proof._describe_way(letter.document_id, way, labels)
        self.assertNotIn("не принял", described["how"])
        self.assertIn("исход неизвестен", described["how"])
        self.assertIn(self.operator.name, dict(described["facts"])["Исход установлен"])
