"""Commits of the cron jobs: a step that is committed is not undone by the next one.

https://www.odoo.com/documentation/19.0/developer/reference/backend/actions.html, seen 2026-11
"""

import logging
import time

from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from psycopg2.errors import UniqueViolation

_logger = logging.getLogger(__name__)

TRIES = 5
# also a row that two make at once, as the follower of an account that both inform a manager of: the second one
# does not see it before it begins anew
CLASHES = (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, UniqueViolation)


def commit(env):
    """Commit the transaction (cron jobs only, see ``epd.mailing.sender``)."""
    env.cr.commit()  # pylint: disable=invalid-commit


def in_transaction(env, work, processed=0, remaining=None):
    """Do ``work()`` and commit; after a clash with another transaction do it once more.

    Clashes are usual (a clerk pauses, a webhook writes); what the service answered must not be
    lost by one. What clashes behind the commit (Odoo sends its own mail there) has nothing done once more:
    the work stands.

    :param work: function without arguments that may be called again after a rollback
    :param processed: number of records for the progress of the cron job
    :param remaining: number of records left, for the same
    :return: what ``work`` returned
    """
    for number in range(TRIES):
        steps = []
        # of all that follows the commit it is the first
        env.cr.postcommit.add(lambda steps=steps: steps.append("committed"))
        try:
            result = work()
            steps.append("done")
            if processed:
                env["ir.cron"]._commit_progress(processed, remaining=remaining)
            else:
                commit(env)
            return result
        except CLASHES:
            if steps == ["done", "committed"]:
                _logger.exception("What follows a commit has failed")
                return result
            env.cr.rollback()
            if number == TRIES - 1:
                raise
            time.sleep(0.05 * (number + 1))
    return None
