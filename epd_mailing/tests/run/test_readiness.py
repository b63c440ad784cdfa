from contextlib import contextmanager
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from ...models.run.readiness_rules import RULES, Rule
from ..common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestReadiness(EpdCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.billing_run = cls.env["epd.billing.run"].create(
            {
                "period_id": cls.period.id,
                "company_id": cls.company.id,
                "list_ids": [(6, 0, cls.env.ref("epd_mailing.account_list_all_open").ids)],
            }
        )
        for number, account in enumerate(cls.accounts, start=1):
            account.gis_service_id = f"16да53331{number}-01"

    def _ask(self, user):
        run = self.billing_run.with_user(user)
        return run.env["epd.run.readiness"]._find_problems(run)

    def _found(self):
        problems = self._ask(self.operator)
        for problem in problems:
            self.assertEqual(set(problem), {"code", "severity", "text", "model", "ids"})
            self.assertTrue(problem["text"])
            self.assertIn(problem["model"], self.env)
        # a pass reads the charges once for all its rules, a list behind a number asks one rule alone
        run = self.billing_run.with_user(self.operator)
        readiness = run.env["epd.run.readiness"]
        alone = {rule.code: readiness._find_ids(run, rule.code) for rule in readiness._get_rules()}
        self.assertEqual(
            {problem["code"]: problem["ids"] for problem in problems},
            {code: ids for code, ids in alone.items() if ids},
        )
        return {problem["code"]: (problem["severity"], problem["ids"]) for problem in problems}

    def _charge(self, number, service):
        return self.accounts[number].charge_ids.filtered(lambda c: c.service_id == service)

    def test_a_sound_month_has_nothing_in_the_way(self):
        self.assertEqual(self._found(), {})

    def test_sums(self):
        charge = self._charge(0, self.service_water)
        charge.total = 1
        balance = self.accounts[1].balance_ids[0]
        balance.charged += 5
        found = self._found()
        self.assertEqual(found["line_sum"], ("error", charge.ids))
        expected = self.accounts[0].balance_ids.filtered(lambda b: b.payee_id == self.office_payee)
        self.assertEqual(found["balance_sum"], ("error", sorted((expected | balance).ids)))
        self.assertEqual(set(found), {"line_sum", "balance_sum"})

    def test_balances_whose_differences_cancel_out(self):
        """Neither what a payee gets in all nor what a house pays tells what each account was charged."""
        balances = self.accounts.balance_ids.filtered(lambda b: b.payee_id == self.office_payee)
        for balance, more in zip(balances, (10, -20, 10, 0), strict=True):
            balance.charged += more
        self.assertEqual(self._found(), {"balance_sum": ("error", sorted(balances[:3].ids))})

    def test_a_balance_without_charges_and_charges_without_a_balance(self):
        self.accounts[0].balance_ids.filtered(lambda b: b.payee_id == self.office_payee).unlink()
        self.assertEqual(self._found(), {})
        self._charge(1, self.service_repair).unlink()
        alone = self.accounts[1].balance_ids.filtered(lambda b: b.payee_id == self.repair_payee)
        self.assertEqual(self._found(), {"balance_sum": ("error", alone.ids)})
        self.accounts.balance_ids.filtered(lambda b: b.payee_id == self.repair_payee).unlink()
        self.assertEqual(self._found(), {})

    def test_columns_beside_the_amount(self):
        charge = self._charge(0, self.service_water)
        total, charge.recalculation_reason = charge.total, "Акт"
        for values, is_sound in (
            ({"recalculation": 5, "total": total}, False),
            ({"recalculation": 5, "total": total + 5}, True),
            ({"recalculation": 0, "excess": 5, "discount": 5, "total": total}, True),
            ({"excess": 0, "discount": 5, "total": total}, False),
            ({"discount": 0, "total": total + 1}, False),
            ({"total": total}, True),
        ):
            charge.write(values)
            found = self._found().get("line_sum")
            self.assertEqual(found, None if is_sound else ("error", charge.ids), values)
        self.env.flush_all()
        # a program that writes to the database itself has no reason to write zeros
        self.env.cr.execute(
            "UPDATE epd_charge SET excess = NULL, recalculation = NULL, discount = NULL"
            " WHERE id IN %s",
            (tuple(self.accounts.charge_ids.ids),),
        )
        self.env.invalidate_all()
        self.assertEqual(self._found(), {})
        self.env.cr.execute("UPDATE epd_charge SET amount = NULL WHERE id = %s", (charge.id,))
        self.assertEqual(self._found()["line_sum"], ("error", charge.ids))

    def test_identifiers_of_gis(self):
        self.accounts[1].gis_service_id = False
        self.assertEqual(self._found(), {"no_gis_service": ("warning", self.accounts[1].ids)})
        self.company.epd_code_gis = False
        self.assertEqual(self._found(), {})
        self.env["epd.gis.placement"].create(
            {
                "account_id": self.accounts[0].id,
                "period_id": self.period.id,
                "form": self.billing_run.form,
                "gis_document_id": "16да533311-01-6031",
            }
        )
        wanted = {"no_gis_document": ("warning", self.accounts[1:].ids)}
        self.assertEqual(self._found(), wanted)

    def test_an_identifier_that_nobody_finds(self):
        account = self.accounts[1]
        for number in ("16AK330020-01", "16АК330020", "abc", "330020АК16-01"):
            account.gis_service_id = number
            self.assertEqual(self._found(), {"odd_gis_service": ("warning", account.ids)}, number)
        account.gis_service_id = "16АК330020-01"
        self.assertEqual(self._found(), {})

    def test_verification_of_meters(self):
        readings = self.env["epd.meter.reading"].create(
            [
                {
                    "account_id": account.id,
                    "period_id": self.period.id,
                    "service_id": self.service_water.id,
                    "meter_number": "1",
                    "verify_by": day,
                }
                for account, day in zip(
                    self.accounts, ("2026-03-30", "2026-05-31", "2026-06-01", False), strict=True
                )
            ]
        )
        found = self._found()
        self.assertEqual(found["meter_expired"], ("warning", readings[0].ids))
        self.assertEqual(found["meter_expiring"], ("warning", readings[1].ids))

    def test_the_raising_coefficient_of_before(self):
        charge = self._charge(0, self.service_water)
        charge.ratio = 1.5
        self.assertEqual(self._found(), {"old_ratio": ("warning", charge.ids)})
        charge.ratio = 3
        self._charge(0, self.service_house).ratio = 1.5
        self.assertEqual(self._found(), {})

    def test_cold_water_is_known_by_the_names_that_offices_use(self):
        charge = self._charge(0, self.service_water)
        charge.ratio = 1.5
        for name in (
            "ХВС",
            "хвс (норматив)",
            "Холодная вода",
            "ХОЛОДНОЕ ВОДОСНАБЖЕНИЕ",
            "Х/В",
            "Водоснабжение",
        ):
            self.service_water.name = name
            self.assertEqual(self._found(), {"old_ratio": ("warning", charge.ids)}, name)
        for name in (
            "Горячее водоснабжение (компонент на холодную воду)",
            "ГВС: холодная вода",
            "ГВС",
            "Водоотведение ХВС",
            "Электроснабжение",
        ):
            self.service_water.name = name
            self.assertEqual(self._found(), {}, name)

    def test_vat_that_cannot_be(self):
        charge = self._charge(0, self.service_water)
        for rate, amount, found in (
            (5, 5.46, False),
            (0, 0, False),
            (22, -1, False),
            (500, 1, True),
            (-5, 1, True),
            (5, charge.total + 1, True),
        ):
            charge.write({"vat_rate": rate, "vat_amount": amount})
            wanted = {"odd_vat": ("warning", charge.ids)} if found else {}
            self.assertEqual(self._found(), wanted, (rate, amount))

    def test_a_second_document_for_the_same_charges(self):
        saved = (
            self.env["epd.payment.document"]
            .sudo()
            ._form_documents(self.accounts[0], self.period, "receipt")
        )
        document = saved[self.accounts[0].id][0]
        self.billing_run.form = "epd"
        self.assertEqual(self._found(), {"second_form": ("warning", document.ids)})
        self.company.epd_second_form = "error"
        self.assertEqual(self._found(), {"second_form": ("error", document.ids)})
        run = self.billing_run.with_user(self.operator)
        checks = run.env["epd.run.readiness"]
        self.assertEqual(checks._count_blocked(run, checks._find_problems(run)), 1)

    def test_provision_of_the_period_only(self):
        provision = self.env["epd.service.provision"].search(
            [("service_id", "=", self.service_repair.id)]
        )
        provision.date_to = "2026-02-28"
        charges = self.accounts.charge_ids.filtered(lambda c: c.service_id == self.service_repair)
        self.assertEqual(self._found()["no_provision"], ("error", sorted(charges.ids)))

    def test_requisites(self):
        self.office_payee.bank_id = self.bank.copy({"bic": "04920599"})
        self.repair_payee.acc_number = "40705810200000005679"
        found = self._found()
        self.assertEqual(found["code_impossible"], ("error", self.office_payee.ids))
        self.assertEqual(found["requisites_check"], ("warning", self.repair_payee.ids))
        self.assertIn("40705810200000005679", self.repair_payee.epd_requisites_warning)

    def test_dates(self):
        self.period.pay_by = "2026-04-20"
        self.assertEqual(self._found()["dates_against_law"], ("warning", self.period.ids))
        self.period.pay_by = False
        self.assertEqual(self._found()["dates_missing"], ("error", self.period.ids))

    def test_accounts(self):
        empty, nobody = self.accounts[0], self.accounts[1]
        empty.charge_ids.unlink()
        empty.balance_ids.unlink()
        nobody.partner_id = False
        self.accounts[2].unified_number = "16AK330010"  # Latin letters
        self.accounts[3].unified_number = "16АК330010"
        found = self._found()
        self.assertEqual(found["no_charges"], ("warning", empty.ids))
        self.assertEqual(found["no_payer"], ("warning", nobody.ids))
        self.assertEqual(found["latin_unified"], ("warning", self.accounts[2].ids))
        self.assertNotIn("double_unified", found)
        self.accounts[2].unified_number = "16АК330010"
        self.assertEqual(
            self._found()["double_unified"], ("warning", sorted(self.accounts[2:].ids))
        )

    def test_addresses(self):
        self.accounts.partner_id.email = "dispatcher@example.com"
        found = self._found()
        self.assertEqual(found["shared_email"][0], "warning")
        self.assertEqual(len(found["shared_email"][1]), 4)
        self.company.partner_id.email = "Dispatcher@example.com"
        self.assertEqual(len(self._found()["office_email"][1]), 4)

    def test_double_lines(self):
        charge = self._charge(0, self.service_water)
        double = charge.copy({"line_key": "2"})
        self.assertEqual(self._found()["double_lines"], ("warning", double.ids))

    def test_double_lines_that_all_have_keys_of_their_own(self):
        charge = self._charge(0, self.service_water)
        double = charge.copy({"line_key": "2"})
        charge.line_key = "1 от банка"
        self.assertEqual(self._found()["double_lines"], ("warning", double.ids))

    def test_rules_go_together(self):
        """What one rule looks for hides nothing of another in the one reading of the charges."""
        self._charge(0, self.service_water).total = 1
        vat, ratio = self.accounts[1].charge_ids[:2]
        vat.vat_rate = 120
        self.service_water.name = "Холодная вода"
        cold = self._charge(2, self.service_water)
        cold.ratio = 1.5
        double = ratio.copy({"line_key": "2"})
        found = self._found()
        self.assertEqual(found["odd_vat"][1], vat.ids)
        self.assertEqual(found["old_ratio"][1], cold.ids)
        self.assertEqual(found["double_lines"][1], double.ids)
        self.assertIn("line_sum", found)

    def test_a_call_from_outside_brings_no_sums_of_its_own(self):
        charge = self._charge(0, self.service_water)
        charge.total = 1
        balance = self.accounts[1].balance_ids[0]
        balance.charged += 5
        self.accounts[1].partner_id = False
        for given in ({"groups": []}, [1], "groups", 1):
            run = self.billing_run.with_context(epd_control_sums=given, epd_account_counts=given)
            readiness = run.env["epd.run.readiness"]
            self.assertEqual(readiness._find_ids(run, "line_sum"), charge.ids, given)
            self.assertIn(balance.id, readiness._find_ids(run, "balance_sum"), given)
            self.assertEqual(readiness._find_ids(run, "no_payer"), self.accounts[1].ids, given)

    def test_a_rule_of_another_module_asks_ours_about_others(self):
        """The sums of a pass are of its own month and accounts: others are looked at by themselves."""
        charge = self._charge(0, self.service_water)
        charge.total = 1
        account = charge.account_id
        account.partner_id = False
        sound = self.env["epd.account.list"].create(
            {"name": "Sound", "kind": "fixed", "account_ids": [(6, 0, self.accounts[1:].ids)]}
        )
        run = self.billing_run.copy({"list_ids": [(6, 0, sound.ids)]})
        readiness = run.env["epd.run.readiness"]
        rule = Rule("neighbours", "warning", "epd.charge", "Charges of others")
        found = []

        def find(checker, run, accounts):
            others = SQL("(%s)", charge.account_id.id)
            found.append(checker._find_line_sum(run, others))
            found.append(checker._find_no_payer(run, others))
            found.append(len(checker._find_balance_sum(run, others)))
            found.append(checker._find_ids(self.billing_run, "line_sum"))
            return []

        with (
            patch.object(type(readiness), "_get_rules", lambda self: (*RULES, rule)),
            patch.object(type(readiness), "_find_neighbours", find, create=True),
        ):
            problems = readiness._find_problems(run)
        self.assertNotIn("line_sum", [problem["code"] for problem in problems])
        self.assertEqual(found, [charge.ids, account.ids, 1, charge.ids])

    def test_a_condition_of_another_module_may_be_of_parts(self):
        """What it says of a charge is asked of the charges of the month alone."""
        other = self.env["epd.billing.period"].create({"date_start": "2026-02-01"})
        self._make_charges(self.accounts[:1], other)
        readiness = self.env["epd.run.readiness"]
        conditions = {"line_sum": SQL("total < 0 OR total > 0")}
        with patch.object(type(readiness), "_get_charge_conditions", lambda self: conditions):
            found = self.env["epd.charge"].browse(readiness._find_ids(self.billing_run, "line_sum"))
            groups = readiness._get_control_sums(self.billing_run, for_rules=True).groups.rows
        self.assertEqual(found.period_id, self.period)
        self.assertEqual(sum(group.suspects["line_sum"] for group in groups), len(found))

    def test_balances_of_several_payees_are_rounded_together(self):
        """A part of a kopeck, as another program may have left it in the table, counts once."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE epd_account_balance SET opening = 0.004 WHERE account_id = %s",
            [self.accounts[0].id],
        )
        sums = self.env["epd.run.readiness"]._get_control_sums(self.billing_run)
        self.assertEqual(str(sums.balances["opening"].now), "0.01")

    def test_the_charges_are_read_once_for_all_that_is_in_order(self):
        """Of rules, sums, payees and balances of a sound month."""
        run = self.billing_run
        readiness = run.env["epd.run.readiness"]
        with self._noting("epd_charge") as read:
            sums = readiness._get_control_sums(run, for_rules=True)
            self.assertEqual(readiness._find_problems(run, sums=sums), [])
            self.assertEqual(readiness._get_requisites_changes(run, sums), [])
            sums.find_jumps()
        # accounts without charges are looked up in an index, and whether there is a month before
        index = ("NOT EXISTS (SELECT 1 FROM epd_charge", "LIMIT 1")
        read = [text for text in read if not any(part in text for part in index)]
        self.assertEqual(len(read), 1, "\n\n".join(read))

    def test_accounts_and_addresses_are_counted_once_for_what_is_in_order(self):
        run = self.billing_run
        self.company.epd_code_gis = True
        readiness = run.env["epd.run.readiness"]
        for table, most in (
            ("FROM epd_delivery_address", 2),  # the other asks for the office's own
            ("FROM epd_personal_account account", 1),
        ):
            with self._noting(table) as read:
                self.assertEqual(readiness._find_problems(run), [])
            read = [text for text in read if "JOIN LATERAL" not in text]  # debts of last month
            self.assertEqual(len(read), most, "\n\n".join(read))

    @contextmanager
    def _noting(self, *parts):
        """Give a list of the statements that name one of some tables."""
        read, execute = [], self.env.cr.execute

        def note(query, *args, **kwargs):
            text = getattr(query, "code", query)
            if any(part in text for part in parts):
                read.append(text)
            return execute(query, *args, **kwargs)

        with patch.object(self.env.cr, "execute", note):
            yield read

    def test_changed_since_saving_is_told(self):
        documents = self.env["epd.payment.document"].sudo()
        made = documents._form_documents(self.accounts, self.period, "epd")
        self.assertNotIn("outdated", self._found())
        self._charge(0, self.service_water).explanation = "Уточнено"
        self.assertEqual(self._found()["outdated"], ("warning", made[self.accounts[0].id][0].ids))

    def test_no_accounts(self):
        self.billing_run.list_ids = self.env["epd.account.list"].create(
            {"name": "Пусто", "kind": "fixed", "company_id": self.company.id}
        )
        self.assertEqual(self._found()["no_accounts"][0], "error")

    def test_only_for_the_office(self):
        stranger = new_test_user(self.env, "stranger", groups="base.group_user")
        with self.assertRaises(AccessError):
            self._ask(stranger)

    def test_errors_come_first(self):
        self.accounts[0].partner_id = False
        self.accounts[1].balance_ids[0].charged += 5
        problems = self._ask(self.operator)
        self.assertEqual([p["severity"] for p in problems], ["error", "warning"])
