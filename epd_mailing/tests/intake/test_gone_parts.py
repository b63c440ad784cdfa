from datetime import date

from odoo.tests import tagged

from ..import_common import ImportCase, make_csv

HEAD = ["ЛС", "Услуга", "Начислено"]
# two of the office, one of the fund of capital repair
OFFICE, REPAIR = ("1", "5"), ("14",)


@tagged("post_install", "-at_install", "epd_mailing")
class TestGoneParts(ImportCase):
    """The check of a file tells which houses and services had charges and have none any more."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.next_period = cls.env["epd.billing.period"].create(
            {"date_start": date(2026, 4, 1), "company_id": cls.company.id}
        )
        provisions = cls.env["epd.service.provision"].search(
            [("building_id", "=", cls.building.id)]
        )
        cls.houses = {cls.building: cls.accounts.mapped("number")}
        for place in range(2):
            house = cls.building.copy({"name": f"г. Пример, ул. Дальняя, д. {place}"})
            for provision in provisions:
                provision.copy({"building_id": house.id})
            account = cls.accounts[0].copy({"building_id": house.id, "number": f"0020{place}"})
            cls.houses[house] = [account.number]
            for charge in cls.accounts[0].charge_ids.filtered(
                lambda charge: charge.period_id == cls.period
            ):
                charge.copy({"account_id": account.id})
        cls.far, cls.farther = list(cls.houses)[1:]

    def _rows(self, houses=None, services=OFFICE + REPAIR):
        return [
            [number, code, "100,00"]
            for house in houses or self.houses
            for number in self.houses[house]
            for code in services
        ]

    def _check(self, rows, **more):
        order = self._order(make_csv([HEAD, *rows]), period_id=self.next_period.id, **more)
        order.action_check()
        self.assertEqual(order.state, "checked", order.pause_reason)
        return order

    def _tell(self, order):
        """Return ``({name: accounts} that are marked, the same of those only told)``."""
        told = {True: {}, False: {}}
        for line in order.gone_ids:
            name = line.service_id.code or line.building_id
            told[line.is_jump][name] = line.gone_count
        return told[True], told[False]

    def test_a_whole_file_has_nothing_gone(self):
        order = self._check(self._rows())
        self.assertEqual(self._tell(order), ({}, {}))
        self.assertFalse(order.gone_note or order.is_forgetful)

    def test_a_forgotten_house_is_marked(self):
        order = self._check(self._rows([self.building, self.far]))
        self.assertEqual(self._tell(order), ({self.farther: 1}, {}))
        self.assertTrue(order.is_forgetful)
        self.assertIn(self.farther.name, order.gone_note)
        self.assertFalse((order.sum_ids | order.service_sum_ids) & order.gone_ids)
        line = order.gone_ids
        self.assertEqual((line.amount, line.previous, line.moved), (0, 1714.34, "−100,0"))
        action = line.with_user(self.operator).action_open_gone()
        found = self.env["epd.personal.account"].search(action["domain"])
        self.assertEqual(found.mapped("number"), self.houses[self.farther])

    def test_the_file_of_one_house_marks_no_other(self):
        order = self._check(self._rows([self.far]))
        self.assertEqual(self._tell(order), ({}, {self.building: 4, self.farther: 1}))
        self.assertFalse(order.is_forgetful)
        self.assertIn("4", order.gone_note)

    def test_the_file_of_one_supplier_marks_nobody_elses(self):
        order = self._check(self._rows(services=REPAIR))
        self.assertEqual(self._tell(order), ({}, {"1": 6, "5": 6}))
        # its own houses are its business
        order = self._check(self._rows([self.building, self.far], REPAIR))
        self.assertEqual(self._tell(order), ({self.farther: 1}, {"1": 6, "5": 6}))

    def test_a_dropped_service_is_marked(self):
        order = self._check(self._rows(services=("1", "14")))
        self.assertEqual(self._tell(order), ({"5": 6}, {}))
        # whose payee is not in the file may come by another: unless this one has all of the month
        order = self._check(self._rows(services=OFFICE))
        self.assertEqual(self._tell(order), ({}, {"14": 6}))
        order = self._check(self._rows(services=OFFICE), scope="whole")
        self.assertEqual(self._tell(order), ({"14": 6}, {}))

    def test_a_file_of_corrections_marks_nothing(self):
        """A row or two of each house is not its month: what such a file leaves out comes by another."""
        few = [[numbers[0], "1", "-50,00"] for numbers in list(self.houses.values())[:2]]
        order = self._check(few[:1])
        self.assertEqual(self._tell(order), ({}, {self.far: 1, self.farther: 1, "5": 6, "14": 6}))
        told = {self.farther: 1, "5": 6, "14": 6}
        self.assertEqual(self._tell(self._check(few)), ({}, told))

    def test_the_accounts_opened_are_those_counted(self):
        """Neither the closed ones nor those whose charges come to nothing."""
        first, second = self.accounts[:2]
        first.date_close = date(2026, 3, 31)
        charges = second.charge_ids.filtered(lambda charge: charge.period_id == self.period)
        charges.write({"amount_individual": 0, "amount_common": 0, "amount": 0})
        self.assertFalse(any(charges.mapped("total")))
        order = self._check(self._rows([self.far, self.farther]))
        self.assertEqual(self._tell(order), ({self.building: 2}, {}))
        accounts = self.env["epd.personal.account"]
        found = accounts.search(order.gone_ids.action_open_gone()["domain"])
        self.assertEqual(found, self.accounts[2:])

    def test_two_files_cover_the_month(self):
        first = self._check(self._rows(services=OFFICE))
        self.assertEqual(self._tell(first), ({}, {"14": 6}))
        first.action_load()
        self._work()
        self.assertEqual(self._tell(self._check(self._rows(services=REPAIR))), ({}, {}))

    def test_a_closed_house_is_not_missed(self):
        accounts = self.env["epd.personal.account"].search([("building_id", "=", self.far.id)])
        accounts.date_close = date(2026, 3, 31)
        order = self._check(self._rows([self.building, self.farther]))
        self.assertEqual(self._tell(order), ({}, {}))

    def test_no_threshold_marks_nothing(self):
        self.company.epd_jump_percent = 0
        order = self._check(self._rows([self.building, self.far]))
        self.assertEqual(self._tell(order), ({}, {self.farther: 1}))

    def test_another_check_tells_anew(self):
        order = self._check(self._rows([self.building, self.far]))
        order.action_to_draft()
        self._check(self._rows()).action_load()
        self._work()
        order.action_check()
        self.assertFalse(order.gone_ids)
