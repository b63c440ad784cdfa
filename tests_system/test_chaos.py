"""Power cuts at random while letters go: none twice, none lost, and what is in doubt is said.

Over both kinds of the service: the classic method and Unisender Go. The short form runs with the other tests;
``make chaos`` runs the long one: 500 letters and 30 kills of each kind, or as many kills as ``KILLS=`` says.
"""

import contextlib
import os
import random
import signal
import time

import pytest

from . import sending
from .conftest import make_house
from .server import restart_postgres, wait_until

LONG = bool(os.environ.get("EPD_CHAOS"))
KILLS = int(os.environ.get("EPD_CHAOS_KILLS") or (30 if LONG else 4))
LETTERS = max(17 * KILLS, 60)
RESTART_LETTERS, RESTARTS = (300, 5) if LONG else (30, 1)
KINDS = ("classic", "go")
# where the sandbox shows and takes what concerns a kind
BOXES = {"classic": "", "go": "go/"}
BUTTON_LETTERS = 300 if LONG else 40
K = 4  # letters in flight
# how many documents each test takes
WANTED = {
    "test_worker_killed_at_random": LETTERS,
    "test_database_restarted": RESTART_LETTERS,
    "test_two_crons_and_a_clerk": BUTTON_LETTERS,
}
SEED = int(os.environ.get("EPD_CHAOS_SEED", time.time() if LONG else 19))
PATIENCE = 900 + 30 * KILLS if LONG else 240
# (kind, chance): what the line does to letters while workers die
WEATHER = (
    ("slow_after", 0.02, 30),  # accepted, and the answer comes after our time-out
    ("drop_after", 0.03, 0),
    ("drop_before", 0.03, 0),
    ("http_502", 0.02, 0),  # taken, and the answer is lost on the way
    ("http_504", 0.01, 0),
    ("http_500", 0.01, 0),  # not taken; nobody can know it
    ("http_503", 0.01, 0),
    ("http_429", 0.02, 0),  # not taken: safe to send again, after the account's rest
    ("non_json", 0.02, 0),
    ("slow_after", 1, 0.3),  # the rest is answered late, so that letters are in flight
)


@pytest.fixture(scope="module")
def house(request):
    """A house with documents enough for those tests here that run, and an account of each kind."""
    ours = [item for item in request.session.items if item.module is request.module]
    count = sum(WANTED[item.originalname] for item in ours)
    for house in make_house(
        "chaos", lambda db: sending.make_documents(db, count), workers=2, cron_threads=2
    ):
        house.accounts = {"classic": house.account, "go": house.connect_go()}
        yield house


@pytest.fixture(params=KINDS)
def kind(request):
    """The service that letters go by."""
    return request.param


@pytest.fixture(scope="module")
def documents(house):
    """Ids of documents that no mailing has yet; tests take from the end."""
    rows = house.odoo.query(
        "SELECT document.id FROM epd_payment_document document "
        "JOIN epd_personal_account account ON account.id = document.account_id "
        "WHERE document.state = 'saved' AND account.number LIKE '9%%' ORDER BY document.id"
    )
    return [row[0] for row in rows]


@pytest.fixture
def bad_weather(house, kind):
    """Time-outs, dropped connections and odd answers; the client waits no longer than 2 s."""
    house.odoo.query(
        "UPDATE epd_unisender_account SET timeout_seconds = 2, parallel_calls = %s, limit_per_day = 0",
        K,
    )
    for what, chance, seconds in WEATHER:
        fault = {"kind": what, "chance": chance, "seconds": seconds, "times": 10**6}
        house.sandbox.control(f"{BOXES[kind]}fault", fault)
    yield
    house.sandbox.control(f"{BOXES[kind]}faults", {})


def start_mailing(house, documents, count, kind="classic"):
    """Send documents off the end by a service; return the id of the mailing."""
    taken = [documents.pop() for _ in range(count)]
    assert len(taken) == count
    mailing = sending.make_mailing(house, taken, account=house.accounts[kind])
    house.operator("epd.mailing", "action_send", [mailing])
    return mailing


def received(house, kind):
    """Return how many letters the service has accepted."""
    return house.sandbox.control(f"{BOXES[kind]}count")["letters"]


def wait_for_letters(house, kind, mailing):
    """Wait until letters go again, or the mailing has none left to send."""

    before = received(house, kind)

    def going():
        sending.let_time_pass(house)
        sending.nudge(house)
        return received(house, kind) > before or sending.read_state(house, mailing) == "done"

    wait_until(going, PATIENCE, "letters go")


def report(title, result, **more):
    """Print the figures of a test."""
    facts = {**result._asdict(), **more}
    print(f"\n{title}: " + ", ".join(f"{name} {value}" for name, value in facts.items()))


def check(result):
    """Twice 0, lost 0."""
    assert result.twice == 0
    assert result.lost == 0
    assert result.received <= result.letters


def test_worker_killed_at_random(house, documents, kind, bad_weather):
    """The sending worker dies again and again, at any step; doubt after each is at most k letters."""
    chance, per_kill = random.Random(SEED), []
    mailing = start_mailing(house, documents, LETTERS, kind)
    kills = 0
    for _ in range(KILLS):
        wait_for_letters(house, kind, mailing)
        if sending.read_state(house, mailing) == "done":
            break
        orphans = sending.count_orphans(house, mailing)
        if kills:
            time.sleep(chance.uniform(0, 0.8 if LONG else 0.3))
            workers = house.odoo.cron_workers()
        else:
            workers = stop_in_flight(house, mailing)
        assert workers
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        kills += 1
        take_over(house, mailing)
        per_kill.append(sending.count_orphans(house, mailing) - orphans)
    sending.finish(house, mailing, PATIENCE)
    result = sending.tally(house, mailing, f"{BOXES[kind]}letters")
    report(
        f"Killed workers, {kind}", result, kills=kills, most_after_a_kill=max(per_kill), seed=SEED
    )
    assert kills == KILLS, "the letters were gone before the kills: send more or kill sooner"
    assert max(per_kill) <= K
    assert per_kill[0], "letters were in flight at the first kill, and nobody says so"
    check(result)


def stop_in_flight(house, mailing):
    """Freeze the sending workers while letters are in flight; return their process ids.

    The other kills come at any moment, of which few may be so.
    """

    def stop():
        sending.let_time_pass(house)
        sending.nudge(house)
        workers = house.odoo.cron_workers()
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        # a commit on its way is still done by the database; when it is quiet, nobody is left to write
        # an outcome, and what is in flight stays so
        if sending.is_quiet(house) and sending.count_states(house, mailing)["sending"]:
            return workers
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
        return None

    return wait_until(stop, PATIENCE, "letters are in flight")


def count_dead(house, mailing, moment):
    """Return how many letters are still held by workers that died before ``moment``."""
    return house.odoo.query(
        "SELECT count(*) FROM epd_mailing_letter WHERE mailing_id = %s "
        "AND send_state IN ('claimed', 'sending') AND greatest(claimed_at, sending_at) < %s",
        mailing,
        moment,
    )[0][0]


def take_over(house, mailing):
    """The next worker takes over what dead ones held."""
    moment = sending.database_now(house)
    sending.expire_leases(house, moment)
    wait_until(
        lambda: sending.nudge(house) or not count_dead(house, mailing, moment),
        PATIENCE,
        "what dead workers held is taken over",
    )


@contextlib.contextmanager
def frozen(pid):
    """Let a process do nothing while the block lasts."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.alone
def test_database_restarted(house, documents, kind, bad_weather):
    """PostgreSQL goes away in the middle and comes back: the same holds, with nobody's help."""
    mailing = start_mailing(house, documents, RESTART_LETTERS, kind)
    chance, per_restart = random.Random(SEED), []
    for _ in range(RESTARTS):
        wait_for_letters(house, kind, mailing)
        time.sleep(chance.uniform(0, 0.3))
        orphans = sending.count_orphans(house, mailing)
        # Odoo's first process looks for the database before it starts a worker in a dead one's place, and ends where there
        # is none in that moment (PreforkServer.process_spawn): who runs it starts it again. Here it looks a second later.
        with frozen(house.odoo.process.pid):
            restart_postgres()
        take_over(house, mailing)
        per_restart.append(sending.count_orphans(house, mailing) - orphans)
    sending.finish(house, mailing, PATIENCE)
    result = sending.tally(house, mailing, f"{BOXES[kind]}letters")
    report(
        f"Restarted databases, {kind}",
        result,
        restarts=RESTARTS,
        most_after_a_restart=max(per_restart),
    )
    assert max(per_restart) <= K
    check(result)


def test_two_crons_and_a_clerk(house, documents):
    """Two jobs on two workers and a clerk's buttons at the same mailing: each letter goes once."""
    job = house.admin.ref("epd_mailing.ir_cron_send")
    second = house.admin("ir.cron", "copy", [job])
    second = second[0] if isinstance(second, list) else second
    house.admin("ir.cron", "write", [second], {"active": True})
    house.sandbox.control(
        "fault", {"kind": "slow_after", "chance": 1, "seconds": 0.1, "times": 10**6}
    )
    mailing = start_mailing(house, documents, BUTTON_LETTERS)
    clicker = sending.Clicker(
        house.odoo.login("operator"),
        mailing,
        ("action_pause", "action_resume", "action_send", "action_refresh", "action_resume"),
    )
    clicker.start()

    def done():
        house.odoo.query(
            "INSERT INTO ir_cron_trigger (cron_id, call_at) VALUES (%s, now() AT TIME ZONE 'UTC')",
            second,
        )
        sending.wake_sender(house)
        return clicker.pressed >= (15 if LONG else 8)

    try:
        wait_until(done, PATIENCE, "the clerk has pressed")
    finally:
        clicker.stopped.set()
        clicker.join(30)
        house.sandbox.control("faults", {})
    if sending.read_state(house, mailing) == "paused":
        house.operator("epd.mailing", "action_resume", [mailing])
    sending.finish(house, mailing, PATIENCE)
    result = sending.tally(house, mailing)
    report("Two crons and a clerk", result, pressed=clicker.pressed)
    assert clicker.faults == []
    assert result.received == result.letters
    assert result.unknown == 0
    check(result)
