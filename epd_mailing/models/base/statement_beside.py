"""A statement that PostgreSQL works on while Python goes on."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

from odoo import sql_db


@contextmanager
def run_beside(env, query):
    """Run a statement in the transaction of ``env`` while the body of ``with`` is worked on.

    Its error is raised instead of one of the body, which may be a mere consequence: PostgreSQL refuses
    all that follows in a transaction that failed. Where the body asks the database, it waits.

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
        running = thread.submit(cursor.execute, query.code, query.params)
        sql_db.sql_counter += 1
        try:
            yield
        finally:
            running.result()
