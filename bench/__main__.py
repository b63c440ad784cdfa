"""``python -m bench [PART …]`` (see ``bench.table``; all without one): one table of what each work takes.

Each part runs in Odoo's own shell on a fresh database, with today's code and then with the last release's
(``BENCH_BEFORE=0``: without it); whole commands by themselves, where they are named. The table is printed as it grows and kept in ``.run/bench.txt``.
"""

import os
import subprocess
import sys
from pathlib import Path

from . import figures, table

ROOT = Path(__file__).resolve().parent.parent
RUN = ROOT / ".run"
KEPT = RUN / "bench.txt"


def call(script):
    """Return what a line of shell says that knows ``scripts/lib.sh``."""
    line = f". {ROOT}/scripts/lib.sh && {script}"
    done = subprocess.run(["bash", "-c", line], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def find_before():
    """Return the folder with the last release's addon; None where history holds none, or none is wanted."""
    if os.environ.get("BENCH_BEFORE") == "0":
        return None
    folder = RUN / "bench_before"
    try:
        call(f"unpack_before {folder}")
    except subprocess.CalledProcessError as error:
        print(f"Without the last release: {error.stderr.strip()}")
        return None
    return folder


def measure(part, column, addon, path):
    """Run one part with one code; its figures are in the file ``path`` then.

    :param addon: folder that holds the addon
    :return: whether it came to its end
    """
    here = {"BENCH_CODE": column, "BENCH_FIGURES": str(path), "EPD_ADDON": str(addon)}
    if part in table.COMMANDS:
        return measure_command(part, {**os.environ, **here})
    home = call("odoo_home")
    environment = {**os.environ, **here, "PYTHONPATH": f"{home}:{ROOT}"}
    database = [ROOT / "scripts" / "database", "epd_bench", "demo"]
    if subprocess.run(database, check=False, env=environment).returncode:
        return False
    command = [sys.executable, "-W", "ignore", "-c", "import odoo.cli; odoo.cli.main()", "shell"]
    command += ["-c", str(RUN / "odoo.conf"), "--addons-path", f"{home}/odoo/addons,{addon}"]
    command += ["-d", "epd_bench", "--no-http", "--log-level=error", "--max-cron-threads=0"]
    script = f"from bench import {part}\n{part}.measure(env)\n"
    done = subprocess.run(command, input=script, text=True, check=False, env=environment, cwd=ROOT)
    return not done.returncode


def measure_command(part, environment):
    """Run a part that is a whole command; it may have stopped PostgreSQL, which the next part needs.

    :return: whether it came to its end
    """
    script = f"from bench import {part}; {part}.measure()"
    done = subprocess.run([sys.executable, "-c", script], check=False, env=environment, cwd=ROOT)
    call("start_pg && write_conf")
    return not done.returncode


def describe_machine(codes):
    """Return a line that says what was compared, where, and how busy the machine was meanwhile."""
    versions = [call(f"git -C {ROOT} describe --always --dirty")]
    if table.BEFORE in codes:
        versions.append(call(f'git -C {ROOT} rev-parse --short "$(version_before)"'))
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{len(os.sched_getaffinity(0))} cores, load {load} in the last 1, 5, 15 minutes; code "
        + ", last release ".join(versions)
    )


def run(parts, codes, measure=measure):
    """Measure ``parts`` and print the table.

    :param codes: {column of the table: folder of the addon}, today's first
    :param measure: what runs one part, see :func:`measure`
    :return: 0, or 1 when a part of ours failed, or said nothing
    """
    path = RUN / "bench.jsonl"
    path.unlink(missing_ok=True)
    failures = []
    for place, part in enumerate(parts, 1):
        for column, addon in codes.items():
            if part in table.COMMANDS and column != table.OURS:
                continue
            print(f"--- {part} ({place} of {len(parts)}), {column}", flush=True)
            if not measure(part, column, addon, path):
                failures.append(table.Failure(part, column))
        known = figures.read(path)
        if not any(f.column == table.OURS and f.key.startswith(f"{part}.") for f in known):
            failures.append(table.Failure(part, table.OURS))
        print(table.lay_out(known, failures, [part]), flush=True)
    whole = f"{describe_machine(codes)}\n{table.lay_out(figures.read(path), failures, parts)}"
    KEPT.write_text(f"{whole}\n", encoding="utf-8")
    print(f"\n{whole}\n\nKept in {KEPT.relative_to(ROOT)}; how to read it: bench/README.md")
    for failure in dict.fromkeys(failures):
        print(f"FAILED: {failure.part}, {failure.column}")
    # what the last release cannot do yet is no failure of ours
    return int(any(failure.column == table.OURS for failure in failures))


def main():
    """Run the parts named (without one: all but whole commands)."""
    parts = sys.argv[1:] or table.PARTS
    known = (*table.PARTS, *table.COMMANDS)
    for part in parts:
        if part not in known:
            raise SystemExit(f"no part {part!r}; there are {', '.join(known)}")
    codes = {table.OURS: ROOT}
    if before := find_before():
        codes[table.BEFORE] = before
    raise SystemExit(run(parts, codes))


if __name__ == "__main__":
    main()
