"""The rate kept at a limit of 60 letters a minute, by a real Odoo with its cron."""

import json
import os
import time
import urllib.request

from . import table
from .copies import make_documents
from .figures import record
from .service import KINDS, connect, make_mailing, sandbox
from .web import web_server

LIMIT = 60
COUNT = int(os.environ.get("BENCH_RATE_LETTERS", "300"))
PORT = 8191


def measure(env):
    """Print the figures of both kinds."""
    documents = make_documents(env, COUNT * len(KINDS))
    for number, kind in enumerate(KINDS):
        measure_kind(env, documents[number * COUNT : (number + 1) * COUNT], kind)


def measure_kind(env, documents, kind):
    """Print the figures of one kind of the service."""
    box = "go/letters" if kind == "go" else "letters"
    with sandbox("--no-limits") as url:
        account = connect(env, url, kind, limit_per_minute=LIMIT)
        mailing = make_mailing(env, account, documents)
        mailing.action_send()
        env.cr.commit()
        with web_server(env.cr.dbname, PORT, cron_threads=1):
            until = time.monotonic() + 60 + COUNT * 120 / LIMIT
            while time.monotonic() < until and mailing.state != "done":
                time.sleep(2)
                env.cr.rollback()
                env.invalidate_all()
        with urllib.request.urlopen(f"{url}/sandbox/{box}") as answer:
            moments = sorted(letter["received"] for letter in json.load(answer))
    assert len(moments) == COUNT, f"{len(moments)} of {COUNT} letters came"
    most = max(sum(1 for moment in moments if start <= moment < start + 60) for start in moments)
    # letters go in bursts of a minute's number: whole rounds are counted, not the last begun one
    starts = [
        place for place, moment in enumerate(moments) if moment - moments[max(place - 1, 0)] > 10
    ]
    last = starts[-1] if starts else COUNT - 1
    rate = last * 60 / (moments[last] - moments[0])
    record(f"rate.{kind}", rate, count=COUNT, note=f"by a real cron; at most {most} in any 60 s")
    record(f"rate.{kind}", LIMIT, table.LIMIT)
