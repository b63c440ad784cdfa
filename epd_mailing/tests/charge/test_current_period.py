from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from ..common import EpdCommon


@tagged("post_install", "-at_install")
class TestCurrentPeriod(EpdCommon):
    """Where the office stands: the first month by itself, any other by a button."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.office = cls.env["res.company"].create({"name": "Новая контора"})
        cls.clerk = new_test_user(
            cls.env,
            "epd_new_clerk",
            "base.group_user,epd_mailing.group_epd_operator",
            company_id=cls.office.id,
            company_ids=[(6, 0, cls.office.ids)],
        )
        cls.desk = cls.env(
            user=cls.clerk, context={**cls.env.context, "allowed_company_ids": cls.office.ids}
        )
        cls.periods = cls.desk["epd.billing.period"]

    def open_periods(self, *starts):
        return self.periods.create([{"date_start": start} for start in starts])

    def step_to(self, period):
        return self.desk["epd.period.step"].create({"period_id": period.id})

    def test_the_first_period_is_current_by_itself(self):
        self.assertFalse(self.office.epd_current_period_id)
        may, june = self.open_periods("2026-05-01", "2026-06-01")
        self.assertEqual(self.office.epd_current_period_id, may)
        self.assertEqual((may | june).filtered("is_current"), may)
        july = self.open_periods("2026-07-01")
        self.assertEqual(self.office.epd_current_period_id, may)
        self.assertEqual(self.periods.search([("is_current", "=", True)]), may)
        self.assertEqual(self.periods.search([("is_current", "!=", True)]), july | june)

    def test_any_day_opens_its_month_and_the_next_is_offered(self):
        with Form(self.periods) as form:
            form.date_start = "2026-05-17"
        self.assertEqual(form.record.date_start, fields.Date.to_date("2026-05-01"))
        self.assertEqual(str(Form(self.periods).date_start), "2026-06-01")

    def test_forth_and_back(self):
        may, june = self.open_periods("2026-05-01", "2026-06-01")
        self.step_to(june).action_confirm()
        self.assertEqual(self.office.epd_current_period_id, june)
        self.step_to(may).action_confirm()
        self.assertEqual(self.office.epd_current_period_id, may)

    def test_nobody_moves_another_company(self):
        foreign = self.env["epd.billing.period"].search(
            [("company_id", "!=", self.office.id)], limit=1
        )
        before = foreign.company_id.epd_current_period_id
        with self.assertRaises(AccessError):
            self.step_to(foreign).action_confirm()
        with self.assertRaises(UserError):
            self.desk["epd.period.step"].create({}).action_confirm()
        self.assertEqual(foreign.company_id.epd_current_period_id, before)

    def test_what_is_open_is_said_before(self):
        period = self.env.company.epd_current_period_id
        charged = self.env["epd.charge"].search([("period_id", "=", period.id)]).account_id
        step = self.env["epd.period.step"].create({"period_id": period._get_following().id})
        saved = self.env["epd.payment.document"].search(
            [("period_id", "=", period.id), ("state", "=", "saved")]
        )
        bare = len(charged - saved.account_id)
        self.assertTrue(bare)
        self.assertIn(f": {bare}.", step.open_text)
        self.assertEqual(step.current_id, period)
        may, june = self.open_periods("2026-05-01", "2026-06-01")
        self.assertFalse(self.step_to(june).open_text)
        self.assertEqual(self.step_to(june).current_id.id, may.id)

    def test_from_a_run_nothing_is_made_before_the_answer(self):
        period = self.env.company.epd_current_period_id
        run = self.env["epd.billing.run"].create({"period_id": period.id})
        following = [("date_start", "=", period._get_following_start())]
        self.env["epd.billing.period"].search(following).unlink()
        action = run.action_ask_next_period()
        step = self.env[action["res_model"]].with_context(**action["context"]).create({})
        self.assertEqual(step.target_name, run.next_period_name)
        self.assertFalse(self.env["epd.billing.period"].search(following))
        opened = self.env["epd.billing.run"].browse(step.action_confirm()["res_id"])
        self.assertEqual(opened.period_id, self.env.company.epd_current_period_id)
        self.assertTrue(opened.is_current_period)
