from unittest.mock import patch

import psycopg2
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.mailing import epd_mailing_filling
from ..sending_common import SendingCommon

WORK = "odoo.addons.epd_mailing.models.base.epd_background_work"
BUDGET = "odoo.addons.epd_mailing.tools.work_budget"


@tagged("post_install", "-at_install", "epd_mailing")
class TestMailingFill(SendingCommon):
    """Letters of a big run are written in the background, slice after slice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["epd.message.template"].create(
            {
                "name": "Квитанция",
                "company_id": cls.company.id,
                "subject": "Документ за {{ period }}, счёт {{ account_number }}",
                "body": "<p>{{ payer_name }}</p>",
            }
        )
        cls.run_ = cls.env["epd.billing.run"].create(
            {
                "period_id": cls.period.id,
                "company_id": cls.company.id,
                "list_ids": [(6, 0, cls.env.ref("epd_mailing.account_list_all_open").ids)],
            }
        )
        cls.run_._add_accounts()

    def setUp(self):
        super().setUp()
        self.patch(epd_mailing_filling, "AT_ONCE", 2)

    def _make(self):
        run = self.run_.with_user(self.operator)
        mailing = self.env["epd.mailing"].browse(run.action_make_mailing()["res_id"])
        return mailing.with_user(self.operator)

    def _fill(self):
        with self.enter_registry_test_mode():
            self.env.ref("epd_mailing.ir_cron_fill").method_direct_trigger()
        self.env.invalidate_all()

    def _documents(self, mailing):
        return sorted(mailing.letter_ids.document_id.ids)

    def test_few_are_written_at_once(self):
        self.patch(epd_mailing_filling, "AT_ONCE", 4)
        mailing = self._make()
        self.assertFalse(mailing.is_filling)
        self.assertEqual(self._documents(mailing), sorted(self.documents.ids))

    def test_many_are_written_in_the_background(self):
        mailing = self._make()
        self.assertTrue(mailing.is_filling)
        self.assertEqual((mailing.fill_total, mailing.fill_left), (4, 4))
        self.assertFalse(mailing.letter_ids)
        self._fill()
        self.assertFalse(mailing.is_filling or mailing.fill_left)
        self.assertEqual(mailing.fill_progress, 100)
        self.assertEqual(self._documents(mailing), sorted(self.documents.ids))
        self.assertEqual((mailing.pending_count, mailing.skipped_count), (3, 1))
        self.assertIn("3", mailing.message_ids[0].body)
        self._fill()
        self.assertEqual(mailing.letter_count, 4)

    def test_it_begins_when_all_letters_are_there(self):
        mailing = self._make()
        mailing.action_send()
        self.env["epd.mailing.sender"]._start_due()
        self.assertEqual(mailing.state, "scheduled")
        mailing.action_pause()
        mailing.action_resume()
        self.assertEqual(mailing.state, "scheduled")
        self._fill()
        self.env["epd.mailing.sender"]._start_due()
        self.assertEqual((mailing.state, mailing.pending_count), ("sending", 3))

    def test_stop_and_go_on(self):
        mailing = self._make()
        slices = []

        def one_slice(mailing):
            if slices:
                mailing.action_stop_filling()
                return 0
            slices.append(1)
            return fill_slice(mailing)

        fill_slice = type(mailing)._work_slice
        self.patch(type(mailing), "_work_slice", one_slice)
        self._fill()
        self.assertFalse(mailing.is_filling)
        self.assertEqual((mailing.fill_left, mailing.letter_count), (2, 2))
        self.assertTrue(mailing.fill_problem)
        with self.assertRaisesRegex(UserError, "Go On Writing|Дописать"):
            mailing.action_send()
        self.patch(type(mailing), "_work_slice", fill_slice)
        mailing.action_go_on_filling()
        self.assertTrue(mailing.is_filling)
        self.assertFalse(mailing.fill_problem)
        self._fill()
        self.assertEqual(self._documents(mailing), sorted(self.documents.ids))
        self.assertEqual(mailing.letter_count, 4)

    def test_a_pass_that_runs_out_wakes_the_next(self):
        mailing = self._make()
        triggers = self.env["ir.cron.trigger"]
        domain = [("cron_id", "=", self.env.ref("epd_mailing.ir_cron_fill").id)]
        triggers.search(domain).unlink()
        with patch(f"{BUDGET}.RUN_WALL", -1):
            self._fill()
        self.assertTrue(mailing.is_filling)
        self.assertFalse(mailing.letter_ids)
        self.assertTrue(triggers.search(domain))

    def test_a_fault_says_why_and_stops_no_other(self):
        mailing, other = self._make(), self._make()
        fill_slice = type(mailing)._work_slice

        def fault(record):
            if record.id == mailing.id:
                raise ValueError("x")
            return fill_slice(record)

        self.patch(type(mailing), "_work_slice", fault)
        with mute_logger(WORK):
            self._fill()
        self.assertFalse(mailing.is_filling)
        self.assertIn("ValueError", mailing.fill_problem)
        self.assertEqual(other.letter_count, 4)

    def test_a_lost_transaction_waits_for_the_next_pass(self):
        mailing = self._make()
        lost = psycopg2.OperationalError("gone")
        with patch.object(type(mailing), "_work_slice", side_effect=lost), mute_logger(WORK):
            self._fill()
        self.assertTrue(mailing.is_filling)
        self._fill()
        self.assertEqual(mailing.letter_count, 4)

    def test_a_cancelled_one_is_not_filled(self):
        mailing = self._make()
        mailing.action_cancel()
        self._fill()
        self.assertFalse(mailing.letter_ids)
        mailing.action_go_on_filling()
        self.assertFalse(mailing.is_filling)

    def test_programs_are_told(self):
        api = self.env["epd.api"].with_user(self.operator).with_company(self.company)
        self.run_._unlocked().write({"state": "done"})
        made = api.make_mailing("key", self.run_.id)
        self.assertEqual((made["documents_waiting"], made["letter_count"]), (4, 0))
        self.assertEqual(api.send_mailing(made["mailing"])["state"], "scheduled")
        self._fill()
        told = api.get_mailing(made["mailing"])
        self.assertEqual((told["documents_waiting"], told["pending_count"]), (0, 3))

    def test_only_the_program_says_what_is_written(self):
        mailing = self._make()
        for name in ("is_filling", "fill_left", "fill_after"):
            with self.assertRaises(UserError):
                mailing.write({name: 0})
