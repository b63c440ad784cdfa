"""What a caller's context and a user's own defaults say decides nothing of what the program creates."""

from odoo.tests import tagged

from ..sending_common import SendingCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestProgramDefaults(SendingCommon):
    def _get_forged_letter(self):
        account = self.accounts[1]
        return {
            "email": "stranger@mail.ru",
            "email_normalized": "stranger@mail.ru",
            "document_id": self.documents[1].id,
            "company_id": self.company.id,
            "account_id": account.id,
            "unisender_account_id": self.unisender.id,
            "letter_key": "forged",
        }

    def _get_files(self, document):
        return (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [
                    ("res_model", "=", document._name),
                    ("res_id", "=", document.id),
                    ("res_field", "!=", False),
                ]
            )
        )

    def test_no_letters_and_events_beneath_what_the_program_creates(self):
        context = {
            "default_letter_ids": [[0, 0, self._get_forged_letter()]],
            "default_test_letter_ids": [[0, 0, self._get_forged_letter()]],
            "default_event_ids": [[0, 0, {"raw_status": "ok_read", "source": "webhook"}]],
            "default_resend_reason": "forged",
        }
        mailing = self._send(self._make_mailing(self.documents[:1]))
        letter = mailing.letter_ids
        self.accounts[0].partner_id.email = "ivanov2@example.com"
        self.env["epd.letter.facts"]._apply_statuses(
            [(letter, "err_user_unknown", self._now(), "webhook")]
        )
        before = self.env["epd.letter.event"].search_count([])
        action = mailing.with_user(self.operator).with_context(**context).action_resend_failed()
        again = self.env["epd.mailing"].browse(action["res_id"])
        rows = again.letter_ids | again.test_letter_ids
        self.assertEqual(rows.mapped("email"), ["ivanov2@example.com"])
        self.assertNotIn("forged", rows.resend_reason)
        self.assertFalse(rows.event_ids)
        self.assertEqual(self.env["epd.letter.event"].search_count([]), before)

    def test_own_defaults_make_no_rows(self):
        forged = [[0, 0, self._get_forged_letter()]]
        self.env["ir.default"].set("epd.mailing", "letter_ids", forged, user_id=self.operator.id)
        program = self.env["epd.mailing"].with_user(self.operator).sudo()._unlocked()
        self.assertFalse(program.create({"subject": "x"}).letter_ids)

    def test_a_saved_receipt_is_open_to_nobody(self):
        self.env["ir.default"].set("ir.attachment", "public", True, user_id=self.operator.id)
        document = (
            self.documents[0]
            .with_user(self.operator)
            .with_context(default_public=True, default_access_token="known-to-me")
        )
        fresh = self.env["epd.payment.document"].browse(
            document.action_reissue("проверка")["res_id"]
        )
        files = self._get_files(fresh)
        self.assertEqual(len(files), 1)
        self.assertEqual((files.public, files.access_token), (False, False))

    def test_the_program_s_rights_leave_the_context_behind(self):
        letters = self.env["epd.mailing.letter"].with_user(self.operator)
        letters = letters.with_context(default_is_test=True, lang="ru_RU")
        for program in (letters.sudo(), letters._unlocked(), letters.sudo()._unlocked()):
            self.assertNotIn("default_is_test", program.env.context)
            self.assertEqual(program.env.context["lang"], "ru_RU")
        self.assertIn("default_is_test", letters.sudo(False).env.context)
