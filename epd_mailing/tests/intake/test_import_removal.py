from unittest.mock import patch

import psycopg2
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.intake.loader.removal import Removal
from ..import_common import ImportCase, make_csv

ACCOUNTS = "odoo.addons.epd_mailing.models.intake.loader.removal.ACCOUNTS"
HEAD = ["ЛС", "Услуга", "Начислено"]
ROWS = [
    ["00100", "1", "100"],
    ["00100", "5", "200,50"],
    ["00101", "1", "300"],
    ["00101", "5", "400"],
    ["00102", "1", "500"],
]


@tagged("post_install", "-at_install", "epd_mailing")
class TestImportRemoval(ImportCase):
    """Lines of the month that a newer file does not have: they stay or go, and a person is told."""

    def setUp(self):
        super().setUp()
        self.accounts.charge_ids.sudo().unlink()
        self._load(make_csv([HEAD, *ROWS]))

    def _lines(self):
        lines = self.env["epd.charge"].search([("period_id", "=", self.period.id)])
        return sorted((l.account_id.number, l.service_id.code, l.total) for l in lines)  # noqa: E741

    ALL = [("00100", "1", 100), ("00100", "5", 200.5), ("00101", "1", 300), ("00101", "5", 400),
           ("00102", "1", 500)]  # fmt: skip

    def test_a_part_leaves_them_and_the_check_counts_them(self):
        order = self._order(make_csv([HEAD, ROWS[0], ["00101", "1", "301"]]))
        self.assertEqual(order.scope, "part")
        order.action_check()
        self.assertEqual((order.kept_count, order.removed_count), (2, 0))
        self.assertFalse(order.problem_ids)
        order.action_load()
        self._work()
        lines = [(*self.ALL[2][:2], 301) if line == self.ALL[2] else line for line in self.ALL]
        self.assertEqual(self._lines(), lines)

    def test_all_removes_them_and_the_check_lists_each(self):
        order = self._order(make_csv([HEAD, ROWS[0], ROWS[3]]), scope="whole")
        order.action_check()
        self.assertEqual((order.removed_count, order.error_count), (2, 0))
        self.assertEqual(order.problem_ids.mapped("code"), ["line_gone"] * 2)
        texts = " ".join(order.problem_ids.mapped("text"))
        self.assertRegex(texts, "00100.*200,50")
        self.assertRegex(texts, "00101.*300,00")
        self.assertEqual(self._lines(), self.ALL)
        order.action_load()
        self._work()
        # an account that the file does not name keeps its lines
        self.assertEqual(self._lines(), [self.ALL[0], *self.ALL[3:]])
        self.assertEqual((order.same_count, order.removed_count), (2, 2))
        self.assertRegex(
            " ".join(order.message_ids.mapped("body")), "2 removed|удалено 2|удалено: 2"
        )

    def test_a_row_that_cannot_be_taken_keeps_all_of_its_account(self):
        for bad in (["00100", "5", "двести"], ["00100", "нет такой", "200,50"], ROWS[0]):
            order = self._order(
                make_csv([HEAD, ROWS[0], bad, ROWS[2]]), scope="whole", good_only=True
            )
            order.action_check()
            self.assertEqual((order.removed_count, order.kept_count), (1, 1), bad)
            codes = order.problem_ids.mapped("code")
            self.assertEqual((codes.count("line_gone"), codes.count("line_kept")), (1, 1))
            order.action_load()
            self._work()
            self.assertEqual(self._lines(), [*self.ALL[:3], self.ALL[4]])
            self._load(make_csv([HEAD, ROWS[3]]))

    def test_a_file_with_every_line_needs_no_comparing(self):
        with patch.object(Removal, "_get_next_accounts") as compared:
            order = self._load(make_csv([HEAD, *ROWS, ["00103", "1", "5"]]), scope="whole")
        self.assertEqual((order.same_count, order.created_count, order.removed_count), (5, 1, 0))
        compared.assert_not_called()

    def test_in_slices_with_a_stop_and_a_lost_transaction(self):
        order = self._order(make_csv([HEAD, ROWS[1], ROWS[3]]), scope="whole")
        order.action_check()
        order.action_load()
        seen, original = [], Removal.take_slice

        def lost(self, tally):
            seen.append(self.loading.swept_to)
            if len(seen) in (2, 4):
                raise psycopg2.errors.SerializationFailure("could not serialize access")
            return original(self, tally)

        with (
            patch.object(Removal, "take_slice", lost),
            patch(ACCOUNTS, 1),
            mute_logger("odoo.addons.epd_mailing.models.base.epd_background_work"),
        ):
            self._work()
            self.assertEqual((order.state, order.removed_count), ("loading", 1))
            order.action_stop()
            self._work()
            order.action_resume()
            self._work()
            self._work()
        self.assertEqual((order.state, order.removed_count, order.row_count), ("done", 2, 2))
        self.assertEqual(seen[1], seen[2])
        self.assertEqual(self._lines(), [self.ALL[1], *self.ALL[3:]])

    def test_documents_of_removed_lines_are_marked(self):
        documents = self.env["epd.payment.document"].sudo()
        for balance in self.accounts[:3].balance_ids:
            lines = balance.account_id.charge_ids if balance.payee_id == self.office_payee else []
            balance.charged = sum(line.total for line in lines)
        documents._form_documents(self.accounts[:3], self.period, "epd")
        self.assertEqual(documents.search([]).mapped("state"), ["saved"] * 3)
        self.assertFalse(documents.search([("touched_at", "!=", False)]))
        self._load(make_csv([HEAD, ROWS[0], ROWS[2], ROWS[3]]), scope="whole")
        marked = documents.search([("touched_at", "!=", False)]).account_id
        self.assertEqual(marked.mapped("number"), ["00100"])

    def test_other_months_and_companies_keep_theirs(self):
        line = self.accounts[0].charge_ids[0]
        other = self.env["epd.billing.period"].create(
            {"date_start": "2026-04-01", "company_id": self.company.id}
        )
        kept = line.copy(
            {"period_id": other.id, "service_id": self.accounts[0].charge_ids[1].service_id.id}
        )
        self._load(make_csv([HEAD, ROWS[0]]), scope="whole")
        self.assertTrue(kept.exists())
        self.assertEqual(len(self._lines()), 4)

    def test_readings_and_balances(self):
        rows = [["ЛС", "Услуга", "Счётчик", "Предыдущее", "Текущее"]]
        self._load(
            make_csv([*rows, ["00100", "5", "А1", "1", "2"], ["00100", "5", "Б2", "3", "4"]]),
            "reading",
        )
        self._load(make_csv([*rows, ["00100", "5", "Б2", "3", "4"]]), "reading", scope="whole")
        readings = self.accounts[0].reading_ids.filtered(lambda r: r.period_id == self.period)
        self.assertEqual(readings.mapped("meter_number"), ["Б2"])
        payees = self.office_payee.acc_number, self.repair_payee.acc_number
        head = ["ЛС", "Р/с", "Сальдо"]
        self._load(make_csv([head, *(["00101", payee, "5"] for payee in payees)]), "balance")
        self._load(make_csv([head, ["00101", payees[0], "6"]]), "balance", scope="whole")
        balances = self.accounts[1].balance_ids.filtered(lambda b: b.period_id == self.period)
        self.assertEqual((balances.payee_id, balances.opening), (self.office_payee, 6))
