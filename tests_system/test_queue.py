"""Work that is left to OCA's ``queue_job`` does not stand still, whatever the queue sees or does.

A database with the queue and without its runner: jobs are moved on by hand, as the runner and a worker do.
"""

import json

import pytest

from .server import drop_database, make_database, odoo_shell

DB = "epd_system_jobs"
SCRIPT = '''
import json
from datetime import timedelta
from odoo import api, fields
from odoo.addons.epd_mailing.models.base import cron_health
from odoo.addons.epd_mailing.models.base.cron_health import CronHealth

IMPORT, SEND = "epd_mailing.ir_cron_import", "epd_mailing.ir_cron_send"
told, registry = {}, env.registry


def call(work, user=1, **context):
    """Do something in a transaction of its own."""
    with registry.cursor() as cr:
        return work(api.Environment(cr, user, context))


def query(sql):
    """Run a statement in a transaction of its own."""
    def run(own):
        own.cr.execute(sql)
        return own.cr.fetchall() if own.cr.description else []
    return call(run)


def wake(cron, at=None, **how):
    call(lambda own: own["epd.work.engine"]._wake(cron, at), **how)


def count(state):
    return query(f"SELECT count(*) FROM queue_job WHERE state = '{state}'")[0][0]


# a clerk's transaction begins and sees the job of another one wait; the job looks, finds nothing and ends before
# what the clerk leaves is committed
wake(IMPORT)
with registry.cursor() as cr:
    cr.execute("SELECT 1")
    query("UPDATE queue_job SET state = 'done', date_started = now() AT TIME ZONE 'UTC'")
    engine = api.Environment(cr, 1, {})["epd.work.engine"]
    engine._wake(IMPORT)
    engine._wake(IMPORT)
told["behind"] = count("pending")
wake(IMPORT)
told["not_doubled"] = count("pending")
with registry.cursor() as cr:  # given up: nothing is left, nothing to look for
    api.Environment(cr, 1, {})["epd.work.engine"]._wake(IMPORT)
    query("DELETE FROM queue_job")
    cr.rollback()
told["given_up"] = count("pending")

# the work is the same whoever wakes it, and comes when it is due
moment = fields.Datetime.now() + timedelta(hours=1)
for seconds in (20, 41, 44.5, 49.5):
    later = moment.replace(second=0) + timedelta(seconds=seconds)
    wake(SEND, later, user=2, active_test=False, allowed_company_ids=[1], lang="en_US", tz="Asia/Tokyo")
told["moments"] = query("SELECT extract(second FROM eta)::int FROM queue_job WHERE eta IS NOT NULL ORDER BY eta")
told["contexts"] = call(lambda own: [job.records.env.context for job in own["queue.job"].search([])])
told["users"] = query("SELECT DISTINCT user_id FROM queue_job")

# no runner
query("DELETE FROM queue_job")
wake(IMPORT)
told["trusted"] = call(lambda own: own["epd.work.engine"]._hand_over(IMPORT))
told["still_in_order"] = call(lambda own: CronHealth(own).describe(IMPORT))
query("UPDATE queue_job SET date_created = date_created - interval '4 minutes'")
told["net"] = call(lambda own: own["epd.work.engine"]._hand_over(IMPORT))
told["reason"] = call(lambda own: CronHealth(own).describe(IMPORT))
query("DELETE FROM ir_cron_trigger")
wake(IMPORT)
told["triggers"] = query("SELECT count(*) FROM ir_cron_trigger")[0][0]
# it is at another work
query("INSERT INTO queue_job (uuid, state, date_started) VALUES ('x', 'started', now() AT TIME ZONE 'UTC')")
told["busy"] = call(lambda own: own["epd.work.engine"]._hand_over(IMPORT))
# no cron worker, and the server is no new one: the queue does it
cron_health.STARTED -= 3600
query("UPDATE ir_cron SET nextcall = nextcall - interval '1 day', lastcall = NULL")
query("DELETE FROM ir_cron_progress")
told["without_crons"] = call(lambda own: CronHealth(own).describe(IMPORT))
query("UPDATE queue_job SET state = 'failed' WHERE state = 'pending'")
told["failed"] = call(lambda own: CronHealth(own).describe(IMPORT))

# switched off
query("UPDATE ir_cron SET active = false WHERE cron_name LIKE 'Payment documents: send%'")
runs = []
type(env["epd.mailing"])._cron_send = lambda self: runs.append("sent")
call(lambda own: own["epd.work.engine"]._run_job(SEND))
told["off"] = list(runs)
query("UPDATE ir_cron SET active = true")
call(lambda own: own["epd.work.engine"]._run_job(SEND))
told["on"] = runs
print("TOLD", json.dumps(told))
'''


@pytest.fixture(scope="module")
def told():
    """What the script has seen."""
    make_database(DB, "queue")
    try:
        printed = odoo_shell(DB, SCRIPT, optional="queue_job")
        yield json.loads(printed.partition("TOLD ")[2].splitlines()[0])
    finally:
        drop_database(DB)


def test_a_job_that_ends_before_the_commit_is_followed_by_another(told):
    """And by no more than one; a transaction that is given up leaves none."""
    assert (told["behind"], told["not_doubled"], told["given_up"]) == (1, 1, 0)


def test_each_moment_has_its_job(told):
    """Two of one minute too: what is due at its end would wait for a cron. Those at one time share theirs.

    Work that another worker holds is looked at again half a minute later, by each that was woken for it.
    """
    assert told["moments"] == [[20], [50]]


def test_a_job_takes_nothing_of_who_woke_it(told):
    """Neither language nor companies nor whether archived records count: a cron has none of them."""
    assert (told["contexts"], told["users"]) == ([{}, {}], [[1]])


def test_crons_do_the_work_of_a_queue_that_does_nothing(told):
    """And a person is told why it is slow; a queue that is at something else is trusted."""
    assert (told["trusted"], told["still_in_order"], told["net"]) == (True, "", False)
    assert "server_wide_modules" in told["reason"]
    assert (told["triggers"], told["busy"]) == (1, True)


def test_a_queue_that_works_needs_no_cron_workers(told):
    """Nobody is told of workers that nothing waits for; after a job that failed they are waited for."""
    assert told["without_crons"] == ""
    assert "max_cron_threads" in told["failed"]


def test_work_that_is_switched_off_is_not_done_by_the_queue(told):
    """As the screens say: nothing until it is switched on."""
    assert (told["off"], told["on"]) == ([], ["sent"])
