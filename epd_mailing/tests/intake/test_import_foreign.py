"""Files of the kinds that offices exchange, loaded whole: every sample, with its sums or its words."""

import base64
from pathlib import Path

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..import_common import ImportCase, make_csv

FILES = Path(__file__).parents[1] / "files"
# file, kind → records taken, {figure: control sum in roubles}, errors
LOADED = {
    ("f01_bank_register_with_readings.y15", "payment"): (1, {"paid": 21643.63}, 0),
    ("f01_bank_register_with_readings.y15", "reading"): (4, {}, 0),
    ("f01b_sber_register.txt", "payment"): (3, {"paid": 4500.50}, 0),
    ("f02_sber_100500.txt", "payment"): (3, {"paid": 3793.83}, 0),
    ("f03_gis_export_els.xlsx", "account"): (5, {}, 0),
    ("f04_gis_accounts_11_11_0_5.xlsx", "account"): (2, {}, 0),
    ("f05_gis_payments.xlsx", "balance"): (3, {"charged": 5296.62}, 0),
    ("f05_gis_payments.xlsx", "charge"): (3, {"total": 316.62}, 0),
    ("f06_kl_to_1c.txt", "payment"): (1, {"paid": 1234.56}, 0),
    ("f07_tochka_registry.csv", "payment"): (3, {"paid": 1500.50}, 0),
    ("f08_settlement_centre.xml", "charge"): (2, {"total": 916.86}, 0),
    ("f08_settlement_centre.xml", "balance"): (0, {}, 1),
    ("f09_kvado_accruals.json", "charge"): (1, {"total": 105.54}, 0),
    ("f10_subsidy.dbf", "payment"): (2, {"paid": 700.50}, 0),
    ("f11_saldo_regop.csv", "balance"): (
        3, {"opening": 130, "charged": 5416.62, "paid": 100, "penalty": 1.15}, 0,
    ),
    ("f12_readings.csv", "reading"): (6, {}, 0),
    ("f13_payment_report.csv", "payment"): (2, {"paid": 2805.54}, 0),
    ("f14_accounts_97.xls", "account"): (1, {}, 0),
    ("f15_1655123453_40702810462000012345_001.zip", "payment"): (3, {"paid": 4500.50}, 0),
    ("f16_osv_1c.xlsx", "charge"): (6, {"total": 3531.08}, 0),
    ("f16_osv_1c.xlsx", "balance"): (2, {"charged": 3531.08}, 0),
    ("f17_accounts_uppercase_cp1251.csv", "account"): (3, {}, 0),
    ("f17c_latin_headers_uppercase_cp1251.csv", "account"): (2, {}, 0),
}  # fmt: skip
REJECTED = {
    "g01_receipts_1c.zip": "Ready-Made Receipts",
    "g02_cp866_names.zip": "Ready-Made Receipts",
    "g03_all_in_one.pdf": "This is a PDF",
    "g04_one_pdf_of_all.zip": "Ready-Made Receipts",
}
MONTHS = {"f01_": "2018-12-01", "f08": "2021-05-01"}
SERVICES = {
    "Холодное водоснабжение": "cold", "Горячее водоснабжение": "hot", "Электроснабжение": "power",
    "Содержание жилого помещения": "keep", "Взнос на капитальный ремонт": "repair",
    "ГВ для сод. о.и.*": "common",
}  # fmt: skip


@tagged("post_install", "-at_install", "epd_mailing")
class TestImportForeign(ImportCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        numbers = ["100001", "100002", "100003", "210000001", "4700000000026"]
        cls.foreign = cls.env["epd.personal.account"].create(
            [
                {
                    "number": number,
                    "company_id": cls.company.id,
                    "building_id": cls.building.id,
                    "gis_service_id": f"16АК33001{place}-01" if place < 4 else False,
                    "date_open": "2018-01-01",
                }
                for place, number in enumerate(numbers, 1)
            ]
        )
        cls.env["epd.service"].search([("company_id", "=", cls.company.id)]).name = "Прежняя"
        cls.env["epd.service"].create(
            [
                {"name": name, "code": code, "kind": "utility", "uom_name": "м³",
                 "company_id": cls.company.id}
                for name, code in SERVICES.items()
            ]
        )  # fmt: skip
        cls.payee = cls.env["res.partner.bank"].create(
            {
                "acc_number": "40702810462000012345",
                "partner_id": cls.company.partner_id.id,
                "company_id": cls.company.id,
            }
        )

    def _get_period(self, name):
        start = next((s for begin, s in MONTHS.items() if name.startswith(begin)), "2026-11-01")
        periods = self.env["epd.billing.period"]
        where = [("company_id", "=", self.company.id), ("date_start", "=", start)]
        return periods.search(where) or periods.create(
            {"company_id": self.company.id, "date_start": start}
        )

    def _load_sample(self, name, kind, **more):
        order = self._order(
            (FILES / name).read_bytes(),
            kind,
            name=name,
            period_id=self._get_period(name).id,
            payee_id=self.payee.id,
            **more,
        )
        order.action_check()
        self.assertEqual(order.state, "checked", order.pause_reason)
        return order

    @staticmethod
    def _get_count(order):
        # some samples are of the same accounts: what one brought, the next finds
        return order.created_count + order.updated_count + order.same_count

    def test_every_sample_loads_or_says_why_not(self):
        names = {name for name, _kind in LOADED} | set(REJECTED)
        self.assertEqual(names, {path.name for path in FILES.iterdir()})
        for (name, kind), (added, sums, errors) in LOADED.items():
            with self.subTest(file=name, kind=kind):
                order = self._load_sample(name, kind)
                found = {}
                for line in order.sum_ids:
                    found[line.figure] = round(found.get(line.figure, 0) + line.amount, 2)
                told = [(p.row, p.column, p.code, p.value) for p in order.problem_ids]
                self.assertEqual(order.error_count, errors, told)
                self.assertEqual(found, sums)
                self.assertEqual(self._get_count(order), added, told)
                if not errors:
                    order.action_load()
                    self._work()
                    self.assertEqual(order.state, "done", order.pause_reason)
                    self.assertEqual(self._get_count(order), added)

    def test_what_is_no_table_says_what_it_is(self):
        for name, text in REJECTED.items():
            with self.assertRaisesRegex(UserError, text):
                self._order((FILES / name).read_bytes(), "payment", name=name)

    def test_the_next_day_s_register_adds_up_and_its_columns_are_known(self):
        name = "f01b_sber_register.txt"
        first = self._load_sample(name, "payment")
        first.action_load()
        self._work()
        balance = self.foreign[1].balance_ids
        self.assertEqual((first.scope, balance.paid), ("part", 1500.5))
        data = "22-11-2026;12-00-09;9055;9055999V;350611123504;100002;100002;КАЗАНЬ;112026;[!];[!];;10,00;9,95;0,05\r\n=1;10,00;9,95;0,05;123457;24-11-2026\r\n"
        order = self._order(
            data.encode("cp1251"), "payment", name="2.txt",
            period_id=first.period_id.id, payee_id=self.payee.id,
        )  # fmt: skip
        self.assertTrue(order.layout_id)
        order.action_check()
        order.action_load()
        self._work()
        self.assertEqual((order.state, balance.paid), ("done", 1510.5))

    def test_a_control_row_that_differs_stops_all(self):
        data = (FILES / "f01b_sber_register.txt").read_bytes().replace(b"=3;4500,50", b"=3;4500,51")
        order = self._order(data, "payment", payee_id=self.payee.id)
        order.period_id = self._get_period("f01b")
        order.action_check()
        self.assertEqual(order.problem_ids.mapped("code"), ["control_sum"])
        self.assertEqual(order.problem_ids.value, "4500.51")
        with self.assertRaisesRegex(UserError, "1 errors"):
            order.action_load()

    def test_the_row_of_headings_is_for_a_person_to_choose(self):
        rows = [["100001", "10,00", "1"], ["100002", "20,00", "2"], ["100003", "30,00", "3"]]
        order = self._order(make_csv(rows), "payment", payee_id=self.payee.id)
        self.assertEqual((order.header_row, order.is_guessed), (0, True))
        found = order.column_ids.filtered("field_id")
        self.assertEqual(found.mapped("field_id.code"), ["account", "paid"])
        order.heading_choice = "row"
        self.assertEqual((order.header_row, order.is_guessed), (1, False))
        self.assertFalse(order.column_ids.field_id)
        order.heading_choice = "none"
        self.assertEqual(len(order.column_ids.filtered("field_id")), 2)
        order.action_check()
        self.assertEqual((order.row_count, order.paid_sum), (3, 60))
        # a file of this shape is known from now on, whatever its first row looks like
        again = self._order(
            make_csv([["100001", "11,00", "5"], ["100002", "7,00", "6"]]), "payment",
            payee_id=self.payee.id,
        )  # fmt: skip
        self.assertEqual((again.layout_id, again.header_row), (order.layout_id, 0))

    def test_a_doubtful_encoding_is_asked(self):
        rows = [["LS", "FIO", "SUM"], ["100001", "ЮЮЙ", "1,00"]]
        order = self._order(make_csv(rows, "koi8-r"), "payment", payee_id=self.payee.id)
        self.assertIn("ЮЮЙ", order.encoding_doubt)
        with self.assertRaisesRegex(UserError, "two ways"):
            order.action_check()
        order.encoding = "koi8-r"
        self.assertFalse(order.encoding_doubt)
        order.action_check()
        self.assertEqual((order.state, order.error_count), ("checked", 0))

    def test_columns_with_money_that_are_not_read_are_named(self):
        order = self._load_sample("f11_saldo_regop.csv", "balance")
        self.assertRegex(order.unread_note, "Перекидка.*0,00.*Зачет средств")

    def test_control_sums_stand_beside_last_month_s(self):
        rows = [
            ["ЛС", "Услуга", "Начислено"],
            ["100001", "cold", "10,00"],
            ["100002", "cold", "5,00"],
        ]
        october = self.env["epd.billing.period"].create(
            {"company_id": self.company.id, "date_start": "2026-10-01"}
        )
        self._load(make_csv(rows), period_id=october.id)
        rows[1][2] = "12,00"
        order = self._order(make_csv(rows), period_id=self._get_period("f01b").id)
        order.action_check()
        line = order.sum_ids
        self.assertEqual(
            (line.figure, line.row_count, line.amount, line.previous), ("total", 2, 17, 15)
        )
        self.assertEqual(line.building_id, self.building)

    def test_what_would_be_created_is_listed_with_names(self):
        order = self._load_sample("f17_accounts_uppercase_cp1251.csv", "account")
        self.assertEqual(
            {what: len(order.planned_ids.filtered(lambda p, w=what: p.what == w))
             for what in ("building", "account", "payer")},
            {"building": 1, "account": 3, "payer": 3},
        )  # fmt: skip
        self.assertIn("100021, КАЗАНЬ ПУШКИНА УЛ Д.10, 21", order.planned_ids.mapped("name"))
        self.assertFalse(self.env["epd.personal.account"].search([("number", "=", "100021")]))

    def test_a_meter_told_by_its_place(self):
        order = self._load_sample("f12_readings.csv", "reading")
        order.action_load()
        self._work()
        readings = (
            self.foreign[1]
            .env["epd.meter.reading"]
            .search([("account_id", "=", self.foreign[1].id)])
        )
        self.assertEqual(
            set(readings.mapped("meter_number")), {"ХВС №1", "ГВС №1", "ХВС №2", "ГВС №2"}
        )
        # with the meter's own number known, its first place is that meter; of two nobody knows which
        first = self.env["epd.meter.reading"].search([("account_id", "=", self.foreign[0].id)])
        for reading in first:
            reading.meter_number = f"зав. {reading.id}"
        again = self._load_sample("f12_readings.csv", "reading")
        self.assertEqual((again.created_count, again.same_count, again.error_count), (0, 6, 0))
        readings[0].meter_number = "другой"
        again = self._load_sample("f12_readings.csv", "reading")
        self.assertEqual(again.problem_ids.mapped("code"), ["which_meter"])

    def test_the_name_of_the_file_tells_the_payee(self):
        name = "f15_1655123453_40702810462000012345_001.zip"
        data = (FILES / name).read_bytes()
        self.assertEqual(self._order(data, "payment", name=name).payee_id, self.payee)

    def test_files_are_what_they_are_whatever_their_names(self):
        data = (FILES / "f14_accounts_97.xls").read_bytes()
        order = self.env["epd.import"].create(
            {"kind": "account", "file": base64.b64encode(data), "file_name": "x.csv"}
        )
        self.assertEqual(len(order.column_ids), 4)

    def test_buildings_services_and_provisions_load_for_a_set_up(self):
        manager = {"user": self.manager}
        houses = [
            ["Адрес дома", "Общая площадь", "Подъездов"],
            ["г. Казань, ул. Новая, д. 1", "4014,5", "2"],
        ]
        order = self._order(make_csv(houses), "building", **manager)
        order.action_check()
        self.assertEqual(order.planned_ids.mapped("what"), ["building"])
        order.action_load()
        self._work()
        house = self.env["epd.building"].search([("name", "=", "г. Казань, ул. Новая, д. 1")])
        self.assertEqual((order.state, house.total_area, house.entrances), ("done", 4014.5, 2))
        services = [
            ["Код", "Наименование", "Ед. изм.", "Группа услуг"],
            ["77", "Снег", "м²", "Жилищная"],
        ]
        self._load(make_csv(services), "service", **manager)
        service = self.env["epd.service"].search([("code", "=", "77")])
        self.assertEqual((service.name, service.kind, service.uom_name), ("Снег", "housing", "м²"))
        rows = [
            ["Адрес", "Услуга", "Р/с получателя", "Действует с"],
            ["Казань ул Новая д 1", "77", self.payee.acc_number, "01.01.2026"],
            ["г. Казань, ул. Новая, д. 1", "Снег", self.payee.acc_number, "01.01.2026"],
        ]
        order = self._order(make_csv(rows), "provision", good_only=True, **manager)
        order.action_check()
        self.assertEqual(order.problem_ids.mapped("code"), ["unknown_building"])
        order.action_load()
        self._work()
        provision = self.env["epd.service.provision"].search([("service_id", "=", service.id)])
        self.assertEqual((provision.building_id, provision.payee_id), (house, self.payee))
        again = self._load(make_csv([rows[0], rows[2]]), "provision", **manager)
        self.assertEqual((again.created_count, again.same_count), (0, 1))
        # an operator may enter buildings, but neither services nor provisions
        order = self._order(make_csv([services[0], ["78", "Лёд", "м²", ""]]), "service")
        order.action_check()
        order.action_load()
        self._work()
        self.assertEqual(order.state, "paused")
        self.assertFalse(self.env["epd.service"].search([("code", "=", "78")]))
