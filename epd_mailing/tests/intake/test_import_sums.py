from datetime import date
from decimal import Decimal

from odoo.tests import tagged

from ...models.charge.control_sums import Compared
from ...models.intake.loader.base import Sum, SumKey
from ..import_common import ImportCase, make_csv

HEAD = ["ЛС", "Услуга", "Начислено"]


@tagged("post_install", "-at_install", "epd_mailing")
class TestImportSums(ImportCase):
    """The check of a file says what moved against the month before, and behind whom it stands."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.next_period = cls.env["epd.billing.period"].create(
            {"date_start": date(2026, 4, 1), "company_id": cls.company.id}
        )
        # as much as in the month before: 1209,60 and 114,60 and 390,14 for each of four accounts
        cls.rows = [
            [account.number, code, amount]
            for account in cls.accounts
            for code, amount in (("1", "1209,60"), ("5", "114,60"), ("14", "390,14"))
        ]

    def _check(self, rows, kind="charge", head=HEAD, **more):
        order = self._order(
            make_csv([head, *rows]),
            kind,
            period_id=more.pop("period_id", self.next_period.id),
            **more,
        )
        order.action_check()
        self.assertEqual(order.state, "checked", order.pause_reason)
        return order

    def _by_service(self, order):
        return {line.service_id.code: line for line in order.service_sum_ids}

    def test_the_same_month_has_no_jump(self):
        order = self._check(self.rows)
        lines = order.sum_ids | order.service_sum_ids
        self.assertEqual(len(order.sum_ids), 2, "office and capital repair")
        self.assertEqual(len(order.service_sum_ids), 3)
        self.assertEqual(set(lines.mapped("moved")), {"+0,0"})
        self.assertFalse(any(lines.mapped("is_jump")) or any(lines.mapped("has_jumped")))
        self.assertAlmostEqual(
            sum(order.sum_ids.mapped("amount")), sum(order.service_sum_ids.mapped("amount")), 2
        )

    def test_a_jump_is_marked_with_the_accounts_behind_it(self):
        rows = [row[:] for row in self.rows]
        for row in rows:
            if row[1] == "5" and row[0] in ("00100", "00102"):
                row[2] = "1146,00"
        order = self._check(rows)
        found = self._by_service(order)
        self.assertEqual(found["5"].moved, "+450,0")
        self.assertTrue(found["5"].is_jump)
        self.assertFalse(found["1"].is_jump or found["14"].is_jump)
        wanted = self.accounts[0] | self.accounts[2]
        office = order.sum_ids.filtered(lambda line: line.payee_id == self.office_payee)
        self.assertTrue(office.is_jump)
        for line in (found["5"], office):
            action = line.with_user(self.operator).action_open_jumped()
            accounts = self.env["epd.personal.account"].search(action["domain"])
            self.assertEqual(accounts, wanted)
        # the house as a whole jumped less than the company's threshold
        self.company.epd_jump_percent = 500
        self.env.invalidate_all()
        self.assertFalse(found["5"].is_jump or office.is_jump)

    def test_slices_add_up(self):
        """What a second slice brings is added to the first, accounts behind it too."""
        sums, order = self.env["epd.import.sum"], self._check(self.rows)
        line = self._by_service(order)["5"]
        key = SumKey("total", service_id=line.service_id.id)
        for account in self.accounts[:2]:
            sums._add(order, {key: Sum(1, 2, {account.id})})
        self.assertEqual((line.row_count, line.amount), (6, 462.4))
        action = line.action_open_jumped()
        self.assertEqual(
            self.env["epd.personal.account"].search(action["domain"]), self.accounts[:2]
        )

    def test_the_threshold_itself_is_no_jump(self):
        for now, before, is_jump in (
            ("130", "100", False),
            ("130.04", "100", True),  # +30,0 as people read it
            ("69.96", "100", True),
            ("70", "100", False),
            ("-70", "-100", False),
            ("-130.01", "-100", True),
            ("100", "-100", True),
            ("5", "0", True),
            ("0", "5", True),
            ("0", "0", False),
        ):
            with self.subTest(now=now, before=before):
                self.assertEqual(Compared(Decimal(now), Decimal(before)).jumps(30), is_jump)

    def test_the_first_month_is_compared_with_nothing(self):
        order = self._check(self.rows, period_id=self.period.id)
        lines = order.sum_ids | order.service_sum_ids
        self.assertTrue(lines)
        self.assertFalse(any(lines.mapped("moved")) or any(lines.mapped("is_jump")))

    def test_no_threshold_marks_nothing(self):
        self.company.epd_jump_percent = 0
        rows = [[number, code, "9999"] for number, code, _amount in self.rows]
        order = self._check(rows)
        lines = order.sum_ids | order.service_sum_ids
        self.assertTrue(all(lines.mapped("moved")))
        self.assertFalse(any(lines.mapped("is_jump")) or any(lines.mapped("has_jumped")))

    def test_debts_move_and_are_no_jump(self):
        order = self._check(
            [["00100", "5000", "1324,20"]],
            "balance",
            ["ЛС", "Сальдо на начало", "Начислено"],
            payee_id=self.office_payee.id,
        )
        found = {line.figure: line for line in order.sum_ids}
        self.assertFalse(found["opening"].is_jump)
        self.assertTrue(found["charged"].is_jump, "one account of four")
        self.assertFalse(order.service_sum_ids)

    def test_a_second_check_begins_anew(self):
        order = self._check(self.rows)
        order.action_to_draft()
        order.action_check()
        self.assertEqual(len(order.service_sum_ids), 3)
        self.assertEqual(self._by_service(order)["1"].row_count, 4)
