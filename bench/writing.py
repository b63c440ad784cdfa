"""Letters of a big mailing written by the job, and the mailing given up again, beside one COPY of as many rows."""

import io
import os
import time

from odoo import sql_db

from . import table
from .copies import make_documents
from .figures import is_before, record

COUNT = int(os.environ.get("BENCH_WRITING", "100000"))


def measure(env):
    """Print the figures."""
    documents = make_documents(env, COUNT)
    mailing = env["epd.mailing"].create(
        {
            "unisender_account_id": env.ref("epd_mailing.demo_unisender_account").id,
            "template_id": env.ref("epd_mailing.demo_template").id,
            "period_id": documents[0].period_id.id,
        }
    )
    mailing.sudo()._unlocked().write(
        {"fill_period_id": mailing.period_id.id, "fill_list_id": False, "fill_form": "epd"}
    )
    clock = Clock()
    mailing._fill()
    env.cr.commit()
    print(f"  filled, on the screen: {time.perf_counter() - clock.wall:.1f} s")
    clock = Clock()
    run_job(env, lambda: mailing.is_filling)
    written = mailing.letter_count
    assert written >= COUNT, written
    show("writing.write", clock, written)
    clock = Clock()
    mailing.action_cancel()
    env.cr.commit()
    show("writing.cancel", clock, written)
    clock = Clock()
    run_job(env, lambda: mailing.state == "cancelling")
    assert mailing.state == "cancelled" and not mailing.pending_count
    show("writing.withdraw", clock, written)
    if not is_before():
        measure_copy(env, mailing, written)


class Clock:
    """Wall time, CPU time of this process and statements since it was made."""

    def __init__(self):
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        self.statements = sql_db.sql_counter


def show(key, clock, count, column=table.OURS):
    """Record what it took since the clock was started."""
    seconds, cpu = time.perf_counter() - clock.wall, time.process_time() - clock.cpu
    statements = sql_db.sql_counter - clock.statements
    note = f"{cpu:.1f} s of our CPU, {1000 * cpu / count:.2f} ms each, {statements} statements"
    record(key, seconds, column, count, note)


def run_job(env, is_at_work):
    """Run the job, cron run after cron run, while there is work."""
    cron, runs = env.ref("epd_mailing.ir_cron_fill"), 0
    while is_at_work():
        cron.method_direct_trigger()
        env.cr.commit()
        env.invalidate_all()
        runs += 1
        assert runs < 1000, "it does not end"


def measure_copy(env, mailing, written):
    """The limit: the same rows by COPY into the same table with its indexes."""
    stream = io.StringIO()
    where = f"SELECT * FROM epd_mailing_letter WHERE mailing_id = {int(mailing.id)}"
    env.cr.copy_expert(f"COPY ({where}) TO STDOUT", stream)
    env.cr.execute("DELETE FROM epd_mailing_letter WHERE mailing_id = %s", (mailing.id,))
    stream.seek(0)
    clock = Clock()
    env.cr.copy_expert("COPY epd_mailing_letter FROM STDIN", stream)
    show("writing.write", clock, written, table.LIMIT)
    env.cr.rollback()
