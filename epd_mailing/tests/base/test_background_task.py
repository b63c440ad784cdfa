from odoo.exceptions import UserError
from odoo.tests import tagged

from ..common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestBackgroundTask(EpdCommon):
    """Whatever a cron does for a person is that person's own; each model of the kind is asked."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.colleague = cls._make_user("epd_colleague", "epd_mailing.group_epd_operator")

    def _create_all(self):
        """Yield a draft of each model of the kind, as the operator creates it."""
        registry = self.env.registry
        for name, model in sorted(registry.items()):
            if issubclass(model, registry["epd.background.task"]) and not model._abstract:
                records = self.env[name].with_user(self.operator)
                yield records.create({"period_id": self.period.id})

    def test_the_kind_is_known(self):
        self.assertEqual(
            {task._name for task in self._create_all()},
            {"epd.billing.run", "epd.import", "epd.paper.batch", "epd.receipt.import"},
        )

    def test_a_copy_belongs_to_who_copies(self):
        for task in self._create_all():
            with self.subTest(task._name):
                copy = task.with_user(self.colleague).copy()
                self.assertEqual(copy.user_id, self.colleague)
                self.assertEqual((copy.state, copy.pause_reason), ("draft", False))

    def test_nobody_hands_it_to_another(self):
        for task in self._create_all():
            with self.subTest(task._name):
                for values in (
                    {"user_id": self.colleague.id},
                    {"pause_reason": "x"},
                    {"finished_at": "2026-03-01 10:00:00"},
                    {"state": "done"},
                ):
                    with self.assertRaises(UserError):
                        task.write(values)
                    with self.assertRaises(UserError):
                        task.create({"period_id": self.period.id, **values})
                self.assertEqual(task.user_id, self.operator)

    def test_what_does_not_work_is_not_stopped(self):
        for task in self._create_all():
            with self.subTest(task._name):
                for press in (task.action_stop, task.action_resume):
                    with self.assertRaises(UserError):
                        press()
                task.action_cancel()
                self.assertEqual(task.state, "cancelled")
