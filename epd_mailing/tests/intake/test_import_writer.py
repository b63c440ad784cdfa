"""Rows that are written in bulk are those that the ORM would write."""

import random
from unittest.mock import patch

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from ...models.intake.loader.marks import FileMarks, Marks, get_digest
from ...models.intake.loader.writer import BulkWriter
from ..import_common import ImportCase, make_csv

CHARGES = [
    ["ЛС", "Услуга", "Ключ строки", "Объём", "Тариф", "Начислено", "Превышение", "Перерасчёт",
     "Основание перерасчёта", "Льготы", "Норматив", "Порядок расчётов"],
    ["00100", "5", "а\\1", "1,2345678", "38,123456", "152,80", "0,07", "-9,60", "Недо\\поставка", "1", "0,1234567",
     "стр\\n «1»"],
    ["00100", "1", "1", "", "", "0", "", "", "", "", "", ""],
    ["00103", "5", "2", "-3", "0,000001", "-114,6", "", "", "", "", "", ""],
]  # fmt: skip
BALANCES = [
    ["ЛС", "Сальдо", "Оплачено", "Учтены платежи по", "Начислено", "Пени"],
    ["00100", "-6 200,01", "100", "31.03.2026", "1 324,20", "37,30"],
    ["00103", "", "", "", "1", ""],
]
READINGS = [
    ["ЛС", "Услуга", "Прибор учёта", "Предыдущее", "Текущее", "Поверка"],
    ["00100", "5", "500100001", "201", "205,5", "01.02.2028"],
    ["00103", "5", "Б\\2", "", "", ""],
]
PAYMENTS = [
    ["ЛС", "Оплачено", "Дата платежа", "Номер платежа"],
    ["00100", "500,10", "20.03.2026", "П-1"],
    ["00100", "-0,10", "21.03.2026", ""],
    ["00101", "1", "22.03.2026", "П\\2"],
]
# further figures of the same lines
CHANGED = {
    "charge": [["ЛС", "Услуга", "Ключ строки", "Начислено", "Льготы"],
               ["00100", "5", "а\\1", "99,99", "2"], ["00103", "5", "2", "5", ""]],
    "balance": [["ЛС", "Сальдо", "Учтены платежи по"], ["00100", "1", ""], ["00103", "2", "30.03.2026"]],
    "reading": [["ЛС", "Услуга", "Прибор учёта", "Предыдущее", "Текущее"],
                ["00100", "5", "500100001", "1", "2"]],
    "payment": [["ЛС", "Оплачено", "Дата платежа", "Номер платежа"],
                ["00100", "500,20", "20.03.2026", "П-1"]],
}  # fmt: skip
FILES = {"charge": CHARGES, "balance": BALANCES, "reading": READINGS, "payment": PAYMENTS}
TABLES = {
    "charge": ("epd_charge",),
    "balance": ("epd_account_balance",),
    "reading": ("epd_meter_reading",),
    "payment": ("epd_account_balance", "epd_account_payment"),
}
# what differs between any two writings
APART = {"id", "create_date", "write_date", "import_id"}


@tagged("post_install", "-at_install", "epd_mailing")
class TestImportWriter(ImportCase):
    def _rows(self, kind):
        """Return the rows of a kind's tables as they lie in the database."""
        self.env.flush_all()
        found = []
        for table in TABLES[kind]:
            self.env.cr.execute(
                f"SELECT to_jsonb(t) FROM {table} t WHERE company_id = {self.company.id}"
            )
            rows = [row for (row,) in self.env.cr.fetchall()]
            found.append(
                sorted(
                    str(sorted((k, str(v)) for k, v in row.items() if k not in APART))
                    for row in rows
                )
            )
        return found

    def _load_all(self, kind, plain):
        """Return the rows after two loadings, written in bulk or by the ORM."""
        written = []
        original = BulkWriter._can_skip_orm

        def is_plain(writer, *arguments, **more):
            found = original(writer, *arguments, **more)
            written.append(found)
            return found and plain

        with self.cr.savepoint() as savepoint, patch.object(BulkWriter, "_can_skip_orm", is_plain):
            rows = []
            for data in (FILES[kind], CHANGED[kind]):
                order = self._load(make_csv(data), kind, payee_id=self.office_payee.id)
                self.assertEqual(
                    (order.state, order.error_count), ("done", 0), order.problem_ids.mapped("text")
                )
                self.assertTrue(order.created_count + order.updated_count)
                rows.append(self._rows(kind))
            savepoint.rollback()
        self.env.invalidate_all()
        self.assertTrue(written and all(written), "the model is not written in bulk any more")
        return rows

    def test_the_same_rows_as_by_the_orm(self):
        for kind in FILES:
            self.assertEqual(self._load_all(kind, True), self._load_all(kind, False), kind)

    def test_what_another_module_adds_is_left_to_the_orm(self):
        charges = type(self.env["epd.charge"])
        original, seen = charges.create, []

        def create(self, vals_list):
            seen.append(len(vals_list))
            return original(self, vals_list)

        with patch.object(charges, "create", create):
            order = self._load(
                make_csv([["ЛС", "Услуга", "Ключ строки", "Сумма"], ["00100", "5", "9", "1"]])
            )
        self.assertEqual((order.created_count, seen), (1, [1]))

    def test_rules_hold(self):
        writer = BulkWriter(self.env)
        charge = self.accounts[0].charge_ids[0]
        with self.assertRaises(ValidationError), self.cr.savepoint():
            writer.update(
                "epd.charge", [(charge.id, {"recalculation": 5.0, "total": charge.total + 5})]
            )
        other = self.env["res.company"].create({"name": "Чужая"})
        self.operator.write({"company_ids": [(4, other.id)]})
        stranger = self.env(user=self.operator, context={"allowed_company_ids": other.ids})
        with self.assertRaises(AccessError), self.cr.savepoint():
            BulkWriter(stranger).update("epd.charge", [(charge.id, {"volume_individual": 5.0})])
        vals = charge.copy_data({"line_key": "bulk"})[0] | {
            "sequence": 1, "building_id": self.building.id, "company_id": self.company.id, "total": charge.total,
        }  # fmt: skip
        with self.assertRaises(AccessError), self.cr.savepoint():
            BulkWriter(stranger).insert("epd.charge", [vals])
        writer.insert("epd.charge", [vals])
        self.assertEqual(self.env["epd.charge"].search_count([("line_key", "=", "bulk")]), 1)


@tagged("post_install", "-at_install", "epd_mailing")
class TestImportMarks(ImportCase):
    """What a file had before is known in the database as in memory, slice after slice."""

    def test_twins_over_slices(self):
        chance = random.Random(5)
        order = self._order(make_csv(CHARGES))
        marks, stored, seen = Marks(), FileMarks(order), set()
        for _slice in range(30):
            keys = [
                (chance.choice([1, 2, "1", "00100"]), chance.randrange(40), chance.choice("ab"))
                for _key in range(chance.randrange(20))
            ]
            twins = {place for place, key in enumerate(keys) if key in seen or key in keys[:place]}
            seen |= set(keys)
            self.assertEqual(marks.add(keys), twins)
            # another worker goes on
            self.assertEqual(FileMarks(order).add(keys), twins)
        groups = [1, 2, "1", "00100"]
        found = {
            group: {get_digest(key[1:]) for key in seen if key[0] == group} for group in groups
        }
        self.assertEqual(marks.read_groups(groups), found)
        self.assertEqual(stored.read_groups(groups), found)
        order._forget_marks()
        self.assertFalse(stored.read_groups(groups))

    def test_what_is_rolled_back_is_forgotten(self):
        order = self._order(make_csv(CHARGES))
        for marks in (Marks(), FileMarks(order)):
            marks.add([(1, "a")])
            before = marks.save()
            with self.cr.savepoint() as savepoint:
                self.assertEqual(marks.add([(1, "a"), (1, "b"), (2, "a")]), {0})
                savepoint.rollback()
                marks.restore(before)
            self.assertEqual(marks.add([(1, "a"), (1, "b"), (2, "a")]), {0})
