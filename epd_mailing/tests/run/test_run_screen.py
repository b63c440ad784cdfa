import json

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from ...models.run.run_outlook import RunOutlook
from ...models.run.run_scope import RunScope
from ...wizards import epd_run_outlook
from ..common import EpdCommon


class RunScreenCase(EpdCommon):
    """A run of all open accounts, as its operator sees it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.all_open = cls.env.ref("epd_mailing.account_list_all_open")
        cls.run_ = (
            cls.env["epd.billing.run"]
            .with_user(cls.operator)
            .create({"period_id": cls.period.id, "list_ids": [Command.set(cls.all_open.ids)]})
        )

    def _prepare(self, run=None):
        (run or self.run_).action_prepare()
        self._run_cron("ir_cron_prepare")

    def _run_cron(self, name):
        with self.enter_registry_test_mode():
            self.env.ref(f"epd_mailing.{name}").method_direct_trigger()
        self.env.invalidate_all()

    def _open(self, action):
        """Return the records that an action opens, as the operator sees them."""
        return self.env[action["res_model"]].with_user(self.operator).search(action["domain"])

    def _lines(self, action):
        outlook = self.env[action["res_model"]].with_user(self.operator).browse(action["res_id"])
        return outlook, {line.what: line for line in outlook.line_ids}


@tagged("post_install", "-at_install", "epd_mailing")
class TestSteps(RunScreenCase):
    def _steps(self):
        run = self.run_
        return (
            run.scope_count,
            run.charged_count,
            run.document_count,
            run.mailed_count,
            run.presented_count,
        )

    def test_steps_follow_the_month(self):
        self.accounts[3].charge_ids.unlink()
        self.assertEqual(self._steps(), (4, 3, 0, 0, 0))
        self.assertEqual(self._open(self.run_.action_open_uncharged()), self.accounts[3])
        self.accounts[3].balance_ids.unlink()
        self._prepare()
        self.assertEqual(self._steps(), (4, 3, 3, 0, 0))
        mailing = self.env["epd.mailing"].browse(self.run_.action_make_mailing()["res_id"])
        self.env.invalidate_all()
        self.assertEqual(self._steps(), (4, 3, 3, 3, 0))
        self.assertEqual(self.run_.letter_count, 3)
        self.assertEqual(self.run_.period_mailing_ids, mailing)
        letter = mailing.letter_ids[0].sudo()._unlocked()
        for state in ("claimed", "sending", "sent"):
            letter._move(state)
        letter.write({"delivered_at": "2026-04-01 10:00:00"})
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self._steps(), (4, 3, 3, 3, 1))

    def test_each_number_opens_its_records(self):
        self._prepare()
        run = self.run_
        run.action_make_mailing()
        for action, count in (
            (run.action_open_scope(), run.scope_count),
            (run.action_open_live_documents(), run.document_count),
            (run.action_open_mailed(), run.mailed_count),
            (run.action_open_presented(), run.presented_count),
            (run.action_open_unpresented(), run.document_count - run.presented_count),
            (run.action_open_letters(), run.letter_count),
        ):
            self.assertEqual(len(self._open(action)), count, action["name"])

    def test_numbers_stay_within_the_company(self):
        stranger = new_test_user(
            self.env,
            login="epd_other_company",
            groups="epd_mailing.group_epd_operator",
            company_id=self.env["res.company"].create({"name": "Чужая"}).id,
        )
        action = self.run_.action_open_scope()
        accounts = self.env["epd.personal.account"].with_user(stranger)
        accounts = accounts.with_context(allowed_company_ids=stranger.company_ids.ids)
        self.assertFalse(accounts.search(action["domain"]))
        for wrong in ("", "x:scope", "0:scope", "999999:scope", f"{self.run_.id}:nothing"):
            self.assertFalse(self.env["epd.personal.account"].search([("drilldown", "=", wrong)]))

    def test_the_step_to_the_next_month(self):
        self.assertTrue(self.run_.is_current_period)
        action = self.run_.action_next_period()
        following = self.env["epd.billing.run"].browse(action["res_id"])
        self.assertEqual(following.period_id, self.company.epd_current_period_id)
        self.assertEqual(str(following.period_id.date_start), "2026-04-01")
        self.assertEqual(following.list_ids, self.run_.list_ids)
        self.env.invalidate_all()
        self.assertFalse(self.run_.is_current_period)
        with self.assertRaises(UserError):
            self.run_.action_next_period()
        with self.assertRaises(AccessError):
            self.run_.with_user(new_test_user(self.env, "epd_nobody")).action_next_period()

    def test_the_law_stands_beside_the_dates(self):
        self.assertEqual((self.run_.present_by.day, self.run_.pay_by.day), (5, 15))
        self.assertIn("177-FZ", self.run_.with_context(lang="en_US").dates_basis)

    def test_queries_do_not_grow_with_the_house(self):
        self._prepare()

        def count():
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.run_.read(["scope_count", "charged_count", "presented_count", "letter_count"])
            return self.env.cr.sql_log_count - before

        count()
        few = count()
        accounts = self.env["epd.personal.account"].create(
            [
                {"number": f"9{n:03}", "building_id": self.building.id, "premises": f"{n}"}
                for n in range(30)
            ]
        )
        self._make_charges(accounts)
        self._prepare()
        self.assertEqual(self.run_.scope_count, 34)
        self.assertLessEqual(count(), few)


@tagged("post_install", "-at_install", "epd_mailing")
class TestOutlookOfDocuments(RunScreenCase):
    def test_says_what_will_be_saved(self):
        self.accounts[3].charge_ids.unlink()
        self.accounts[3].balance_ids.unlink()
        outlook, lines = self._lines(self.run_.action_confirm_prepare())
        self.assertEqual(lines["prepare_new"].count, 3)
        self.assertEqual(lines["prepare_bare"].count, 1)
        self.assertEqual(self._open(lines["prepare_bare"].action_open()), self.accounts[3])
        self.assertFalse(outlook.blocked_count or outlook.is_blocked)
        self.assertEqual(self.run_.state, "draft")
        outlook.action_confirm()
        self.assertEqual(self.run_.state, "preparing")

    def test_each_number_opens_as_many_accounts_as_it_says(self):
        self._prepare()
        self.accounts[2:].document_ids.action_cancel_document("Ошибка")
        bare = self.accounts[0] | self.accounts[3]  # with a document, and without
        bare.charge_ids.unlink()
        bare.balance_ids.unlink()
        outlook, lines = self._lines(self.run_.action_confirm_prepare())
        accounts = self.accounts
        wanted = {"new": accounts[2], "kept": accounts[:2], "bare": accounts[3]}
        for what, expected in wanted.items():
            line = lines[f"prepare_{what}"]
            self.assertEqual((what, line.count), (what, len(expected)))
            self.assertEqual(self._open(line.action_open()), expected)
        self.assertEqual(outlook.go_count, 1)

    def test_errors_block_their_accounts_and_are_mended(self):
        balance = self.accounts[1].balance_ids[0]
        balance.charged += 5
        outlook, lines = self._lines(self.run_.action_confirm_prepare())
        self.assertEqual(outlook.blocked_count, 1)
        self.assertEqual(self._open(lines["find_balance_sum"].action_open()), balance)
        balance.charged -= 5
        again, lines = self._lines(outlook.action_refresh())
        self.assertEqual(again, outlook)
        self.assertNotIn("find_balance_sum", lines)
        self.assertFalse(outlook.blocked_count)

    def test_nothing_begins_without_dates(self):
        self.period.present_by = False
        outlook, lines = self._lines(self.run_.action_confirm_prepare())
        self.assertEqual(lines["find_dates_missing"].severity, "error")
        self.assertTrue(outlook.is_blocked)
        with self.assertRaises(UserError):
            outlook.action_confirm()
        self.assertEqual(self.run_.state, "draft")

    def test_warnings_do_not_block(self):
        self.accounts[0].partner_id = False
        outlook, lines = self._lines(self.run_.action_confirm_prepare())
        self.assertEqual(lines["find_no_payer"].severity, "warning")
        outlook.action_confirm()
        self.assertEqual(self.run_.state, "preparing")

    def test_changed_ones_are_saved_too_by_one_button(self):
        self._prepare()
        self.accounts[0].charge_ids[0].explanation = "Уточнено"
        _outlook, lines = self._lines(self.run_.action_confirm_prepare())
        self.assertEqual(lines["prepare_kept"].count, 4)
        lines["find_outdated"].action_mend()
        self.assertEqual(self.run_.mode, "changed")


@tagged("post_install", "-at_install", "epd_mailing")
class TestOutlookInBackground(RunScreenCase):
    """In a house of a whole city the page opens at once and fills by itself."""

    def setUp(self):
        super().setUp()
        self.patch(epd_run_outlook, "AT_ONCE", 0)

    def _look(self):
        self._run_cron("ir_cron_outlook")

    def test_opens_at_once_and_fills(self):
        for opening in (self.run_.action_confirm_prepare, self.run_.action_confirm_mailing):
            outlook, lines = self._lines(opening())
            self.assertEqual((outlook.state, lines), ("looking", {}))
            with self.assertRaises(UserError):
                outlook.action_confirm()
            self.env["bus.bus"].search([]).unlink()
            self._look()
            self.assertEqual((outlook.state, outlook.progress), ("ready", 100))
            self.assertTrue(outlook.looked_at)
            self.assertEqual(outlook.go_count, 4 if outlook.operation == "prepare" else 3)
            self.env.cr.precommit.run()
            told = [
                json.loads(m)["payload"] for m in self.env["bus.bus"].search([]).mapped("message")
            ]
            self.assertIn({"model": "epd.run.outlook", "id": outlook.id}, told)
            if outlook.operation == "prepare":
                outlook.action_confirm()
                self._run_cron("ir_cron_prepare")

    def test_as_the_clerk_who_opened_it(self):
        self.operator.lang = "ru_RU"
        outlook, _lines = self._lines(self.run_.action_confirm_prepare())
        self._look()
        self.assertEqual(
            outlook.line_ids[0].text, "Лицевые счета, для которых будет сформирован документ."
        )
        self.assertEqual(outlook.line_ids.create_uid, self.operator)

    def test_a_page_left_alone_is_looked_for_no_more(self):
        left, _lines = self._lines(self.run_.action_confirm_prepare())
        again, _lines = self._lines(self.run_.action_confirm_prepare())
        self.assertFalse(left.exists())
        self._look()
        self.assertEqual(again.state, "ready")

    def test_the_clerk_need_not_wait(self):
        outlook, _lines = self._lines(self.run_.action_confirm_prepare())
        outlook.action_check_now()
        self.assertEqual((outlook.state, outlook.go_count), ("ready", 4))
        lines = outlook.line_ids
        self._look()
        self.assertEqual(outlook.line_ids, lines)
        outlook.action_refresh()
        self.assertEqual(outlook.state, "looking")

    def test_a_fault_stands_on_the_page(self):
        outlook, _lines = self._lines(self.run_.action_confirm_prepare())
        # no access any more when the cron comes
        self.operator.group_ids -= self.env.ref("epd_mailing.group_epd_operator")
        self.env.flush_all()
        self._look()
        page = outlook.sudo()
        self.assertEqual(page.state, "failed")
        self.assertTrue(page.failure_text)
        with self.assertRaises(UserError):
            page.action_confirm()

    def test_only_the_program_says_ready(self):
        outlook, _lines = self._lines(self.run_.action_confirm_prepare())
        with self.assertRaises(UserError):
            outlook.state = "ready"

    def test_findings_are_looked_up_when_opened(self):
        balance = self.accounts[1].balance_ids[0]
        balance.charged += 5
        outlook, _lines = self._lines(self.run_.action_confirm_prepare())
        self._look()
        line = outlook.line_ids.filtered(lambda line: line.what == "find_balance_sum")
        action = line.action_open()
        self.assertEqual(action["domain"], [("drilldown", "=", f"{self.run_.id}:find_balance_sum")])
        self.assertEqual(self._open(action), balance)
        balance.charged -= 5
        self.assertFalse(self._open(action))
        wrong = [("drilldown", "=", f"{self.run_.id}:find_nothing")]
        self.assertFalse(self.env["epd.account.balance"].search(wrong))
        # what is no rule is not called
        self.assertEqual(self.env["epd.run.readiness"]._find_ids(self.run_, "problem_ids"), [])


@tagged("post_install", "-at_install", "epd_mailing")
class TestOutlookOfLetters(RunScreenCase):
    def _letters(self):
        mailing = self.env["epd.mailing"].browse(self.run_.action_make_mailing()["res_id"])
        return mailing.letter_ids

    def _check_against_mailing(self):
        """What the page says is what the mailing then has, letter by letter."""
        outlook = RunOutlook(self.run_).get_counts()
        letters = self._letters()
        going = letters.filtered(lambda letter: letter.send_state == "pending")
        self.assertEqual(outlook["letters"], len(going))
        self.assertEqual(outlook["addresses"], len(set(going.mapped("email_normalized"))))
        reasons = {}
        for letter in letters - going:
            reasons.setdefault(letter.failure_type, set()).add(letter.document_id)
        already = reasons.pop("already_sent", ())
        self.assertEqual(outlook["already"], len(already))
        self.assertEqual(outlook["reasons"], {key: len(docs) for key, docs in reasons.items()})
        live = self.env["epd.payment.document"].search(RunScope(self.run_).get_document_domain())
        documents = live.filtered(lambda doc: doc.partner_id == doc.account_id.partner_id)
        paper = documents.account_id._wants_paper(self.period)
        self.assertEqual(outlook["paper"], len(paper))
        return outlook

    def test_page_and_mailing_agree(self):
        self.env["epd.delivery.consent"].create(
            {"account_id": self.accounts[0].id, "basis": "Заявление", "date": "2026-03-01"}
        )
        self._prepare()
        outlook = self._check_against_mailing()
        self.assertEqual((outlook["letters"], outlook["paper"]), (3, 3))
        self.assertEqual(outlook["reasons"], {"no_address": 1})

    def test_they_agree_on_every_reason(self):
        for policy in ("paper_too", "email_only", "strict"):
            with self.subTest(policy=policy):
                self.company.epd_consent_policy = policy
                self.env["epd.delivery.consent"].create(
                    [
                        {"account_id": account.id, "basis": "Заявление", "date": date}
                        | ({"action": "withdrawn"} if number == 1 else {})
                        for number, date in enumerate(("2026-03-01", "2026-03-02", "2026-03-25"))
                        for account in self.accounts[number]
                    ]
                )
                run = self.run_.copy()
                self.run_ = run
                self._prepare()
                self._check_against_mailing()
                self.env["epd.mailing"].search([("state", "=", "draft")]).action_cancel()
        self.accounts[0].address_ids[0].sudo()._lose("bounced", "err_user_unknown")
        self.env["epd.delivery.address"].create(
            {"account_id": self.accounts[0].id, "email": "second@example.com"}
        )
        self.accounts[1].channel = "paper"
        self.accounts[2].address_ids.action_close()
        self._check_against_mailing()

    def test_sent_before_is_not_promised_again(self):
        self._prepare()
        self._letters()
        outlook = RunOutlook(self.run_).get_counts()
        self.assertEqual((outlook["letters"], outlook["already"]), (0, 3))

    def test_a_new_owner_blocks_the_letter(self):
        self._prepare()
        self.accounts[0].partner_id = self.env["res.partner"].create(
            {"name": "Новый", "email": "new@example.com"}
        )
        outlook, lines = self._lines(self.run_.action_confirm_mailing())
        self.assertEqual(lines["mail_payer_changed"].severity, "error")
        self.assertEqual(
            self._open(lines["mail_payer_changed"].action_mend()).account_id, self.accounts[0]
        )
        self.assertEqual(outlook.blocked_count, 1)

    def test_the_missing_address_is_added_on_the_spot(self):
        self._prepare()
        outlook, lines = self._lines(self.run_.action_confirm_mailing())
        self.assertEqual(lines["mail_go"].count, 3)
        found = self._open(lines["mail_no_address"].action_mend())
        self.assertEqual(found, self.accounts[3])
        found.new_email = "found@example.com"
        self.assertEqual(found.address_ids.email, "found@example.com")
        self.assertEqual(found.emails_text, "found@example.com")
        _outlook, lines = self._lines(outlook.action_refresh())
        self.assertNotIn("mail_no_address", lines)
        action = outlook.action_confirm()
        mailing = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual((mailing.state, mailing.pending_count), ("draft", 4))

    def test_consents_of_chosen_accounts(self):
        self.company.epd_consent_policy = "strict"
        self._prepare()
        _outlook, lines = self._lines(self.run_.action_confirm_mailing())
        accounts = self._open(lines["mail_no_consent"].action_mend())
        wizard = Form(
            self.env["epd.consent.bulk"]
            .with_user(self.operator)
            .with_context(default_account_ids=accounts.ids)
        )
        wizard.basis, wizard.date = "Заявления", "2026-03-01"
        wizard.save().action_apply()
        self.assertEqual(set(accounts.mapped("consent_state")), {"instead"})

    def test_accounts_without_a_document_are_named(self):
        self.accounts[1].balance_ids[0].charged += 5
        self._prepare()
        outlook, lines = self._lines(self.run_.action_confirm_mailing())
        self.assertEqual(self._open(lines["mail_no_document"].action_open()), self.accounts[1])
        action = lines["mail_no_document"].action_mend()
        self.assertEqual(
            self.env[action["res_model"]].browse(action["res_id"]).operation, "prepare"
        )

    def test_two_lists_one_letter_per_address(self):
        own = self.env["epd.account.list"].create(
            {
                "name": "Все ещё раз",
                "kind": "fixed",
                "account_ids": [Command.set(self.accounts.ids)],
            }
        )
        self.run_.list_ids += own
        self.assertEqual(self.run_.scope_count, 4)
        self._prepare()
        letters = self._letters()
        going = letters.filtered(lambda letter: letter.send_state == "pending")
        self.assertEqual(len(going), 3)
        self.assertEqual(len(set(going.mapped("email_normalized"))), 3)


@tagged("post_install", "-at_install", "epd_mailing")
class TestLive(RunScreenCase):
    def _notices(self):
        self.env.cr.precommit.run()
        return [
            json.loads(message)["payload"]
            for message in self.env["bus.bus"].search([]).mapped("message")
            if json.loads(message)["type"] == "epd_mailing/progress"
        ]

    def test_work_is_told(self):
        self.env["bus.bus"].search([]).unlink()
        self._prepare()
        notices = self._notices()
        self.assertIn({"model": "epd.billing.run", "id": self.run_.id}, notices)
        # beginning, the slice, the end
        self.assertGreaterEqual(len(notices), 3)

    def test_only_readers_are_subscribed(self):
        name = f"epd_mailing/epd.billing.run/{self.run_.id}"
        socket = self.env["ir.websocket"]
        self.assertEqual(socket.with_user(self.operator)._epd_get_records([name]), [self.run_])
        nobody = new_test_user(self.env, "epd_nobody", groups="base.group_user")
        stranger = new_test_user(
            self.env,
            login="epd_other_company",
            groups="epd_mailing.group_epd_operator",
            company_id=self.env["res.company"].create({"name": "Чужая"}).id,
        )
        for user in (nobody, stranger):
            self.assertEqual(socket.with_user(user)._epd_get_records([name]), [])
        for wrong in ("epd_mailing/res.users/1", "epd_mailing/epd.billing.run/x", "epd_mailing/"):
            self.assertEqual(socket.with_user(self.operator)._epd_get_records([wrong]), [])

    def test_time_left_by_the_pace(self):
        self.run_.action_prepare()
        self.assertFalse(self.run_.eta_text)
        self.run_.sudo()._unlocked().started_at = "2026-01-01 00:00:00"
        self.run_.line_ids[0].sudo()._unlocked()._move("skipped")
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertTrue(self.run_.eta_text)
