"""A test letter carries a real receipt: it goes to the office alone, and leaves a trace for good."""

from unittest.mock import patch

from odoo.addons.epd_mailing.reports.presentations import Presentations
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import ForeignKeyViolation

from ..sending_common import SendingCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestTestLetter(SendingCommon):
    def setUp(self):
        super().setUp()
        self.operator.email = "operator@uk.example.com"
        self.mailing = self._make_mailing(self.documents[:0])

    def _send_test(self, email="clerk@example.com", user=None):
        mailing = self.mailing.with_user(user or self.operator)
        letter = mailing._send_test_letter(email, self.documents[0].id)
        self._run_cron()
        return self.env["epd.mailing.letter"].browse(letter)

    def _get_ways(self):
        (presentation,) = Presentations(self.env, [("id", "=", self.documents[0].id)])
        return presentation

    # --- where it goes ---------------------------------------------------------------------------

    def test_only_to_oneself_and_to_the_office(self):
        for email in ("stranger@mail.ru", "ivanov@example.com", "operator@uk.example.com.evil.ru"):
            for user in (self.operator, self.manager):
                with self.assertRaisesRegex(UserError, "clerk@example.com"):
                    self._send_test(email, user)
        self.assertFalse(self.mailing.test_letter_ids)
        self.assertEqual(self._send_test("Operator@UK.example.com").send_state, "sent")
        self.assertEqual(self._send_test().send_state, "sent")
        sent_to = [letter["email"] for letter in self.fake.letters()]
        self.assertEqual(sent_to, ["operator@uk.example.com", "clerk@example.com"])

    def test_without_any_address_it_says_what_to_do(self):
        self.operator.email = False
        self.unisender.test_emails = False
        with self.assertRaisesRegex(UserError, "your profile"):
            self._send_test()

    def test_a_manager_adds_addresses(self):
        with self.assertRaises(AccessError):
            self.unisender.with_user(self.operator).test_emails = "stranger@mail.ru"
        account = self.unisender.with_user(self.manager)
        with self.assertRaises(ValidationError):
            account.test_emails = "boss@uk.example.com, misspelt"
        account.test_emails = "Boss@UK.example.com; clerk@example.com"
        self.assertEqual(account.test_emails, "boss@uk.example.com, clerk@example.com")
        self.assertEqual(self._send_test("boss@uk.example.com").send_state, "sent")

    def test_the_wizard_says_to_whom(self):
        wizard = (
            self.env["epd.mailing.test"]
            .with_user(self.operator)
            .create({"mailing_id": self.mailing.id, "document_id": self.documents[0].id})
        )
        self.assertEqual(wizard.email, "operator@uk.example.com")
        self.assertEqual(wizard.allowed_text, "operator@uk.example.com, clerk@example.com")

    # --- its trace -------------------------------------------------------------------------------

    def test_nobody_deletes_what_left(self):
        letter = self._send_test()
        events = letter.event_ids
        for model in (
            self.mailing.with_user(self.operator),
            self.mailing.with_user(self.manager),
            self.mailing.sudo(),
            self.mailing._unlocked(),
        ):
            with self.assertRaisesRegex(UserError, "left the house"):
                model.unlink()
        for letters in (letter.sudo(), letter._unlocked()):
            with self.assertRaises(UserError):
                letters.unlink()
        self.mailing.action_cancel()
        with self.assertRaises(UserError):
            self.mailing.unlink()
        self.assertTrue(letter.exists())
        self.assertEqual(events.exists(), events)
        self.assertEqual(letter.create_uid, self.operator)

    @mute_logger("odoo.sql_db")
    def test_the_database_refuses_too(self):
        letter = self._send_test()
        self.env["epd.letter.event"].create(
            {"letter_id": letter.id, "raw_status": "ok_sent", "source": "poll"}
        )
        self.env.flush_all()
        for table, key in (
            ("epd_mailing", self.mailing.id),
            ("epd_mailing_letter", letter.id),
            ("epd_unisender_account", self.unisender.id),
        ):
            with self.assertRaises(ForeignKeyViolation), self.env.cr.savepoint():
                # pylint: disable-next=sql-injection  # names of this test
                self.env.cr.execute(f"DELETE FROM {table} WHERE id = %s", (key,))

    def test_what_never_went_goes_with_its_mailing(self):
        mailing = self._make_mailing(self.documents[1:])
        mailing._send_test_letter("clerk@example.com", self.documents[0].id)
        self.assertEqual(self.documents[1].delivery_state, "pending")
        letters = mailing.letter_ids | mailing.test_letter_ids
        self.assertEqual(len(letters), 4)
        mailing.with_user(self.operator).unlink()
        self.assertFalse(letters.exists())
        self.assertEqual(self.documents[1].delivery_state, "none")

    def _send_while_it_is_deleted(self, step):
        """Run a pass over a draft with a test letter and a mailing; the draft goes as its step begins."""
        drafts = [self._make_mailing(self.documents[0]) for _each in range(2)]
        for draft in drafts:
            draft._send_test_letter("clerk@example.com", self.documents[0].id)
        mailing = self._make_mailing(self.documents[1:])
        mailing.action_send()
        sender = type(self.env["epd.mailing.sender"])
        original, deleted = getattr(sender, step), []

        def delete(sender, *args):
            if not deleted:
                deleted.extend(drafts)
                (drafts[0] | drafts[1]).unlink()
                self.env.flush_all()
                # another transaction's: a rollback of the pass does not bring it back
                sender.env.cr.commit()
            return original(sender, *args)

        with patch.object(sender, step, delete):
            self._run_cron()
        self.assertTrue(deleted)
        self.assertEqual(mailing.state, "done")
        self.assertFalse(self.fake.letters("clerk@example.com"))

    def test_a_draft_is_deleted_before_its_turn(self):
        """The others are sent in the same pass: what a clerk deletes stops nobody's letters."""
        for step in ("_send_slice_safely", "_send_slice"):
            with self.subTest(step), self.env.cr.savepoint() as savepoint:
                self.fake.reset()
                self._send_while_it_is_deleted(step)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_it_counts_in_the_limits(self):
        self.unisender.limit_per_day = 1
        self.assertEqual(self._send_test().send_state, "sent")
        self._send(self._make_mailing(self.documents[:1]))
        self.assertEqual(len(self.fake.letters()), 1)

    def test_the_proof_shows_it_and_counts_nothing(self):
        self._send_test()
        presentation = self._get_ways()
        (way,) = presentation.ways
        self.assertEqual((way.kind, way.to), ("test", "clerk@example.com"))
        self.assertEqual(way.asked_by, self.operator.name)
        self.assertEqual(presentation.judge(), (False, False))
        proof = self.env["epd.presentation.proof"].create({"company_id": self.company.id})
        entry = next(
            entry
            for entry in proof._get_paper_data()["entries"]
            if entry["number"] == self.documents[0].name
        )
        self.assertFalse(entry["is_presented"])
        self.assertIn("Пробное письмо", entry["ways"][0]["how"])
        self.assertIn(("Кто отправил", self.operator.name), entry["ways"][0]["facts"])
        rows = [row for row in proof._iter_rows({}) if len(row) > 12]
        self.assertEqual([row[12:14] for row in rows], [["Test letter", "clerk@example.com"]])
