"""Two workers on two cores beside each alone on one of them: by cron jobs, and by OCA's queue_job.

Each worker has a core to itself, with its database backend and one converter; alone it has no more. So the
ratio says what workers cost each other (locks, commits, serialisation), whatever the machine is worth.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from odoo.tools import config

from .figures import is_before, record
from .house import make_accounts

COUNT = int(os.environ.get("BENCH_EFFICIENCY", "1920"))  # whole slices: each worker gets as many
WARM = 480
CRONS = ("epd_mailing.ir_cron_prepare", "epd_mailing.ir_cron_prepare_2")
PATIENCE = 3600


def measure(env):
    """Record the ratio of either engine of background work."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        raise SystemExit("two cores are needed")
    env["ir.config_parameter"].set_param("epd_mailing.worker_count", "2")
    env["epd.work.engine"]._set_up_rows()
    plans = ([cores[0]], [cores[1]], cores)
    report("crons", [measure_crons(env, plan) for plan in plans])
    if not is_before():
        report("queue", measure_queue(env, plans))


def report(key, rounds):
    """Record the ratio of the last of ``rounds`` to those before it: (seconds, CPU seconds) each."""
    for (seconds, cpu), who in zip(rounds, ("one", "the other", "both"), strict=True):
        print(f"  {key}, {who}: {COUNT} in {seconds:.1f} s, {1000 * cpu / COUNT:.1f} ms CPU each")
    rates = [COUNT / seconds for seconds, _cpu in rounds]
    costs = [1000 * cpu / COUNT for _seconds, cpu in rounds]
    note = (
        f"{rates[0]:.1f} and {rates[1]:.1f}/s alone, {rates[2]:.1f}/s together; CPU of a document with "
        f"converter and database {costs[0]:.1f} and {costs[1]:.1f} ms, together {costs[2]:.1f} ms"
    )
    record(f"efficiency.{key}", rates[2] / (rates[0] + rates[1]), count=COUNT, note=note)
    # hardly changes with what else the machine does
    record(f"efficiency.{key}.cpu", (costs[0] + costs[1]) / 2 / costs[2], count=COUNT)


def make_list(env, count):
    """Return a list of ``count`` new accounts."""
    accounts, _period = make_accounts(env, count)
    values = {
        "name": "efficiency",
        "kind": "fixed",
        "company_id": accounts.company_id.id,
        "account_ids": [(6, 0, accounts.ids)],
    }
    made = env["epd.account.list"].create(values)
    env.cr.commit()
    return made


def find_backends(env, pid):
    """Return the processes of PostgreSQL that serve the connections of a process."""
    with contextlib.suppress(psutil.Error):
        ports = [
            each.laddr.port
            for each in psutil.Process(pid).net_connections("inet")
            if each.laddr and each.raddr
        ]
        env.cr.execute("SELECT pid FROM pg_stat_activity WHERE client_port = ANY(%s)", (ports,))
        found = [pid for (pid,) in env.cr.fetchall()]
        env.cr.rollback()
        return found
    return []


def spent(pids):
    """Return the CPU seconds of processes, with those of their children that have ended."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            total += sum(psutil.Process(pid).cpu_times()[:4])
    return total


# --- cron jobs ------------------------------------------------------------------------------------


def measure_crons(env, cores):
    """Return (seconds, CPU seconds) of a run that a cron worker on each of ``cores`` works on."""
    chosen = make_list(env, COUNT)
    warm = [make_accounts(env, 2)[0].ids for _core in cores]
    run = env["epd.billing.run"].create(
        {
            "period_id": env.ref("epd_mailing.demo_period_2026_03").id,
            "list_ids": [(6, 0, chosen.ids)],
        }
    )
    run.action_prepare()
    env.cr.commit()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        workers = []
        for cron, core, accounts in zip(CRONS, cores, warm, strict=False):
            order = {
                "run": run.id,
                "cron": cron,
                "core": core,
                "warm": accounts,
                "folder": folder,
            }
            workers.append(stack.enter_context(start_worker(env.cr.dbname, order)))
        wait_for(lambda: len(list(Path(folder).glob("*.ready"))) == len(cores), workers)
        started = time.perf_counter()
        (Path(folder) / "go").touch()
        for worker in workers:
            assert worker.wait(PATIENCE) == 0, "a worker failed"
        said = [json.loads(path.read_text()) for path in Path(folder).glob("*.done")]
    env.invalidate_all()
    assert run.state == "done", run.state
    # by the clock of all processes of the machine
    return max(each["ended"] for each in said) - started, sum(each["cpu"] for each in said)


@contextlib.contextmanager
def start_worker(database, order):
    """Give a process of Odoo's shell that does :func:`work`."""
    command = [sys.executable, "-W", "ignore", "-c", "import odoo.cli; odoo.cli.main()", "shell"]
    command += ["-c", config["config"], "--addons-path", ",".join(config["addons_path"])]
    command += ["-d", database, "--no-http", "--log-level=error", "--max-cron-threads=0"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)
    process.stdin.write(f"from bench import efficiency\nefficiency.work(env, **{order!r})\n")
    process.stdin.close()
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(question, workers=()):
    """Wait until ``question()``; none of ``workers`` may end before."""
    until = time.monotonic() + PATIENCE
    while not question():
        assert all(worker.poll() is None for worker in workers), "a worker failed"
        assert time.monotonic() < until, "it does not come to an end"
        time.sleep(0.05)


def work(env, run, cron, core, warm, folder):
    """Work on a run as a cron worker does, on one core; leaves word in ``folder`` of what it took."""
    os.sched_setaffinity(0, {core})
    backend = env.cr._cnx.get_backend_pid()
    os.sched_setaffinity(backend, {core})
    period = env.ref("epd_mailing.demo_period_2026_03")
    accounts = env["epd.personal.account"].browse(warm)
    env["epd.payment.document"]._form_documents(accounts, period, "epd")
    env.cr.commit()
    place = Path(folder)
    (place / f"{core}.ready").touch()
    wait_for((place / "go").exists)
    pids = [os.getpid(), backend]
    before, run, job = spent(pids), env["epd.billing.run"].browse(run), env.ref(cron)
    while run.state == "preparing":
        job.method_direct_trigger()
        env.cr.commit()
        env.invalidate_all()
    said = {"ended": time.perf_counter(), "cpu": spent(pids) - before}
    (place / f"{core}.done").write_text(json.dumps(said))


# --- queue_job ------------------------------------------------------------------------------------


class Pinned:
    """Keeps processes, their converters and their database backends on a core each while the block runs."""

    def __init__(self, env, cores):
        self.env, self.cores = env, cores
        self.backends = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._pin()
        self._thread.start()
        return self

    def __exit__(self, *_args):
        self._over.set()
        self._thread.join()

    def _watch(self):
        while not self._over.wait(0.5):
            self._pin()

    def _pin(self):
        for pid, core in self.cores.items():
            with contextlib.suppress(psutil.Error, ProcessLookupError):
                process = psutil.Process(pid)
                for each in (process, *process.children(recursive=True)):
                    # a process number names its first thread alone, and Odoo's workers work in another
                    # (``Worker.run`` of odoo/service/server.py, seen 2026-11-27)
                    for thread in each.threads():
                        os.sched_setaffinity(thread.id, {core})
                with self.env.registry.cursor() as cr:
                    found = find_backends(self.env(cr=cr), pid)
                for backend in found:
                    os.sched_setaffinity(backend, {core})
                self.backends.update(found)


def measure_queue(env, plans):
    """Return [(seconds, CPU seconds)] of a run on the cores of each plan, by queue_job's runner."""
    from tests_system.server import OdooServer, install_queue

    warm, *lists = [make_list(env, count).id for count in (WARM, *[COUNT] * len(plans))]
    env.cr.commit()
    install_queue(env.cr.dbname)
    server = OdooServer(env.cr.dbname, workers=2, cron_threads=0, queue=True)
    try:
        server.start()
        admin = server.login("admin")
        follow_run(env, admin, warm)
        workers = find_workers(server)
        rounds = []
        for chosen, plan in zip(lists, plans, strict=True):
            admin("ir.config_parameter", "set_param", "epd_mailing.worker_count", str(len(plan)))
            with Pinned(env, dict(zip(workers, plan * 2, strict=False))) as pinned:
                before = spent([*workers, *pinned.backends])
                seconds = follow_run(env, admin, chosen)
                rounds.append((seconds, spent([*workers, *pinned.backends]) - before))
        return rounds
    finally:
        server.kill()


def follow_run(env, session, chosen):
    """Have the accounts of a list done by whoever works; return the seconds until all were."""
    values = {
        "period_id": session.ref("epd_mailing.demo_period_2026_03"),
        "list_ids": [(6, 0, [chosen])],
    }
    run = session("epd.billing.run", "create", values)
    started = time.perf_counter()
    session("epd.billing.run", "action_prepare", [run])

    def is_done():
        env.cr.execute("SELECT state FROM epd_billing_run WHERE id = %s", (run,))
        (state,) = env.cr.fetchone()
        env.cr.rollback()
        assert state in ("preparing", "done"), state
        return state == "done"

    wait_for(is_done)
    return time.perf_counter() - started


def find_workers(server):
    """Return the two processes of a server that have done the work so far."""
    children = psutil.Process(server.process.pid).children()
    return sorted((child.pid for child in children), key=lambda pid: -spent([pid]))[:2]
