"""Memory of the sender over one big mailing: it must not grow with the letters."""

import os
import time

from .copies import make_documents
from .figures import record
from .service import connect, make_mailing, sandbox

COUNT = int(os.environ.get("BENCH_MEMORY_LETTERS", "20000"))


def measure(env):
    """Print the memory at each tenth of the mailing."""
    documents = make_documents(env, COUNT)
    with sandbox("--no-limits") as url:
        mailing = make_mailing(env, connect(env, url), documents)
        mailing.action_send()
        env.cr.commit()
        env.invalidate_all()
        cron = env.ref("epd_mailing.ir_cron_send")
        sizes, started, goal = [], time.perf_counter(), COUNT // 10
        while mailing.state != "done":
            cron.method_direct_trigger()
            env.cr.commit()
            env.invalidate_all()
            gone = COUNT - mailing.pending_count
            if gone >= goal:
                sizes.append((gone, resident()))
                goal = gone + COUNT // 10
        seconds = time.perf_counter() - started
        assert mailing.sent_count == COUNT, mailing.read(["sent_count", "wait_reason"])
    points = ", ".join(f"{gone}: {size:.0f}" for gone, size in sizes)
    print(f"Memory over a mailing, {COUNT / seconds:.1f} letters/s, MB by letters sent: {points}")
    record("memory.growth", sizes[-1][1] - sizes[0][1], count=COUNT)


def resident():
    """Return this process's memory in MB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
