"""Rows a second of loading charges from a file, beside Odoo's own ``load()`` on the same rows."""

import base64
import csv
import ctypes
import gc
import io
import os
import time

from odoo.addons.epd_mailing.models.intake.import_file import ImportFile
from odoo.addons.epd_mailing.models.intake.import_run import ImportRun
from odoo.tools import SQL

from . import table
from .figures import is_before, record

SERVICES = 12
COUNT = int(os.environ.get("BENCH_IMPORT_ACCOUNTS", "100000"))
FILES = int(os.environ.get("BENCH_IMPORT_FILES", "5"))  # of the cases, the first ones
NATIVE = int(os.environ.get("BENCH_IMPORT_NATIVE", "300"))  # accounts that load() gets
ONE_ROW_A_CHARGE = ["account_id", "service_id/code", "volume_individual", "tariff", "amount"]


def measure(env):
    """Print the figures: check, load, the same again, a changed month, and Odoo's load()."""
    numbers = make_accounts(env, COUNT)
    codes = make_services(env)
    env.cr.commit()
    period = env.ref("epd_mailing.demo_period_2026_03")
    print(
        f"Loading charges, {COUNT} accounts × {len(codes)} services = {COUNT * len(codes)} lines, "
        "one commit a slice:",
        flush=True,
    )
    for title, make, amount, scope, share in CASES[:FILES]:
        given, used = numbers[: COUNT // share], codes[: -1 if scope == "whole" else None]
        order = make_order(env, period, title, make(given, used, amount), scope=scope)
        of = f" ({len(given)} accounts)" if share > 1 else ""
        lines = len(given) * len(codes)
        spent = report(env, order, title + of, lines)
        if row := ROWS.get(title):
            record(row, lines / spent, count=lines)
    if not is_before():
        measure_load(env, numbers, codes)


def memory(name="VmHWM"):
    """Return the peak of this process since :func:`forget_peak` (``VmRSS``: what it has now), MB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name)) / 1024


def forget_peak():
    """Give back what was needed to make the file, and count the peak from here on."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")


def one_core(env):
    """Return the seconds of CPU that this process and its PostgreSQL backend have used together.

    The database has to run on this machine: what one core would need for both.
    """
    env.cr.execute("SELECT pg_backend_pid()")
    with open(f"/proc/{env.cr.fetchone()[0]}/stat") as stat:
        # after the name in brackets: state is field 3, utime 14, stime 15 (proc(5))
        fields = stat.read().rpartition(")")[2].split()
    backend = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return time.process_time() + backend


def make_accounts(env, count):
    """Return the numbers of ``count`` new accounts of the demo house."""
    pattern = env.ref("epd_mailing.demo_account_0100002")
    stamp = int(time.time()) % 100000
    numbers = [f"8{stamp:05d}{n:06d}" for n in range(count)]
    first = env["epd.personal.account"].create(
        {
            "number": numbers[0],
            "company_id": pattern.company_id.id,
            "building_id": pattern.building_id.id,
            "premises": "0",
            "date_open": "2020-01-01",
        }
    )
    env.flush_all()
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = 'epd_personal_account' AND column_name NOT IN ('id', 'number')"
    )
    same = SQL(", ").join(SQL.identifier(name) for (name,) in env.cr.fetchall())
    # the others are like it: what is measured is the loading
    env.cr.execute(
        SQL(
            "INSERT INTO epd_personal_account (number, %(same)s) SELECT given, %(same)s"
            " FROM epd_personal_account, unnest(%(numbers)s) AS given WHERE id = %(first)s",
            same=same,
            numbers=numbers[1:],
            first=first.id,
        )
    )
    env.cr.commit()
    env.cr.execute("ANALYZE epd_personal_account")
    env.invalidate_all()
    return numbers


def make_services(env):
    """Return the codes of the services that are charged."""
    services = env["epd.service"].search([], limit=SERVICES)
    return services.mapped("code")


def rows_of(numbers, codes, amount):
    """Yield account, service, volume, tariff, amount."""
    for n, number in enumerate(numbers):
        for code in codes:
            yield number, code, "1,5", "38,20", f"{amount + n % 900},{int(code) % 100:02d}"


def make_file(numbers, codes, amount):
    """Return a file with one row a charge (bytes)."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=";")
    writer.writerow(["Лицевой счёт", "Услуга", "Объём", "Тариф", "Начислено"])
    writer.writerows(rows_of(numbers, codes, amount))
    return stream.getvalue().encode("cp1251")


def make_across(numbers, codes, amount):
    """Return a file with one row an account (bytes)."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=";")
    writer.writerow(["Лицевой счёт", *codes])
    for n, number in enumerate(numbers):
        writer.writerow([number, *(f"{amount + n % 900},{int(code) % 100:02d}" for code in codes)])
    return stream.getvalue().encode("cp1251")


# what is loaded, one after another, of which part of the accounts (1: all, 10: a tenth)
CASES = (
    ("CSV, new lines", make_file, 100, "part", 1),
    ("CSV, the same file again", make_file, 100, "part", 1),
    ("CSV, every amount changed", make_file, 101, "part", 1),
    ("CSV, services across, the same figures", make_across, 101, "part", 10),
    ("CSV, services across, all of the month but one service", make_across, 101, "whole", 10),
)

# the cases that have a row of the table
ROWS = {CASES[0][0]: "imports.new", CASES[1][0]: "imports.again"}


def make_order(env, period, title, data, **more):
    """Return an order to load a file, which is on the disk then and not in memory."""
    order = env["epd.import"].create(
        {
            "kind": "charge",
            "period_id": period.id,
            "file": base64.b64encode(data),
            "file_name": title,
            **more,
        }
    )
    env.cr.commit()
    env.invalidate_all()
    return order


def report(env, order, title, lines):
    """Load a file as the cron does, slice by slice, print lines a second; return all its seconds."""
    forget_peak()
    before = memory("VmRSS")
    seconds, own = {}, {}
    for phase in ("check", "load"):
        ImportFile(order).check_startable()
        order._unlocked()._start(phase, "checking" if phase == "check" else "loading")
        env.cr.commit()
        started, used = time.perf_counter(), one_core(env)
        passes = 0
        while order.state in ("checking", "loading"):
            cpu = time.process_time()
            run = ImportRun(order._for_user())
            run.run(lambda cpu=cpu: time.process_time() - cpu < 22.0, commit=True)
            passes += 1
        seconds[phase] = time.perf_counter() - started
        own[phase] = one_core(env) - used
    assert order.state == "done" and not order.error_count, order.pause_reason
    rates = ", ".join(
        f"{phase} {lines / seconds[phase]:.0f} lines/s ({lines / own[phase]:.0f} on one core, with the database)"
        for phase in seconds
    )
    print(
        f"  {title}: {rates}; {order.created_count} new, {order.updated_count} changed, "
        f"{order.same_count} as before, {order.removed_count} removed; {passes} passes of the cron; peak memory {memory():.0f} MB, "
        f"{before:.0f} MB before",
        flush=True,
    )
    return sum(seconds.values())


def measure_load(env, numbers, codes):
    """Print what Odoo's own import takes for the first accounts, into a month of its own."""
    month = env.ref("epd_mailing.demo_period_2026_02")
    accounts = numbers[:NATIVE]
    env.cr.execute(
        SQL(
            "DELETE FROM epd_charge WHERE period_id = %s AND account_id IN"
            " (SELECT id FROM epd_personal_account WHERE number = ANY(%s))",
            month.id,
            accounts,
        )
    )
    names = ["account_id", "service_id", "period_id", "volume_individual", "tariff", "amount"]
    services = {s.code: s.name for s in env["epd.service"].search([])}
    rows = [
        [number, services[code], month.name, volume.replace(",", "."), tariff.replace(",", "."),
         amount.replace(",", ".")]
        for number, code, volume, tariff, amount in rows_of(accounts, codes, 100)
    ]  # fmt: skip
    forget_peak()
    before = memory("VmRSS")
    started, used = time.perf_counter(), one_core(env)
    answer = env["epd.charge"].with_context(import_file=True).load(names, rows)
    seconds, own = time.perf_counter() - started, one_core(env) - used
    assert answer["ids"], answer["messages"][:3]
    env.cr.commit()
    note = (
        f"names looked up, no check before, not idempotent; {len(rows) / own:.0f}/s on one core with the "
        f"database; peak memory {memory():.0f} MB, {before:.0f} MB before"
    )
    record("imports.new", len(rows) / seconds, table.ODOO, len(rows), note)
