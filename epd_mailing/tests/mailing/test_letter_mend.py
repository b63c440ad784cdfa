from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..sending_common import SendingCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestLetterMend(SendingCommon):
    """A letter that did not arrive is mended in its row, and sent again in its own mailing."""

    def _bounce(self, letter, raw="err_user_unknown"):
        letter._unlocked().write(
            {
                "bounced_at": fields.Datetime.now(),
                "bounced_source": "poll",
                "failure_type": "mailbox_unavailable",
                "failure_reason": f"The mailbox does not exist or is closed ({raw})",
                "raw_status": raw,
            }
        )
        letter.address_id._lose("bounced", raw)
        return letter

    def _sent_letter(self, number=0):
        mailing = self._send(self._make_mailing(self.documents[number]))
        return self._bounce(mailing.letter_ids[0])

    def _mend(self, letter, email, user=None):
        letter = letter.with_user(user or self.operator)
        action = letter.action_mend()
        wizard = (
            self.env["epd.letter.mend"]
            .with_user(user or self.operator)
            .with_context(**action["context"])
            .create({"email": email})
        )
        return wizard.action_mend()

    def _arrived(self, email):
        return self.fake.letters(email)

    def test_a_failed_row_is_mended_and_sent_again(self):
        letter = self._sent_letter()
        mailing = letter.mailing_id
        self.assertTrue(letter.can_mend)
        self._mend(letter, "right.one@example.com")
        self.assertEqual(mailing.state, "sending")
        letter.invalidate_recordset()
        self.assertFalse(letter.can_mend, "another one is under way")
        self._run_cron()
        self.assertEqual(mailing.state, "done")
        self.assertEqual(len(self._arrived("right.one@example.com")), 1)
        with self.assertRaises(UserError):
            self._mend(letter, "right.one@example.com")
        self._run_cron()
        self.assertEqual(len(self._arrived("right.one@example.com")), 1)
        self.assertFalse(letter.can_mend)

    def test_the_contact_gets_the_address_that_followed_it(self):
        partner = self.documents[0].partner_id
        for before, after in (
            ("follows.him@example.com", "new.of.contact@example.com"),
            ("one@example.com, lost@example.com", "one@example.com, right.too@example.com"),
        ):
            with self.subTest(before):
                partner.email, lost = before, before.split(", ")[-1]
                mailing = self._send(self._make_mailing(self.documents[0]))
                letter = mailing.letter_ids.filtered(
                    lambda one, lost=lost: one.email_normalized == lost
                )
                self.assertEqual(letter.address_id.source, "partner")
                self._mend(self._bounce(letter), after.split(", ")[-1])
                self.assertEqual(partner.email, after)
                self._run_cron()
                partner.email = False

    def test_the_same_address_is_tried_once_more(self):
        letter = self._sent_letter()
        email = letter.email_normalized
        self._mend(letter, email)
        self.assertEqual(letter.address_id.state, "active")
        self._run_cron()
        self.assertEqual(len(self._arrived(email)), 2)

    def test_a_skipped_row_of_a_draft_gets_its_letter(self):
        document = self.documents[0]
        document.account_id.address_ids.action_close()
        mailing = self._make_mailing(document)
        skipped = mailing.letter_ids
        self.assertEqual(skipped.send_state, "skipped")
        self.assertTrue(skipped.can_mend)
        self._mend(skipped, "first.address@example.com")
        self.assertEqual(
            [(one.email, one.send_state) for one in mailing.letter_ids],
            [("first.address@example.com", "pending")],
        )
        self.assertEqual(mailing.state, "draft")

    def test_a_misspelt_address_leaves_all_as_it_was(self):
        letter = self._sent_letter()
        before = letter.account_id.address_ids.mapped("email")
        for text in ("", "nobody", "a@b", "one@example.com, two@example.com"):
            with self.subTest(text), self.assertRaises(UserError), self.cr.savepoint():
                self._mend(letter, text)
        self.assertEqual(letter.account_id.address_ids.mapped("email"), before)
        self.assertEqual(letter.mailing_id.state, "done")

    def test_what_arrived_is_not_mended(self):
        letter = self._send(self._make_mailing(self.documents[0])).letter_ids[0]
        self.assertFalse(letter.can_mend)
        with self.assertRaises(UserError):
            self._mend(letter, "another@example.com")
        letter = self._sent_letter(1)
        letter.mailing_id._unlocked().state = "cancelled"
        with self.assertRaises(UserError):
            self._mend(letter, "another@example.com")

    def test_reasons_are_words(self):
        letter = self._sent_letter()
        self.assertEqual(letter.reason_text, "The mailbox does not exist or is closed")
        letters = letter._unlocked()
        for vals in (
            {
                "failure_type": "other",
                "failure_reason": "Other (err_giveup)",
                "raw_status": "err_giveup",
            },
            {"failure_type": "invalid_address", "failure_reason": "invalid_email: no such thing"},
            {"failure_type": "other", "failure_reason": "strange_code: the letter is odd"},
            {"failure_type": "no_answer", "failure_reason": "timeout: read timed out"},
        ):
            with self.subTest(vals["failure_reason"]):
                letters.write(vals)
                self.assertTrue(letter.reason_text)
                self.assertNotRegex(letter.reason_text, r"[a-z]+_[a-z]+")
                letters.write({"failure_type": False, "failure_reason": False, "raw_status": False})
        self.assertFalse(letter.reason_text)

    def test_another_company_mends_nothing(self):
        letter = self._sent_letter()
        other = self.env["res.company"].create({"name": "Другая УК"})
        stranger = self.env["res.users"].create(
            {
                "name": "Чужой",
                "login": "stranger.mend",
                "company_id": other.id,
                "company_ids": [(6, 0, other.ids)],
                "group_ids": [(4, self.env.ref("epd_mailing.group_epd_operator").id)],
            }
        )
        with self.assertRaises(AccessError):
            self._mend(letter, "thief@example.com", stranger)
        self.assertFalse(self._arrived("thief@example.com"))

    def test_each_failure_says_its_reason_and_never_goes_twice(self):
        """Whatever kept a letter back: the row says it in words, and one more letter goes at the most."""
        letter = self._send(self._make_mailing(self.documents[0])).letter_ids
        sent = len(self.fake.letters())
        for number, (kind, _label) in enumerate(
            letter._fields["failure_type"]._description_selection(self.env)
        ):
            with self.subTest(kind), self.cr.savepoint() as savepoint:
                letter._unlocked().write(
                    {
                        "bounced_at": fields.Datetime.now(),
                        "failure_type": kind,
                        "failure_reason": False,
                    }
                )
                letter.address_id._lose("bounced", kind)
                self.assertTrue(letter.reason_text)
                self.assertNotRegex(letter.reason_text, r"[a-z]+_[a-z]+")
                self.assertTrue(letter.can_mend)
                for _again in range(2):
                    try:
                        self._mend(letter, f"kind{number}@example.com")
                    except UserError:
                        self.assertFalse(letter.can_mend, "refused though the pencil is there")
                    letter.invalidate_recordset()
                with self.assertRaises(UserError):
                    letter.mailing_id.action_resend_failed()
                waiting = letter.mailing_id.letter_ids.filtered(
                    lambda one: one.send_state == "pending"
                )
                self.assertEqual(waiting.mapped("email"), [f"kind{number}@example.com"])
                savepoint.rollback()
                self.env.invalidate_all()
        self.assertEqual(len(self.fake.letters()), sent)

    def test_what_changed_meanwhile_goes_to_nobody(self):
        """The receipt of a person who left, and one that was issued again, are not mended into somebody's."""
        letter = self._sent_letter()
        account = letter.account_id
        owner = self.env["res.partner"].create({"name": "Новый Владелец"})
        account._change_owner(owner, fields.Date.today(), "Выписка")
        annulled = self._sent_letter(1)
        annulled.document_id._unlocked().write({"state": "superseded"})
        for lost in (letter, annulled):
            lost.invalidate_recordset()
            before = len(lost.mailing_id.letter_ids)
            with self.assertRaises(UserError) as refused, self.cr.savepoint():
                self._mend(lost, "someone.else@example.com")
            self.assertEqual(len(lost.mailing_id.letter_ids), before)
            if lost == letter:
                for name in (letter.document_id.partner_id.name, owner.name, account.number):
                    self.assertIn(name, str(refused.exception))
        self._run_cron()
        self.assertFalse(self._arrived("someone.else@example.com"))
