import shutil
from unittest.mock import patch

import psycopg2
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.run.run_slice import RunSlice
from ...tools import receipt_pdf
from ..common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestBillingRun(EpdCommon):
    def setUp(self):
        super().setUp()
        self.cron = self.env.ref("epd_mailing.ir_cron_prepare")

    def _run(self, **more):
        return (
            self.env["epd.billing.run"]
            .with_user(self.operator)
            .create(
                {
                    "period_id": self.period.id,
                    "list_ids": [(6, 0, self.env.ref("epd_mailing.account_list_all_open").ids)],
                    **more,
                }
            )
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
        snapshots = type(self.env["epd.document.snapshot"])
        original = snapshots._snapshot_account
        culprit = self.accounts[0]

        def broken(self, account, *args):
            if account == culprit:
                raise ZeroDivisionError
            return original(self, account, *args)

        run = self._run()
        run.action_prepare()
        with (
            patch.object(snapshots, "_snapshot_account", broken),
            mute_logger("odoo.addons.epd_mailing.models.run.run_slice"),
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

    def test_pressed_again_when_done(self):
        run = self._run()
        run.action_prepare()
        self._work()
        self.accounts[0].charge_ids[0].explanation = "Уточнено"
        run.action_prepare()
        self._work()
        self.assertEqual((run.state, run.saved_count, run.skipped_count), ("done", 0, 4))
        run.mode = "changed"
        run.action_prepare()
        self._work()
        self.assertEqual((run.state, run.saved_count, run.skipped_count), ("done", 1, 3))
        self.assertEqual(len(run.document_ids), 5)

    def test_slices_go_on_after_a_lost_transaction(self):
        run = self._run()
        run.action_prepare()
        original, calls = RunSlice._form, []

        def lost_once(self, lines):
            calls.append(len(lines))
            if len(calls) == 2:
                raise psycopg2.errors.SerializationFailure("could not serialize access")
            return original(self, lines)

        with (
            patch.object(RunSlice, "_form", lost_once),
            patch("odoo.addons.epd_mailing.models.run.run_slice.SLICE", 2),
            mute_logger("odoo.addons.epd_mailing.models.base.epd_background_work"),
        ):
            self._work()
            self.assertEqual((run.state, run.saved_count, run.error_count), ("preparing", 2, 0))
            self._work()
        self.assertEqual((run.state, run.saved_count, calls), ("done", 4, [2, 2, 2]))

    def test_stopping_takes_effect_after_the_slice(self):
        run = self._run()
        run.action_prepare()
        original = RunSlice._write_outcomes

        def stop_then_write(self, lines, outcomes):
            original(self, lines, outcomes)
            self.env["epd.billing.run"].browse(self.run.id).action_stop()

        with (
            patch.object(RunSlice, "_write_outcomes", stop_then_write),
            patch("odoo.addons.epd_mailing.models.run.run_slice.SLICE", 1),
        ):
            self._work()
        self.assertEqual((run.state, run.saved_count, run.pending_count), ("paused", 1, 3))

    def test_a_pass_that_is_out_of_time_calls_the_next(self):
        run = self._run()
        run.action_prepare()
        self.env["ir.cron.trigger"].search([("cron_id", "=", self.cron.id)]).unlink()
        with patch("odoo.addons.epd_mailing.tools.work_budget.RUN_WALL", -1):
            self._work()
        self.assertEqual((run.state, run.pending_count), ("preparing", 4))
        self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "=", self.cron.id)]))

    def test_a_full_disk_pauses_with_the_reason(self):
        run = self._run()
        run.action_prepare()
        usage = shutil.disk_usage("/")
        with patch(
            "odoo.addons.epd_mailing.models.document.epd_receipt_renderer.shutil.disk_usage",
            lambda path: usage._replace(free=10**6),
        ):
            self._work()
            self.assertEqual((run.state, run.saved_count), ("paused", 0))
            with self.assertRaisesRegex(UserError, "disk"):
                run.action_resume()
        run.action_resume()
        self._work()
        self.assertEqual((run.state, run.saved_count), ("done", 4))

    def test_back_to_draft_begins_anew(self):
        run = self._run()
        run.action_prepare()
        run.action_cancel()
        run.action_to_draft()
        self.assertEqual((run.state, run.account_count, run.started_at), ("draft", 0, False))

    def test_a_mailing_of_the_run(self):
        run = self._run()
        with self.assertRaises(UserError):
            run.action_make_mailing()
        run.action_prepare()
        self._work()
        action = run.action_make_mailing()
        mailing = self.env["epd.mailing"].browse(action["res_id"])
        self.assertEqual(mailing.run_id, run)
        self.assertEqual(mailing.letter_ids.document_id, run.document_ids)

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
        renderer = type(self.env["epd.receipt.renderer"])
        with (
            patch.object(renderer, "_get_engine", lambda self: engine),
            mute_logger("odoo.addons.epd_mailing.models.run.run_slice"),
        ):
            self._work()
            with self.assertRaisesRegex(UserError, "wkhtmltopdf"):
                self._run().action_prepare()
        self.assertEqual((run.state, run.saved_count), ("paused", 0))
        self.assertIn("wkhtmltopdf", run.pause_reason)

    def test_a_run_needs_lists(self):
        with self.assertRaises(UserError):
            self._run(list_ids=False).action_prepare()

    def _line(self, run, number):
        return run.line_ids.filtered(lambda line: line.account_id == self.accounts[number])

    def test_the_button_beside_an_error_opens_what_mends_it(self):
        balance = self.accounts[0].balance_ids[0]
        balance.charged += 5
        charge = self.accounts[1].charge_ids.filtered(lambda c: c.service_id == self.service_water)
        other = self.service_water.copy({"code": "55", "name": "Новая услуга"})
        charge.service_id = other
        self.accounts[2].charge_ids.unlink()
        self.accounts[2].balance_ids.unlink()
        run = self._run()
        run.action_prepare()
        self._work()
        expected = {
            0: ("epd.account.balance", self.accounts[0].balance_ids),
            1: ("epd.service.provision", self.building.provision_ids),
            2: ("epd.charge", self.env["epd.charge"]),
        }
        for number, (model, records) in expected.items():
            action = self._line(run, number).action_mend()
            self.assertEqual(action["res_model"], model)
            self.assertEqual(self.env[model].search(action["domain"]), records)
        with self.assertRaises(UserError):
            self._line(run, 3).action_mend()

    def test_requisites_are_mended_at_the_payees(self):
        self.bank.bic = "12"
        run = self._run()
        run.action_prepare()
        self._work()
        action = self._line(run, 0).action_mend()
        payees = self.env["res.partner.bank"].search(action["domain"])
        self.assertEqual(payees, self.office_payee | self.repair_payee)

    def test_a_fault_with_nothing_to_mend_is_tried_again(self):
        documents = type(self.env["epd.payment.document"])
        run = self._run()
        run.action_prepare()
        answer = {account.id: (None, {"code": "render", "text": "x"}) for account in self.accounts}
        with patch.object(documents, "_form_documents", lambda self, *args, **more: answer):
            self._work()
        self.assertEqual((run.state, run.error_count), ("done", 4))
        self._line(run, 0).action_mend()
        self.assertEqual((run.state, run.pending_count), ("preparing", 1))
        self._work()
        self.assertEqual((run.state, run.saved_count, run.error_count), ("done", 1, 3))
