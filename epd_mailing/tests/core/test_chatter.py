"""What the program notes of our records is kept, whatever the caller's context says and whoever calls."""

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..common import EpdCommon

SILENCE = {"tracking_disable": True, "mail_notrack": True, "mail_create_nolog": True}


@tagged("post_install", "-at_install", "epd_mailing")
class TestChatter(EpdCommon):
    def _notes(self, record):
        self.env.flush_all()
        self.cr.precommit.run()  # tracked values are written before the commit
        return self.env["mail.message"].search(
            [("model", "=", record._name), ("res_id", "=", record.id)]
        )

    def _by(self, user, record):
        """Return the record as a caller has it who wants no trace."""
        return record.with_user(user).with_context(allowed_company_ids=self.company.ids, **SILENCE)

    def test_every_chatter_of_ours_is_always_kept(self):
        threads = [
            name
            for name, model in self.env.items()
            if isinstance(model, self.registry["mail.thread"])
            and (name.startswith("epd.") or name == "res.partner.bank")
            and not model._abstract
        ]
        self.assertIn("epd.billing.run", threads)
        loose = [
            name for name in threads if not isinstance(self.env[name], self.registry["epd.thread"])
        ]
        self.assertFalse(loose)

    def test_a_callers_context_does_not_silence_it(self):
        administrator = new_test_user(
            self.env,
            "epd_law",
            "base.group_user,base.group_system",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        rule = self.env.ref("epd_mailing.period_rule_from_2026_03")
        unisender = self.env["epd.unisender.account"].create(
            {"name": "a@example.com", "sender_name": "УК", "sender_email": "a@example.com"}
        )
        for user, record, vals in (
            (self.operator, self.accounts[0], {"channel": "paper"}),
            (self.manager, unisender, {"reply_to": "other@example.com"}),
            (administrator, rule, {"present_day": 7}),
            (self.manager, self.office_payee, {"epd_payee_name": "ООО «Ромашка»"}),
        ):
            with self.subTest(record._name):
                before = self._notes(record)
                self._by(user, record).write(vals)
                note = self._notes(record) - before
                self.assertTrue(note)
                self.assertEqual(note.author_id, user.partner_id)

    def test_a_new_payee_and_a_confirmed_run_are_noted(self):
        payee = self._by(self.manager, self.env["res.partner.bank"]).create(
            {
                "acc_number": "40702810900000004321",
                "bank_id": self.bank.id,
                "partner_id": self.company.partner_id.id,
            }
        )
        self.assertTrue(self._notes(payee))
        self.env["epd.payment.document"]._form_documents(self.accounts, self.period, "epd")
        self._by(self.manager, self.office_payee).epd_payee_name = "ООО «Ромашка»"
        lists = self.env.ref("epd_mailing.account_list_all_open")
        run = self.env["epd.billing.run"].create(
            {"period_id": self.period.id, "list_ids": [(6, 0, lists.ids)]}
        )
        before = self._notes(run)
        self._by(self.manager, run).action_confirm_requisites()
        self.assertIn(
            "ООО «Ромашка»", "".join(map(str, (self._notes(run) - before).mapped("body")))
        )

    def test_notes_of_the_program_stay(self):
        account = self.accounts[0]
        self._notes(account)
        self._by(self.operator, account).write({"channel": "paper"})
        note = self._notes(account)[0]
        theirs = note.with_user(self.manager)
        by_commands = self._by(self.manager, account)
        for name, call in {
            "unlink": theirs.unlink,
            "unlink as if at an uninstallation": theirs.with_context(_force_unlink=True).unlink,
            "write": lambda: theirs.write({"body": "Ничего не было"}),
            "move away": lambda: theirs.write({"res_id": self.accounts[1].id}),
            "command 2": lambda: by_commands.write({"message_ids": [(2, note.id)]}),
            "command 3": lambda: by_commands.write({"message_ids": [(3, note.id)]}),
            "command 5": lambda: by_commands.write({"message_ids": [(5,)]}),
            "command 6": lambda: by_commands.write({"message_ids": [(6, 0, [])]}),
        }.items():
            with self.subTest(name), self.assertRaises(AccessError), self.cr.savepoint():
                call()
        self.assertTrue(note.exists())
        theirs.toggle_message_starred()

    def test_nobody_writes_in_anothers_name(self):
        account = self.accounts[0].with_user(self.operator)
        chief = self.manager.partner_id
        messages = self.env["mail.message"].with_user(self.operator)
        own = account.message_post(body="Моё", message_type="comment")
        self.assertEqual(own.author_id, self.operator.partner_id)
        vals = {"body": "Подтверждено", "author_id": chief.id}
        placed = {"model": account._name, "res_id": account.id}
        elsewhere = messages.create(vals)
        for name, call in {
            "post": lambda: account.message_post(**vals),
            "create": lambda: messages.create({**vals, **placed}),
            "move here": lambda: elsewhere.write(placed),
            "rename": lambda: own.with_user(self.operator).write({"author_id": chief.id}),
        }.items():
            with self.subTest(name), self.assertRaises(AccessError), self.cr.savepoint():
                call()
        own.with_user(self.operator).unlink()  # a comment is its author's

    def test_another_card_of_a_company_is_said(self):
        before = self.company.partner_id
        after = self.env["res.partner"].create({"name": "ООО «Новая»", "is_company": True})
        known = self._notes(before), self._notes(self.office_payee)
        self.company.partner_id = after
        for record, had in ((before, known[0]), (self.office_payee, known[1])):
            body = "".join(map(str, (self._notes(record) - had).mapped("body")))
            self.assertIn("ООО «Новая»", body)
        self.assertIn("ООО «Новая»", "".join(map(str, self._notes(after).mapped("body"))))
