from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_api import ApiCase


@tagged("post_install", "-at_install", "epd_mailing")
class TestApiAccounts(ApiCase):
    """One bad account never keeps the others of the call out."""

    def put_accounts(self, key, *entries):
        """Give the accounts and a good one after them; return the answer."""
        good = {"number": f"good-{key}", "building": self.building.name}
        with mute_logger("odoo.sql_db"):
            answer = self.api.put_accounts(key, [*entries, good])
        self.assertEqual((answer["status"], answer["made"]), ("ok", 1), answer)
        self.assertEqual(answer["left_out"], len(answer["problems"]))
        return answer

    def check_problems(self, key, entries, code):
        """Check that each entry is skipped with the code; return the texts."""
        answer = self.put_accounts(key, *entries)
        problems = answer["problems"]
        self.assertEqual([p["code"] for p in problems], [code] * len(entries), problems)
        return [problem["text"] for problem in problems]

    def test_what_breaks_a_rule_is_left_out(self):
        self.env["epd.building"].create(
            {"name": "Снесён", "company_id": self.company.id, "active": False}
        )
        wrong = [
            {"number": " 77 ", "building": "ул. Новая, д. 2"},
            {"number": "00100", "date_open": "2026-02-01", "date_close": "2026-01-01"},
            {"number": "00101", "building": "Снесён"},
        ]
        answer = self.put_accounts("w-1", *wrong)
        self.assertEqual(
            [(p["code"], p["record"]) for p in answer["problems"]],
            [("refused", entry["number"]) for entry in wrong],
        )
        texts = [problem["text"] for problem in answer["problems"]]
        self.assertEqual(
            texts[1:],
            [
                "The account closes before it opens. Correct the dates.",
                "The building is archived. Restore it or give another one.",
            ],
        )
        self.assertFalse(self.accounts[0].date_close)
        self.assertFalse(self.env["epd.building"].search([("name", "=", "ул. Новая, д. 2")]))

    def test_an_address_typed_before_becomes_the_payers_own(self):
        account = self.accounts[3]
        typed = {"account_id": account.id, "email": "typed@example.com"}
        self.env["epd.delivery.address"].create(typed)
        payer = {"name": account.partner_id.name, "email": "Typed@example.com"}
        answer = self.put_accounts("t-1", {"number": account.number, "payer": payer})
        self.assertEqual(answer["problems"], [])
        self.assertEqual(answer["changed"], 1)
        self.assertEqual(
            [(a.source, a.email_normalized, a.state) for a in account.address_ids],
            [("partner", "typed@example.com", "active")],
        )

    def test_a_rule_without_words_has_a_plain_sentence(self):
        def create(partners, vals):
            partners.env.cr.execute("INSERT INTO epd_api_call (key) VALUES (NULL)")

        partners = type(self.env["res.partner"])
        entry = {"number": "1", "building": "Б", "payer": {"name": "Имя"}}
        with patch.object(partners, "create", create):
            (text,) = self.check_problems("p-1", [entry], "refused")
        self.assertEqual(text, "The values do not fit each other or what is recorded already.")

    def test_missing_rights_are_no_problem_of_an_account(self):
        entry = {"number": "1", "building": "Б", "payer": {"name": "Имя"}}
        partners = type(self.env["res.partner"])
        with (
            patch.object(partners, "create", side_effect=AccessError("")),
            self.assertRaises(AccessError),
        ):
            self.api.put_accounts("r-1", [entry])

    def test_a_house_that_was_archived_keeps_its_accounts(self):
        self.building.active = False
        entry = {"number": "00100", "building": self.building.name, "residents": 2}
        self.assertEqual(self.api.put_accounts("h-1", [entry])["changed"], 1)

    def test_a_whole_number_is_an_account_number(self):
        entry = {"number": 9001, "building": self.building.name}
        self.assertEqual(self.api.put_accounts("n-1", [entry])["made"], 1)
        again = self.api.put_accounts("n-2", [entry, {**entry, "number": "9001"}])
        self.assertEqual((again["made"], again["unchanged"]), (0, 1))
        self.assertEqual(again["problems"][0]["code"], "account_twice")

    def test_values_of_a_wrong_kind(self):
        numbers = [["1"], {"a": 1}, None, 1.5, True, "\0", "\ud800"]
        self.check_problems("k-1", [{"number": number} for number in numbers], "not_a_text")
        self.check_problems("k-2", ["00100", None, ["00100"]], "line_wrong")
        self.check_problems("k-3", [{}, {"number": ""}], "field_missing")
        known = {"number": "00100"}
        for key, fields, code in (
            ("v-1", {"premises": 12}, "not_a_text"),
            ("v-2", {"premises_kind": ["flat"]}, "choice_unknown"),
            ("v-3", {"area": 38}, "not_a_decimal"),
            ("v-4", {"date_open": 2026}, "not_a_day"),
            ("v-5", {"floor": "1"}, "not_a_count"),
            ("v-6", {"building": 5}, "field_missing"),
            ("v-7", {"building": "\0"}, "not_a_text"),
            ("v-8", {"payer": "Имя"}, "payer_wrong"),
            ("v-9", {"payer": {"name": "Имя", "email": 5}}, "not_a_text"),
            ("v-10", {"payer": {"name": "Имя", "vat": ["1"]}}, "not_a_text"),
            ("v-11", {"payer": {"name": "Имя", "is_company": []}}, "payer_wrong"),
        ):
            self.check_problems(key, [{**known, **fields}], code)

    def test_nothing_is_cut(self):
        entries = [
            {"number": "00100", "unified_number": "1" * 11},
            {"number": "00101", "gis_service_id": "1" * 14},
        ]
        texts = self.check_problems("t-1", entries, "too_long")
        self.assertEqual(texts[0], "“unified_number” has at most 10 characters.")
        self.assertFalse(self.accounts[0].unified_number)

    def test_a_payer_belongs_to_the_company(self):
        payer = {"name": "Новый Житель"}
        self.accounts[0].partner_id = False
        fresh = {"number": "9001", "building": self.building.name, "payer": payer}
        self.api.put_accounts("c-1", [fresh, {"number": "00100", "payer": payer}])
        made = self.env["epd.personal.account"].search([("number", "=", "9001")])
        for account in (made, self.accounts[0]):
            self.assertEqual(account.partner_id.name, "Новый Житель")
            self.assertEqual(account.partner_id.company_id, self.company)
