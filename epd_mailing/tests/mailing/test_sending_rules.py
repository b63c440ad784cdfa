from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ...models.mailing.letter_queue import LetterQueue
from ..sending_common import SendingCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestSendingRules(SendingCommon):
    """Repeats of what was skipped or issued again, rejections in a row, times of the contact."""

    def _letter(self, mailing, number):
        return mailing.letter_ids.filtered(lambda x: x.account_id == self.accounts[number])

    # --- the claim -------------------------------------------------------------------------------

    def test_claim_is_on_disk_before_the_call(self):
        seen = []
        original = LetterQueue.mark_sending

        def mark(queue, *args):
            queue.env.cr.execute("SHOW synchronous_commit")
            seen.append(queue.env.cr.fetchone()[0])
            return original(queue, *args)

        self.env.cr.execute("SET LOCAL synchronous_commit = off")
        mailing = self._make_mailing()
        with patch.object(LetterQueue, "mark_sending", mark):
            self._send(mailing)
        self.assertEqual(set(seen), {"on"})

    def test_the_queue_asks_the_table_of_moves(self):
        mailing = self._make_mailing(self.documents[0])
        letter, queue, account = mailing.letter_ids, LetterQueue(self.env), self.unisender
        steps = {
            "claim": (("pending", "claimed"), lambda: queue.claim(mailing, "token", 1)),
            "release": (("claimed", "pending"), lambda: queue.release("token")),
            "postpone": (("claimed", "pending"), lambda: queue.postpone("token", {})),
            "sweep": (("claimed", "pending"), queue.sweep),
            "mark_sending": (
                ("claimed", "sending"),
                lambda: queue.mark_sending(letter, "token", account, self._now()),
            ),
        }
        public = {name for name in vars(LetterQueue) if not name.startswith("_")}
        self.assertEqual(public, set(steps), "a new step is tried here too")
        table = type(letter)._transitions
        for name, ((before, after), step) in steps.items():
            left = tuple(one for one in table[before] if one != after)
            with self.subTest(name), patch.dict(table, {before: left}):
                self.assertRaises(ValueError, step)
        self.assertEqual(letter.send_state, "pending")

    def test_paper_chosen_after_the_letter_was_made(self):
        mailing = self._make_mailing()
        self.accounts[0].channel = "paper"
        self._send(mailing)
        letter = self._letter(mailing, 0)
        self.assertEqual((letter.send_state, letter.failure_type), ("skipped", "paper_only"))
        self.assertEqual(len(self.fake.letters()), 2)

    def test_consent_withdrawn_under_the_strict_policy(self):
        mailing = self._make_mailing()
        self.company.epd_consent_policy = "strict"
        self._send(mailing)
        self.assertFalse(self.fake.letters())
        self.assertEqual(self._letter(mailing, 0).failure_type, "no_consent")

    # --- the same rejection again and again ---------------------------------------------------------

    def test_refused_over_and_over_pauses_the_mailing(self):
        self.unisender.parallel_calls = 1
        self.fake.fail("code", code="invalid_arg", times=100)
        module = "odoo.addons.epd_mailing.models.mailing.epd_mailing_sender.SAME_REJECTIONS"
        mailing = self._make_mailing()
        with patch(module, 2):
            self._send(mailing)
        states = sorted(mailing.letter_ids.filtered("email").mapped("send_state"))
        self.assertEqual(mailing.state, "paused")
        self.assertEqual(states, ["pending", "rejected", "rejected"])
        self.assertIn("invalid_arg", mailing.wait_reason)
        self.assertTrue(mailing.activity_ids)

    def test_bad_addresses_in_a_row_pause_nothing(self):
        for account in self.accounts[:3]:
            account.partner_id.email = f"invalid.{account.id}@example.com"
        mailing = self._make_mailing()
        with patch("odoo.addons.epd_mailing.models.mailing.epd_mailing_sender.SAME_REJECTIONS", 2):
            self._send(mailing)
        self.assertEqual(mailing.state, "done")

    # --- repeats ---------------------------------------------------------------------------------

    def test_left_out_letter_goes_after_its_address_was_corrected(self):
        self._letter_address(0).action_close()
        mailing = self._make_mailing()
        self._send(mailing)
        letter = self._letter(mailing, 0)
        self.assertEqual(letter.failure_type, "address_closed")
        operator = letter.with_user(self.operator)
        with self.assertRaises(UserError):
            operator.action_resend()
        self.env["epd.delivery.address"].create(
            {"account_id": self.accounts[0].id, "email": "new@example.com"}
        )
        repeat = self.env["epd.mailing"].browse(operator.action_resend()["res_id"])
        self.assertEqual(repeat.parent_id, mailing)
        self._send(repeat)
        self.assertEqual(self.fake.letters()[-1]["email"], "new@example.com")
        self.assertEqual(len(self.fake.letters()), 3)

    def _letter_address(self, number):
        return self.accounts[number].address_ids

    def test_a_decision_is_not_gone_round(self):
        self.accounts[0].channel = "paper"
        mailing = self._make_mailing()
        self._send(mailing)
        with self.assertRaises(UserError):
            self._letter(mailing, 0).action_resend()

    def test_documents_issued_again_go_in_a_linked_mailing(self):
        mailing = self._make_mailing()
        with self.assertRaises(UserError):
            mailing.action_resend_reissued()
        self._send(mailing)
        self.assertFalse(mailing.reissued_count)
        document = self.documents[0]
        document._move("superseded", state_reason="recalculated")
        self.env.flush_all()
        fresh = document._unlocked().copy(
            {
                "version": document.version + 1,
                "state": "saved",
                "account_id": document.account_id.id,
                **{
                    name: document[name]
                    for name in ("snapshot", "snapshot_sha256", "pdf_sha256", "saved_at")
                },
            }
        )
        self.env["ir.attachment"].create(
            {
                "name": "r.pdf",
                "res_model": fresh._name,
                "res_field": "pdf_file",
                "res_id": fresh.id,
                "raw": document._read_pdf(),
            }
        )
        mailing.invalidate_recordset()
        self.assertEqual(mailing.reissued_count, 1)
        repeat = self.env["epd.mailing"].browse(mailing.action_resend_reissued()["res_id"])
        self.assertEqual((repeat.parent_id, repeat.letter_ids.document_id), (mailing, fresh))
        self._send(repeat)
        self.assertEqual(len(self.fake.letters()), 4)
        with self.assertRaises(UserError):
            mailing.action_resend_reissued()

    # --- times -----------------------------------------------------------------------------------

    def test_contact_dates_what_polling_saw(self):
        self.accounts[0].partner_id.email = "read.one@example.com"
        mailing = self._make_mailing(self.documents[0])
        self._send(mailing)
        letter = mailing.letter_ids
        self.fake.speed = 10.0**6  # all of it in the moment of sending
        letter._unlocked().write({"next_poll_at": self._now()})
        self._run_cron("ir_cron_refresh")
        self.assertEqual(letter.state, "opened")
        self.assertEqual((letter.delivered_source, letter.opened_source), ("contact", "contact"))
        self.assertFalse(letter.contact_at)
        self.assertEqual(len(letter.event_ids.filtered(lambda x: x.source == "contact")), 2)

    def test_contact_is_not_asked_beside_the_webhook(self):
        self.accounts[0].partner_id.email = "read.one@example.com"
        self.unisender._unlocked().write({"webhook_state": "on"})
        mailing = self._make_mailing(self.documents[0])
        self._send(mailing)
        letter = mailing.letter_ids
        self.fake.advance(86400)
        letter._unlocked().write({"next_poll_at": self._now()})
        self._run_cron("ir_cron_refresh")
        self.assertEqual(letter.opened_source, "poll")

    def test_contact_of_another_letter_dates_nothing(self):
        self.accounts[0].partner_id.email = "read.one@example.com"
        mailing = self._make_mailing(self.documents[0])
        self._send(mailing)
        letter = mailing.letter_ids
        self.unisender.test_emails = "read.one@example.com"
        mailing._send_test_letter("read.one@example.com", self.documents[0].id)
        self._run_cron()
        self.fake.advance(86400)
        letter._unlocked().write({"next_poll_at": self._now()})
        self._run_cron("ir_cron_refresh")
        self.assertEqual(letter.opened_source, "poll")

    # --- the estimate ----------------------------------------------------------------------------

    def test_estimate_counts_the_queue_before(self):
        self.unisender.limit_per_minute = 1
        first, second = (
            self._make_mailing(self.documents[0]),
            self._make_mailing(self.documents[1:]),
        )
        alone = second.eta_text
        first._move("scheduled")
        first._move("sending")
        second.invalidate_recordset()
        self.assertNotEqual(second.eta_text, alone)

    # --- screens ---------------------------------------------------------------------------------

    def test_template_preview_is_live(self):
        with Form(self.env["epd.message.template"].with_company(self.company)) as form:
            form.name = "Квитанция"
            form.subject = "Счёт {{ account_number }}"
            form.body = "<p>{{ payer_name }}</p><script>alert(1)</script>"
            self.assertIn("script", form.text_problem)
            self.assertFalse(form.preview_html)
            form.body = "<p>{{ payer_name }}</p>"
            form.preview_document_id = self.documents[0]
            self.assertIn(self.accounts[0].number, form.preview_subject)
            self.assertIn(self.accounts[0].partner_id.name, form.preview_html)
            form.body = "<p>{{ payer_nam }}</p>"
            self.assertIn("payer_nam", form.text_problem)
            form.body = "<p>{{ payer_name }}</p>"

    def test_list_is_picked_or_made(self):
        manager = self.unisender.with_user(self.manager)
        wizard = self.env["epd.unisender.list"].browse(manager.action_choose_list()["res_id"])
        self.assertTrue(wizard.line_ids)
        line = wizard.line_ids[0]
        line.with_user(self.manager).action_use()
        self.assertEqual(self.unisender.list_id, line.list_id)
        title = f"Плательщики {wizard.id}"
        wizard.with_user(self.manager).title = title
        wizard.with_user(self.manager).action_create_list()
        self.assertEqual(self.unisender.list_title, title)
        with self.assertRaises(UserError):
            wizard.with_user(self.manager).write({"title": " "})
            wizard.with_user(self.manager).action_create_list()

    def test_reply_to_of_the_building_and_of_the_account(self):
        self.unisender.reply_to = "office@uk-test.example.com"
        building = self.accounts[1].building_id
        if building == self.accounts[0].building_id:
            building = building.copy({"name": "г. Казань, ул. Другая, д. 5"})
            self.accounts[1].building_id = building
        building.reply_to = "house5@uk-test.example.com"
        mailing = self._make_mailing(self.documents[:2])
        self._send(mailing)
        replies = {letter["email"]: letter["reply_to"] for letter in self.fake.letters()}
        self.assertEqual(replies[self._letter(mailing, 0).email], "office@uk-test.example.com")
        self.assertEqual(replies[self._letter(mailing, 1).email], "house5@uk-test.example.com")

    def test_operator_may_not_pick_lists(self):
        with self.assertRaises(AccessError):
            self.unisender.with_user(self.operator).action_choose_list()
        wizard = self.env["epd.unisender.list"].with_user(self.operator)
        wizard = wizard.create(
            {
                "account_id": self.unisender.id,
                "title": "Чужой",
                "line_ids": [(0, 0, {"list_id": "1", "title": "Другой"})],
            }
        )
        with self.assertRaises(AccessError):
            wizard.action_create_list()
        with self.assertRaises(AccessError):
            wizard.line_ids.action_use()
        self.assertEqual(self.unisender.list_id, "20547")
