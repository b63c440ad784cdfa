from odoo import fields, models


class EpdBackgroundTask(models.AbstractModel):
    """A record whose work a person starts, stops, resumes and gives up; a cron does it.

    What such records have in common: whose they are, why they stand still, when the work ended, and
    the buttons. A model that uses it has states of its own, «paused» and «cancelled» among them,
    starts the work by a button of its own, and says in :meth:`_get_resumed_state` where a stopped
    one goes on. See ``epd.background.work`` for the work. Screens follow each slice of it.
    """

    _name = "epd.background.task"
    _description = "Task in the Background"
    _inherit = ["epd.thread", "epd.state.gate", "epd.background.work", "epd.live"]

    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    user_id = fields.Many2one(
        "res.users", default=lambda self: self.env.user, readonly=True, copy=False
    )
    finished_at = fields.Datetime(readonly=True, copy=False)
    pause_reason = fields.Text(readonly=True, copy=False)

    def _get_guarded_fields(self):
        return super()._get_guarded_fields() | {"user_id", "finished_at", "pause_reason"}

    def action_stop(self):
        """Stop after the slice in work."""
        self._check_and_unlock()._move(
            "paused", pause_reason=self.env._("Stopped by %(user)s", user=self.env.user.name)
        )
        return True

    def action_resume(self):
        """Go on where the work stopped.

        :raise UserError: when it is not stopped
        """
        tasks = self._check_and_unlock()
        tasks._check_in_state("paused", self.env._("Only what was stopped can go on."))
        for task in tasks:
            task._move(task._get_resumed_state(), pause_reason=False, **task._get_resumed_values())
        self._wake_worker()
        return True

    def _get_resumed_state(self):
        """Return the state in which a stopped task goes on."""
        return self._work_states[0]

    def _get_resumed_values(self):
        """Return what else is written when a stopped task goes on."""
        return {}

    def action_cancel(self):
        """Give the task up; what is done stays."""
        self._check_and_unlock()._move("cancelled")
        return True
