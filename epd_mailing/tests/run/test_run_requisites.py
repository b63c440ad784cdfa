"""A run whose payees' requisites are not those of the last documents."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..common import EpdCommon, run_migration


@tagged("post_install", "-at_install", "epd_mailing")
class TestRunRequisites(EpdCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.journal = cls.env["epd.payee.requisites"]
        cls.month_run = cls.env["epd.billing.run"].create(
            {
                "period_id": cls.period.id,
                "list_ids": [(6, 0, cls.env.ref("epd_mailing.account_list_all_open").ids)],
                "mode": "all",
                "reason": "Проверка",
            }
        )

    def _save(self, accounts=None, mode="all"):
        documents = self.env["epd.payment.document"].sudo()
        return documents._form_documents(accounts or self.accounts, self.period, "epd", mode)

    def _change(self, name="ООО «Ромашка»"):
        self.office_payee.with_user(self.manager).epd_payee_name = name

    def test_the_first_documents_want_nobody(self):
        self.assertFalse(self.journal._find_changes(self.company, self.office_payee))
        outcome = self._save()
        self.assertFalse([problem for _doc, problem in outcome.values() if problem])
        rows = self.journal.search([("company_id", "=", self.company.id)])
        self.assertEqual(rows.payee_id, self.office_payee | self.repair_payee)
        self.assertTrue(all(rows.mapped("accepted_at")))
        self.assertFalse(rows.accepted_by)

    def test_a_change_stops_the_run_until_a_manager_confirms(self):
        self._save()
        self._change()
        run = self.month_run.with_user(self.operator)
        with self.assertRaises(UserError) as caught:
            run.action_prepare()
        text = str(caught.exception)
        for part in (
            "ООО «УК Тест»",
            "ООО «Ромашка»",
            self.office_payee.acc_number,
            self.manager.name,
        ):
            self.assertIn(part, text)
        self.assertEqual(self.month_run.state, "draft")
        outlook = run.env["epd.run.outlook"].browse(run.action_confirm_prepare()["res_id"])
        self.assertTrue(outlook.is_blocked)
        self.assertIn("ООО «Ромашка»", outlook.requisites_text)
        with self.assertRaises(UserError):
            outlook.action_confirm()
        with self.assertRaises(AccessError):
            outlook.action_confirm_requisites()
        theirs = self.month_run.with_user(self.manager)
        outlook = self.env["epd.run.outlook"].browse(theirs.action_confirm_prepare()["res_id"])
        outlook = outlook.with_user(self.manager)
        outlook.action_confirm_requisites()
        self.assertFalse(outlook.is_blocked)
        self.assertEqual(self.month_run.requisites_confirmed_by, self.manager)
        self.assertTrue(self.month_run.requisites_confirmed_at)
        self.assertIn("ООО «Ромашка»", self.month_run.message_ids[:1].body)
        run.action_prepare()
        self.assertEqual(self.month_run.state, "preparing")
        self.assertFalse([problem for _doc, problem in self._save().values() if problem])

    def test_the_page_is_of_what_was_shown(self):
        self._save()
        self._change()
        theirs = self.month_run.with_user(self.manager)
        outlook = self.env["epd.run.outlook"].with_user(self.manager)
        outlook = outlook.browse(theirs.action_confirm_prepare()["res_id"])
        self._change("ООО «Лютик»")
        with self.assertRaises(UserError):
            outlook.action_confirm_requisites()
        self.assertFalse(self.month_run.requisites_confirmed_at)

    def test_no_other_door_saves_them(self):
        """One receipt from the account, a slice of a run that had begun: the writer refuses."""
        self._save()
        self._change()
        for mode in ("all", "changed"):
            for document, problem in self._save(mode=mode).values():
                self.assertFalse(document)
                self.assertEqual(problem["code"], "requisites_changed")
        following = self.period._get_following()
        self._make_charges(self.accounts[0], following)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.accounts[0].with_user(self.operator)._save_receipt(following, "epd")
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.office_payee.with_user(self.operator).action_epd_confirm_requisites()
        payee = self.office_payee.with_user(self.manager)
        self.assertIn("ООО «Ромашка»", payee.epd_requisites_change)
        payee.action_epd_confirm_requisites()
        payee.invalidate_recordset()
        self.assertFalse(payee.epd_requisites_change)
        self.accounts[0].with_user(self.operator)._save_receipt(following, "epd")

    def test_there_and_back_again(self):
        """A false payee between two right ones leaves its trace, and each step was confirmed."""
        self._save()
        self._change()
        self.month_run.with_user(self.manager).action_confirm_requisites()
        self._save()
        self._change(False)
        self.assertEqual(self._save()[self.accounts[0].id][1]["code"], "requisites_changed")

    def test_past_the_program(self):
        self._save()
        self.env.cr.execute("UPDATE res_bank SET bic = '049205111' WHERE id = %s", (self.bank.id,))
        self.env.invalidate_all()
        with self.assertRaises(UserError) as caught:
            self.month_run.with_user(self.operator).action_prepare()
        self.assertIn("049205999", str(caught.exception))
        self.assertIn("049205111", str(caught.exception))

    def test_a_payee_that_no_provision_names(self):
        """An operator enters a balance paid to a stranger's account: nobody's paper goes there."""
        self._save()
        stranger = self.env["res.partner.bank"].create(
            {
                "acc_number": "40702810900000006666",
                "bank_id": self.bank.id,
                "partner_id": self.env["res.partner"].create({"name": "ООО «Ромашка»"}).id,
            }
        )
        self.env["epd.account.balance"].with_user(self.operator).create(
            {
                "account_id": self.accounts[0].id,
                "period_id": self.period.id,
                "payee_id": stranger.id,
                "opening": 100,
            }
        )
        outcome = self._save()
        self.assertEqual(outcome[self.accounts[0].id][1]["code"], "requisites_changed")
        self.assertFalse(outcome[self.accounts[1].id][1])
        with self.assertRaises(UserError):
            self.month_run.with_user(self.operator).action_prepare()

    def test_the_confirmation_is_the_programs_to_write(self):
        for user in (self.operator, self.manager):
            with self.assertRaises(UserError):
                self.month_run.with_user(user).write({"requisites_confirmed_by": user.id})
            with self.assertRaises(AccessError):
                self.journal.with_user(user).create(
                    {
                        "company_id": self.company.id,
                        "payee_id": self.office_payee.id,
                        "requisites": "{}",
                    }
                )

    def test_a_manager_of_another_company_confirms_nothing(self):
        self._save()
        self._change()
        other = self.env["res.company"].create({"name": "ООО «Чужая УК»"})
        self.manager.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        changes = self.journal._find_changes(self.company, self.office_payee)
        with self.assertRaises(AccessError):
            self.journal.with_user(self.manager)._confirm(self.company, changes)

    def test_the_update_takes_the_last_documents_as_confirmed(self):
        """A payee changed before the update is found at the first run after it."""
        self._save()
        self.env.cr.execute("DELETE FROM epd_payee_requisites")
        self.env.cr.execute(
            "UPDATE res_partner SET company_id = NULL WHERE id = ANY(%s)",
            (self.accounts.partner_id.ids,),
        )
        self.env.cr.execute(
            "UPDATE res_partner_bank SET acc_number = '40702810900000006666',"
            " sanitized_acc_number = '40702810900000006666' WHERE id = %s",
            (self.office_payee.id,),
        )
        self.env.invalidate_all()
        run_migration(self.env, "19.0.1.2.0/post-payees.py", "19.0.1.1.0")
        self.assertEqual(self.accounts.partner_id.company_id, self.company)
        changes = self.journal._find_changes(self.company, self.office_payee | self.repair_payee)
        self.assertEqual([change.payee for change in changes], [self.office_payee])
        self.assertEqual(changes[0].before["personal_acc"], "40702810900000001234")

    def _make_another_payee(self):
        return (
            self.env["res.partner.bank"]
            .with_user(self.manager)
            .create(
                {
                    "acc_number": "40702810900000007777",
                    "bank_id": self.bank.id,
                    "partner_id": self.env["res.partner"].create({"name": "ООО «Ромашка»"}).id,
                }
            )
        )

    def _get_problems(self):
        """Return the codes of what keeps the first account without a document."""
        outcome = self._save(self.accounts[0])
        codes = set()
        for _document, found in outcome.values():
            problems = found if isinstance(found, list) else [found] if found else []
            codes |= {problem["code"] for problem in problems}
        return codes

    def _give_by_write(self, provision, payee):
        provision.payee_id = payee

    def _give_by_dates(self, provision, payee):
        provision.date_to = "2026-02-28"
        provision.copy({"payee_id": payee.id, "date_from": "2026-03-01", "date_to": False})

    def _give_anew(self, provision, payee):
        values = provision.copy_data({"payee_id": payee.id})
        provision.unlink()
        self.env["epd.service.provision"].with_user(self.manager).create(values)

    def test_a_payee_in_anothers_place_is_said(self):
        """However the provision gets it: no document was saved with that account before."""
        provision = self.env["epd.service.provision"].search(
            [("service_id", "=", self.service_repair.id)]
        )
        self._save()
        balances = self.env["epd.account.balance"].search([("payee_id", "=", self.repair_payee.id)])
        for give in (self._give_by_write, self._give_by_dates, self._give_anew):
            with self.subTest(give.__name__), self.cr.savepoint(flush=True) as point:
                payee = self._make_another_payee()
                give(provision.with_user(self.manager), payee)
                balances.payee_id = payee
                with self.assertRaises(UserError) as caught:
                    self.month_run.with_user(self.operator).action_prepare()
                for part in ("ООО «Ромашка»", payee.acc_number, self.manager.name):
                    self.assertIn(part, str(caught.exception))
                self.assertIn("requisites_changed", self._get_problems())
                self.month_run.with_user(self.manager).action_confirm_requisites()
                self.assertFalse(self.journal._find_changes(self.company, payee))
                self.assertFalse(self._get_problems())
                point.rollback()
                self.env.invalidate_all()

    def test_a_payee_of_a_new_service_wants_nobody(self):
        self._save()
        service = self.service_water.copy({"code": "77", "name": "Домофон"})
        self.env["epd.service.provision"].with_user(self.manager).create(
            {
                "building_id": self.building.id,
                "service_id": service.id,
                "provider_id": self.company.partner_id.id,
                "payee_id": self._make_another_payee().id,
            }
        )
        self.month_run.with_user(self.operator)._check_requisites()
