import base64
from unittest.mock import patch

import psycopg2
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..import_common import make_csv
from .test_import_payments import BUDGET, HEAD, ROWS, PaymentCase

WITHDRAWN_AT_ONCE = "odoo.addons.epd_mailing.models.intake.loader.withdrawal.WITHDRAWN_AT_ONCE"
NUMBERED = ["ЛС", "Дата платежа", "Сумма платежа", "№ платежа"]


@tagged("post_install", "-at_install", "epd_mailing")
class TestImportRegisters(PaymentCase):
    """Registers of one month add up; a payment counts once, in however many of them it stands."""

    def _codes(self, order):
        return {problem.code for problem in order.problem_ids}

    def _amounts(self, number="00100"):
        return sorted(self._balance(number).payment_ids.mapped("amount"))

    def test_kopecks_chosen_as_a_sum_are_rejected(self):
        order = self._register([["00100", "1050"]], ["ЛС", "Сумма (коп.)"])
        column = order.column_ids.filtered(lambda c: c.index == 1)
        self.assertFalse(column.field_id)
        self.assertTrue(column.has_numbers)
        column.field_id = self.env.ref("epd_mailing.import_field_payment_paid")
        with self.assertRaisesRegex(UserError, "kopecks"):
            order.action_check()
        self.assertFalse(self._balance("00100").payment_ids)

    def test_what_a_file_holds_is_seen_by_its_columns_and_remembered(self):
        register = self._register()
        self.assertEqual(register.scope, "part")
        totals = self._register([["00100", "5"]], ["ЛС", "Оплачено"])
        self.assertEqual(totals.scope, "part", "a part until a person says otherwise")
        totals.action_check()
        self.assertEqual(self._codes(totals), {"paid_no_day"})
        totals.action_to_draft()
        totals.scope = "whole"
        totals.action_check()
        self.assertFalse(self._codes(totals))
        self.assertEqual(self._register([["00101", "6"]], ["ЛС", "Оплачено"]).scope, "whole")
        totals.action_to_draft()
        totals.kind = "balance"
        self.assertEqual(totals.scope, "part")
        totals.kind = "payment"
        self.assertEqual(totals.scope, "whole", "as remembered")

    def test_another_file_has_its_own_usual_scope(self):
        order = self._register([["00100", "5"]], ["ЛС", "Оплачено"], scope="whole")
        order.file = base64.b64encode(make_csv([HEAD, *ROWS]))
        self.assertEqual(order.scope, "part")

    def test_a_register_with_numbers_after_one_without(self):
        self._load_register(ROWS[:1])
        order = self._load_register([[*ROWS[0], "157"]], NUMBERED)
        self.assertEqual(self._problems(order), {(2, "C", "paid_known")})
        self.assertEqual(self._amounts(), [500.1])

    def test_a_second_register_is_added(self):
        self._load_register()
        order = self._register([["00100", "25.03.2026", "100"], ["00102", "01.03.2026", "7"]])
        order.action_check()
        self.assertEqual((self._problems(order), order.paid_sum), (set(), 107))
        order.action_load()
        self._work()
        first, _second, third = self._paid()
        self.assertEqual((first, third), ((900.6, "2026-03-25"), (1007, "2026-03-02")))
        self.assertEqual((order.created_count, order.same_count), (2, 0))
        self.assertEqual(self._amounts(), [0.3, 100, 300.2, 500.1])

    def test_a_register_of_the_month_after_those_of_its_days(self):
        self._load_register(ROWS[:2])
        self._load_register(ROWS[2:4])
        order = self._load_register()
        self.assertEqual(self._paid(), self.EXPECTED)
        self.assertEqual((order.created_count, order.same_count), (2, 4))
        # known by day and sum alone: a person is told, once an account
        self.assertEqual(
            self._problems(order),
            {(2, "C", "paid_known"), (3, "C", "paid_known"), (5, "C", "paid_known")},
        )

    def test_numbers_need_no_word_and_a_corrected_sum_replaces(self):
        rows = [[*ROWS[0], "17"], [*ROWS[2], "18"]]
        self._load_register(rows, NUMBERED)
        again = [[*ROWS[0], "17"], ["00100", "20.03.2026", "30,20", "18"], [*ROWS[5], "19"]]
        order = self._load_register(again, NUMBERED)
        self.assertEqual(self._problems(order), {(2, "C", "paid_changed")})
        self.assertIn("300,20", order.problem_ids.text)
        self.assertEqual(self._balance("00100").paid, 530.6)
        self.assertEqual((order.created_count, order.updated_count, order.same_count), (1, 1, 1))
        self.assertEqual(self._amounts(), [0.3, 30.2, 500.1])

    def test_a_file_that_holds_all_forgets_the_others_and_says_so(self):
        self._load_register()
        order = self._register(ROWS[2:4], scope="whole")
        order.action_check()
        self.assertEqual(self._problems(order), {(2, "C", "paid_gone")})
        self.assertIn("500,40", order.problem_ids.text)
        self.assertEqual(self._paid(), self.EXPECTED)
        order.action_load()
        self._work()
        self.assertEqual(self._paid()[0], (300.2, "2026-03-20"))
        self.assertEqual(self._amounts(), [300.2])
        self.assertEqual((order.updated_count, order.same_count, order.removed_count), (1, 1, 2))

    def test_a_smaller_sum_of_all_is_told(self):
        self._balance("00100").paid = 800
        order = self._register([["00100", "300"]], ["ЛС", "Оплачено"], scope="whole")
        order.action_check()
        self.assertEqual(self._problems(order), {(2, "B", "paid_less")})
        self.assertIn("800,00", order.problem_ids.text)

    def test_what_was_recorded_without_a_register_is_told(self):
        self._balance("00100").paid = 40
        order = self._load_register()
        self.assertEqual(self._problems(order), {(2, "C", "paid_other")})
        self.assertIn("40,00", order.problem_ids.text)
        self.assertEqual(self._paid()[0], (840.6, "2026-03-20"))

    def test_what_a_person_entered_stays_when_nothing_is_new(self):
        self._load_register()
        self._balance("00100").paid = 799
        order = self._load_register()
        self.assertEqual((self._balance("00100").paid, order.same_count), (799, 6))
        order = self._load_register(scope="whole")
        self.assertEqual((self._balance("00100").paid, order.updated_count), (800.6, 3))

    def test_a_row_that_cannot_be_read_takes_only_itself_from_further_payments(self):
        order = self._load_register([*ROWS, ["00100", "31.03.2026", "сто"]], good_only=True)
        self.assertEqual(self._problems(order), {(8, "C", "number")})
        self.assertEqual((self._paid(), order.left_count), (self.EXPECTED, 1))
        corrected = self._load_register([*ROWS, ["00100", "31.03.2026", "100"]])
        self.assertEqual((corrected.created_count, corrected.same_count), (1, 6))
        self.assertEqual(self._paid()[0], (900.6, "2026-03-31"))

    # ------------------------------------------------------------------
    # Taking back
    # ------------------------------------------------------------------
    def test_a_register_is_taken_back(self):
        self._load_register(ROWS[:2])
        wrong = self._load_register(ROWS[2:])
        self.assertEqual(self._paid(), self.EXPECTED)
        with self.assertRaisesRegex(UserError, "Take them back"):
            wrong.with_user(self.manager).unlink()
        wrong.action_take_back()
        self._work()
        self.assertEqual((wrong.state, wrong.progress), ("taken_back", 100))
        self.assertEqual(self._paid(), [(500.1, "2026-03-05"), (0.2, "2026-03-11"), (0, "")])
        self.assertFalse(wrong.payment_ids)
        # and it may come again
        order = self._load_register(ROWS[2:])
        self.assertEqual((self._paid(), order.created_count), (self.EXPECTED, 4))

    def test_taking_back_in_slices_with_a_stop_and_a_lost_transaction(self):
        order = self._load_register()
        orders, seen = type(order), []
        original = orders._work_slice

        def lost(self):
            seen.append(len(self.payment_ids))
            if len(seen) == 2:
                raise psycopg2.errors.SerializationFailure("could not serialize access")
            return original(self)

        order.action_take_back()
        with (
            patch.object(orders, "_work_slice", lost),
            patch(WITHDRAWN_AT_ONCE, 2),
            mute_logger("odoo.addons.epd_mailing.models.base.epd_background_work"),
        ):
            self._work()
            self.assertEqual((seen, order.state), ([6, 4], "taking_back"))
            self.assertAlmostEqual(order.progress, 100 / 3)
            order.action_stop()
            self._work()
            self.assertEqual((len(seen), order.state), (2, "paused"))
            order.action_resume()
            self._work()
        self.assertEqual((seen[2:], order.state), ([4, 2, 0], "taken_back"))
        self.assertEqual(self._paid(), [(0, "")] * 3)

    def test_what_was_written_over_is_not_taken_back_into_debt(self):
        order = self._load_register()
        self._balance("00100").paid = 0
        order.action_take_back()
        self._work()
        self.assertEqual(self._balance("00100").paid, 0)

    def test_a_loading_given_up_half_way_can_be_taken_back(self):
        order = self._register()
        order.action_check()
        order.action_load()
        with (
            patch(BUDGET, -1),
            patch("odoo.addons.epd_mailing.models.intake.loader.payment.SUMS", 1),
        ):
            self._work()
        order.action_cancel()
        self.assertEqual(self._paid(), [self.EXPECTED[0], (0, ""), (0, "")])
        order.action_to_draft()
        # read another way, its payments would count beside those that are recorded
        for change in (
            lambda: order.write({"file": base64.b64encode(make_csv([HEAD, *ROWS[:1]]))}),
            lambda: order.write({"payee_id": self.repair_payee.id}),
            lambda: order.write({"delimiter": ","}),
            lambda: order.column_ids[2].write({"field_id": False}),
        ):
            with self.assertRaisesRegex(UserError, "Take them back"), self.cr.savepoint():
                change()
        order.action_cancel()
        order.action_take_back()
        self._work()
        self.assertEqual((order.state, self._paid()), ("taken_back", [(0, "")] * 3))
        with self.assertRaisesRegex(UserError, "No payment"):
            order.action_take_back()

    def test_documents_are_marked_when_payments_go(self):
        order = self._load_register()
        documents = self.env["epd.payment.document"].sudo()
        documents._form_documents(self.accounts[:3], self.period, "epd")
        self.assertFalse(documents.search([("touched_at", "!=", False)]))
        order.action_take_back()
        self._work()
        marked = documents.search([("touched_at", "!=", False)]).account_id
        self.assertEqual(marked, self.accounts[:3])

    def test_only_the_program_writes_payments(self):
        order = self._load_register()
        payment = order.payment_ids[0].with_user(self.manager)
        with self.assertRaises(AccessError):
            payment.amount = 5
        with self.assertRaises(AccessError):
            payment.unlink()
        with self.assertRaises(AccessError):
            payment.create({"balance_id": payment.balance_id.id, "import_id": order.id})

    def test_a_balance_that_goes_takes_its_payments_along(self):
        order = self._load_register()
        self._balance("00100").sudo().unlink()
        self.assertEqual(len(order.payment_ids), 3)
        self.assertTrue(order.has_payments)
