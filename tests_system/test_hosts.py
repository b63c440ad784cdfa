"""Two servers of one database share a run and a mailing, and either may die: all is done, each once.

Each server has a data folder of its own; files lie in the database, the one object store that both
see. The short form runs with the other tests; ``EPD_HOSTS=2000`` is the long one.
"""

import os
import random
import signal
import time
from contextlib import contextmanager

import pytest

from . import sending
from .conftest import make_house
from .server import odoo_shell, wait_until

COUNT = int(os.environ.get("EPD_HOSTS", "0")) or 960
KILLS = 6 if COUNT > 1000 else 1
PATIENCE = 600 if COUNT > 1000 else 240
SEED = int(os.environ.get("EPD_CHAOS_SEED", time.time()))
MAKE = f"""
env["ir.config_parameter"].set_param("ir_attachment.location", "db")
env["ir.attachment"].force_storage()
env["ir.config_parameter"].set_param("epd_mailing.worker_count", "2")
env["epd.work.engine"]._set_up_rows()
from bench.house import make_accounts
accounts, period = make_accounts(env, {COUNT})
env["epd.account.list"].create(
    {{"name": "The big house", "kind": "fixed", "company_id": accounts.company_id.id,
      "account_ids": [(6, 0, accounts.ids)]}}
)
env.cr.commit()
"""


@pytest.fixture
def hosts():
    """A house of two servers on one database."""
    yield from make_house(
        "hosts", lambda db: odoo_shell(db, MAKE), hosts=("_a", "_b"), workers=2, cron_threads=1
    )


def note_work(house):
    """Have the database note from now on which server saves a document and sends a letter, also one that is killed."""
    house.odoo.query(
        """
        CREATE TABLE test_work (host text, what text);
        CREATE FUNCTION note_work() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO test_work VALUES (current_setting('application_name'), TG_ARGV[0]);
            RETURN NULL;
        END $$;
        CREATE TRIGGER note_saved AFTER UPDATE ON epd_billing_run_line FOR EACH ROW
            WHEN (NEW.state = 'saved' AND OLD.state <> 'saved') EXECUTE FUNCTION note_work('saved');
        CREATE TRIGGER note_sent AFTER UPDATE ON epd_mailing_letter FOR EACH ROW
            WHEN (NEW.send_state = 'sent' AND OLD.send_state <> 'sent') EXECUTE FUNCTION note_work('sent');
        """
    )


def read_work(house):
    """Return ``{(name of the server, what it has done): how many}``."""
    rows = house.odoo.query("SELECT host, what, count(*) FROM test_work GROUP BY 1, 2")
    return {(host, what): count for host, what, count in rows}


def kill_workers(server):
    """SIGKILL to the cron workers of a server, at whatever step they are."""
    for pid in server.cron_workers():
        os.kill(pid, signal.SIGKILL)


def start_run(house):
    """Press «Save for Sending» for the big house; return the id of the run."""
    entry = house.admin("epd.account.list", "search", [("name", "=", "The big house")])[0]
    values = {
        "period_id": house.admin.ref("epd_mailing.demo_period_2026_03"),
        "list_ids": [(6, 0, [entry])],
    }
    run = house.operator("epd.billing.run", "create", values)
    house.operator("epd.billing.run", "action_prepare", [run])
    return run


def read_run(house, run):
    """Return ``(state, saved)`` of a run."""
    return house.odoo.query(
        "SELECT state, (SELECT count(*) FROM epd_billing_run_line line "
        "WHERE line.run_id = run.id AND line.state = 'saved') FROM epd_billing_run run WHERE id = %s",
        run,
    )[0]


def check_run(house, run):
    """Each account of the run has one document; return their ids."""
    rows = house.odoo.query(
        "SELECT count(document.id), min(document.id) FROM epd_billing_run_line line "
        "LEFT JOIN epd_payment_document document ON document.account_id = line.account_id "
        "WHERE line.run_id = %s AND line.state = 'saved' GROUP BY line.account_id",
        run,
    )
    assert len(rows) == COUNT
    assert {count for count, _document in rows} == {1}
    return [document for _count, document in rows]


def answer_slowly(house):
    """The service takes its time, so that letters are in flight whenever a worker dies."""
    # the long form has more letters than a new user of the service may send in a day
    house.odoo.query("UPDATE epd_unisender_account SET limit_per_day = 0")
    house.sandbox.control(
        "fault", {"kind": "slow_after", "chance": 1, "seconds": 0.05, "times": 10**6}
    )


def wake(house, *jobs):
    """Have the cron workers of all servers look for work, from a loop that waits for it."""
    for job in jobs:
        sending.nudge(house, job)


def test_a_run_and_a_mailing_of_two_servers(hosts):
    """Kills of either in the middle: each document once, each letter once, and both have worked."""
    house, servers = hosts, hosts.servers
    chance = random.Random(SEED)
    note_work(house)
    run = start_run(house)

    def run_is_done():
        wake(house, "ir_cron_prepare", "ir_cron_prepare_2")
        return read_run(house, run)[0] == "done"

    for kill in range(KILLS):
        before = read_run(house, run)[1]
        wait_until(
            lambda before=before: run_is_done() or read_run(house, run)[1] > before,
            PATIENCE,
            "saving goes",
        )
        time.sleep(chance.uniform(0, 0.5))
        kill_workers(servers[kill % 2])
    wait_until(run_is_done, PATIENCE, f"the run is done, seed {SEED}")
    mailing = sending.make_mailing(house, check_run(house, run))
    answer_slowly(house)
    house.operator("epd.mailing", "action_send", [mailing])

    def letters_go(before):
        sending.let_time_pass(house)
        wake(house, "ir_cron_send", "ir_cron_send_2")
        done = sending.read_state(house, mailing) == "done"
        return done or house.sandbox.control("count")["letters"] > before

    for kill in range(2 * KILLS):
        before = house.sandbox.control("count")["letters"]
        wait_until(lambda before=before: letters_go(before), PATIENCE, "letters go")
        time.sleep(chance.uniform(0, 0.5))
        kill_workers(servers[kill % 2])
        sending.expire_leases(house, sending.database_now(house))

    def all_sent():
        letters_go(0)
        return sending.read_state(house, mailing) == "done"

    wait_until(all_sent, PATIENCE, "the mailing is done")
    result = sending.tally(house, mailing)
    work = read_work(house)
    print(f"\nTwo servers: {result._asdict()}, {work}, seed {SEED}")
    assert (result.letters, result.twice, result.lost) == (COUNT, 0, 0)
    assert set(work) == {(server.host, what) for server in servers for what in ("saved", "sent")}
    saved, sent = (sum(work[s.host, what] for s in servers) for what in ("saved", "sent"))
    assert (saved, sent) == (COUNT, COUNT - result.unknown)


@pytest.fixture
def queue_house():
    """A server without cron workers of ours: OCA's queue does all the work."""

    def prepare(db):
        odoo_shell(db, MAKE, optional="queue_job")

    yield from make_house("queue", prepare, kind="queue", workers=4, cron_threads=0, queue=True)


@contextmanager
def telling(house):
    """Print the jobs and the letters where what is waited for does not come: it is rare, and the house is gone then."""
    try:
        yield
    except AssertionError:
        for statement in (
            "SELECT now() AT TIME ZONE 'UTC'",
            "SELECT * FROM (SELECT id, state, identity_key, eta, date_started, date_done, exc_message"
            " FROM queue_job ORDER BY id DESC LIMIT 12) jobs ORDER BY id",
            "SELECT send_state, count(*), max(lease_until) FROM epd_mailing_letter GROUP BY 1",
            "SELECT state, wait_reason, wait_until FROM epd_mailing",
        ):
            for row in house.odoo.query(statement):
                print(*row, sep=" | ")
        raise


def test_a_run_and_a_mailing_by_the_queue(queue_house):
    """With OCA's ``queue_job`` installed its workers do both, and nothing needs a cron."""
    house = queue_house
    run = start_run(house)
    with telling(house):
        wait_until(lambda: read_run(house, run)[0] == "done", PATIENCE, "the run is done")
    mailing = sending.make_mailing(house, check_run(house, run))
    answer_slowly(house)
    house.operator("epd.mailing", "action_send", [mailing])
    with telling(house):
        wait_until(
            lambda: sending.read_state(house, mailing) == "done", PATIENCE, "the mailing is done"
        )
    result = sending.tally(house, mailing)
    assert (result.received, result.twice, result.lost) == (COUNT, 0, 0)
    jobs = house.odoo.query("SELECT channel, state, count(*) FROM queue_job GROUP BY 1, 2")
    print(f"\nBy the queue: {result._asdict()}, jobs {jobs}")
    assert {state for _channel, state, _count in jobs} <= {"done", "pending", "enqueued", "started"}
    assert {"root.epd.prepare", "root.epd.send"} <= {channel for channel, _state, _n in jobs}
