"""Statuses of many letters asked by polling, and told by the webhook over a real HTTP server."""

import json
import os
import tempfile
import threading
import time
import urllib.request
from queue import Empty, Queue

from odoo import sql_db

from sandbox.go import fates
from sandbox.go.store import GoStore
from sandbox.hooks import encode
from sandbox.store import Store, stamp

from .copies import make_documents, pretend_sent
from .figures import record
from .service import API_KEY, KINDS, connect, make_mailing, sandbox
from .web import find_port, web_server

COUNT = int(os.environ.get("BENCH_STATUSES", "50000"))
EVENTS = int(os.environ.get("BENCH_EVENTS", "10000"))
BATCH = 100  # events a call, as the service sends them
PARALLEL = 4
FATES = ("noread", "read", "click", "full")  # first words that script what becomes of a letter


def measure(env):
    """Print the figures of both kinds."""
    documents = make_documents(env, COUNT * len(KINDS))
    measure_classic(env, documents[:COUNT])
    measure_go(env, documents[COUNT:])


def measure_classic(env, documents):
    """The statuses are asked letter by letter, 500 a call."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "sandbox.sqlite")
        ids = fill_sandbox(path, COUNT)
        with sandbox("--no-limits", "--db", path) as url:
            account = connect(env, url)
            mailing = make_mailing(env, account, documents)
            letters = pretend_sent(env, mailing, documents, ids)
            assert len(letters) == COUNT
            measure_polling(env, mailing, url)
    measure_webhook(env, account, letters[:EVENTS], make_classic_event)


def measure_go(env, documents):
    """The events are read from dumps of a span of time, divided where one is full."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "sandbox.sqlite")
        with sandbox("--no-limits", "--db", path) as url:
            control(url, "go/settings", {"dump_seconds": 0})
            account = connect(env, url, "go")
            mailing = make_mailing(env, account, documents)
            ids = [f"bench-{number}" for number in range(COUNT)]
            letters = pretend_sent(env, mailing, documents, ids)
            assert len(letters) == COUNT
            fill_go(path, letters)
            measure_polling(env, mailing, url, "go")
    measure_webhook(env, account, letters[:EVENTS], make_go_event)


def fill_go(path, letters):
    """Make letters of the last hour in the sandbox's file, with all that became of them."""
    store, begun = GoStore(Store(path)), time.time() - 3600
    step = 3000 / len(letters)
    letter = {"sender": "s", "subject": "s", "body": "b", "track_read": 1, "track_links": 1}
    names = ["id", "job_id", "email", "metadata", "received", *letter]
    rows, events = [], []
    for number, (job, key) in enumerate(letters.mapped(lambda x: (x.provider_id, x.letter_key)), 1):
        fate = {**letter, "email": f"{FATES[number % 4]}.{number}@example.com"}
        received = begun + number * step
        metadata = json.dumps({"key": key, "db": letters.env.cr.dbname})
        rows.append((number, job, fate["email"], metadata, received, *letter.values()))
        # an hour of a letter's life in a minute
        events += [
            (number, received + at, *rest, 1) for at, *rest in fates.events_of(fate, speed=60)
        ]
    marks = ", ".join("?" * len(names))
    store.run_many(f"INSERT INTO go_letter ({', '.join(names)}) VALUES ({marks})", rows)
    columns = "letter_id, at, status, delivery_status, traffic, url, due"
    store.run_many(f"INSERT INTO go_event ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", events)


def fill_sandbox(path, count):
    """Make letters of an hour ago in the sandbox's file; return their ids."""
    store, begun = Store(path), time.time() - 3600
    letter = {
        "subject": "s",
        "body": "b",
        "sender": "s",
        "reply_to": "",
        "list_id": "1",
        "metadata": "{}",
        "ref_key": "",
        "track_read": 1,
        "track_links": 1,
    }
    first = store.add_letter({**letter, "email": "noread.1@example.com"}, [])
    names = ["id", "email", *letter, "received", "status", "status_at", "next_at"]
    store.run_many(
        f"INSERT INTO letter ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
        [
            (
                first + n,
                f"{FATES[n % 4]}.{n}@example.com",
                *letter.values(),
                begun,
                "not_sent",
                begun,
                begun,
            )
            for n in range(1, count)
        ],
    )
    store.run("UPDATE letter SET received = ?, status_at = ?, next_at = ?", begun, begun, begun)
    return [first + n for n in range(count)]


def measure_polling(env, mailing, url, kind="classic"):
    """Refresh all statuses by the job, pass by pass."""
    cron = env.ref("epd_mailing.ir_cron_refresh")
    domain = [("mailing_id", "=", mailing.id), ("raw_status", "=", False)]
    calls = count_calls(url, kind)
    queries = count_queries(env)
    started, cpu = time.perf_counter(), time.process_time()
    passes = 0
    while env["epd.mailing.letter"].search_count(domain, limit=1):
        cron.method_direct_trigger()
        env.cr.commit()
        env.invalidate_all()
        passes += 1
        assert passes < 1000, "the statuses do not come"
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    note = (
        f"{1000 * cpu / COUNT:.2f} ms of our CPU each, {count_calls(url, kind) - calls} API calls, "
        f"{passes} passes"
    )
    record(f"statuses.{kind}.asked", seconds, count=COUNT, note=note)
    record(f"statuses.{kind}.statements", count_queries(env) - queries, count=COUNT)


def control(url, path, data=None):
    """Call the sandbox's control API and return its answer."""
    body = json.dumps(data).encode() if data is not None else None
    with urllib.request.urlopen(f"{url}/sandbox/{path}", body) as answer:
        return json.load(answer)


def count_calls(url, kind):
    """Return how many calls about statuses the sandbox has answered."""
    if kind == "classic":
        return control(url, "count")["calls"].get("checkEmail", 0)
    calls = control(url, "go/count")["calls"]
    return sum(number for method, number in calls.items() if method.startswith("event-dump/"))


def count_queries(env):
    """Return how many statements this process has run so far."""
    return sql_db.sql_counter


def make_classic_event(email, provider_id, metadata, moment):
    """Return an event as the classic UniSender tells it."""
    return {
        "event_name": "email_status",
        "event_time": moment,
        "event_data": {
            "email": email,
            "status": "ok_link_visited",
            "status_group": "success_pending_group",
            "email_id": int(provider_id),
            "metadata": metadata,
        },
    }


def make_go_event(email, provider_id, metadata, moment):
    """Return an event as Unisender Go tells it."""
    return {
        "event_name": "transactional_email_status",
        "event_data": {
            "job_id": provider_id,
            "metadata": metadata,
            "email": email,
            "status": "clicked",
            "event_time": moment,
            "url": "https://uk-demo.example.com/",
            "delivery_info": {"traffic_type": "human"},
        },
    }


def measure_webhook(env, account, letters, make_event):
    """Record what the webhook of an account takes."""
    kind, (seconds, slowest) = account.api_kind, tell_webhook(env, account, letters, make_event)
    note = f"{BATCH} a call, {PARALLEL} at once; all kept, and read in the letters"
    record(f"statuses.{kind}.told", seconds, count=len(letters), note=note)
    record(f"statuses.{kind}.slowest", slowest, count=len(letters))


def tell_webhook(env, account, letters, make_event):
    """Post signed batches over real HTTP from parallel clients; return (seconds, slowest answer)."""
    account._unlocked().write({"webhook_state": "on"})
    path = "/epd_mailing/webhook/" + account._get_webhook_url().rpartition("/")[2]
    env.cr.commit()
    moment, bodies = stamp(time.time()), Queue()
    facts = [(letter.email, letter.provider_id, letter.letter_key) for letter in letters]
    for start in range(0, len(facts), BATCH):
        events = [
            make_event(email, provider_id, {"key": key, "db": env.cr.dbname}, moment)
            for email, provider_id, key in facts[start : start + BATCH]
        ]
        payload = {"events_by_user": [{"login": "office", "events": events}]}
        bodies.put(encode(payload, API_KEY))
    slowest, answers = [0.0], []

    def post(url):
        while True:
            try:
                body = bodies.get_nowait()
            except Empty:
                return
            began = time.perf_counter()
            call = urllib.request.Request(url + path, body, {"Content-Type": "application/json"})
            with urllib.request.urlopen(call, timeout=60) as answer:
                answers.append(answer.status)
            slowest[0] = max(slowest[0], time.perf_counter() - began)

    with web_server(env.cr.dbname, find_port()) as url:
        urllib.request.urlopen(url + path, timeout=60).close()
        threads = [threading.Thread(target=post, args=(url,)) for _ in range(PARALLEL)]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - started
    env.cr.rollback()
    env.invalidate_all()
    started = time.perf_counter()
    # releases before 19.0.1.3.0 applied the events while the service waited for the answer
    if job := env.ref("epd_mailing.ir_cron_events", raise_if_not_found=False):
        job.method_direct_trigger()
        env.cr.commit()
        env.invalidate_all()
    seconds += time.perf_counter() - started
    kept = env["epd.letter.event"].search_count(
        [("source", "=", "webhook"), ("letter_id", "in", letters.ids)]
    )
    read = sum(1 for letter in letters if letter.clicked_at)
    assert kept == read == len(facts) and set(answers) == {200}
    return seconds, slowest[0]
