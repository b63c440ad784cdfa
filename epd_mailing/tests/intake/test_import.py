from unittest.mock import patch

import psycopg2
from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ...models.intake.loader.charge import ChargeLoader
from ..import_common import ImportCase, make_csv, make_xlsx

WORK = "odoo.addons.epd_mailing.models.intake.import_run"
BUDGET = "odoo.addons.epd_mailing.tools.work_budget.RUN_WALL"
HEAD = [
    "Лицевой счёт",
    "Услуга",
    "Объём",
    "Тариф",
    "Начислено",
    "Перерасчёт",
    "Основание перерасчёта",
]
ROWS = [
    ["00100", "5", "4", "38,20", "152,80", "", ""],
    ["00100", "Содержание жилого помещения", "38,4", "31,5", "1 209,60", "-9,60", "Недопоставка"],
    ["00101", "5", "3", "38,20", "114,60", "", ""],
]


@tagged("post_install", "-at_install", "epd_mailing")
class TestImport(ImportCase):
    def _charges(self, number):
        account = self.accounts.filtered(lambda each: each.number == number)
        return {charge.service_id.code: charge for charge in account.charge_ids}

    def test_a_month_as_offices_write_it(self):
        data = make_csv(
            [["Ведомость за март 2026"], [], HEAD, *ROWS, ["Итого", "", "", "", "1477"]], "cp1251"
        )
        order = self._order(data)
        self.assertEqual(order.header_row, 3)
        self.assertTrue(all(order.column_ids.mapped("field_id")))
        order.action_check()
        self.assertEqual(
            (
                order.state,
                order.row_count,
                order.updated_count,
                order.same_count,
                order.error_count,
            ),
            ("checked", 3, 2, 1, 0),
        )
        # the check wrote nothing
        self.assertEqual(self._charges("00100")["5"].amount, 114.6)
        order.action_load()
        self._work()
        self.assertEqual((order.state, order.updated_count, order.progress), ("done", 2, 100))
        self.assertEqual(order.row_reached, 7)
        charges = self._charges("00100")
        self.assertEqual((charges["5"].amount, charges["5"].total), (152.8, 152.8))
        self.assertEqual(
            (charges["1"].total, charges["1"].recalculation_reason), (1200, "Недопоставка")
        )
        self.assertEqual(charges["1"].amount_individual, 1209.6)

    def test_services_across_in_a_workbook(self):
        head = ["№ лицевого счета", "Холодное водоснабжение", "Холодное водоснабжение, объем", "1"]
        order = self._load(
            make_xlsx([head, ["00102", 76.4, 2, None], ["00103", None, None, 1300.5]])
        )
        self.assertEqual((order.state, order.updated_count), ("done", 2))
        self.assertEqual(self._charges("00102")["5"].amount, 76.4)
        self.assertEqual(self._charges("00102")["5"].volume_individual, 2)
        self.assertEqual(self._charges("00102")["1"].amount, 1209.6)  # an empty cell says nothing
        self.assertEqual(self._charges("00103")["1"].amount, 1300.5)

    def test_a_dry_run_lists_every_problem_and_nothing_is_loaded(self):
        rows = [HEAD, *ROWS, ["00999", "5", "", "", "1", "", ""], ["00102", "77", "", "", "1", "", ""],
                ["00102", "5", "", "", "сто", "", ""], ["00102", "1", "", "", "5", "7", ""], ROWS[0]]  # fmt: skip
        order = self._order(make_csv(rows))
        order.action_check()
        self.assertEqual(
            self._problems(order),
            {(5, "A", "no_account"), (6, "B", "no_service"), (7, "E", "number"), (8, "G", "no_reason"),
             (9, "A", "twice")},
        )  # fmt: skip
        self.assertEqual(order.error_count, 5)
        with self.assertRaisesRegex(UserError, "5 errors"):
            order.action_load()
        self._work()
        self.assertEqual((order.state, self._charges("00100")["5"].amount), ("checked", 114.6))
        order.good_only = True
        order.action_load()
        self._work()
        self.assertEqual((order.state, order.updated_count, order.error_count), ("done", 2, 5))
        self.assertEqual(self._charges("00100")["5"].amount, 152.8)

    def test_the_same_file_again_changes_nothing(self):
        data = make_csv([HEAD, *ROWS])
        self._load(data)
        stamps = {c.id: c.write_date for c in self.accounts.charge_ids}
        again = self._order(data)
        self.assertIn("changes nothing", again.file_note)
        again.action_check()
        again.action_load()
        self._work()
        self.assertEqual((again.updated_count, again.created_count, again.same_count), (0, 0, 3))
        self.assertEqual({c.id: c.write_date for c in self.accounts.charge_ids}, stamps)

    def test_saved_documents_show_the_change(self):
        formed = (
            self.env["epd.payment.document"]
            .sudo()
            ._form_documents(self.accounts[:2], self.period, "epd")
        )
        first, second = (formed[account.id][0] for account in self.accounts[:2])
        self._load(make_csv([HEAD, *ROWS]))
        self.assertTrue(first.is_outdated)
        self.assertFalse(second.is_outdated)  # its figures are as they were
        self.assertIn(first, self.env["epd.payment.document"].search([("is_outdated", "=", True)]))

    def test_the_layout_is_remembered(self):
        data = make_csv([["Абонент", "Что", "Деньги"], ["00100", "5", "10,00"]])
        order = self._order(data)
        with self.assertRaisesRegex(UserError, "Personal account"):
            order.action_check()
        codes = ("account", "service", "amount")
        for column, code in zip(order.column_ids, codes, strict=True):
            column.field_id = self.env.ref(f"epd_mailing.import_field_charge_{code}")
        self.assertIn("10,00", order.preview_html)
        order.action_check()
        self.assertEqual((order.state, order.error_count), ("checked", 0))
        again = self._order(make_csv([["Абонент ", "что", "ДЕНЬГИ"], ["00101", "5", "11,00"]]))
        self.assertEqual(again.column_ids.mapped("field_id.code"), list(codes))
        self.assertEqual(again.layout_id, order.layout_id)

    def test_accounts_and_services_are_created_when_told(self):
        head = [
            "Лицевой счёт",
            "Дом",
            "Квартира",
            "ФИО",
            "E-mail",
            "Услуга",
            "Название услуги",
            "Р/с",
            "Начислено",
        ]
        rows = [
            ["777/1", "г. Казань, ул. Новая, д. 2", "5", "Новиков Пётр", "n@example.com", "40", "Домофон",
             self.office_payee.acc_number, "65,00"],
            ["777/2", "г. Казань, ул. Новая д.2", "6", "Новиков Пётр", "", "40", "Домофон", "", "65,00"],
        ]  # fmt: skip
        order = self._order(make_csv([head, *rows]), payee_id=self.office_payee.id)
        order.action_check()
        self.assertEqual({p.code for p in order.problem_ids}, {"no_account", "no_service"})
        order.action_to_draft()
        order.create_missing = True
        order.create_services = True
        with self.assertRaisesRegex(UserError, "manager"):
            order.action_check()
        made = self._load(make_csv([head, *rows]), user=self.manager, payee_id=self.office_payee.id,
                          create_missing=True, create_services=True)  # fmt: skip
        self.assertEqual(
            (made.created_count, made.error_count), (2, 0), made.problem_ids.mapped("text")
        )
        accounts = self.env["epd.personal.account"].search([("number", "in", ("777/1", "777/2"))])
        self.assertEqual(len(accounts.building_id), 1)
        # two people of one name are two people
        self.assertEqual(len(accounts.partner_id), 2)
        self.assertEqual(accounts[0].address_ids.email, "n@example.com")
        self.assertEqual(accounts.charge_ids.service_id.name, "Домофон")
        self.assertEqual(accounts.building_id.provision_ids.payee_id, self.office_payee)

    def test_leading_zeros_lost_by_excel(self):
        order = self._load(make_xlsx([["ЛС", "Услуга", "Сумма"], [100, 5, 99.9]]))
        self.assertEqual((order.updated_count, order.warning_count), (1, 1))
        self.assertEqual(self._charges("00100")["5"].amount, 99.9)

    def test_slices_stop_and_resume(self):
        order = self._order(make_csv([HEAD, *ROWS]))
        order.action_check()
        order.action_load()
        original, calls = ChargeLoader._take, []

        def lost_once(self, records):
            calls.append(records[0].row)
            if len(calls) == 2:
                raise psycopg2.errors.SerializationFailure("could not serialize access")
            return original(self, records)

        with (
            patch.object(ChargeLoader, "_take", lost_once),
            patch(f"{WORK}.SLICE", 1),
            mute_logger("odoo.addons.epd_mailing.models.base.epd_background_work"),
        ):
            self._work()
            self.assertEqual((order.state, order.row_count, order.row_reached), ("loading", 1, 2))
            order.action_stop()
            self._work()
            self.assertEqual((order.state, order.row_count), ("paused", 1))
            order.action_resume()
            self._work()
        self.assertEqual((order.state, order.row_count, order.updated_count), ("done", 3, 2))
        self.assertEqual(calls, [2, 3, 3, 4])

    def test_a_pass_that_is_out_of_time_calls_the_next(self):
        order = self._order(make_xlsx([HEAD, *ROWS]))
        order.action_check()
        order.action_load()
        self.env["ir.cron.trigger"].search([("cron_id", "=", self.cron.id)]).unlink()
        with patch(BUDGET, -1), patch(f"{WORK}.SLICE", 1):
            self._work()
            self.assertEqual((order.state, order.row_count), ("loading", 1))
            self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "=", self.cron.id)]))
            for _pass in range(5):
                self._work()
        self.assertEqual((order.state, order.row_count, order.updated_count), ("done", 3, 2))

    def test_a_big_file_is_checked_in_the_background(self):
        with patch("odoo.addons.epd_mailing.models.intake.epd_import.SMALL", 10):
            order = self._order(make_csv([HEAD, *ROWS]))
            order.action_check()
        self.assertEqual(order.state, "checking")
        self._work()
        self.assertEqual((order.state, order.row_count), ("checked", 3))

    def test_what_changed_since_the_check_stops_the_loading(self):
        order = self._order(make_csv([HEAD, *ROWS]))
        order.action_check()
        self.accounts[1].number = "00555"
        order.action_load()
        self._work()
        self.assertEqual((order.state, order.updated_count), ("paused", 0))
        self.assertIn("2", order.pause_reason)
        self.assertEqual(self._charges("00100")["5"].amount, 114.6)
        self.accounts[1].number = "00101"
        order.action_resume()
        self._work()
        self.assertEqual((order.state, order.updated_count), ("done", 2))

    def test_one_row_that_cannot_be_written_does_not_take_others(self):
        order = self._order(make_csv([HEAD, *ROWS]), good_only=True)
        order.action_check()
        order.action_load()
        charges = type(self.env["epd.charge"])
        original = charges.write

        def refuse(self, vals):
            if vals.get("amount") == 152.8:
                raise UserError("не судьба")
            return original(self, vals)

        with patch.object(charges, "write", refuse):
            self._work()
        self.assertEqual((order.state, order.updated_count, order.left_count), ("done", 1, 1))
        self.assertEqual(order.problem_ids.mapped("text"), ["не судьба"])
        self.assertEqual(self._charges("00100")["1"].total, 1200)

    def test_what_is_no_table_is_told(self):
        for data, text in (
            (b"%PDF-1.7", "PDF"),
            (bytes(range(32)) * 9, "no table"),
            (b"PK\x03\x04", "damaged"),
            (b"\xd0\xcf\x11\xe0" + b"\0" * 99, "older than 1997"),
            (b"\n\n", "no rows"),
        ):
            with self.assertRaisesRegex(UserError, text):
                self._order(data)
        cut = b'x;"y\n'
        with self.assertRaisesRegex(UserError, "Row 3"):
            self._order(make_csv([HEAD, ROWS[0]]) + cut)
        order = self._order(make_csv([HEAD, *([[]] * 30), ROWS[0]]) + cut)
        order.action_check()
        self.assertEqual(order.state, "paused")
        self.assertIn(" 33:", order.pause_reason)
        self.assertEqual(self._charges("00100")["5"].amount, 114.6)

    def test_another_month_is_refused(self):
        rows = [["ЛС", "Период", "Услуга", "Сумма"], ["00100", "02.2026", "5", "1"]]
        order = self._order(make_csv(rows))
        order.action_check()
        self.assertEqual(self._problems(order), {(2, "B", "other_month")})

    def test_the_program_alone_writes_the_state(self):
        order = self._order(make_csv([HEAD, *ROWS]))
        for vals in (
            {"state": "checked"},
            {"position": 5},
            {"error_count": 0},
            {"file_sha256": "x"},
        ):
            with self.assertRaises(UserError):
                order.write(vals)
        with self.assertRaises(UserError):
            order.action_load()
        order.action_check()
        for vals in ({"file": False}, {"create_missing": True}, {"period_id": False}):
            with self.assertRaises(UserError):
                order.write(vals)
        with self.assertRaises(UserError):
            order.column_ids[0].field_id = False
        nobody = new_test_user(self.env, "epd_nobody_imports", "base.group_user")
        for method in ("action_check", "action_load", "action_stop", "action_cancel"):
            with self.assertRaises(UserError):
                getattr(order.with_user(nobody), method)()

    def test_the_work_is_done_with_the_rights_of_who_pressed(self):
        order = self._order(make_csv([HEAD, *ROWS]), user=self.manager)
        with self.assertRaises(UserError):
            order.with_user(self.operator).user_id = self.operator
        order.with_user(self.operator).action_check()
        self.assertEqual(order.user_id, self.operator)
        with self.assertRaises(UserError):
            self._order(make_csv([HEAD, *ROWS]), user_id=self.manager.id)

    def test_old_files_are_removed_and_the_record_stays(self):
        order = self._load(make_csv([HEAD, *ROWS]))
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE epd_import SET write_date = %s WHERE id = %s",
            (fields.Datetime.subtract(fields.Datetime.now(), days=31), order.id),
        )
        self.env["epd.import"]._gc_files()
        self.env.invalidate_all()
        self.assertFalse(order.file)
        self.assertTrue(order.file_sha256)

    def test_more_problems_than_are_listed(self):
        rows = [HEAD, *([f"9{n}", "5", "", "", "1", "", ""] for n in range(7))]
        order = self._order(make_csv(rows))
        with patch(f"{WORK}.KEPT_PROBLEMS", 3):
            order.action_check()
        self.assertEqual((len(order.problem_ids), order.error_count), (3, 7))
        self.assertIn("3", order.pause_reason)
