from unittest.mock import patch

import psycopg2
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.intake.loader.payment import PaymentLoader
from ..import_common import ImportCase, make_csv, make_xlsx

WORK = "odoo.addons.epd_mailing.models.intake.import_run"
BUDGET = "odoo.addons.epd_mailing.tools.work_budget.RUN_WALL"
SUMS = "odoo.addons.epd_mailing.models.intake.loader.payment.SUMS"
HEAD = ["ЛС", "Дата платежа", "Сумма платежа"]
# three payments of one account stand far apart, two of another
ROWS = [
    ["00100", "05.03.2026", "500,10"],
    ["00101", "11.03.2026", "0,20"],
    ["00100", "20.03.2026", "300,20"],
    ["00102", "02.03.2026", "1 000"],
    ["00101", "10.03.2026", "0,10"],
    ["00100", "10.03.2026", "0,30"],
]


class PaymentCase(ImportCase):
    EXPECTED = [(800.6, "2026-03-20"), (0.3, "2026-03-11"), (1000, "2026-03-02")]

    def _register(self, rows=ROWS, head=HEAD, make=make_csv, **more):
        more.setdefault("payee_id", self.office_payee.id)
        return self._order(make([head, *rows]), "payment", name="реестр.csv", **more)

    def _load_register(self, rows=ROWS, head=HEAD, **more):
        order = self._register(rows, head, **more)
        order.action_check()
        order.action_load()
        self._work()
        return order

    def _balance(self, number, payee=None):
        payee = payee or self.office_payee
        account = self.accounts.filtered(lambda each: each.number == number)
        return account.balance_ids.filtered(lambda balance: balance.payee_id == payee)

    def _paid(self):
        balances = map(self._balance, ("00100", "00101", "00102"))
        return [(balance.paid, str(balance.last_payment_date or "")) for balance in balances]


@tagged("post_install", "-at_install", "epd_mailing")
class TestImportPayments(PaymentCase):
    """A register of payments: several rows of one account are one sum, none lost, none twice."""

    def test_payments_of_an_account_are_added_up(self):
        before = self._balance("00100")
        due = before.due
        order = self._register()
        order.action_check()
        self.assertEqual((order.state, order.error_count, order.created_count), ("checked", 0, 6))
        self.assertEqual((order.paid_sum, self._balance("00100").paid), (1800.9, 0))
        self.assertFalse(order.payment_ids)
        order.action_load()
        self._work()
        self.assertEqual(self._paid(), self.EXPECTED)
        self.assertEqual(order.paid_sum, 1800.9)
        self.assertIn("1&nbsp;800,90", " ".join(order.message_ids.mapped("body")))
        self.assertAlmostEqual(before.due, due - 800.6)
        self.assertEqual((order.row_count, order.created_count, order.warning_count), (6, 6, 0))
        lines = [(p.amount, f"{p.paid_on}", p.payee_id) for p in before.payment_ids]
        self.assertEqual(
            lines,
            [
                (300.2, "2026-03-20", self.office_payee),
                (0.3, "2026-03-10", self.office_payee),
                (500.1, "2026-03-05", self.office_payee),
            ],
        )

    def test_the_file_stays_on_the_disk(self):
        order = self._register()
        self.env.flush_all()
        self.env.invalidate_all()
        attachments = type(self.env["ir.attachment"])
        with patch.object(attachments, "_file_read", side_effect=AssertionError("read whole")):
            order.action_check()
            order.action_load()
            self._work()
        self.assertEqual((order.state, self._paid()), ("done", self.EXPECTED))

    def test_the_same_register_again_changes_nothing(self):
        self._load_register()
        stamps = {b.id: b.write_date for b in self.accounts.balance_ids}
        documents = self.env["epd.payment.document"].sudo()
        documents._form_documents(self.accounts[:3], self.period, "epd")
        again = self._load_register(make=make_xlsx)
        self.assertEqual((again.created_count, again.updated_count, again.same_count), (0, 0, 6))
        self.assertEqual({code for *_place, code in self._problems(again)}, {"paid_known"})
        self.assertEqual(self._paid(), self.EXPECTED)
        self.assertEqual({b.id: b.write_date for b in self.accounts.balance_ids}, stamps)
        self.assertFalse(documents.search([("is_outdated", "=", True)]))

    def _waiting(self, order):
        """Return how many rows of the file wait until it is read whole."""
        rows = self.env["epd.import.paid.row"]
        return rows.search_count([("import_id", "=", order.id)])

    def test_rows_in_slices_with_a_stop_and_a_lost_transaction(self):
        order = self._register()
        order.action_check()
        order.action_load()
        read, saved, taken, sums = PaymentLoader._take, PaymentLoader._settle, [], []

        def lost_in_reading(self, records):
            taken.append([record.row for record in records])
            if len(taken) == 2:
                raise psycopg2.errors.SerializationFailure("could not serialize access")
            return read(self, records)

        def lost_in_writing(self, totals):
            sums.append([total.values["account"] for total in totals])
            if len(sums) == 2:
                raise psycopg2.errors.SerializationFailure("could not serialize access")
            return saved(self, totals)

        nothing = [(0, "")] * 3
        with (
            patch.object(PaymentLoader, "_take", lost_in_reading),
            patch.object(PaymentLoader, "_settle", lost_in_writing),
            patch(f"{WORK}.SLICE", 1),
            patch(SUMS, 1),
            mute_logger("odoo.addons.epd_mailing.models.base.epd_background_work"),
        ):
            self._work()  # the second slice is lost
            self.assertEqual((order.state, order.row_count, self._paid()), ("loading", 1, nothing))
            order.action_stop()
            self._work()
            order.action_resume()
            self._work()  # read whole, one sum written, the next is lost
            self.assertEqual(taken[:3], [[2], [3], [3]])
            self.assertEqual((order.state, order.row_count), ("loading", 6))
            self.assertEqual(self._paid(), [self.EXPECTED[0], *nothing[1:]])
            self.assertEqual(order.progress, 75)
            order.action_stop()
            order.action_resume()
            self._work()
        self.assertEqual((order.state, order.row_count, order.created_count), ("done", 6, 6))
        self.assertEqual(len(order.payment_ids), 6)
        self.assertEqual(sums, [["00100"], ["00101"], ["00101"], ["00102"]])
        self.assertEqual((self._paid(), order.paid_sum), (self.EXPECTED, 1800.9))
        self.assertFalse(self._waiting(order))

    def test_a_pass_out_of_time_in_the_middle_of_the_sums(self):
        order = self._register(make=make_xlsx)
        order.action_check()
        order.action_load()
        with patch(BUDGET, -1), patch(f"{WORK}.SLICE", 2), patch(SUMS, 1):
            for _pass in range(9):
                self._work()
        self.assertEqual((order.state, order.created_count, order.row_count), ("done", 6, 6))
        self.assertEqual(self._paid(), self.EXPECTED)

    def test_any_slices_come_to_the_same_sums(self):
        for size in (1, 2, 3, 4, 5, 6, 7):
            for scope in ("part", "whole"):
                self.accounts.balance_ids.write({"paid": 0, "last_payment_date": False})
                self.accounts.balance_ids.payment_ids.sudo().unlink()
                with patch(f"{WORK}.SLICE", size), patch(SUMS, 2):
                    order = self._load_register(scope=scope)
                self.assertEqual((self._paid(), order.paid_sum), (self.EXPECTED, 1800.9), size)
                self.assertEqual((order.created_count, order.row_count), (6, 6))

    def test_a_repeated_row_is_told_and_counted(self):
        order = self._register([*ROWS, ROWS[0]])
        with patch(f"{WORK}.SLICE", 2), patch(SUMS, 1):
            order.action_check()
            self.assertEqual(self._problems(order), {(8, "C", "paid_twice")})
            self.assertEqual((order.warning_count, order.error_count), (1, 0))
            order.action_load()
            self._work()
        self.assertEqual(self._paid()[0], (1300.7, "2026-03-20"))
        self.assertEqual((order.state, order.warning_count, order.paid_sum), ("done", 1, 2301))

    def test_numbers_of_payments_tell_repeated_rows_apart(self):
        head = [*HEAD, "№ платежа"]
        rows = [[*ROWS[0], "17"], [*ROWS[0], "18"], [*ROWS[1], "18"], [*ROWS[0], "17"]]
        order = self._register(rows, head)
        order.action_check()
        self.assertEqual(self._problems(order), {(5, "D", "twice")})
        with self.assertRaisesRegex(UserError, "errors"):
            order.action_load()
        order.good_only = True
        order.action_load()
        self._work()
        self.assertEqual(self._paid()[:2], [(1000.2, "2026-03-05"), (0.2, "2026-03-11")])
        self.assertEqual((order.created_count, order.left_count), (3, 1))

    def test_money_given_back_and_payees(self):
        head = [*HEAD, "Р/с"]
        office, repair = self.office_payee.acc_number, self.repair_payee.acc_number
        rows = [
            ["00100", "05.03.2026", "500", office],
            ["00100", "06.03.2026", "-120,50", office],
            ["00100", "07.03.2026", "60", repair],
        ]
        self._load_register(rows, head, payee_id=False)
        balance = self._balance("00100")
        self.assertEqual((balance.paid, f"{balance.last_payment_date}"), (379.5, "2026-03-05"))
        self.assertEqual(self._balance("00100", self.repair_payee).paid, 60)

    def test_good_rows_never_make_a_part_of_a_sum(self):
        """An unreadable payment of an account would show him a debt he does not have."""
        rows = [*ROWS, ["100", "31.03.2026", "сто"], ["00999", "", "5"], ["", "01.03.2026", "1"]]
        order = self._register(rows, good_only=True, scope="whole")
        with patch(f"{WORK}.SLICE", 2), patch(SUMS, 2):
            order.action_check()
            found = {(2, "A", "paid_in_part"), (8, "C", "number"), (9, "A", "no_account")}
            self.assertEqual(self._problems(order), found | {(10, "A", "required")})
            order.action_load()
            self._work()
        self.assertEqual((order.state, order.created_count, order.left_count), ("done", 3, 6))
        self.assertEqual(self._paid(), [(0, ""), *self.EXPECTED[1:]])
        self.assertEqual(order.row_count, 9)

    def test_rows_of_another_month_are_left_and_take_nothing(self):
        head = [*HEAD, "Период"]
        rows = [[*row, "03.2026"] for row in ROWS] + [["00100", "01.02.2026", "77", "02.2026"]]
        order = self._load_register(rows, head, good_only=True)
        self.assertEqual(self._problems(order), {(8, "D", "other_month")})
        self.assertEqual((self._paid(), order.left_count), (self.EXPECTED, 1))

    def test_lost_zeros_are_the_same_account(self):
        rows = [["00100", "05.03.2026", 1], [100, "06.03.2026", 2]]
        self._load_register(rows, make=make_xlsx)
        self.assertEqual(self._paid()[0], (3, "2026-03-06"))

    def test_a_sum_too_large(self):
        order = self._register([["00100", f"0{n}.03.2026", "99999999999,99"] for n in range(1, 4)])
        order.action_check()
        self.assertEqual(self._problems(order), {(2, "C", "too_large")})
        self.assertEqual((order.left_count, order.created_count), (3, 0))

    def test_a_balance_gone_after_the_check(self):
        order = self._register()
        order.action_check()
        order.action_load()
        saved = PaymentLoader._settle

        def without(self, totals, *args, **more):
            self.env["epd.account.balance"].sudo().search(
                [("account_id", "=", totals[0].values["account_id"])]
            ).unlink()
            return saved(self, totals)

        with patch.object(PaymentLoader, "_settle", without):
            self._work()
        # a balance is made for the payments, as for those that come before balances
        self.assertEqual((order.state, self._paid()), ("done", self.EXPECTED))

    def test_one_sum_that_cannot_be_written_does_not_take_others(self):
        order = self._register(good_only=True)
        order.action_check()
        order.action_load()
        balances = type(self.env["epd.account.balance"])
        original = balances.write

        def refuse(self, vals):
            if vals.get("paid") == 800.6:
                raise UserError("не судьба")
            return original(self, vals)

        with patch.object(balances, "write", refuse):
            self._work()
        self.assertEqual((order.state, order.created_count, order.left_count), ("done", 3, 3))
        self.assertEqual(len(order.payment_ids), 3)
        self.assertEqual((order.paid_sum, self._paid()[0]), (1000.3, (0, "")))
        self.assertEqual(order.problem_ids.mapped("text"), ["не судьба"])

    def test_given_up_leaves_no_sums(self):
        order = self._register()
        order.action_check()
        order.action_load()
        with patch(BUDGET, -1), patch(f"{WORK}.SLICE", 2), patch(SUMS, 1):
            self._work()
        self.assertTrue(self._waiting(order))
        order.action_cancel()
        self.assertFalse(self._waiting(order))
        self.assertEqual(self._paid(), [(0, "")] * 3)
