from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import psycopg2
from odoo import api, fields
from odoo.exceptions import UserError
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.base import epd_background_work
from ...tools.work_budget import RUN_WALL, Budget
from ..common import EpdCommon

WORK = "odoo.addons.epd_mailing.models.base.epd_background_work"


def clash():
    return psycopg2.errors.SerializationFailure("could not serialize access")


@tagged("post_install", "-at_install", "epd_mailing")
class TestBackgroundWork(EpdCommon):
    """Three runs of one real queue; what goes wrong with the second must not touch the others."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cron = cls.env.ref("epd_mailing.ir_cron_prepare")
        runs = cls.env["epd.billing.run"].with_user(cls.operator)
        every = cls.env.ref("epd_mailing.account_list_all_open")
        cls.runs = runs.create(
            [{"period_id": cls.period.id, "list_ids": [(6, 0, every.ids)]} for _number in range(3)]
        )
        cls.runs.action_prepare()
        cls.first, cls.second, cls.third = cls.runs

    def setUp(self):
        super().setUp()
        self._triggers().unlink()

    def _triggers(self):
        return self.env["ir.cron.trigger"].search([("cron_id", "=", self.cron.id)])

    def _pass(self, **hooks):
        """Make a pass in which these methods of the runs are others."""
        with ExitStack() as changes:
            for name, method in hooks.items():
                changes.enter_context(patch.object(type(self.runs), name, method))
            with self.enter_registry_test_mode():
                self.cron.method_direct_trigger()
        self.env.invalidate_all()

    def _fail(self, faults, name="_work"):
        """Return a method that raises the fault of the run, and does the real work of others."""
        original = getattr(type(self.runs), name)

        def method(run, *args):
            if fault := faults.get(run.id):
                raise fault
            return original(run, *args)

        return method

    def _states(self):
        return self.runs.mapped("state")

    def test_a_clash_of_two_workers_leaves_no_error_in_the_log(self):
        work, database = type(self.env["epd.background.work"]), db_connect(self.cr.dbname)
        country = self.env.ref("base.aq").id  # a row that both see: nothing of a test is committed
        with database.cursor() as one:
            record = api.Environment(one, self.env.uid, {})["res.country"].browse(country)
            self.assertTrue(work._try_lock(record))
            with database.cursor() as other:
                theirs = record.with_env(record.env(cr=other))
                self.assertFalse(work._try_lock(theirs), "another worker has it")
            one.rollback()
            one.execute("SELECT 1")  # its snapshot
            with database.cursor() as other:
                other.execute("UPDATE res_country SET code = code WHERE id = %s", [country])
            with (
                self.assertNoLogs("odoo.sql_db", "WARNING"),
                self.assertRaises(psycopg2.errors.SerializationFailure),
            ):
                work._try_lock(record)

    def test_a_pass_without_faults(self):
        self._pass()
        self.assertEqual(self._states(), ["done"] * 3)
        self.assertFalse(self._triggers())

    def test_out_of_time_the_next_pass_is_called_and_nothing_is_lost(self):
        clock = [0.0]
        original = type(self.runs)._work_slice

        def slow(run):
            clock[0] += RUN_WALL / 2 + 1
            return original(run)

        self.patch(epd_background_work, "Budget", lambda: Budget(clock=lambda: clock[0]))
        with patch("odoo.addons.epd_mailing.models.run.run_slice.SLICE", 1):
            self._pass(_work_slice=slow)
            self.assertEqual(self._states(), ["preparing"] * 3)
            self.assertEqual(self.runs.mapped("pending_count"), [2, 4, 4])
            self.assertTrue(self._triggers())
            self.assertLessEqual(self._triggers().call_at, fields.Datetime.now())
            self._triggers().unlink()
            self._pass()
        self.assertEqual(self._states(), ["done"] * 3)
        self.assertEqual(self.first.saved_count, 4)
        self.assertFalse(self._triggers())

    def test_what_another_worker_has_is_looked_at_again(self):
        """It may be past its last look: what this one was woken for would be seen by nobody."""
        original = type(self.runs)._claim_work

        @contextmanager
        def claim(run):
            with original(run) as claimed:
                yield claimed and run != self.second

        self._pass(_claim_work=claim)
        self.assertEqual(self._states(), ["done", "preparing", "done"])
        self.assertTrue(self._triggers(), "nothing wakes the job")
        self.assertGreater(self._triggers().call_at, fields.Datetime.now())
        self._pass()
        self.assertEqual(self._states(), ["done"] * 3)

    def test_a_fault_stops_its_own_record_and_tells_why(self):
        with self.assertLogs(WORK, "ERROR") as log:
            self._pass(_work=self._fail({self.second.id: ZeroDivisionError()}))
        self.assertIn(f"epd.billing.run {self.second.id} failed", log.output[0])
        self.assertEqual(self._states(), ["done", "paused", "done"])
        self.assertIn("ZeroDivisionError", self.second.pause_reason)
        self.assertIn("ZeroDivisionError", self.second.message_ids[0].body)
        self.second.action_resume()
        self._pass()
        self.assertEqual(self.second.state, "done")

    def test_what_a_person_can_mend_is_told_and_not_logged(self):
        with self.assertNoLogs(WORK, "WARNING"):
            self._pass(_work=self._fail({self.second.id: UserError("Free some space.")}))
        self.assertEqual(self._states(), ["done", "paused", "done"])
        self.assertEqual(self.second.pause_reason, "Free some space.")

    def test_a_lost_transaction_is_tried_again(self):
        with mute_logger(WORK):
            self._pass(_work=self._fail({self.second.id: clash()}))
        self.assertEqual(self._states(), ["done", "preparing", "done"])
        self.assertEqual((self.second.pending_count, self.second.pause_reason), (4, False))
        self.assertTrue(self._triggers(), "nothing wakes the job")
        self._pass()
        self.assertEqual(self._states(), ["done"] * 3)

    def test_a_later_fault_does_not_forget_the_retry(self):
        faults = {self.first.id: clash(), self.second.id: ZeroDivisionError()}
        with mute_logger(WORK):
            self._pass(_work=self._fail(faults))
        self.assertEqual(self._states(), ["preparing", "paused", "done"])
        self.assertTrue(self._triggers(), "nothing wakes the job")

    def test_somebody_moves_the_record_while_it_is_being_stopped(self):
        with mute_logger(WORK):
            self._pass(
                _work=self._fail({self.second.id: ZeroDivisionError()}),
                _pause_for_error=self._fail({self.second.id: clash()}, "_pause_for_error"),
            )
        self.assertEqual(self._states(), ["done", "preparing", "done"])
        self.assertTrue(self._triggers(), "nothing wakes the job")

    def test_a_record_that_cannot_be_stopped(self):
        with self.assertLogs(WORK, "ERROR") as log:
            self._pass(
                _work=self._fail({self.second.id: UserError("x")}),
                _pause_for_error=self._fail({self.second.id: KeyError()}, "_pause_for_error"),
            )
        self.assertIn("cannot be stopped", log.output[0])
        self.assertEqual(self._states(), ["done", "preparing", "done"])

    def test_a_record_deleted_in_the_middle_of_a_pass(self):
        original, doomed = type(self.runs)._work, self.second.id

        def delete_the_next(run, in_budget):
            run.env.cr.execute("DELETE FROM epd_billing_run WHERE id = %s", (doomed,))
            return original(run, in_budget)

        with self.assertNoLogs(WORK, "WARNING"):
            self._pass(_work=delete_the_next)
        self.assertEqual((self.first + self.third).mapped("state"), ["done", "done"])

    def test_without_an_installed_language_of_the_user(self):
        languages = type(self.env["res.lang"])
        self.assertEqual(
            self.first.with_user(self.operator)._for_office().env.company, self.company
        )
        with patch.object(languages, "get_installed", lambda self: [("en_US", "English")]):
            self.assertEqual(self.first._get_work_lang(), "en_US")
            self.assertEqual(self.first._for_user().env.lang, "en_US")
        with patch.object(
            languages, "get_installed", lambda self: [("en_US", "English"), ("ru_RU", "Russian")]
        ):
            self.operator.lang = False
            self.assertEqual(self.first._get_work_lang(), "ru_RU")

    def test_every_user_of_it_names_its_job_and_its_states(self):
        registry = self.env.registry
        names = [
            name
            for name, model in registry.items()
            if issubclass(model, registry["epd.background.work"]) and not model._abstract
        ]
        self.assertGreaterEqual(len(names), 6)
        for name in names:
            model = self.env[name]
            job = self.env.ref(model._work_cron)
            self.assertEqual(job.model_id.model, name)
            states = dict(model._fields["state"]._description_selection(self.env))
            self.assertLessEqual(set(model._work_states), set(states), name)
            # without states there is another mark of work, which the search finds
            self.assertTrue(model._work_states or model._get_work_domain(), name)
            if "pause_reason" in model._fields and hasattr(model, "_transitions"):
                self.assertTrue(model._work_states, name)
                for state in model._work_states:
                    self.assertIn("paused", model._transitions[state], name)
