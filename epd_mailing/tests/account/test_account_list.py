from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from ..common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestAccountList(EpdCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for number, account in enumerate(cls.accounts):
            account.entrance = 1 + number // 2
        cls.run_ = (
            cls.env["epd.billing.run"].with_user(cls.operator).create({"period_id": cls.period.id})
        )

    def _fill(self, **values):
        """Fill the dialog as the operator does, from the run; return it unsaved."""
        wizard = Form(
            self.env["epd.account.list.fill"]
            .with_user(self.operator)
            .with_context(default_run_id=self.run_.id)
        )
        wizard.name = "Свой список"
        for name, value in values.items():
            if name.endswith("_ids"):
                for record in value:
                    getattr(wizard, name).add(record)
            else:
                setattr(wizard, name, value)
        return wizard

    def _accounts(self, entry):
        return self.env["epd.personal.account"].search(entry._get_domain(self.period))

    def test_a_rule_list_is_counted_created_and_chosen(self):
        wizard = self._fill(building_ids=self.building, entrance=2)
        self.assertEqual(wizard.account_count, 2)
        wizard.save().action_create()
        entry = self.run_.list_ids
        self.assertEqual((entry.kind, entry.name, entry.account_count), ("rule", "Свой список", 2))
        self.assertEqual(self._accounts(entry), self.accounts[2:])
        self.assertIn(self.building.name, entry.rule_text)

    def test_each_condition_of_the_dialog(self):
        self.accounts[0].channel = "paper"
        self.accounts[1].balance_ids[0].opening = 900
        self.accounts[2].charge_ids.filtered(lambda c: c.service_id == self.service_water).unlink()
        for values, found in (
            ({"premises_from": 2, "premises_to": 3}, self.accounts[1:3]),
            ({"channel": "paper"}, self.accounts[0]),
            ({"debt_from": 500}, self.accounts[1]),
            (
                {"service_ids": self.service_water},
                self.accounts - self.accounts[2],
            ),
        ):
            with self.subTest(**{key: str(value) for key, value in values.items()}):
                wizard = self._fill(**values)
                self.assertEqual(wizard.account_count, len(found))
                before = self.run_.list_ids
                wizard.save().action_create()
                self.assertEqual(self._accounts(self.run_.list_ids - before), found)

    def test_rule_lists_live_and_fixed_ones_stay(self):
        for way in ("rule", "fixed"):
            self._fill(way=way, entrance=1).save().action_create()
        live = self.run_.list_ids.filtered(lambda entry: entry.kind == "rule")
        fixed = self.run_.list_ids - live
        self.assertEqual(self._accounts(live), self.accounts[:2])
        self.assertEqual(self._accounts(fixed), self.accounts[:2])
        self.accounts[0].entrance = 7
        self.assertEqual(self._accounts(live), self.accounts[1])
        self.assertEqual(self._accounts(fixed), self.accounts[:2])
        self.assertEqual(self.run_.scope_count, 2)

    def test_by_hand(self):
        wizard = self._fill(way="hand", account_ids=self.accounts[1:3])
        self.assertEqual(wizard.account_count, 2)
        wizard.save().action_create()
        self.assertEqual(self._accounts(self.run_.list_ids), self.accounts[1:3])

    def test_an_empty_or_turned_list_is_refused(self):
        with self.assertRaisesRegex(UserError, "no account"):
            self._fill(entrance=99).save().action_create()
        with self.assertRaisesRegex(UserError, "Swap"):
            self._fill(premises_from=9, premises_to=1).save().action_create()
        self.assertFalse(self.run_.list_ids)

    def _explain(self, code, account, **values):
        entry = self.env["epd.account.list"].create(
            {"name": "Л", "kind": "rule", "company_id": self.company.id, **values}
        )
        texts = entry.with_user(self.operator)._explain(account.id)
        self.assertEqual(len(texts), 1, texts)
        self.assertIn(code, texts[0])
        # the answer and the list never disagree
        self.assertNotIn(account, self._accounts(entry))

    def test_why_an_account_is_not_in_the_list(self):
        account = self.accounts[0]
        self._explain("entrance 2", account, entrance=2)
        self._explain("5–9", account, premises_from=5, premises_to=9)
        self._explain("Paper", account, channel="paper")
        self._explain("500,00", account, debt_from=500)
        self._explain("not chosen", account, kind="fixed")
        other = self.env["epd.service"].create(
            {"name": "Лифт", "code": "77", "kind": "housing", "uom_name": "м²"}
        )
        self._explain("Лифт", account, service_ids=[Command.set(other.ids)])
        house = self.env["epd.building"].create(
            {"name": "Другой дом", "company_id": self.company.id}
        )
        self._explain("Другой дом", account, building_ids=[Command.set(house.ids)])
        account.date_close = date(2026, 1, 31)
        self._explain("31.01.2026", account)

    def test_why_not_in_the_predefined_lists(self):
        by_email = self.env.ref("epd_mailing.account_list_by_email").with_user(self.operator)
        self.assertEqual(by_email._explain(self.accounts[0].id), [])
        self.assertIn("no working e-mail", by_email._explain(self.accounts[3].id)[0])
        self.accounts[0].channel = "paper"
        self.assertIn("Paper", by_email._explain(self.accounts[0].id)[0])

    def test_an_archived_building_stands_in_no_predefined_list(self):
        house = self.building.copy({"name": "Снесённый дом"})
        gone, stays = self.accounts[0], self.accounts[1]
        gone.building_id = house
        lists = [
            self.env.ref(f"epd_mailing.account_list_{code}")
            for code in ("all_open", "by_email", "not_reached")
        ]
        every = self.env["epd.account.list"].search([("kind", "=", "predefined")])
        self.assertEqual(set(lists), set(every), "a new one belongs into this test")
        for entry in lists:
            self.assertIn(gone, self._accounts(entry))
        before = lists[0].account_count
        house.active = False
        for entry in lists:
            with self.subTest(entry.code):
                self.assertNotIn(gone, self._accounts(entry))
                self.assertIn(stays, self._accounts(entry))
                answer = entry.with_user(self.operator)._explain(gone.id)
                self.assertIn("Снесённый дом", "; ".join(answer))
        lists[0].invalidate_recordset()
        self.assertEqual(lists[0].account_count, before - 1)

    def test_the_question_is_asked_from_a_run(self):
        self._fill(entrance=2).save().action_create()
        wizard = Form(
            self.env["epd.account.list.why"]
            .with_user(self.operator)
            .with_context(default_run_id=self.run_.id)
        )
        wizard.account_id = self.accounts[0]
        self.assertFalse(wizard.is_in)
        self.assertIn("entrance 2", wizard.answer)
        wizard.account_id = self.accounts[3]
        self.assertTrue(wizard.is_in)

    def test_open_shows_the_accounts_counted(self):
        entry = self.env.ref("epd_mailing.account_list_by_email").with_user(self.operator)
        action = entry.with_context(epd_period_id=self.period.id).action_accounts()
        accounts = self.env["epd.personal.account"].with_user(self.operator)
        self.assertEqual(accounts.search_count(action["domain"]), entry.account_count)
        # 100 000 ids would go to the web client and come back with each page
        self.assertLess(len(str(action["domain"])), 100)

    def test_what_opens_a_list_opens_no_other(self):
        foreign = self.env["res.company"].create({"name": "ООО «Чужие»"})
        entry = self.env["epd.account.list"].create(
            {"name": "Theirs", "company_id": foreign.id, "kind": "fixed"}
        )
        accounts = self.env["epd.personal.account"].with_user(self.operator)
        every = self.env.ref("epd_mailing.account_list_all_open").id
        self.assertTrue(accounts.search([("drilldown", "=", f"0:list-{every}-0")]))
        for key in (
            f"0:list-{entry.id}-0",
            "0:list-999999999-0",
            f"0:list-{every}-999999999x",
            f"0:list-{every}",
            "0:list-x-0",
            "0:list--1-0",
            f"0:list-{'9' * 30}-0",
            f"{'9' * 5000}:waiting",
        ):
            with self.subTest(key):
                self.assertFalse(accounts.search([("drilldown", "=", key)]))

    def test_strangers_ask_nothing(self):
        nobody = new_test_user(self.env, "epd_nobody", groups="base.group_user")
        entry = self.env.ref("epd_mailing.account_list_all_open").with_user(nobody)
        with self.assertRaises(AccessError):
            entry._explain(self.accounts[0].id)
