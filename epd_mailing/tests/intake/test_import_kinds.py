import io
from urllib.parse import unquote

import openpyxl
from odoo.tests import HttpCase, tagged

from ...models.intake.import_texts import describe_problem
from ...models.intake.loader.matching import fold_name
from ...tools.table_file import KINDS
from ..import_common import ImportCase, make_csv, make_xlsx


@tagged("post_install", "-at_install", "epd_mailing")
class TestImportKinds(ImportCase):
    def test_balances_of_several_payees(self):
        office, repair = self.office_payee.acc_number, self.repair_payee.acc_number
        rows = [
            ["ЛС", "Р/с", "Сальдо", "Оплачено", "Начислено", "Пени"],
            ["00100", office, "6 200,00", "100", "1 324,20", "37,30"],
            ["00100", repair, "-5", "", "390,14", ""],
            ["00101", office[:-1], "1", "", "1", ""],
        ]
        order = self._order(make_csv(rows), "balance", good_only=True)
        order.action_check()
        self.assertEqual(self._problems(order), {(4, "B", "unknown_payee")})
        order.action_load()
        self._work()
        balances = {b.payee_id: b for b in self.accounts[0].balance_ids}
        self.assertEqual((order.updated_count, order.state), (2, "done"))
        self.assertEqual(balances[self.office_payee].due, 7461.5)
        self.assertEqual(balances[self.repair_payee].due, 385.14)

    def test_an_account_number_of_a_bank_kept_as_a_number(self):
        rows = [["ЛС", "Р/с", "Сальдо"], ["00100", 40702810900000001234, 1]]
        order = self._order(make_xlsx(rows), "balance")
        order.action_check()
        self.assertEqual(self._problems(order), {(2, "B", "lost_digits")})

    def test_payments_go_to_balances_and_may_come_before_them(self):
        rows = [
            ["ЛС", "Оплачено", "Дата платежа"],
            ["00100", "500,00", "20.03.2026"],
            ["00103", "1", ""],
        ]
        self.accounts[3].balance_ids.unlink()
        order = self._order(make_csv(rows), "payment", payee_id=self.office_payee.id)
        order.action_check()
        self.assertFalse(order.problem_ids)
        self.assertEqual(order.planned_ids.mapped("what"), ["balance"])
        self.assertEqual(order.planned_ids.name, "00103")
        self.assertFalse(self.accounts[3].balance_ids)
        order = self._load(make_csv(rows), "payment", payee_id=self.office_payee.id)
        self.assertEqual(self.accounts[3].balance_ids.mapped("paid"), [1])
        self._load(
            make_csv([["ЛС", "Сальдо", "Начислено"], ["00103", "7", "10"]]),
            "balance",
            payee_id=self.office_payee.id,
        )
        late = self.accounts[3].balance_ids
        self.assertEqual((late.opening, late.charged, late.paid, late.due), (7, 10, 1, 16))
        balance = self.accounts[0].balance_ids.filtered(lambda b: b.payee_id == self.office_payee)
        self.assertEqual((balance.paid, f"{balance.last_payment_date}"), (500, "2026-03-20"))
        self.assertEqual((balance.charged, order.created_count), (1324.2, 2))

    def test_readings(self):
        rows = [
            ["ЛС", "Услуга", "Прибор учёта", "Предыдущее", "Текущее", "Поверка"],
            ["00100", "5", "500100001", "201", "205,5", "01.02.2028"],
            ["00100", "5", "", "1", "2", ""],
        ]
        order = self._order(make_csv(rows), "reading", good_only=True)
        order.action_check()
        self.assertEqual(self._problems(order), {(3, "C", "required")})
        order.action_load()
        self._work()
        reading = self.accounts[0].reading_ids
        self.assertEqual((reading.consumption, f"{reading.verify_by}"), (4.5, "2028-02-01"))
        again = self._load(make_csv(rows[:2]), "reading")
        self.assertEqual((again.same_count, again.updated_count), (1, 0))

    def test_accounts(self):
        rows = [
            ["ЛС", "Дом", "Квартира", "Площадь", "ФИО", "E-mail", "ЕЛС", "Вид помещения"],
            [
                "00100",
                "",
                "",
                "40,1",
                "Иванов Иван  Иванович",
                "second@example.com",
                "16АК330010",
                "",
            ],
            ["00101", "", "", "", "Другой Человек", "other@example.com", "", ""],
            ["00300", "ул. Новая, 1", "7", "30", "Новый Жилец", "new@example.com", "", "Комната"],
            ["00301", "", "7", "30", "Без Дома", "", "", ""],
            ["00102", "", "", "", "", "не почта", "16АК", ""],
        ]
        order = self._order(make_csv(rows), "account", good_only=True)
        order.action_check()
        self.assertEqual(
            self._problems(order),
            {(3, "E", "other_payer"), (5, "A", "no_building"), (6, "G", "gis_length")},
        )
        self.assertFalse(self.env["epd.building"].search([("name", "=", "ул. Новая, 1")]))
        order.action_load()
        self._work()
        first, second = self.accounts[:2]
        self.assertEqual((first.area, first.unified_number), (40.1, "16АК330010"))
        self.assertIn("second@example.com", first.address_ids.mapped("email"))
        # another person's address never comes to an account that has its own payer
        self.assertEqual(second.address_ids.mapped("email"), ["petrova@example.com"])
        made = self.env["epd.personal.account"].search([("number", "=", "00300")])
        self.assertEqual((made.building_id.name, made.premises_kind), ("ул. Новая, 1", "room"))
        self.assertEqual(made.address_ids.email, "new@example.com")
        self.assertEqual((order.created_count, order.updated_count, order.left_count), (1, 1, 2))

    def test_identifiers_of_the_state_system(self):
        rows = [
            ["ЛС", "ЕЛС", "ИЖКУ", "ИПД", "Дата размещения"],
            ["00100", "16АК330010", "16АК330010-01", "16АК330010-01-6031", "03.04.2026"],
            ["00101", "", "", "16АК330010-01", ""],
        ]
        order = self._order(make_csv(rows), "gis", good_only=True)
        order.action_check()
        self.assertEqual(self._problems(order), {(3, "D", "gis_length")})
        order.action_load()
        self._work()
        placement = self.env["epd.gis.placement"].search([("account_id", "=", self.accounts[0].id)])
        self.assertEqual(f"{placement.placed_on}", "2026-04-03")
        self.assertEqual(self.accounts[0].gis_service_id, "16АК330010-01")
        again = self._load(make_csv(rows[:2]), "gis")
        self.assertEqual((again.same_count, again.updated_count, again.created_count), (1, 0, 0))

    def test_a_document_identifier_of_another_account(self):
        """One column sorted apart from the others puts a neighbour's identifier on a receipt."""
        self.accounts[1].gis_service_id = "16АК330011-01"
        rows = [
            ["ЛС", "ИЖКУ", "ИПД"],
            ["00100", "16АК330010-01", "16АК330011-01-6031"],
            ["00101", "", "16АК330010-01-6031"],
        ]
        order = self._order(make_csv(rows), "gis", good_only=True)
        order.action_check()
        self.assertEqual(self._problems(order), {(2, "C", "gis_other"), (3, "C", "gis_other")})
        self.assertIn("16АК330010-01", order.problem_ids[0].text)
        order.action_load()
        self._work()
        self.assertFalse(
            self.env["epd.gis.placement"].search([("account_id", "in", self.accounts.ids)])
        )

    def test_an_account_that_moves_to_a_new_building_is_told_and_counted(self):
        house = self.accounts[0].building_id
        rows = [["ЛС", "Дом"], ["00100", "ул. Новая, 1"], ["00101", house.name.upper()]]
        order = self._order(make_csv(rows), "account")
        order.action_check()
        self.assertEqual(self._problems(order), {(2, "B", "new_building")})
        self.assertEqual((order.updated_count, order.same_count), (1, 1))
        self.assertEqual(self.accounts[0].building_id, house)
        order.action_load()
        self._work()
        self.assertEqual(self.accounts[0].building_id.name, "ул. Новая, 1")
        self.assertEqual(self.accounts[1].building_id, house)

    def test_names_are_compared_without_marks_but_between_figures(self):
        self.assertEqual(
            fold_name("г. Казань, ул. Ёлочная, д. 5"), fold_name("Г КАЗАНЬ УЛ ЕЛОЧНАЯ Д5")
        )
        self.assertEqual(fold_name("дом 15-2"), fold_name("Дом 15 / 2"))
        self.assertNotEqual(fold_name("ул. Ленина, д. 1/1"), fold_name("ул. Ленина, д. 11"))
        self.assertNotEqual(fold_name("1.1"), fold_name("11"))
        self.assertEqual(fold_name("д. 1/а"), fold_name("д. 1А"))

    def test_an_amount_alone_leaves_nothing_of_the_parts_before(self):
        rows = [["ЛС", "Услуга", "Начислено"], ["00100", "5", "110"]]
        self._load(make_csv(rows))
        charge = self.accounts[0].charge_ids.filtered(lambda c: c.service_id.code == "5")
        charge.write({"amount_individual": 90, "amount_common": 20})
        rows[1][2] = "120"
        self._load(make_csv(rows))
        figures = charge.amount, charge.amount_individual, charge.amount_common
        self.assertEqual(figures, (120, 120, 0))

    def test_a_reason_that_was_entered_stays(self):
        rows = [["ЛС", "Услуга", "Начислено", "Перерасчёт"], ["00100", "5", "110", "-10"]]
        self._load(make_csv(rows))
        charge = self.accounts[0].charge_ids.filtered(lambda c: c.service_id.code == "5")
        self.assertTrue(charge.recalculation_reason)
        charge.recalculation_reason = "Отсутствие жильца"
        rows[1][3] = "-20"
        self._load(make_csv(rows))
        figures = charge.recalculation, charge.recalculation_reason
        self.assertEqual(figures, (-20, "Отсутствие жильца"))

    def test_fields_in_the_list_are_those_that_are_read(self):
        entries = self.env["epd.import.field"].search([])
        self.assertEqual(
            {(e.kind, e.code, e.is_required) for e in entries},
            {(k, c, f.required) for k, fields in KINDS.items() for c, f in fields.items()},
        )

    def test_the_preview_is_in_the_language_of_the_reader(self):
        rows = [
            ["ЛС", "Дом", "Кв", "Вид помещения", "Способ доставки", "ФИО"],
            ["0100", "г. Казань, ул. Новая, д. 1", "1", "Нежилое помещение", "Бумага", "Ли Ян"],
        ]
        order = self._order(make_xlsx(rows), "account").with_context(lang="ru_RU")
        self.assertIn("<td>Бумага</td>", order.preview_html)
        self.assertIn("<td>Нежилое помещение</td>", order.preview_html)
        rows = [["ЛС", "Сумма", "Дата", "Операция"], ["00100", "5,00", "20.03.2026", "Возврат"]]
        order = self._order(make_xlsx(rows), "payment").with_context(lang="ru_RU")
        self.assertIn("<td>Возврат</td>", order.preview_html)
        self.assertNotIn("refund", order.preview_html)

    def test_a_problem_shows_the_cell_as_it_stands(self):
        """Also where the message tells something else: the account that was taken, the right sum."""
        rows = [
            ["ЛС", "Услуга", "Р/с", "Начислено"],
            ["100", "1", self.office_payee.acc_number, "12,00"],  # leading zeros were lost
            ["00101", "нет такой", self.office_payee.acc_number, "12,00"],
        ]
        order = self._order(make_xlsx(rows), "charge")
        order.action_check()
        found = {problem.code: problem.value for problem in order.problem_ids}
        self.assertEqual(found["zeros"], "100")
        self.assertEqual(found["no_service"], "нет такой")
        zeros = order.problem_ids.filtered(lambda problem: problem.code == "zeros")
        self.assertIn("00100", zeros.text)

    def test_every_problem_has_its_words(self):
        from ...tools.table_file import rows

        for code in ("required", "number", "date", "month", "other_month", "choice", "too_large",
                     "too_long", "lost_digits", "negative_discount", "no_reason", "not_total", "rounded"):  # fmt: skip
            self.assertIn(code, rows.RowParser.__doc__)
            self.assertNotEqual(describe_problem(self.env, code), code)


@tagged("post_install", "-at_install", "epd_mailing")
class TestImportExample(HttpCase, ImportCase):
    def test_examples_are_files_that_load(self):
        self.operator.write({"password": "epd_operator_pass", "lang": "ru_RU"})
        self.authenticate("epd_operator", "epd_operator_pass")
        for kind in KINDS:
            for suffix in ("xlsx", "csv"):
                answer = self.url_open(f"/epd_mailing/import/example/{kind}.{suffix}")
                self.assertEqual(answer.status_code, 200)
                name = unquote(answer.headers["Content-Disposition"].partition("UTF-8''")[2])
                self.assertRegex(name, rf"^Образец – [а-яёА-Я ]+\.{suffix}$")
                order = self._order(answer.content, kind, name=f"пример.{suffix}")
                self.assertTrue(all(order.column_ids.mapped("field_id")), (kind, suffix))
                order.action_check()
                self.assertEqual(order.state, "checked")
        self.assertEqual(self.url_open("/epd_mailing/import/example/other.xlsx").status_code, 404)

    def test_problems_as_a_workbook(self):
        self.operator.password = "epd_operator_pass"
        self.authenticate("epd_operator", "epd_operator_pass")
        order = self._order(make_csv([["ЛС", "Услуга", "Сумма"], ["=1+1", "5", "сто"]]))
        order.action_check()
        answer = self.url_open(f"/epd_mailing/import/{order.id}/problems.xlsx")
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        self.assertEqual(rows[1][:4], [2, "C", "Сумма", "сто"])
        self.assertEqual(len(rows), 2)
