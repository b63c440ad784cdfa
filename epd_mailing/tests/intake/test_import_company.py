"""Two companies with accounts and houses of the same numbers: each loads into its own alone."""

import base64
from contextlib import suppress

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..import_common import ImportCase, make_csv

HOUSE = "г. Казань, ул. Общая, д. 1"


class Undone(Exception):
    """Rolls a savepoint back."""


@tagged("post_install", "-at_install", "epd_mailing")
class TestImportCompany(ImportCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.theirs = cls.env["res.company"].create({"name": "Вторая УК"})
        cls.their_operator = cls.operator.copy(
            {
                "login": "second",
                "company_id": cls.theirs.id,
                "company_ids": [(6, 0, cls.theirs.ids)],
            }
        )
        cls.their_period = cls.env["epd.billing.period"].create(
            {"date_start": cls.period.date_start, "company_id": cls.theirs.id}
        )
        cls.twins = {}
        for company in (cls.company, cls.theirs):
            house = cls.env["epd.building"].create({"name": HOUSE, "company_id": company.id})
            service = cls.env["epd.service"].create(
                {"name": "Снег", "code": "77", "kind": "housing", "uom_name": "м²",
                 "company_id": company.id}
            )  # fmt: skip
            account = cls.env["epd.personal.account"].create(
                {"number": "770001", "company_id": company.id, "building_id": house.id,
                 "premises": "1"}
            )  # fmt: skip
            cls.twins[company] = account, service
        cls.rows = [["Лицевой счёт", "Услуга", "Начислено"], ["770001", "77", "15,50"]]

    def _their_order(self, data, kind="charge", **more):
        return (
            self.env(user=self.their_operator, context={})["epd.import"]
            .create(
                {
                    "kind": kind,
                    "period_id": self.their_period.id,
                    "file": base64.b64encode(data),
                    "file_name": "файл.csv",
                    **more,
                }
            )
        )  # fmt: skip

    def _charges(self, company):
        return self.env["epd.charge"].search([("account_id", "=", self.twins[company][0].id)])

    def test_the_same_file_of_each_is_its_own(self):
        mine = self._load(make_csv(self.rows))
        self.assertEqual((mine.state, mine.created_count), ("done", 1))
        self.assertFalse(self._charges(self.theirs))
        order = self._their_order(make_csv(self.rows))
        self.assertFalse(order.layout_id, "a layout of another company's")
        order.action_check()
        self.assertEqual((order.state, order.error_count), ("checked", 0))
        self.assertEqual(order.sum_ids.building_id.company_id, self.theirs)
        self.assertEqual(order.sum_ids.mapped("previous"), [0])
        order.action_load()
        self._work()
        self.assertEqual((order.state, order.created_count), ("done", 1))
        for company in (self.company, self.theirs):
            charge = self._charges(company)
            self.assertEqual((charge.company_id, charge.total), (company, 15.5))
            self.assertEqual(charge.service_id, self.twins[company][1])

    def test_accounts_of_another_company_are_unknown(self):
        self.twins[self.company][0].number = "770002"
        order = self._their_order(make_csv([self.rows[0], ["770002", "77", "1,00"]]))
        order.action_check()
        self.assertEqual(self._problems(order), {(2, "A", "no_account")})
        kinds = {
            "payment": [["ЛС", "Оплачено", "Дата"], ["770002", "5,00", "01.03.2026"]],
            "account": [["ЛС", "Дом", "Площадь"], ["770002", HOUSE, "5"]],
        }
        order = self._their_order(make_csv(kinds["payment"]), kind="payment")
        order.action_check()
        self.assertIn("no_account", order.problem_ids.mapped("code"))
        before = self.twins[self.company][0].area
        order = self._their_order(make_csv(kinds["account"]), kind="account", create_missing=True)
        order.action_check()
        order.action_load()
        self._work()
        self.assertEqual(self.twins[self.company][0].area, before)
        made = self.env["epd.personal.account"].search(
            [("number", "=", "770002"), ("company_id", "=", self.theirs.id)]
        )
        self.assertEqual(made.building_id, self.twins[self.theirs][0].building_id)

    def test_no_door_leads_into_another_company(self):
        """Every reference of an order, by every way in which a client writes."""
        mine = self._order(make_csv(self.rows))
        layout = self.env["epd.import.layout"].create(
            {"name": "Их", "kind": "charge", "signature": "x", "company_id": self.theirs.id}
        )
        owner = self.env["res.partner"].create({"name": "Их РСО", "company_id": self.theirs.id})
        payee = self.env["res.partner.bank"].create(
            {"acc_number": "40702810462000055555", "partner_id": owner.id}
        )
        self.assertEqual(payee.company_id, self.theirs)
        foreign = {
            "company_id": self.theirs.id,
            "period_id": self.their_period.id,
            "payee_id": payee.id,
            "layout_id": layout.id,
        }
        orders = self.env["epd.import"].with_user(self.operator)
        for name, value in foreign.items():
            vals = {"kind": "charge", "period_id": self.period.id, name: value}
            doors = {
                "write": lambda v=vals, n=name: mine.write({n: v[n]}),
                "web_save": lambda v=vals, n=name: mine.web_save({n: v[n]}, {"id": {}}),
                "create": lambda v=vals: orders.create(v),
                "web_save new": lambda v=vals: orders.web_save(v, {"id": {}}),
                "copy": lambda v=vals, n=name: mine.copy({n: v[n]}),
                "default": lambda v=vals, n=name: orders.with_context(
                    **{f"default_{n}": v[n]}
                ).create({k: x for k, x in v.items() if k != n}),
            }
            for door, act in doors.items():
                with self.subTest(name=name, door=door):
                    try:
                        with self.env.cr.savepoint():
                            made = act()
                            self.env.flush_all()
                            kept = made if getattr(made, "_name", "") == "epd.import" else mine
                            if kept.sudo()[name].id == value:
                                raise AssertionError(f"{name} by {door}")
                            raise Undone
                    except (UserError, Undone):
                        self.env.invalidate_all()
                    self.assertNotEqual(mine.sudo()[name].id, value)

    def test_another_company_s_order_is_nobody_s_here(self):
        theirs = self._their_order(make_csv(self.rows))
        seen = theirs.with_user(self.operator)
        for act in (
            lambda: seen.read(["file_name"]),
            lambda: seen.write({"file_name": "x"}),
            lambda: seen.web_save({"scope": "whole"}, {"id": {}}),
            lambda: seen.copy(),
            lambda: seen.action_check(),
            lambda: seen.action_load(),
            lambda: seen.unlink(),
            lambda: seen.web_read({"file": {}, "column_ids": {"fields": {"samples": {}}}}),
            lambda: seen.column_ids.read(["samples"]),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                act()
                self.env.flush_all()
        theirs.action_check()
        found = self.env["epd.import.sum"].with_user(self.operator).search([])
        self.assertNotIn(self.theirs, found.sudo().company_id)
        for model in ("epd.import.problem", "epd.import.planned", "epd.import.column"):
            rows = self.env[model].with_user(self.operator).search([])
            self.assertNotIn(theirs, rows.sudo().import_id, model)

    def test_results_are_written_by_nobody(self):
        """Neither counts nor states nor sums, over any door."""
        order = self._order(make_csv(self.rows))
        order.action_check()
        for name, value in {
            "state": "done", "error_count": 0, "created_count": 5, "position": "9",
            "file_sha256": "0" * 64, "signature": "x", "swept_to": -1, "phase": "load",
        }.items():  # fmt: skip
            before = order[name]
            for act in (
                lambda n=name, v=value: order.write({n: v}),
                lambda n=name, v=value: order.web_save({n: v}, {"id": {}}),
            ):
                with suppress(UserError), self.env.cr.savepoint():
                    act()
                self.env.invalidate_all()
                self.assertEqual(order[name], before, name)
        for command in ([(0, 0, {"amount": 5, "figure": "total"})], [(5, 0, 0)]):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                order.write({"sum_ids": command})
                self.env.flush_all()
        copy = order.copy()
        self.assertEqual((copy.state, copy.row_count), ("draft", 0))
        self.assertFalse(copy.problem_ids)
        self.assertFalse(copy.sum_ids)

    def test_a_file_that_is_broken_inside_is_refused(self):
        for data, name in (
            (b"PK\x03\x04" + b"\0" * 40, "реестр.zip"),
            (b"PK\x05\x06" + b"\0" * 18, "пустой.zip"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "старый.xls"),
            (b"Rar!\x1a\x07\x01\x00" + b"\0" * 30, "реестр.rar"),
            (b"7z\xbc\xaf\x27\x1c" + b"\0" * 30, "реестр.7z"),
            (b"\x1f\x8b\x08" + b"\0" * 20, "реестр.gz"),
            (b"\x03" + b"\xff" * 40, "начисл.dbf"),
            (b"", "пустой.csv"),
        ):
            with self.subTest(name=name), self.assertRaises(UserError) as caught:
                with self.env.cr.savepoint():
                    order = self._order(data, name=name)
                    order.action_check()
            self.assertGreater(len(str(caught.exception)), 20)
            self.assertNotIn("Traceback", str(caught.exception))

    def test_every_field_for_a_bank_account_is_of_the_company(self):
        """By id over RPC a payee whom the user cannot even read was taken: of the same kind are all."""
        found = [
            f"{name}.{field.name}"
            for name, model in self.env.registry.items()
            # what a wizard makes is a record of these
            if name.startswith("epd.") and "company_id" in model._fields and not model._transient
            for field in model._fields.values()
            if field.comodel_name == "res.partner.bank" and field.store and not field.readonly
            if field.type == "many2one" and not (field.check_company and model._check_company_auto)
        ]
        self.assertFalse(found)
