"""Whether OCA's ``queue_job`` does the jobs that are left to it."""

from datetime import timedelta

from odoo import fields
from odoo.tools import SQL

# a queue of long work is late by this before anybody is informed
PATIENCE = timedelta(minutes=3)
# a job of another module may take long; one that is at it since earlier is taken for dead
LONGEST_JOB = timedelta(hours=1)


class QueueHealth:
    """The state of the queue as the database shows it, so of all hosts together.

    :param env: environment of a database that may have ``queue_job``; read with the rights of the program
    """

    def __init__(self, env):
        self.env = env

    def has_jobs(self, cron):
        """Tell whether the queue has a job for a work: one that waits, or is being done.

        :param cron: XML id of the cron that does this work without a queue
        """
        if "queue.job" not in self.env:
            return False
        self.env["queue.job"].flush_model()
        found = self.env.execute_query(
            SQL(
                """
                SELECT FROM queue_job
                 WHERE state IN ('pending', 'enqueued', 'started') AND starts_with(identity_key, %s)
                   AND (state <> 'started' OR date_started > %s)
                 LIMIT 1
                """,
                f"{cron}#",
                fields.Datetime.now() - LONGEST_JOB,
            )
        )
        return bool(found)

    def get_silent_since(self):
        """Return since when a job of this addon waits while the queue begins none (naive UTC), or None.

        Most often the runner was never started: ``queue_job`` has to be loaded server-wide.
        """
        if "queue.job" not in self.env:
            return None
        self.env["queue.job"].flush_model()
        now = fields.Datetime.now()
        ((waits_since,),) = self.env.execute_query(
            SQL(
                """
                SELECT min(GREATEST(date_created, eta)) FROM queue_job
                 WHERE state IN ('pending', 'enqueued') AND model_name = 'epd.work.engine'
                """
            )
        )
        if not waits_since or now - waits_since < PATIENCE:
            return None
        at_work = self.env.execute_query(
            SQL(
                """
                SELECT FROM queue_job
                 WHERE date_started > %s OR (state = 'started' AND date_started > %s) LIMIT 1
                """,
                now - PATIENCE,
                now - LONGEST_JOB,
            )
        )
        return None if at_work else waits_since
