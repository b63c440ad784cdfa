"""Whether the work in the background is done at all: jobs switched off, no worker alive."""

import time
from datetime import timedelta

from odoo import fields
from odoo.tools import SQL, config

from .queue_health import QueueHealth

# a job of each minute is late by this before anybody is informed: a slice of other work takes less
PATIENCE = timedelta(minutes=3)
# a worker begins up to 70 s after its server (odoo/service/server.py, seen 2026-11-26)
STARTED = time.monotonic()


class CronHealth:
    """The state of this addon's jobs (``ir.cron``) as the database shows it, so of all hosts together.

    :param env: environment; read with the rights of the program
    """

    def __init__(self, env):
        self.env = env

    def find_off(self, xmlid=None):
        """Return the jobs that are switched off.

        :param xmlid: of one job; None for all of this addon
        """
        crons = self.env["ir.cron"].sudo().with_context(active_test=False)
        if xmlid:
            found = self.env.ref(xmlid, raise_if_not_found=False)
            crons = crons.browse(found.ids if found else [])
        else:
            shipped = self.env["ir.model.data"].sudo()
            shipped = shipped.search([("module", "=", "epd_mailing"), ("model", "=", "ir.cron")])
            crons = crons.browse(shipped.mapped("res_id")).exists()
        return crons.filtered(lambda cron: not cron.active)

    def get_silent_since(self):
        """Return since when no worker has run any job although one is due (naive UTC), or None."""
        self.env["ir.cron"].flush_model(["active", "nextcall", "lastcall"])
        now = fields.Datetime.now()
        ((due, last_call, last_slice),) = self.env.execute_query(
            SQL(
                """
                SELECT (SELECT min(nextcall) FROM ir_cron WHERE active),
                       (SELECT max(lastcall) FROM ir_cron),
                       (SELECT max(create_date) FROM ir_cron_progress)
                """
            )
        )
        if not due or now - due < PATIENCE:
            return None
        seen = max((moment for moment in (last_call, last_slice) if moment), default=None)
        if seen and now - seen < PATIENCE:
            return None  # at work on something else
        if self._serves_crons() and time.monotonic() - STARTED < PATIENCE.total_seconds():
            return None  # just started
        return max(due, seen or due)

    @staticmethod
    def _serves_crons():
        return bool(config["max_cron_threads"])

    def describe(self, xmlid=None):
        """Return why the work of a job is not done, in the user's language; an empty text if it is.

        :param xmlid: of the job; None for all of this addon
        """
        off = self.find_off(xmlid)
        if off:
            return self.env._(
                "Scheduled actions are switched off: %s. Nothing is done in the background until the "
                "administrator switches them on (Settings, Technical, Scheduled Actions).",
                ", ".join(sorted(off.mapped("name"))),
            )
        queue = QueueHealth(self.env)
        since, queue_since = self.get_silent_since(), queue.get_silent_since()
        # what the queue has a job for needs no worker of crons, where it does its jobs
        if since and (queue_since or not xmlid or not queue.has_jobs(xmlid)):
            return self.env._(
                "No worker of the server does the work in the background since %s. Ask the "
                "administrator to start Odoo with cron workers (max_cron_threads of 1 or more).",
                self.env.company._epd_show_moment(since),
            )
        if queue_since:
            return self.env._(
                "The job queue (queue_job) begins no job since %s. Ask the administrator to start its "
                "runner (queue_job in server_wide_modules). Until then scheduled actions do the work, "
                "some minutes later.",
                self.env.company._epd_show_moment(queue_since),
            )
        return ""
