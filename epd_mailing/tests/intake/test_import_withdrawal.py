from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..import_common import ImportCase, make_csv

HEAD = ["ЛС", "Услуга", "Начислено"]
BALANCE_HEAD = ["ЛС", "Сальдо на начало", "Начислено"]


@tagged("post_install", "-at_install", "epd_mailing")
class TestImportWithdrawal(ImportCase):
    """A file of figures is taken back: what it replaced is there again, what moved since stays."""

    def _lines(self):
        lines = self.env["epd.charge"].search([("period_id", "=", self.period.id)])
        return sorted(
            (charge.account_id.number, charge.service_id.code, charge.amount, charge.total)
            for charge in lines
        )

    def _balances(self):
        balances = self.env["epd.account.balance"].search([("period_id", "=", self.period.id)])
        return sorted(
            (b.account_id.number, b.payee_id.acc_number, b.opening, b.charged, b.paid, b.due)
            for b in balances
        )

    def _take_back(self, order):
        order.action_take_back()
        self._work()
        self.assertEqual(order.state, "taken_back", order.pause_reason)
        return order.message_ids.sorted("id")[-1].body

    def test_added_changed_and_removed_lines(self):
        self.accounts[1].charge_ids.sudo().unlink()
        before = self._lines()
        order = self._load(
            make_csv([HEAD, ["00100", "1", "100"], ["00100", "5", "7"], ["00101", "1", "300"]]),
            scope="whole",
        )
        self.assertNotEqual(self._lines(), before)
        counts = (order.created_count, order.updated_count, order.removed_count)
        self.assertEqual(counts, (1, 2, 1))
        self.assertTrue(order.has_changes)
        text = self._take_back(order)
        self.assertEqual(self._lines(), before)
        self.assertRegex(text, r"1\D+2\D+1\D+0")
        self.assertFalse(order.has_changes)
        with self.assertRaises(UserError):
            order.action_take_back()

    def test_what_was_changed_since_stays_and_is_listed(self):
        order = self._load(make_csv([HEAD, ["00100", "1", "100"], ["00101", "1", "300"]]))
        touched = self.accounts[0].charge_ids.filtered(lambda c: c.service_id.code == "1")
        touched.amount = 111
        self._take_back(order)
        self.assertEqual(touched.amount, 111)
        self.assertEqual(order.problem_ids.mapped("code"), ["line_moved"])
        self.assertIn("00100", order.problem_ids.value)
        other = self.accounts[1].charge_ids.filtered(lambda c: c.service_id.code == "1")
        self.assertEqual(other.amount, 1209.6)

    def test_what_was_deleted_since_is_listed(self):
        self.accounts[1].charge_ids.filtered(lambda c: c.service_id.code == "1").sudo().unlink()
        order = self._load(make_csv([HEAD, ["00100", "1", "100"], ["00101", "1", "300"]]))
        self.assertEqual((order.created_count, order.updated_count), (1, 1))
        # one that the file added and one that it changed
        for account in self.accounts[:2]:
            account.charge_ids.filtered(lambda c: c.service_id.code == "1").sudo().unlink()
        self._take_back(order)
        self.assertEqual(order.problem_ids.mapped("code"), ["line_deleted"] * 2)
        service = self.service_house.display_name
        self.assertEqual(
            sorted(order.problem_ids.mapped("value")), [f"00100, {service}", f"00101, {service}"]
        )

    def test_a_deleted_balance_is_listed_with_its_payee(self):
        order = self._load(
            make_csv([BALANCE_HEAD, ["00100", "500", "0"]]),
            kind="balance",
            payee_id=self.office_payee.id,
        )
        self.accounts[0].balance_ids.filtered(
            lambda balance: balance.payee_id == self.office_payee
        ).sudo().unlink()
        self._take_back(order)
        self.assertEqual(order.problem_ids.mapped("code"), ["line_deleted"])
        self.assertIn(self.office_payee.acc_number, order.problem_ids.value)

    def test_a_later_file_is_not_undone_with_it(self):
        first = self._load(make_csv([HEAD, ["00100", "1", "100"]]))
        second = self._load(make_csv([HEAD, ["00100", "1", "200"]]))
        self._take_back(first)
        self.assertIn(("00100", "1", 200, 200), self._lines())
        self._take_back(second)
        self.assertIn(("00100", "1", 100, 100), self._lines())

    def test_what_a_later_file_says_too_stays(self):
        """The wrong file, the right one over it, then the wrong one is taken back."""
        wrong = self._load(
            make_csv([HEAD, ["00100", "1", "100"], ["00100", "5", "7"], ["00101", "5", "8"]])
        )
        self._load(make_csv([HEAD, ["00100", "1", "100"], ["00100", "5", "7"]]))
        self._take_back(wrong)
        self.assertIn(("00100", "1", 100, 100), self._lines())
        self.assertIn(("00100", "5", 7, 7), self._lines())
        self.assertNotIn(("00101", "5", 8, 8), self._lines())
        self.assertEqual(set(wrong.problem_ids.mapped("code")), {"line_moved"})

    def test_a_removed_balance_comes_back_with_its_payments(self):
        self.env["epd.account.balance"].search([]).unlink()
        for number in ("00100", "00101"):
            self._load(
                make_csv([BALANCE_HEAD, [number, "500", "0"]]),
                kind="balance",
                payee_id=self.office_payee.id,
            )
        register = self._load(
            make_csv([["ЛС", "Сумма платежа", "Дата платежа"], ["00100", "50", "05.03.2026"]]),
            kind="payment",
            payee_id=self.office_payee.id,
        )
        before = self._balances()
        payments = self.env["epd.account.payment"].search([])
        self.assertEqual(payments.import_id, register)
        whole = self._load(
            make_csv([BALANCE_HEAD, ["00100", "1", "0"]]),
            kind="balance",
            payee_id=self.repair_payee.id,
            scope="whole",
        )
        self.assertEqual(whole.removed_count, 1)
        self.assertFalse(payments.exists())
        self._take_back(whole)
        self.assertEqual(self._balances(), before)
        # the register is known again: it is taken back, and counts once
        register.action_take_back()
        self._work()
        self.assertEqual([row[4] for row in self._balances()], [0, 0])

    def test_balances_with_payments_keep_these(self):
        self.env["epd.account.balance"].search([]).unlink()
        order = self._load(
            make_csv([BALANCE_HEAD, ["00100", "500", "0"], ["00101", "600", "0"]]),
            kind="balance",
            payee_id=self.office_payee.id,
        )
        self.assertEqual(order.created_count, 2)
        self._load(
            make_csv([["ЛС", "Сумма платежа", "Дата платежа"], ["00100", "50", "05.03.2026"]]),
            kind="payment",
            payee_id=self.office_payee.id,
        )
        self._take_back(order)
        number = self.office_payee.acc_number
        self.assertEqual(self._balances(), [("00100", number, 0, 0, 50, -50)])
        self.assertEqual(order.problem_ids.mapped("code"), ["line_paid"])

    def test_saved_documents_are_shown_as_changed(self):
        order = self._load(make_csv([HEAD, ["00100", "5", "7"]]))
        self.accounts[0].balance_ids.filtered(
            lambda b: b.payee_id == self.office_payee
        ).charged = 1216.6
        document = (
            self.env["epd.payment.document"].sudo()._form_one(self.accounts[0], self.period, "epd")
        )
        self.assertFalse(document.is_outdated)
        self._take_back(order)
        document.invalidate_recordset(["is_outdated", "touched_at"])
        self.assertTrue(document.is_outdated)

    def test_who_may_not_write_takes_nothing_back(self):
        order = self._load(make_csv([HEAD, ["00100", "1", "100"]]))
        before = self._lines()
        stranger = self._make_user("epd_nobody", "base.group_user")
        with self.assertRaises(AccessError):
            order.with_user(stranger).action_take_back()
        self.assertEqual(self._lines(), before)
        self.assertEqual(order.state, "done")

    def test_a_file_of_another_company_is_out_of_reach(self):
        order = self._load(make_csv([HEAD, ["00100", "1", "100"]]))
        before = self._lines()
        other = self.env["res.company"].create({"name": "Вторая"})
        self.operator.sudo().write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        self.env.invalidate_all()
        theirs = (
            self.env["epd.import"].with_user(self.operator).with_company(other).browse(order.id)
        )
        with self.assertRaises(AccessError):
            theirs.with_context(allowed_company_ids=other.ids).action_take_back()
        self.assertEqual(self._lines(), before)

    def test_old_marks_are_forgotten(self):
        order = self._load(make_csv([HEAD, ["00100", "1", "100"]]))
        self.company.epd_import_keep_days = 10
        self.env["epd.import.change"]._drop_old()
        self.assertTrue(order.has_changes)
        self.env.cr.execute(
            "UPDATE epd_import_change SET create_date = create_date - interval '11 days'"
        )
        self.env.invalidate_all()
        self.env["epd.import.change"]._drop_old()
        self.assertFalse(order.has_changes)
