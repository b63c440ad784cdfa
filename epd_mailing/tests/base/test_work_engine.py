from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ...models.base.epd_work_engine import CHANNELS, SHARED
from ..common import EpdCommon


@tagged("post_install", "-at_install")
class TestWorkEngine(EpdCommon):
    """Cron rows for parallel workers, wake-ups, and who may set their number."""

    def setUp(self):
        super().setUp()
        self.engine = self.env["epd.work.engine"]

    def set_workers(self, count):
        self.env["res.config.settings"].create({"epd_worker_count": count}).execute()

    def get_names(self, cron):
        return self.engine._get_rows(cron).mapped(lambda row: row.with_context(lang="en_US").name)

    def test_each_work_has_its_channel(self):
        work = self.registry["epd.background.work"]
        crons = {
            model._work_cron
            for model in self.registry.values()
            if issubclass(model, work) and not model._abstract
        }
        self.assertGreaterEqual(len(crons), 5)
        self.assertLessEqual(crons, set(CHANNELS))
        for cron in CHANNELS:
            self.assertTrue(self.env.ref(cron), cron)

    def test_rows_come_and_go_with_the_number(self):
        self.set_workers(3)
        for cron in SHARED:
            rows = self.engine._get_rows(cron)
            self.assertEqual(len(rows), 3, cron)
            self.assertEqual(len(set(rows.mapped("code"))), 1)
            self.assertEqual(rows.mapped("user_id"), self.env.ref(cron).user_id)
        self.set_workers(3)
        self.assertEqual(len(self.engine._get_rows(SHARED[0])), 3)
        self.set_workers(1)
        self.assertEqual(self.engine._get_rows(SHARED[0]), self.env.ref(SHARED[0]))
        left = (
            self.env["ir.cron"]
            .with_context(active_test=False)
            .search_count([("cron_name", "like", "Payment documents: prepare (")])
        )
        self.assertEqual(left, 0)

    def test_copies_belong_to_the_module_and_outlive_updates(self):
        self.set_workers(2)
        copy = self.env.ref("epd_mailing.ir_cron_prepare_2")
        entry = self.env["ir.model.data"].search(
            [("model", "=", "ir.cron"), ("res_id", "=", copy.id)]
        )
        self.assertEqual((entry.module, entry.noupdate), ("epd_mailing", True))

    def test_a_wake_up_reaches_every_row(self):
        self.set_workers(2)
        rows = self.engine._get_rows(SHARED[0])
        triggers = self.env["ir.cron.trigger"]
        triggers.search([("cron_id", "in", rows.ids)]).unlink()
        self.engine._wake(SHARED[0])
        self.assertEqual(triggers.search([("cron_id", "in", rows.ids)]).cron_id, rows)
        later = fields.Datetime.now() + timedelta(hours=1)
        self.engine._wake(SHARED[0], later)
        self.assertEqual(triggers.search_count([("call_at", "=", later)]), 2)

    def test_calls_for_one_moment_do_not_pile_up(self):
        """A pass each minute, of each worker, waits for the same end of a day's limit."""
        self.set_workers(2)
        cron = "epd_mailing.ir_cron_send"
        rows = self.engine._get_rows(cron)
        triggers = self.env["ir.cron.trigger"]
        triggers.search([("cron_id", "in", rows.ids)]).unlink()
        at = fields.Datetime.now() + timedelta(hours=20, microseconds=300)
        for _pass in range(3):
            self.engine._wake(cron, at)
        found = triggers.search([("cron_id", "in", rows.ids)])
        self.assertEqual(found.cron_id, rows)
        self.assertEqual(len(found), len(rows))
        self.assertGreaterEqual(min(found.mapped("call_at")), at)
        self.engine._wake(cron)
        self.engine._wake(cron)
        self.assertEqual(len(triggers.search([("cron_id", "in", rows.ids)])), 3 * len(rows))

    def test_numbers_that_make_no_sense(self):
        for count in (0, -1, 33):
            with self.assertRaises(ValidationError):
                self.set_workers(count)
        for text in ("", "many", "-3", "0"):
            self.env["ir.config_parameter"].set_param("epd_mailing.worker_count", text)
            self.assertEqual(self.engine._get_worker_count(), 1, text)

    def test_without_a_queue_a_cron_works_itself(self):
        if self.engine._has_queue():
            self.assertTrue(self.engine._hand_over(SHARED[0]))
        else:
            self.assertFalse(self.engine._hand_over(SHARED[0]))
        working = self.engine.with_context(epd_from_queue=True)
        self.assertFalse(working._hand_over(SHARED[0]))

    def test_a_claim_is_of_one_worker(self):
        run = self.env["epd.billing.run"].create({"period_id": self.period.id})
        self.assertTrue(run._work_is_shared)
        load = self.env["epd.import"].create({"kind": "charge", "period_id": self.period.id})
        with load._claim_work() as claimed, self.registry.cursor() as other:
            self.assertTrue(claimed)
            # the tests' cursors are one session, which may lock again: check the lock itself
            other.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted")
            self.assertGreaterEqual(other.fetchone()[0], 1)
        self.env.cr.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            " AND objid = %s",
            [load.id],
        )
        self.assertEqual(self.env.cr.fetchone()[0], 0)
