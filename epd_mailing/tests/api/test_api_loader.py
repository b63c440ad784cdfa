"""Files and programs bring figures by the same loader: the same matching, the same writer."""

from odoo.tests import tagged

from ..import_common import ImportCase, make_csv
from .test_api import ApiCase


@tagged("post_install", "-at_install", "epd_mailing")
class TestApiLoader(ImportCase, ApiCase):
    def _make_stranger(self, number):
        """Return a bank account of somebody else that has the number of ours."""
        stranger = self.env["res.partner"].create({"name": "ООО «Чужой»"})
        return self.env["res.partner.bank"].create(
            {"acc_number": number, "partner_id": stranger.id, "company_id": False}
        )

    def _balance(self, payee):
        return self.accounts[0].balance_ids.filtered(
            lambda balance: balance.payee_id == payee and balance.period_id == self.period
        )

    def test_of_two_bank_accounts_with_one_number_ours_is_paid(self):
        number = self.office_payee.acc_number
        stranger = self._make_stranger(number)
        self._load(make_csv([["ЛС", "Р/с", "Сальдо"], ["00100", number, "7"]]), "balance")
        self.assertEqual(self._balance(self.office_payee).opening, 7)
        line = {"payee": number, "opening": "8.00"}
        answer = self.api.put_charges("b-1", "2026-03", [{"number": "00100", "balances": [line]}])
        self.assertEqual((answer["taken"], answer["problems"]), (1, []))
        self.assertEqual(self._balance(self.office_payee).opening, 8)
        self.assertFalse(self._balance(stranger))

    def test_marks_in_the_number_of_a_bank_account_say_nothing(self):
        digits = self.office_payee.acc_number
        for place, mark in enumerate(("-", " ", ".", "\u00a0")):
            number = mark.join((digits[:5], digits[5:8], digits[8:]))
            rows = [["ЛС", "Р/с", "Сальдо"], ["00100", number, f"1{place}"]]
            self._load(make_csv(rows), "balance")
            self.assertEqual(self._balance(self.office_payee).opening, 10 + place, mark)
            line = {"payee": number, "opening": f"2{place}.00"}
            account = {"number": "00100", "balances": [line]}
            answer = self.api.put_charges(f"m-{place}", "2026-03", [account])
            self.assertEqual(answer["problems"], [], mark)
            self.assertEqual(self._balance(self.office_payee).opening, 20 + place, mark)

    def test_a_service_is_known_by_its_code_or_name(self):
        for place, text in enumerate(("5", "Холодное водоснабжение", "ХОЛОДНОЕ  ВОДОСНАБЖЕНИЕ")):
            self._load(make_csv([["ЛС", "Услуга", "Сумма"], ["00100", text, f"3{place}"]]))
            line = {"service": text, "amount": f"4{place}.00"}
            account = {"number": "00100", "charges": [line]}
            answer = self.api.put_charges(f"s-{place}", "2026-03", [account])
            self.assertEqual(answer["problems"], [], text)
            (charge,) = self.accounts[0].charge_ids.filtered(lambda c: c.period_id == self.period)
            self.assertEqual((charge.service_id.code, charge.total), ("5", 40 + place))
            # the amount makes its part, whoever brings it
            self.assertEqual(charge.amount_individual, charge.amount)

    def test_leading_zeros_are_guessed_in_sheets_only(self):
        account = {"number": "100", "charges": [{"service": "5", "amount": "1.00"}]}
        answer = self.api.put_charges("z-1", "2026-03", [account])
        self.assertEqual([p["code"] for p in answer["problems"]], ["account_unknown"])

    def test_an_archived_house_takes_no_new_account(self):
        house = self.env["epd.building"].create(
            {"name": "Снесён", "company_id": self.company.id, "active": False}
        )
        rows = [["ЛС", "Дом"], ["9001", house.name], ["00100", house.name]]
        order = self._order(make_csv(rows), "account")
        order.action_check()
        self.assertEqual({p.code for p in order.problem_ids}, {"archived_building"})
        self.assertEqual(order.error_count, 2)

    def test_a_call_costs_as_few_queries_as_a_file(self):
        building, number = self.building.id, 100
        accounts = self.env["epd.personal.account"].create(
            [
                {"number": f"7{n:05d}", "company_id": self.company.id, "building_id": building}
                for n in range(number)
            ]
        )
        services = (
            self.env["epd.service"]
            .search([("company_id", "=", self.company.id)], limit=3)
            .mapped("code")
        )
        for n in range(len(services), 3):
            services.append(f"9{n}")
            self.env["epd.service"].create(
                {"code": f"9{n}", "name": f"Услуга {n}", "company_id": self.company.id}
            )

        def put(key, amount, count):
            charges = [{"service": code, "amount": f"{amount}.00"} for code in services]
            entries = [{"number": a.number, "charges": charges} for a in accounts[:count]]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            answer = self.api.put_charges(key, "2026-03", entries)
            self.assertEqual((answer["taken"], answer["problems"]), (count, []))
            return self.env.cr.sql_log_count - before

        put("q-0", 1, number)  # what is read once in a process
        few, many = put("q-1", 2, 10), put("q-2", 3, number)
        # 300 changed lines of 100 accounts took 629 queries
        self.assertLessEqual(many, 40)
        self.assertLessEqual(many - few, 2)
