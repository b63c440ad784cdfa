"""A statement that PostgreSQL works on while Python goes on."""

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress

from odoo import sql_db
from psycopg2.errors import InFailedSqlTransaction

_logger = logging.getLogger(__name__)


@contextmanager
def run_beside(env, query):
    """Run a statement in the transaction of ``env`` while the body of ``with`` is worked on.

    The error of what failed first is raised, of the statement or of the body: PostgreSQL refuses all that
    follows in the transaction. Which of them comes to the database first is not settled: where one is at
    it, the other waits.

    psycopg2 lets several threads share a connection, each with a cursor of its own.
    https://www.psycopg.org/docs/usage.html#thread-and-process-safety, seen 2026-11-27

    :param env: environment whose pending changes that the query names are flushed before
    :param query: ``odoo.tools.SQL`` whose answer nobody reads
    """
    env.flush_query(query)
    with (
        closing(env.cr.connection.cursor()) as cursor,
        ThreadPoolExecutor(1, "epd-statement") as thread,
    ):
        running = thread.submit(_execute, cursor, query)
        sql_db.sql_counter += 1
        try:
            yield
        except Exception:
            with suppress(InFailedSqlTransaction):  # the body had failed before the statement began
                running.result()
            raise
        running.result()


def _execute(cursor, query):
    try:
        cursor.execute(query.code, query.params)
    except Exception as error:
        # Odoo logs what the body asks after it, which says no cause
        _logger.info("A statement beside Python's work failed: %s", error)
        raise
