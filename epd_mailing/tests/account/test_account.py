from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from ..common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestAccount(EpdCommon):
    def _refused(self, error, model, vals):
        with self.assertRaises(error), self.assertNoLogs("odoo.sql_db"), self.cr.savepoint():
            self.env[model].with_user(self.operator).create(vals)

    def _account_vals(self, **more):
        return {"number": "555", "building_id": self.building.id, **more}

    def test_duplicate_number(self):
        self._refused(ValidationError, "epd.personal.account", self._account_vals(number="00100"))

    def test_number_too_long_or_empty(self):
        for number in ("1" * 31, "--", " 7"):
            self._refused(
                ValidationError, "epd.personal.account", self._account_vals(number=number)
            )

    def test_negative_area(self):
        self._refused(ValidationError, "epd.personal.account", self._account_vals(area=-1))

    def test_period_twice(self):
        vals = {"date_start": "2026-03-01", "company_id": self.company.id}
        self._refused(ValidationError, "epd.billing.period", vals)

    def test_malformed_email_typed_by_hand(self):
        for email in ("nobody", "a@", "a b@example.com x"):
            vals = {"account_id": self.accounts[0].id, "email": email}
            self._refused(ValidationError, "epd.delivery.address", vals)

    def test_dates_by_law(self):
        self.assertEqual(str(self.period.present_by), "2026-04-05")
        self.assertEqual(str(self.period.pay_by), "2026-04-15")
        before = self.env["epd.billing.period"].create(
            {"date_start": "2026-02-01", "company_id": self.company.id}
        )
        self.assertEqual((str(before.present_by), str(before.pay_by)), ("2026-03-01", "2026-03-10"))
        self.assertEqual(before._get_following(), self.period)

    def test_address_follows_the_person(self):
        account = self.accounts[0]
        self.assertEqual(account.address_ids.email_normalized, "ivanov@example.com")
        account.partner_id.email = "new@example.com"
        self.assertEqual(account.address_ids.email_normalized, "new@example.com")
        self.accounts[3].partner_id.email = "late@example.com"
        self.assertEqual(self.accounts[3].address_ids.email_normalized, "late@example.com")

    def test_new_owner_never_shares_the_old_address(self):
        account = self.accounts[0]
        old = account.address_ids
        manual = self.env["epd.delivery.address"].create(
            {"account_id": account.id, "email": "second@example.com"}
        )
        account.partner_id = self.accounts[1].partner_id
        self.assertEqual((old | manual).mapped("state"), ["closed", "closed"])
        live = account.address_ids.filtered("can_receive")
        self.assertEqual(live.email_normalized, "petrova@example.com")
        old.partner_id.email = "moved@example.com"
        self.assertEqual(old.email, "ivanov@example.com", "a closed address stays what it was")

    def test_consents_are_only_added(self):
        account = self.accounts[0]
        consent = self.env["epd.delivery.consent"].create(
            {"account_id": account.id, "basis": "Заявление № 1", "date": "2026-01-10"}
        )
        self.assertEqual(account.consent_state, "instead")
        with self.assertRaises(UserError):
            consent.basis = "другое"
        with self.assertRaises(UserError):
            consent.unlink()
        consent.create(
            {
                "account_id": account.id,
                "basis": "Отзыв",
                "action": "withdrawn",
                "date": "2026-02-01",
            }
        )
        self.assertEqual(account.consent_state, "withdrawn")

    def test_who_gets_paper(self):
        account = self.accounts[0]
        self.assertTrue(account._wants_paper(), "no consent: a letter and paper")
        self.env["epd.delivery.consent"].create({"account_id": account.id, "basis": "Заявление"})
        self.assertFalse(account._wants_paper())
        account.channel = "both"
        self.assertTrue(account._wants_paper())
        self.assertTrue(self.accounts[3]._wants_paper(), "no address")

    def test_lists(self):
        lists = self.env["epd.account.list"]
        every = self.env.ref("epd_mailing.account_list_all_open")
        mail = self.env.ref("epd_mailing.account_list_by_email")
        self.assertEqual(lists._get_accounts(every, self.period), self.accounts)
        self.assertEqual(lists._get_accounts(mail, self.period), self.accounts[:3])
        self.assertEqual(lists._get_accounts(every | mail, self.period), self.accounts)
        self.accounts[1].date_close = "2026-02-28"
        self.assertNotIn(self.accounts[1], lists._get_accounts(every, self.period))
        rule = lists.create({"name": "Две", "premises_from": 2, "premises_to": 3})
        self.accounts[1].date_close = False
        self.assertEqual(lists._get_accounts(rule, self.period), self.accounts[1:3])
        fixed = lists.create({"name": "Одна", "kind": "fixed", "account_ids": self.accounts[3].ids})
        self.assertEqual(lists._get_accounts(fixed, self.period), self.accounts[3])

    def test_state_guards_over_the_orm(self):
        address = self.accounts[0].address_ids.with_user(self.operator)
        with self.assertRaises(UserError):
            address.write({"state": "bounced"})
        with self.assertRaises(UserError):
            self.env["epd.mailing"].with_user(self.operator).create({"state": "done"})
        address._lose("bounced", "err_user_unknown")
        self.assertEqual(address.state, "bounced")
        self.assertIn("Address lost", address.account_id.activity_ids.summary)
        address.action_reopen()
        self.assertEqual(address.state, "active")
        address.action_close()
        with self.assertRaises(UserError):
            address.action_reopen()

    def test_overlapping_provision(self):
        vals = {
            "building_id": self.building.id,
            "service_id": self.service_water.id,
            "provider_id": self.company.partner_id.id,
            "payee_id": self.office_payee.id,
            "date_from": "2026-01-01",
        }
        with self.assertRaises(ValidationError):
            self.env["epd.service.provision"].create(vals)
