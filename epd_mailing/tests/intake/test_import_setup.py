"""Buildings, services and provisions from files: whatever stands in them, and the same file again."""

from odoo.tests import tagged

from ...tools.table_file.kinds import sample_rows
from ..import_common import ImportCase, make_csv

HOUSE = "г. Казань, ул. Новая, д. 1"
PAYEE = "40702810462000012345"


@tagged("post_install", "-at_install", "epd_mailing")
class TestImportSetup(ImportCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.payee = cls.env["res.partner.bank"].create(
            {"acc_number": PAYEE, "partner_id": cls.company.partner_id.id,
             "company_id": cls.company.id}
        )  # fmt: skip
        cls.house = cls.env["epd.building"].create({"name": HOUSE, "company_id": cls.company.id})
        cls.service = cls.env["epd.service"].create(
            {"name": "Снег", "code": "77", "kind": "housing", "uom_name": "м²",
             "company_id": cls.company.id}
        )  # fmt: skip

    def _check(self, kind, *rows, **more):
        order = self._order(make_csv(rows), kind, user=self.manager, **more)
        order.action_check()
        self.assertEqual(order.state, "checked", order.pause_reason)
        return order

    def _load_rows(self, kind, *rows, **more):
        order = self._check(kind, *rows, **more)
        order.action_load()
        self._work()
        self.assertEqual(
            order.state, "done", (order.pause_reason, order.problem_ids.mapped("text"))
        )
        return order.created_count, order.updated_count, order.same_count

    def _provisions(self):
        return self.env["epd.service.provision"].search([("building_id", "=", self.house.id)])

    def test_the_examples_load_one_after_another_and_again_change_nothing(self):
        for kind in ("building", "service", "provision"):
            with self.subTest(kind=kind):
                rows = sample_rows(kind)
                count = len(rows) - 1
                self.env["epd.service"].search(
                    [("code", "=", "5"), ("company_id", "=", self.company.id)]
                ).filtered(lambda s, k=kind: k == "service").code = "другой"
                self.assertEqual(sum(self._load_rows(kind, *rows)), count)
                self.assertEqual(self._load_rows(kind, *rows), (0, 0, count))

    def test_a_provision_with_an_end_alone_is_the_same_again(self):
        rows = [["Адрес", "Услуга", "Р/с", "По"], [HOUSE, "77", PAYEE, "31.12.2026"]]
        self.assertEqual(self._load_rows("provision", *rows), (1, 0, 0))
        self.assertEqual(self._load_rows("provision", *rows), (0, 0, 1))
        self.assertEqual(len(self._provisions()), 1)

    def test_a_service_by_code_and_by_name_is_one(self):
        rows = [
            ["Адрес", "Услуга", "Р/с"],
            [HOUSE, "77", PAYEE],
            ["Г.КАЗАНЬ УЛ НОВАЯ Д1", "СНЕГ", PAYEE],
        ]
        order = self._check("provision", *rows)
        self.assertEqual(self._problems(order), {(3, "B", "twice")})
        self._load_rows("provision", *rows, good_only=True)
        self.assertEqual(len(self._provisions()), 1)

    def test_what_is_wrong_is_said_at_the_check(self):
        self.house.active = False
        head = ["Адрес", "Услуга", "Р/с", "Исполнитель", "С", "По"]
        other = self.env["epd.building"].create({"name": "Мира, 1", "company_id": self.company.id})
        order = self._check(
            "provision", head,
            [HOUSE, "77", PAYEE, "", "", ""],
            ["Нигде, 5", "77", PAYEE, "", "", ""],
            [other.name, "нет", PAYEE, "", "", ""],
            [other.name, "77", "40702810000000000000", "", "", ""],
            [other.name, "77", PAYEE, "Кто-то", "", ""],
            [other.name, "77", PAYEE, "", "01.02.2026", "01.01.2026"],
        )  # fmt: skip
        self.assertEqual(
            self._problems(order),
            {(2, "A", "archived_building"), (3, "A", "unknown_building"), (4, "B", "no_service"),
             (5, "C", "unknown_payee"), (6, "D", "unknown_provider"), (7, "F", "provision_dates")},
        )  # fmt: skip
        order = self._check(
            "building", ["Адрес", "ФИАС", "Общая площадь"],
            [HOUSE, "", "5"], ["Мира, 2", "6" * 37, ""], ["Мира, 3", "", "-5"], ["…", "", ""],
        )  # fmt: skip
        self.assertEqual(
            self._problems(order),
            {(2, "A", "archived_building"), (3, "A", "too_long"), (4, "C", "number"),
             (5, "A", "required")},
        )  # fmt: skip
        order = self._check(
            "service", ["Код", "Название", "Ед. изм.", "ОКЕИ"],
            ["7" * 31, "А", "м²", ""], ["78", "Б", "м²", "12345"], ["79", "", "м²", ""],
        )  # fmt: skip
        self.assertEqual(
            self._problems(order),
            {(2, "A", "too_long"), (3, "A", "too_long"), (4, "B", "required")},
        )

    def test_a_building_in_use_wins_over_an_archived_one_written_alike(self):
        self.env["epd.building"].create(
            {"name": HOUSE.replace(",", ""), "company_id": self.company.id, "active": False}
        )
        rows = [["Адрес", "Подъездов"], [HOUSE, "3"]]
        self.assertEqual(self._load_rows("building", *rows), (0, 1, 0))
        self.assertEqual(self.house.entrances, 3)

    def test_many_houses_take_few_queries(self):
        head = ["Адрес", "Подъездов"]

        def count(size, start):
            rows = [[f"Мира, {n}", "2"] for n in range(start, start + size)]
            order = self._order(make_csv([head, *rows]), "building", user=self.manager)
            self.env.flush_all()
            before = self.cr.sql_log_count
            order.action_check()
            self.assertEqual(len(order.planned_ids), size)
            return self.cr.sql_log_count - before

        self.assertLess(count(400, 1000) - count(20, 100), 80)  # rows go by the hundred

    def test_another_company_s_houses_are_not_touched(self):
        foreign = self.env["res.company"].create({"name": "Чужая"})
        theirs = self.env["epd.building"].create({"name": "Чужой дом, 1", "company_id": foreign.id})
        rows = [["Адрес", "Подъездов"], ["Чужой дом, 1", "9"]]
        self.assertEqual(self._load_rows("building", *rows), (1, 0, 0))
        self.assertEqual(theirs.entrances, 0)

    # --- tariffs ----------------------------------------------------------------------------------

    def _tariffs(self):
        return self.env["epd.tariff"].search([("service_id", "=", self.service.id)])

    def test_tariffs_load_and_the_same_file_again_changes_nothing(self):
        rows = [
            ["Услуга", "Дом", "Тариф", "Действует с", "Ед. изм."],
            ["77", "", "31,50", "01.01.2026", "м²"],
            ["Снег", HOUSE.upper(), "33.125", "01.01.2026", "м2".replace("2", "²")],
            ["77", "все дома", "34,00", "01.07.2026", ""],
        ]
        order = self._check("tariff", *rows)
        self.assertEqual(
            order.planned_ids.mapped("name"),
            ["77 / 01.01.2026", f"Снег / {HOUSE.upper()} / 01.01.2026",
             "77 / все дома / 01.07.2026"],
        )  # fmt: skip
        self.assertFalse(self._tariffs(), "a check writes nothing")
        self.assertEqual(self._load_rows("tariff", *rows), (3, 0, 0))
        self.assertEqual(self._load_rows("tariff", *rows), (0, 0, 3))
        rows[1][2] = "32"
        self.assertEqual(self._load_rows("tariff", *rows), (0, 1, 2))
        self.assertEqual(
            {(t.building_id.name or "", str(t.date_from), t.tariff) for t in self._tariffs()},
            {("", "2026-01-01", 32.0), (HOUSE, "2026-01-01", 33.125), ("", "2026-07-01", 34.0)},
        )

    def test_what_is_wrong_with_tariffs_is_said_at_the_check(self):
        order = self._check(
            "tariff", ["Услуга", "Дом", "Тариф", "С", "Единица"],
            ["нет", "", "1", "01.01.2026", ""], ["77", "Нигде, 5", "1", "01.01.2026", ""],
            ["77", "", "1", "01.01.2026", "Гкал"], ["77", "", "-1", "01.01.2026", ""],
            ["77", "", "", "01.01.2026", ""], ["77", "", "1", "", ""],
            ["77", "…", "1", "01.01.2026", ""], ["77", "", "1", "01.01.2026", "м²"],
            ["Снег", "все", "2", "01.01.2026", ""],
        )  # fmt: skip
        self.assertEqual(
            self._problems(order),
            {(2, "A", "no_service"), (3, "B", "unknown_building"), (4, "E", "other_unit"),
             (5, "C", "number"), (6, "C", "required"), (7, "D", "required"),
             (8, "B", "unknown_building"), (10, "A", "twice")},
        )  # fmt: skip
        unit = order.problem_ids.filtered(lambda p: p.code == "other_unit")
        self.assertEqual(unit.value, "Гкал")
        self.assertIn("м²", unit.text)

    def test_only_a_manager_loads_tariffs(self):
        rows = [["Услуга", "Тариф", "С"], ["77", "1", "01.01.2026"]]
        order = self._order(make_csv(rows), "tariff", good_only=True)
        order.action_check()
        order.action_load()
        self._work()
        self.assertFalse(self._tariffs())
        self.assertNotEqual(order.state, "done")

    def test_charges_with_another_tariff_are_told(self):
        """Once each building, service and tariff; the building's own tariff wins."""
        other = self.env["epd.service"].create(
            {"name": "Лёд", "code": "78", "kind": "housing", "uom_name": "м²",
             "company_id": self.company.id}
        )  # fmt: skip
        house = self.accounts[0].building_id
        create = self.env["epd.tariff"].create
        for service, building, day, tariff in (
            (self.service, False, "2020-01-01", 31.5),
            (self.service, house.id, "2020-01-01", 30),
            (self.service, house.id, "2021-01-01", 33),
            (other, False, "2026-01-01", 7.125),
            (other, False, self.period.date_end, 8),
            (other, False, "2036-01-01", 9),
        ):
            create(
                {"service_id": service.id, "building_id": building, "date_from": day,
                 "tariff": tariff}
            )  # fmt: skip
        number = self.accounts[0].number
        rows = [["Лицевой счёт", "Услуга", "Ключ строки", "Объём", "Тариф", "Начислено"]]
        for n, (code, tariff) in enumerate(
            [("77", "33,00"), ("77", "31,50"), ("77", "31,50"), ("78", "7,125"), ("78", "8"),
             ("78", "9"), ("77", "")]
        ):  # fmt: skip
            rows.append([number, code, str(n), "1", tariff, "5,00"])
        order = self._order(make_csv(rows), "charge")
        order.action_check()
        told = order.problem_ids.filtered(lambda p: p.code == "tariff_differs")
        self.assertEqual([(p.row, p.column, p.severity) for p in told],
                         [(3, "E", "warning"), (7, "E", "warning")])  # fmt: skip
        self.assertIn("33", told[0].text)
        self.assertIn("8", told[1].text)
        self.assertFalse(order.error_count)
