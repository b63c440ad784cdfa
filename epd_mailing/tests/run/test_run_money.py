from unittest.mock import PropertyMock, patch

from lxml import etree
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL

from ...models.charge import charge_groups
from ...models.charge.charge_groups import ChargeGroups
from ...models.charge.control_sums import ControlSums
from ...models.run.run_annulment import RunAnnulment
from .test_run_screen import RunScreenCase


class SecondMonthCase(RunScreenCase):
    """March is saved; April has charges, and a run of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        documents = cls.env["epd.payment.document"].sudo()
        documents._form_documents(cls.accounts, cls.period, "epd")
        cls.april = cls.period._get_following()
        cls._make_charges(cls.accounts, cls.april)
        cls.second = cls.run_.copy({"period_id": cls.april.id}).with_user(cls.operator)

    def _forget_balances(self, accounts=None):
        self.env["epd.account.balance"].search(
            [
                ("period_id", "=", self.april.id),
                ("account_id", "in", (accounts or self.accounts).ids),
            ]
        ).unlink()

    def _page(self, run=None):
        return self._lines((run or self.second).action_confirm_prepare())

    def _give_reason(self, action, reason):
        """Fill in the dialog of a reason and press its button; return what it opens."""
        asked = (
            self.env[action["res_model"]]
            .with_user(self.operator)
            .with_context(**action["context"])
            .create({"reason": reason})
        )
        return asked.action_apply()


@tagged("post_install", "-at_install", "epd_mailing")
class TestForgottenBalance(SecondMonthCase):
    def test_it_is_an_error_with_its_sum_until_it_is_lifted(self):
        self._forget_balances(self.accounts[:2])
        page, lines = self._page()
        line = lines["find_no_balance"]
        self.assertEqual((line.severity, line.count, line.mend), ("error", 2, "lift"))
        self.assertAlmostEqual(line.amount, 2 * 1714.34)
        self.assertEqual(page.blocked_count, 2)
        self.assertEqual(self._open(line.action_open()), self.accounts[:2])
        # without the reason the others go on
        page.action_confirm()
        self._run_cron("ir_cron_prepare")
        self.assertEqual((self.second.saved_count, self.second.error_count), (2, 2))
        texts = self.second.line_ids.filtered("problem_code").mapped("problem_text")
        self.assertIn("1\u00a0714,34", texts[0])
        self.assertEqual(
            self.second.line_ids.filtered("problem_code")[0].action_mend()["res_model"],
            "epd.account.balance",
        )
        # with it they come too
        page, lines = self._page()
        with self.assertRaises(UserError):
            self._give_reason(lines["find_no_balance"].action_mend(), "  ")
        self._give_reason(lines["find_no_balance"].action_mend(), "Долги погашены")
        page, lines = self._page()
        self.assertEqual(lines["find_no_balance"].severity, "warning")
        self.assertIn("Долги погашены", lines["find_no_balance"].text)
        self.assertEqual(page.blocked_count, 0)
        page.action_confirm()
        self._run_cron("ir_cron_prepare")
        self.assertEqual(self.second.error_count, 0)
        self.assertIn("Долги погашены", self.second.waiver_text)
        self.assertIn("Долги погашены", " ".join(self.second.message_ids.mapped("body")))

    def test_what_grows_stands_again(self):
        self._forget_balances(self.accounts[:1])
        self.second.action_lift("no_balance", "Погашен")
        self._forget_balances(self.accounts[:3])
        _page, lines = self._page()
        self.assertEqual(lines["find_no_balance"].severity, "error")
        self.second.action_prepare()
        self._run_cron("ir_cron_prepare")
        self.assertEqual(self.second.error_count, 3)

    def test_another_account_is_not_lifted_with_it(self):
        self._forget_balances(self.accounts[:1])
        self.second.action_lift("no_balance", "Погашен")
        for balance in self.accounts[0].balance_ids:
            balance.copy({"period_id": self.april.id})
        self._forget_balances(self.accounts[1:2])
        _page, lines = self._page()
        self.assertEqual(lines["find_no_balance"].severity, "error")
        self.second.action_prepare()
        self._run_cron("ir_cron_prepare")
        self.assertEqual(self.second.error_count, 1)

    def test_what_is_forgotten_while_the_run_works_is_not_lifted(self):
        self._forget_balances(self.accounts[:1])
        self.second.action_lift("no_balance", "Погашен")
        self.second.action_prepare()
        self._forget_balances(self.accounts[:3])
        self._run_cron("ir_cron_prepare")
        refused = self.second.line_ids.filtered(lambda line: line.problem_code == "no_balance")
        self.assertEqual(refused.account_id, self.accounts[1:3])

    def test_another_month_is_not_lifted_with_it(self):
        self._forget_balances(self.accounts[:1])
        self.second.action_lift("no_balance", "Погашен")
        may = self.april._get_following()
        self._make_charges(self.accounts, may)
        self.accounts[0].balance_ids.filtered(lambda b: b.period_id == may).unlink()
        self.second.period_id = may
        _page, lines = self._page()
        self.assertEqual(lines["find_no_balance"].severity, "error")

    def test_a_new_version_does_not_drop_the_debt(self):
        self.second.action_prepare()
        self._run_cron("ir_cron_prepare")
        document = self.accounts[0].document_ids.filtered(lambda d: d.period_id == self.april)
        self._forget_balances(self.accounts[:1])
        with self.assertRaisesRegex(UserError, "1.714,34"):
            document.with_user(self.operator).action_reissue("Начисления изменены")
        mailing = self.env["epd.mailing"].browse(self.second.action_make_mailing()["res_id"])
        letter = mailing.letter_ids.filtered(lambda one: one.document_id == document)
        self.assertTrue(letter)
        with self.assertRaisesRegex(UserError, "1.714,34"):
            mailing.action_reissue_outdated()
        self.assertEqual(document.state, "saved")

    def test_nothing_is_lifted_that_is_not_there_or_not_liftable(self):
        for code in ("no_balance", "line_sum", "second_form", "nonsense"):
            with self.subTest(code), self.assertRaises(UserError):
                self.second.action_lift(code, "потому что")
        with self.assertRaises(UserError):
            self.second.write({"waivers": {"no_balance": {"count": 9}}})
        stranger = self._make_user("epd_nobody", "base.group_user")
        with self.assertRaises(AccessError):
            self.second.with_user(stranger).action_lift("no_balance", "x")

    def test_documents_that_stay_are_not_asked(self):
        self.second.action_prepare()
        self._run_cron("ir_cron_prepare")
        self._forget_balances()
        _page, lines = self._page()
        self.assertNotIn("find_no_balance", lines)


@tagged("post_install", "-at_install", "epd_mailing")
class TestControlSums(SecondMonthCase):
    def test_sums_stand_beside_last_months(self):
        page, _lines = self._page()
        sums = {line.text: (line.amount, line.previous) for line in page.line_ids if line.amount}
        whole = 4 * 1714.34
        self.assertEqual(len(sums), 2)  # nothing was paid, nothing was owed at the start
        for now, before in sums.values():
            self.assertAlmostEqual(now, whole)
            self.assertAlmostEqual(before, whole)
        self.assertEqual(page.jump_count, 0)
        self.assertEqual(self.second.sums_text.count("6\u00a0857,36"), 4)

    def test_the_form_opens_without_adding_up(self):
        """The charges of 100 000 accounts take seconds: the sums are read behind the form."""
        arch = etree.fromstring(self.second.get_view(view_type="form")["arch"])
        self.assertFalse(arch.xpath("//field[@name='sums_text']"))
        (widget,) = arch.xpath("//widget[@name='epd_late_text']")
        self.assertEqual(widget.get("field"), "sums_text")
        read = {node.get("name") for node in arch.iter("field")}
        self.assertLessEqual(set(widget.get("after").split(",")), read)

    def test_a_jump_is_seen_with_its_accounts_and_lifted(self):
        charge = self.accounts[1].charge_ids.filtered(
            lambda c: c.period_id == self.april and c.service_id == self.service_water
        )
        charge.amount = charge.amount + 200  # the service by 44 %, the house by 3 %
        page, lines = self._page()
        line = lines[f"jump_service-{self.service_water.id}"]
        self.assertEqual((line.severity, line.count), ("warning", 1))
        self.assertEqual(self._open(line.action_open()), self.accounts[1])
        self.assertEqual(page.jump_count, 1)
        self.assertNotIn(f"jump_building-{self.building.id}", lines)
        self._give_reason(line.action_mend(), "Новый тариф")
        page, lines = self._page()
        line = lines[f"jump_service-{self.service_water.id}"]
        self.assertEqual((line.severity, page.jump_count), ("go", 0))
        self.assertIn("Новый тариф", line.text)
        self.company.epd_jump_percent = 50
        _page, lines = self._page()
        self.assertNotIn(f"jump_service-{self.service_water.id}", lines)

    def test_another_jump_or_a_larger_one_is_not_lifted_with_it(self):
        def move(service, amount):
            charges = self.accounts[1].charge_ids.filtered(lambda c: c.period_id == self.april)
            charges.filtered(lambda c: c.service_id == service).amount += amount

        move(self.service_water, 200)
        self.second.action_lift("sums_jump", "Новый тариф")
        move(self.service_water, 300)
        _page, lines = self._page()
        self.assertEqual(lines[f"jump_service-{self.service_water.id}"].severity, "warning")
        move(self.service_water, -300)
        self.assertEqual(self._page()[0].jump_count, 0)
        move(self.service_water, -200)
        move(self.service_repair, 1000)
        _page, lines = self._page()
        self.assertEqual(lines[f"jump_service-{self.service_repair.id}"].severity, "warning")

    def test_what_is_new_or_gone_is_a_jump(self):
        charges = self.env["epd.charge"].search([("period_id", "=", self.april.id)])
        charges.filtered(lambda c: c.service_id == self.service_repair).unlink()
        _page, lines = self._page()
        line = lines[f"jump_service-{self.service_repair.id}"]
        self.assertEqual((line.amount, line.count), (0, 4))
        self.company.epd_jump_percent = 0
        _page, lines = self._page()
        self.assertFalse([what for what in lines if what and what.startswith("jump_")])

    def test_each_jump_counts_the_accounts_it_opens(self):
        charges = self.env["epd.charge"].search([("period_id", "=", self.april.id)])
        water = charges.filtered(lambda c: c.service_id == self.service_water)
        for charge in water[:3]:
            charge.amount += 2000
        charges.filtered(lambda c: c.service_id == self.service_repair)[:2].unlink()
        page, _lines = self._page()
        jumps = page.line_ids.filtered(lambda line: (line.what or "").startswith("jump_"))
        self.assertEqual(sorted(jumps.mapped("count")), [2, 3, 3])
        for line in jumps:
            self.assertEqual(len(self._open(line.action_open())), line.count, line.what)

    def test_an_account_that_went_to_another_company_is_told_apart(self):
        """Its charges stay in the month of the company that made them."""
        other = self.env["res.company"].create({"name": "УК «Новая»"})
        house = self.env["epd.building"].create({"name": "ул. Новая, 1", "company_id": other.id})
        gone, stays = self.accounts[0], self.accounts[1:]
        gone.write({"company_id": other.id, "building_id": house.id, "partner_id": False})
        self.assertEqual(gone.charge_ids.period_id.company_id, self.company)
        for accounts, count in ((stays, 3), (self.accounts, 4), (gone, 1), (gone | stays[0], 2)):
            with self.subTest(count=count):
                query = SQL(
                    "(SELECT id FROM epd_personal_account WHERE id IN %s)", tuple(accounts.ids)
                )
                sums = ControlSums(self.env, self.april, query)
                self.assertAlmostEqual(float(sums.charged.now), count * 1714.34)
                self.assertAlmostEqual(float(sums.balances["due"].now), count * 1714.34)

    def _get_sums(self, accounts):
        query = SQL("(SELECT id FROM epd_personal_account WHERE id IN %s)", tuple(accounts.ids))
        return ControlSums(self.env, self.april, query)

    def test_accounts_that_are_left_out_are_not_added_up(self):
        """By their names where they are few, by those that are asked for where they are many."""
        water = self.accounts[:3].charge_ids.filtered(
            lambda c: c.period_id == self.april and c.service_id == self.service_water
        )
        for charge in water:
            charge.amount += 2000
        for looked_up, few, left_out in ((5, 3, 0), (3, 3, 3), (5, 2, 3), (5, 0, 1), (2, 3, 3)):
            limits = {"LOOKED_UP": looked_up, "FEW": few, "VERY_FEW": few}
            with self.subTest(**limits), patch.multiple(charge_groups, **limits):
                sums = self._get_sums(self.accounts[left_out:])
                count, jumped = 4 - left_out, 3 - left_out
                self.assertAlmostEqual(float(sums.charged.now), count * 1714.34 + jumped * 2000)
                self.assertAlmostEqual(float(sums.charged.before), count * 1714.34)
                self.assertEqual(sum(owed.count for owed in sums.owed), 2 * count)
                jumps = {jump.kind: jump for jump in sums.find_jumps()}
                self.assertEqual(set(jumps), {"building", "service"} if jumped else set())
                self.assertEqual(
                    list(sums.count_accounts(jumps.values()).values()), len(jumps) * [jumped]
                )
                named = "<> ALL" in sums.groups.of_accounts.code
                self.assertEqual(named, left_out <= min(few, looked_up))

    def test_an_account_left_out_with_figures_of_one_kind_is_none_of_the_sums(self):
        """One has charges of last month and nothing else, another one a balance of it."""
        kept, charged, owing = self.accounts[:2], self.accounts[2], self.accounts[3]
        charged.balance_ids.unlink()
        owing.charge_ids.unlink()
        for figures in (charged.charge_ids, owing.balance_ids):
            figures.filtered(lambda row: row.period_id == self.april).unlink()
        sums = self._get_sums(kept)
        self.assertIn("<> ALL", sums.groups.of_accounts.code)
        self.assertAlmostEqual(float(sums.charged.now), 2 * 1714.34)
        self.assertAlmostEqual(float(sums.charged.before), 2 * 1714.34)
        self.assertAlmostEqual(float(sums.balances["due"].now), 2 * 1714.34)
        self.assertAlmostEqual(float(sums.balances["due"].before), 2 * 1714.34)

    def test_a_first_month_has_no_jumps(self):
        page, lines = self._page(self.run_)
        self.assertFalse([what for what in lines if what and what.startswith("jump_")])
        self.assertEqual(page.jump_count, 0)

    def test_without_a_month_before_no_charge_is_read_for_jumps(self):
        self.second.action_prepare()
        self._run_cron("ir_cron_prepare")
        with patch.object(ChargeGroups, "rows", PropertyMock(return_value=[])) as rows:
            self._lines(self.run_.action_confirm_mailing())
            rows.assert_not_called()
            self.second.action_confirm_mailing()
            rows.assert_called()

    def test_before_the_mailing_and_on_paper(self):
        self.second.action_prepare()
        self._run_cron("ir_cron_prepare")
        # a receipt counts once, to however many addresses it goes
        self.env["epd.delivery.address"].create(
            {"account_id": self.accounts[0].id, "email": "second@example.com"}
        )
        # the page shows no balances, so none are added up
        with patch.object(ControlSums, "balances", PropertyMock()) as balances:
            page, lines = self._lines(self.second.action_confirm_mailing())
        balances.assert_not_called()
        counts = [line.count for line in page.line_ids if line.what == "mail_go"]
        self.assertEqual(counts, [4, 4])
        self.assertEqual((lines["mail_paper"].count, page.go_count), (4, 4))
        sums = [(line.amount, line.previous) for line in page.line_ids if line.amount]
        self.assertEqual(len(sums), 1)
        for value in sums[0]:
            self.assertAlmostEqual(value, 3 * 1714.34)  # the fourth has no address
        batch = self.env["epd.paper.batch"].create(
            {"period_id": self.april.id, "company_id": self.company.id, "with_unsent": True}
        )
        batch.action_build()
        self.assertIn("6\u00a0857,36", batch.sums_text)


@tagged("post_install", "-at_install", "epd_mailing")
class TestNothingIsNotAsPlanned(RunScreenCase):
    def test_no_account_has_charges(self):
        self.accounts.charge_ids.unlink()
        self.accounts.balance_ids.unlink()
        _page, lines = self._lines(self.run_.action_confirm_prepare())
        self.assertEqual(lines["prepare_bare"].severity, "error")
        self._make_charges(self.accounts[0])
        _page, lines = self._lines(self.run_.action_confirm_prepare())
        self.assertEqual(lines["prepare_bare"].severity, "warning")

    def test_accounts_that_come_later_are_shown(self):
        self._prepare()
        self.assertEqual(self.run_.late_count, 0)
        late = self.accounts[0].copy({"number": "00999", "partner_id": False})
        self.env.invalidate_all()
        self.assertEqual(self.run_.late_count, 1)
        self.assertEqual(self._open(self.run_.action_open_late()), late)
        self._make_charges(late)
        self._prepare()
        self.assertEqual(self.run_.late_count, 0)
        self.assertEqual(late.document_count, 1)


@tagged("post_install", "-at_install", "epd_mailing")
class TestAnnulment(RunScreenCase):
    def setUp(self):
        super().setUp()
        self._prepare()
        self.documents = self.run_.document_ids

    def _annul(self, reason="Не та форма"):
        action = self.run_.action_ask_annul()
        asked = (
            self.env[action["res_model"]]
            .with_user(self.operator)
            .with_context(**action["context"])
            .create({"reason": reason})
        )
        counts = asked.annul_count, asked.left_count
        asked.action_apply()
        self._run_cron("ir_cron_prepare")
        return counts

    def test_all_of_a_run(self):
        self.assertEqual(self._annul(), (4, 0))
        self.assertEqual(self.run_.state, "cancelled")
        self.assertEqual(set(self.documents.mapped("state")), {"cancelled"})
        self.assertEqual(set(self.documents.mapped("state_reason")), {"Не та форма"})
        with self.assertRaises(UserError):
            self.run_.action_ask_annul()
        # the right form can follow
        self.run_.action_to_draft()
        self.run_.form = "capital_repair"
        self._prepare()
        self.assertEqual(self.run_.document_count, 4)

    def test_what_has_left_stays_and_is_listed(self):
        mailing = self.env["epd.mailing"].browse(self.run_.action_make_mailing()["res_id"])
        letters = mailing.letter_ids.sudo()._unlocked()
        for state in ("claimed", "sending", "sent"):
            letters[0]._move(state)
        letters[1]._move("claimed")
        gone = letters[0].document_id
        self.env.flush_all()
        self.assertEqual(self._annul(), (3, 1))
        self.assertEqual(self.run_.state, "done")
        self.assertEqual(gone.state, "saved")
        self.assertEqual(set((self.documents - gone).mapped("state")), {"cancelled"})
        waiting = letters[1:].filtered(lambda letter: letter.send_state != "skipped")
        self.assertTrue(waiting)
        self.assertEqual(set(waiting.mapped("send_state")), {"cancelled"})
        self.assertEqual(self._open(self.run_.action_open_left()), gone)
        self.assertFalse(self.run_.annul_reason)

    def test_it_is_offered_where_there_is_something_to_annul(self):
        """The button stands where its check would not refuse."""
        new = self.run_.copy()
        self.assertTrue(self.run_.is_annullable)
        self.assertFalse(new.is_annullable)
        view = etree.fromstring(self.run_.get_view(view_type="form")["arch"])
        (button,) = view.xpath("//button[@name='action_ask_annul']")
        self.assertEqual(button.get("invisible"), "not is_annullable")
        mailing = self.env["epd.mailing"].browse(self.run_.action_make_mailing()["res_id"])
        letters = mailing.letter_ids.sudo()._unlocked()
        letters.filtered(lambda letter: letter.send_state == "pending").write(
            {"send_state": "sent"}
        )
        waiting = (
            self.documents
            - letters.filtered(lambda letter: letter.send_state == "sent").document_id
        )
        waiting.action_cancel_document("Не та форма")
        self.env.invalidate_all()
        self.assertTrue(self.run_.saved_count)
        self.assertFalse(self.run_.is_annullable)
        with self.assertRaises(UserError):
            self.run_.action_ask_annul()

    def test_what_stands_in_the_state_system_is_told(self):
        accounts = self.documents.account_id
        placements = self.env["epd.gis.placement"].create(
            [
                {
                    "account_id": account.id,
                    "period_id": self.period.id,
                    "form": form,
                    "gis_document_id": f"16АК33002{place}-01-6031",
                }
                for place, (account, form) in enumerate(
                    [
                        (accounts[0], self.run_.form),
                        (accounts[1], self.run_.form),
                        # a bill of another form is not this run's
                        (accounts[2], "capital_repair"),
                    ]
                )
            ]
        )
        asked = (
            self.env["epd.document.reason"]
            .with_user(self.operator)
            .create({"run_id": self.run_.id, "operation": "annul", "reason": "Не та форма"})
        )
        self.assertEqual(asked.gis_count, 2)
        opened = self._open(asked.action_open_placed())
        self.assertEqual(opened, placements[:2])
        asked.action_apply()
        self.assertRegex(self.run_.message_ids.sorted("id")[-1].body, r"ГИС ЖКХ\D+2\.")
        one = self.env["epd.document.reason"].with_user(self.operator)
        document = self.documents.filtered(lambda doc: doc.account_id == accounts[0])
        for operation, count in (("cancel", 1), ("reissue", 0)):
            vals = {"document_id": document.id, "operation": operation, "reason": "x"}
            self.assertEqual(one.create(vals).gis_count, count)

    def test_a_paper_file_counts_as_left_until_it_is_cancelled(self):
        batch = self.env["epd.paper.batch"].create(
            {"period_id": self.period.id, "company_id": self.company.id, "with_unsent": True}
        )
        batch.action_build()
        self.env.flush_all()
        self.assertEqual(RunAnnulment(self.run_).count(has_left=True)[0], 4)
        with self.assertRaises(UserError):
            self.run_.action_annul("Не то")
        batch.action_cancel()
        self.assertEqual(self._annul(), (4, 0))

    def test_a_reason_and_the_right_are_needed(self):
        with self.assertRaises(UserError):
            self.run_.action_annul(" ")
        stranger = self._make_user("epd_nobody", "base.group_user")
        with self.assertRaises(AccessError):
            self.run_.with_user(stranger).action_annul("x")
        self.assertEqual(set(self.documents.mapped("state")), {"saved"})

    def test_a_stopped_annulment_goes_on(self):
        self.run_.action_annul("Не тот месяц")
        self.run_.action_stop()
        self.run_.action_resume()
        self.assertEqual(self.run_.state, "annulling")
        self._run_cron("ir_cron_prepare")
        self.assertEqual(self.run_.state, "cancelled")


@tagged("post_install", "-at_install", "epd_mailing")
class TestSecondForm(RunScreenCase):
    def test_a_doubled_form_is_stopped_and_lifted(self):
        self._prepare()
        self.company.epd_second_form = "error"
        other = self.run_.copy({"form": "capital_repair"}).with_user(self.operator)
        page, lines = self._lines(other.action_confirm_prepare())
        self.assertEqual(lines["find_second_form"].mend, "lift")
        other.action_lift("second_form", "Фонд просил отдельную квитанцию")
        page, lines = self._lines(other.action_confirm_prepare())
        self.assertEqual(lines["find_second_form"].severity, "warning")
        page.action_confirm()
        self._run_cron("ir_cron_prepare")
        self.assertEqual(other.saved_count, 4)
