from datetime import date

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ...models.document.missing_balance import MissingBalance
from ..common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestMissingBalance(EpdCommon):
    """A balance that is not loaded is not 0: screens say so, and a receipt needs a reason."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.april = cls.period._get_following()
        cls.office = cls.env["epd.account.balance"].search(
            [("account_id", "=", cls.accounts[0].id), ("payee_id", "=", cls.office_payee.id)]
        )
        cls.account = cls.accounts[0].with_user(cls.operator)

    def _charge(self, *accounts, with_balances=False):
        for account in accounts:
            self._make_charges(account, self.april)
        if not with_balances:
            self.env["epd.account.balance"].search([("period_id", "=", self.april.id)]).unlink()

    def _find(self, form="epd"):
        query = self.env["epd.personal.account"]._search([("id", "in", self.accounts.ids)])
        found = MissingBalance(self.env, self.april, form).find(query.subselect())
        return {self.env["epd.personal.account"].browse(key): float(v) for key, v in found.items()}

    def test_the_account_says_that_it_is_not_loaded(self):
        self.assertTrue(self.account.is_balance_loaded)
        self.assertFalse(self.account.balance_note)
        self.april._set_current()
        self.env.invalidate_all()
        account = self.account.with_context(lang="en_US")
        self.assertFalse(account.is_balance_loaded)
        self.assertRegex(account.balance_note, "апрель 2026 is not loaded; of март 2026: 1.714,34")
        self.office.opening = 500
        self.env.invalidate_all()
        self.assertIn("2\u00a0214,34", self.account.balance_note)

    def test_a_whole_month_without_balances(self):
        self._charge(*self.accounts)
        self.assertEqual(self._find(), dict.fromkeys(self.accounts, 1714.34))
        self.assertEqual(self._find("capital_repair"), dict.fromkeys(self.accounts, 390.14))
        self.assertEqual(self._find("receipt"), dict.fromkeys(self.accounts, 1324.2))

    def test_one_payee_forgotten(self):
        self._charge(*self.accounts, with_balances=True)
        self.assertFalse(self._find())
        self.env["epd.account.balance"].search(
            [("period_id", "=", self.april.id), ("payee_id", "=", self.repair_payee.id)]
        ).unlink()
        self.assertEqual(self._find(), dict.fromkeys(self.accounts, 390.14))
        self.assertFalse(self._find("receipt"))

    def test_a_debt_known_by_the_document_alone(self):
        self.env["epd.payment.document"].sudo()._form_one(self.accounts[1], self.period, "epd")
        self.env["epd.account.balance"].search([]).unlink()
        self.assertEqual(self._find(), {self.accounts[1]: 1714.34})

    def test_who_owed_nothing_is_not_found(self):
        for balance in self.accounts[0].balance_ids:
            balance.paid = balance.due
        self.assertNotIn(self.accounts[0], self._find())

    def test_one_receipt_needs_a_reason(self):
        self._charge(self.accounts[0])
        action = (
            self.env["epd.receipt.preview"]
            .with_user(self.operator)
            ._open_for(account=self.account, period=self.april, form="epd")
        )
        page = self.account.env["epd.receipt.preview"].browse(action["res_id"])
        self.assertAlmostEqual(page.missing_balance, 1714.34)
        with self.assertRaisesRegex(UserError, "1.714,34"):
            page.action_save()
        self.assertFalse(self.account.document_ids)
        page.waiver_reason = "Долг погашен"
        page.action_save()
        self.assertEqual(self.account.document_ids.period_id, self.april)
        self.assertIn("Долг погашен", self.account.message_ids[0].body)

    def test_the_dialog_offers_forms_and_periods_and_saves_what_it_shows(self):
        action = self.account.action_preview_receipt()
        page = self.account.env["epd.receipt.preview"].browse(action["res_id"])
        form = Form(page)
        form.new_form = "capital_repair"
        form.save()
        with self.assertRaisesRegex(UserError, "Show|Показать"):
            page.action_save()
        shown = page.browse(page.action_show_choice()["res_id"])
        self.assertEqual((shown.form, shown.period_id), ("capital_repair", self.period))
        shown.action_save()
        document = self.account.document_ids
        self.assertEqual(document.form, "capital_repair")
        shown.invalidate_recordset(["saved_text"])
        self.assertIn(document.name, shown.saved_text)
        self._charge(self.accounts[0], with_balances=True)
        shown.new_period_id = self.april
        later = page.browse(shown.action_show_choice()["res_id"])
        self.assertEqual(later.period_id, self.april)

    def test_no_period_of_another_company(self):
        company = self.env["res.company"].create({"name": "Чужая"})
        theirs = self.env["epd.billing.period"].create(
            {"company_id": company.id, "date_start": date(2026, 3, 1)}
        )
        self.operator.company_ids = [Command.link(company.id)]
        action = self.account.action_preview_receipt()
        page = self.account.env["epd.receipt.preview"].browse(action["res_id"])
        page = page.with_context(allowed_company_ids=self.operator.company_ids.ids)
        page.new_period_id = theirs
        with self.assertRaisesRegex(UserError, "company|организации"):
            page.action_show_choice()

    def test_unpaid_is_added_up_over_payees(self):
        """Of 12 accounts with a debt at the start, 11 had paid it, and one owed two payees a little."""
        for account, opening, paid in (
            (self.accounts[0], (700, 0), (700, 0)),  # paid since
            (self.accounts[1], (300, 300), (0, 0)),  # together
            (self.accounts[2], (900, -900), (0, 0)),  # an advance pays no other
            (self.accounts[3], (499, 0), (0, 0)),
        ):
            for balance, owed, given in zip(account.balance_ids, opening, paid, strict=True):
                balance.write({"opening": owed, "paid": given})
        entry = self.env["epd.account.list"].create({"name": "Долг от 500", "debt_from": 500})
        found = self.env["epd.personal.account"].search(entry._get_domain(self.period))
        self.assertEqual(found, self.accounts[1:3])
        self.assertTrue(entry._explain(self.accounts[0].id, self.period.id))
        self.assertFalse(entry._explain(self.accounts[1].id, self.period.id))
