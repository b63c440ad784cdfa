"""A copy of the database, or a backup put back: no payer gets a letter twice, whichever server starts."""

import os
import shutil
import subprocess
import time

import pytest

from .conftest import House, make_house
from .sending import finish, let_time_pass, make_documents, make_mailing, tally, wake_sender
from .server import OdooServer, RpcError, drop_database, filestore, read_conf, wait_until

COPY = "epd_system_copy_of_it"
COUNT = 10


@pytest.fixture
def copied():
    """A house of its own with saved documents of ``COUNT`` accounts."""
    yield from make_house("copied", lambda db: make_documents(db, COUNT))


def _run_pg(program, *words):
    """Run a program of PostgreSQL against the cluster of the tests."""
    conf = read_conf()
    environment = os.environ | {
        "PGHOST": conf["db_host"],
        "PGPORT": conf["db_port"],
        "PGUSER": conf["db_user"],
        "PGPASSWORD": conf.get("db_password", ""),
    }
    done = subprocess.run(
        [program, *map(str, words)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _restore(dump, target):
    _run_pg("createdb", "-T", "template0", target)
    _run_pg("pg_restore", "--no-owner", "-d", target, dump)


def _plan(house):
    """Return (id of a mailing planned for later, number of its letters)."""
    documents = house.operator(
        "epd.payment.document", "search", [("state", "=", "saved")], order="id desc", limit=COUNT
    )
    mailing = make_mailing(house, documents)
    house.operator("epd.mailing", "action_schedule", [mailing], "2099-01-01 00:00:00")
    return mailing


def _let_it_be_due(house, mailing):
    house.odoo.query(
        "UPDATE epd_mailing SET scheduled_at = now() AT TIME ZONE 'UTC' WHERE id = %s", mailing
    )
    wake_sender(house)


def _check_silent(house, mailing):
    """The server sends nothing of what is due, says why, and asks a manager once."""
    _let_it_be_due(house, mailing)
    wait_until(
        lambda: house.odoo.query(
            "SELECT 1 FROM epd_mailing WHERE id = %s AND wait_reason <> ''", mailing
        ),
        60,
        "the mailing says why it waits",
    )
    for _look in range(3):
        let_time_pass(house)
        wake_sender(house)
        time.sleep(1)
    read = house.operator("epd.mailing", "read", [mailing], ["wait_reason", "state"])[0]
    assert "копия" in read["wait_reason"], read
    tasks = house.admin(
        "mail.activity", "search_read", [("res_model", "=", "epd.unisender.account")]
    )
    assert len(tasks) == 1 and "копия" in tasks[0]["note"]
    with pytest.raises(RpcError, match="копия"):
        house.admin("epd.unisender.account", "action_check_connection", [house.account])


def _confirm(house):
    """The operator may not, the manager may."""
    with pytest.raises(RpcError):
        house.operator("epd.unisender.account", "action_confirm_home", [house.account])
    house.admin("epd.unisender.account", "action_confirm_home", [house.account])
    house.admin("epd.unisender.account", "action_check_connection", [house.account])


def test_a_dump_restored_beside_it(copied, tmp_path):
    mailing = _plan(copied)
    drop_database(COPY)
    server = OdooServer(COPY)
    try:
        _run_pg("pg_dump", "-Fc", "-f", tmp_path / "copy.dump", copied.odoo.db)
        _restore(tmp_path / "copy.dump", COPY)
        shutil.copytree(filestore(copied.odoo.db), filestore(COPY))
        server.start()
        twin = House(server, copied.sandbox)
        _check_silent(twin, mailing)
        assert copied.sandbox.control("letters") == []
        # the one at work sends, with its copy at work beside it
        _let_it_be_due(copied, mailing)
        finish(copied, mailing, 120)
        let_time_pass(twin)
        wake_sender(twin)
        time.sleep(2)
        result = tally(copied, mailing)
        assert (result.received, result.twice, result.lost) == (COUNT, 0, 0)
        _confirm(twin)
    finally:
        server.kill()
        drop_database(COPY)


def test_a_backup_put_back_after_its_letters_went(copied, tmp_path):
    """The same name, files and number: only PostgreSQL knows that it is another state."""
    mailing, db = _plan(copied), copied.odoo.db
    _run_pg("pg_dump", "-Fc", "-f", tmp_path / "backup.dump", db)
    _let_it_be_due(copied, mailing)
    finish(copied, mailing, 120)
    assert tally(copied, mailing).received == COUNT
    copied.odoo.kill()
    _run_pg("dropdb", "--force", db)
    _restore(tmp_path / "backup.dump", db)
    copied.odoo.start()
    _check_silent(copied, mailing)
    assert len(copied.sandbox.control("letters")) == COUNT, "none of them went again"
    # the manager takes back what went, and says that this is the working database
    copied.operator("epd.mailing", "action_cancel", [mailing])
    _confirm(copied)
    wake_sender(copied)
    time.sleep(2)
    assert len(copied.sandbox.control("letters")) == COUNT
