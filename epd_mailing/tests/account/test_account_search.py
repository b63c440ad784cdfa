from unittest.mock import patch

from odoo.tests import tagged

from ...models.account import epd_personal_account
from ..common import EpdCommon

# what is typed → the numbers that must be found; the house of ``EpdCommon`` and one more
TABLE = {
    "00100": ["00100"],
    "0100": ["00100"],
    "00 100": ["00100"],
    "102": ["00102"],
    "л/с 00103": ["00103"],
    "С-17/1": ["С-17/1"],
    "17/1": ["С-17/1"],
    "c171": ["С-17/1"],  # a Latin c
    "16АК33": ["С-17/1"],
    "иванов": ["00100"],
    "ИВАНОВ ИВАН": ["00100"],
    "Иванов И.И.": ["00100"],
    "петрова": ["00101"],
    "анна петрова": ["00101"],
    "Семин": ["00102"],
    "Сёмин": ["00102"],
    "О'Коннор": ["00102"],
    "коннор петр": ["00102"],
    "без почты": ["00103"],
    "кв. 1": ["00100"],
    "кв1": ["00100"],
    "квартира № 4": ["00103"],
    "Тестовая 1-2": ["00101"],
    "1-2 тестовая": ["00101"],
    "ул. Тестовая, д. 1, кв. 3": ["00102"],
    "кв 3 дом 1 казань": ["00102"],
    "тестовая": ["00100", "00101", "00102", "00103"],
    "Ёлочная 5": ["С-17/1"],
    "елочная": ["С-17/1"],
    "ёлочная 5к2-12а": ["С-17/1"],
    "Елочная 12A": ["С-17/1"],  # a Latin A
    "елочная пр-д, 5 корп. 2": ["С-17/1"],
    "петрова кв 2": ["00101"],
    "3 семин": ["00102"],
    "ivanov@example.com": ["00100"],
    "Чужая": [],
    "кв. 77": [],
    "???": [],
    "%": [],
    "": ["00100", "00101", "00102", "00103", "С-17/1"],
}


@tagged("post_install", "-at_install", "epd_mailing")
class TestAccountSearch(EpdCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        other = cls.env["epd.building"].create(
            {
                "name": "г. Казань, Ёлочный пр-д (Ёлочная), д. 5, корп. 2",
                "company_id": cls.company.id,
            }
        )
        cls.cottage = cls.env["epd.personal.account"].create(
            {
                "number": "С-17/1",
                "unified_number": "16АК330170",
                "building_id": other.id,
                "company_id": cls.company.id,
                "premises": "12А",
                "partner_id": cls.env["res.partner"].create({"name": "ООО «Ромашка-3»"}).id,
            }
        )
        foreign = cls.env["res.company"].create({"name": "Чужая УК"})
        house = cls.env["epd.building"].create(
            {"name": "г. Казань, ул. Тестовая, д. 1", "company_id": foreign.id}
        )
        cls.env["epd.personal.account"].create(
            {
                "number": "00100",
                "building_id": house.id,
                "company_id": foreign.id,
                "premises": "1",
                "partner_id": cls.env["res.partner"].create({"name": "Чужая Анна"}).id,
            }
        )

    def _find(self, text):
        found = self.env["epd.personal.account"].with_user(self.operator).name_search(text)
        return sorted(name for _id, name in found)

    def test_what_a_clerk_types(self):
        for text, numbers in TABLE.items():
            with self.subTest(text):
                self.assertEqual(self._find(text), numbers)

    def test_an_email_is_an_address_or_a_name(self):
        """Some payers are named by their e-mail; both are found, and nobody else."""
        named = self.env["res.partner"].create({"name": "ivanov@example.com"})
        self.cottage.partner_id = named
        self.assertEqual(self._find("ivanov@example.com"), ["00100", "С-17/1"])
        self.assertEqual(self._find(" IVANOV@ "), ["00100", "С-17/1"])
        self.assertEqual(self._find("@example"), ["00100", "00101", "00102", "С-17/1"])
        accounts = self.env["epd.personal.account"].with_user(self.operator)
        others = accounts.search([("display_name", "not ilike", "ivanov@example.com")])
        self.assertEqual(sorted(others.mapped("number")), ["00101", "00102", "00103"])

    def test_every_screen_with_accounts_finds_the_same(self):
        charges = self.env["epd.charge"].with_user(self.operator)
        for text, numbers in TABLE.items():
            with self.subTest(text):
                found = charges.search([("account_id", "ilike", text)])
                charged = [number for number in numbers if number in self.accounts.mapped("number")]
                self.assertEqual(sorted(set(found.account_id.mapped("number"))), charged)

    def test_many_are_found_as_few_are(self):
        """Few are named one by one to the search that asks, many are a condition of it."""
        for text in (*TABLE, "ivanov@example.com", "@", "%", ""):
            with self.subTest(text):
                few = self._find(text)
                for most in (-1, len(few) - 1, len(few)):
                    with patch.object(epd_personal_account, "FEW", most):
                        self.assertEqual(self._find(text), few)

    def test_what_is_left_out(self):
        accounts = self.env["epd.personal.account"].with_user(self.operator)
        found = accounts.search([("display_name", "not ilike", "тестовая")])
        self.assertEqual(found, self.cottage)
        self.assertFalse(accounts.search([("display_name", "not ilike", "")]))

    def test_names_and_addresses_that_change_are_found(self):
        self.accounts[0].partner_id.name = "Королёв Лев"
        self.building.name = "г. Казань, ул. Новая, д. 3"
        self.accounts[1].premises = "99"
        self.assertEqual(self._find("королев"), ["00100"])
        self.assertEqual(self._find("Новая 3-99"), ["00101"])
        self.assertFalse(self._find("иванов"))

    def test_a_text_that_is_compared_means_the_number_alone(self):
        """An import that names a flat or a payer never reaches another account."""
        accounts = self.env["epd.personal.account"].with_user(self.operator)
        for text in ("1", "Иванов Иван Иванович", "иванов", "100"):
            self.assertFalse(accounts.name_search(text, operator="="))
        self.assertEqual(accounts.name_search("00100", operator="=")[0][0], self.accounts[0].id)
