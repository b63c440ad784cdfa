import os
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import config

from ...models.base import cron_health
from ..common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestHealth(EpdCommon):
    """Each fault is provoked for real: the row, the setting or the file that it is about."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.country_id = cls.env.ref("base.ru")
        cls.checks = cls.env["epd.health.check"].with_user(cls.manager)
        # a database at work: every job ran a moment ago
        cls.env["ir.cron"].search([]).write(
            {
                "nextcall": fields.Datetime.now() + timedelta(minutes=1),
                "lastcall": fields.Datetime.now(),
            }
        )
        cls.env["ir.config_parameter"].set_param("web.base.url", "https://uk.example.com")

    def _problems(self):
        self.env.invalidate_all()
        return self.checks._find_problems(self.company)

    def test_nothing_is_wrong(self):
        self.assertEqual(self._problems(), {})
        rows = self.checks.search([("company_id", "=", self.company.id)])
        self.assertEqual(set(rows.mapped("state")), {"ok"})
        self.assertGreaterEqual(len(rows), 7)

    def test_country_currency_and_zone(self):
        self.company.write(
            {
                "country_id": self.env.ref("base.de").id,
                "currency_id": self.env.ref("base.EUR").id,
                "epd_tz": False,
            }
        )
        problems = self._problems()
        self.assertEqual(set(problems), {"country", "currency", "zone"})
        self.assertIn("EUR", problems["currency"])
        # the button of each opens the window that corrects all three
        row = self.checks.search([("company_id", "=", self.company.id), ("code", "=", "currency")])
        self.assertTrue(row.can_mend)
        self.assertEqual(row.action_mend()["res_model"], "epd.setup.office")
        office = self.env["epd.setup.office"].with_user(self.manager)
        office.create({"city": "г. Казань"}).action_save()
        self.assertEqual(self._problems(), {})

    def test_a_private_address_matters_with_a_link_or_a_webhook(self):
        self.env["ir.config_parameter"].set_param("web.base.url", "http://192.168.1.10:8069")
        self.assertEqual(self._problems(), {})
        template = self.env["epd.message.template"].create(
            {"name": "Со ссылкой", "subject": "x", "body": "{{ document_link }}"}
        )
        self.assertIn("192.168.1.10", self._problems()["address"])
        template.active = False
        self.assertEqual(self._problems(), {})
        account = self.env["epd.unisender.account"].create(
            {"name": "a@example.com", "sender_name": "УК", "sender_email": "b@example.com"}
        )
        account._unlocked().write({"webhook_state": "on"})
        self.assertIn("192.168.1.10", self._problems()["address"])

    def test_a_job_that_is_off(self):
        self.env.ref("epd_mailing.ir_cron_prepare").active = False
        self.assertEqual(set(self._problems()), {"crons_off"})
        run = self.env["epd.billing.run"].create({"period_id": self.period.id})
        self.assertFalse(run.stall_reason)
        run._unlocked()._move("preparing")
        self.env.invalidate_all()
        self.assertTrue(run.with_user(self.operator).stall_reason)
        # other work goes on
        order = self.env["epd.paper.batch"].create({"period_id": self.period.id})
        order._unlocked()._move("building")
        self.assertFalse(order.stall_reason)

    def test_no_worker_is_alive(self):
        hour = fields.Datetime.now() - timedelta(hours=1)
        self.env["ir.cron"].search([]).write({"nextcall": hour, "lastcall": hour})
        self.env["ir.cron.progress"].search([]).unlink()
        run = self.env["epd.billing.run"].create({"period_id": self.period.id})
        run._unlocked()._move("preparing")
        with patch.dict(config.options, {"max_cron_threads": 0}):
            self.assertEqual(set(self._problems()), {"no_worker"})
            self.assertIn("max_cron_threads", run.stall_reason)
        with patch.dict(config.options, {"max_cron_threads": 2}):
            # a server that has just started is given its time
            with patch.object(cron_health, "STARTED", cron_health.time.monotonic()):
                self.assertEqual(self._problems(), {})
            with patch.object(cron_health, "STARTED", cron_health.time.monotonic() - 3600):
                self.assertEqual(set(self._problems()), {"no_worker"})
            # whoever is in the middle of a long job is alive
            self.env["ir.cron.progress"].create(
                {"cron_id": self.env.ref("epd_mailing.ir_cron_import").id}
            )
            self.assertEqual(self._problems(), {})
            self.assertFalse(run.stall_reason)

    def test_the_mailing_and_the_page_before_saving_say_it_too(self):
        self.env.ref("epd_mailing.ir_cron_send").active = False
        mailing = self.env["epd.mailing"].create({"subject": "Тема", "body": "x"})
        self.assertFalse(mailing.stall_reason)
        mailing._unlocked()._move("scheduled")
        self.env.invalidate_all()
        self.assertTrue(mailing.with_user(self.operator).stall_reason)
        self.env.ref("epd_mailing.ir_cron_outlook").active = False
        run = self.env["epd.billing.run"].create({"period_id": self.period.id})
        page = self.env["epd.run.outlook"].create({"run_id": run.id, "operation": "prepare"})
        page._unlocked().write({"state": "looking"})
        self.env.invalidate_all()
        self.assertTrue(page.stall_reason)

    def test_found_by_what_the_panel_calls_it(self):
        self.assertEqual(self.checks.search([("name", "ilike", "CURRENCY")])[:1].code, "currency")
        self.assertFalse(self.checks.search([("name", "ilike", "no such thing")]))

    def test_no_converter(self):
        self.company.epd_print_engine = "wkhtmltopdf"
        with patch.dict(os.environ, {"WKHTMLTOPDF": "/nowhere/wkhtmltopdf"}):
            self.assertEqual(set(self._problems()), {"engine"})

    def test_what_only_the_administrator_corrects(self):
        self.env.ref("epd_mailing.ir_cron_send").active = False
        row = self.checks.search([("company_id", "=", self.company.id), ("code", "=", "crons_off")])
        self.assertFalse(row.can_mend)
        with self.assertRaises(UserError):
            row.action_mend()
        boss = self.env.ref("base.user_admin")
        boss.company_ids += self.company
        action = row.with_user(boss).action_mend()
        self.assertEqual(action["res_model"], "ir.cron")

    def test_operators_see_it_and_correct_nothing(self):
        self.company.epd_tz = False
        row = self.checks.with_user(self.operator).search(
            [("company_id", "=", self.company.id), ("code", "=", "zone")]
        )
        self.assertTrue(row.problem)
        self.assertFalse(row.can_mend)
        with self.assertRaises(UserError):
            row.action_mend()
