from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..tools import receipt_pdf
from .common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestBillingRun(EpdCommon):
    def setUp(self):
        super().setUp()
        self.cron = self.env.ref("epd_mailing.ir_cron_prepare")

    def _run(self, **more):
        return self.env["epd.billing.run"].with_user(self.operator).create(
            {
                "period_id": self.period.id,
                "list_ids": [(6, 0, self.env.ref("epd_mailing.account_list_all_open").ids)],
                **more,
            }
        )

    def _work(self):
        with self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.env.invalidate_all()

    def test_a_run_saves_every_account(self):
        run = self._run()
        run.action_prepare()
        self.assertEqual((run.state, run.account_count, run.pending_count), ("preparing", 4, 4))
        self._work()
        self.assertEqual((run.state, run.saved_count, run.progress), ("done", 4, 100))
        self.assertEqual(run.document_ids.account_id, self.accounts)
        self.assertEqual(run.document_ids.saved_by, self.operator)

    def test_one_bad_account_does_not_stop_the_rest(self):
        self.accounts[1].balance_ids[0].charged += 5
        self.accounts[2].charge_ids.unlink()
        self.accounts[2].balance_ids.unlink()
        run = self._run()
        run.action_prepare()
        self._work()
        self.assertEqual(
            (run.state, run.saved_count, run.error_count, run.skipped_count), ("done", 2, 1, 1)
        )
        bad = run.line_ids.filtered(lambda line: line.state == "error")
        self.assertEqual((bad.account_id, bad.problem_code), (self.accounts[1], "charged_differs"))
        self.assertIn("1", bad.problem_text)
        self.accounts[1].balance_ids[0].charged -= 5
        run.action_retry_errors()
        self._work()
        self.assertEqual((run.state, run.saved_count, run.error_count), ("done", 3, 0))

    def test_a_fault_in_a_slice_hits_its_own_account_only(self):
        documents = type(self.env["epd.payment.document"])
        original = documents._snapshot_account
        culprit = self.accounts[0]

        def broken(self, account, *args):
            if account == culprit:
                raise ZeroDivisionError
            return original(self, account, *args)

        run = self._run()
        run.action_prepare()
        with (
            patch.object(documents, "_snapshot_account", broken),
            mute_logger("odoo.addons.epd_mailing.models.epd_billing_run_work"),
        ):
            self._work()
        self.assertEqual((run.saved_count, run.error_count, run.state), (3, 1, "done"))

    def test_repeated_runs_change_nothing_unless_told(self):
        self._run().action_prepare()
        self._work()
        again = self._run()
        again.action_prepare()
        self._work()
        self.assertEqual((again.saved_count, again.skipped_count), (0, 4))
        charge = self.accounts[0].charge_ids[0]
        charge.explanation = "Уточнено"
        changed = self._run(mode="changed")
        changed.action_prepare()
        self._work()
        self.assertEqual((changed.saved_count, changed.skipped_count), (1, 3))
        every = self._run(mode="all")
        with self.assertRaises(UserError):
            every.action_prepare()
        every.reason = "Новые реквизиты"
        every.action_prepare()
        self._work()
        self.assertEqual(every.saved_count, 4)
        self.assertEqual(max(every.document_ids.mapped("version")), 3)

    def test_stop_go_on_and_cancel(self):
        run = self._run()
        run.action_prepare()
        run.action_stop()
        self._work()
        self.assertEqual((run.state, run.saved_count), ("paused", 0))
        run.action_resume()
        self._work()
        self.assertEqual(run.state, "done")
        with self.assertRaises(UserError):
            run.action_cancel()

    def test_missing_program_pauses_with_the_reason(self):
        run = self._run()
        run.action_prepare()
        engine = receipt_pdf.WkhtmltopdfEngine("/nothing/wkhtmltopdf")
        documents = type(self.env["epd.payment.document"])
        with (
            patch.object(documents, "_get_engine", lambda self: engine),
            mute_logger("odoo.addons.epd_mailing.models.epd_billing_run_work"),
        ):
            self._work()
            with self.assertRaisesRegex(UserError, "wkhtmltopdf"):
                self._run().action_prepare()
        self.assertEqual((run.state, run.saved_count), ("paused", 0))
        self.assertIn("wkhtmltopdf", run.pause_reason)

    def test_a_run_needs_lists(self):
        with self.assertRaises(UserError):
            self._run(list_ids=False).action_prepare()
