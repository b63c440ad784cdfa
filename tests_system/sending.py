"""What the tests of sending share: documents by the number, mailings, time that passes, the count."""

import collections
import contextlib
import threading
import time

from .server import RpcError, odoo_shell, query, wait_until


def make_documents(db, count):
    """Add ``count`` accounts with saved documents to a database that nothing serves yet."""
    odoo_shell(
        db,
        "from bench.house import make_accounts\n"
        f"accounts, period = make_accounts(env, {count})\n"
        f"for place in range(0, {count}, 100):\n"
        "    part = accounts[place : place + 100]\n"
        "    env['epd.payment.document']._form_documents(part, period, 'epd')\n"
        "    env.cr.commit()\n",
    )


def save_demo_documents(house):
    """Save the documents of the demo house for March, as a run does."""
    values = {
        "period_id": house.admin.ref("epd_mailing.demo_period_2026_03"),
        "list_ids": [(6, 0, [house.admin.ref("epd_mailing.account_list_all_open")])],
    }
    run = house.operator("epd.billing.run", "create", values)
    house.operator("epd.billing.run", "action_prepare", [run])
    wait_until(
        lambda: house.operator("epd.billing.run", "read", [run], ["state"])[0]["state"] == "done",
        150,
        "the documents are saved",
    )


def make_mailing(house, documents, exact=True, account=None):
    """Return the id of a draft mailing of chosen saved documents.

    Clerks and programs make mailings of whole runs, so the letters are written in a shell.

    :param exact: each document is to have one letter
    :param account: id of the UniSender account; the house's own without one
    """
    mailing = house.operator(
        "epd.mailing",
        "create",
        {
            "unisender_account_id": account or house.account,
            "template_id": house.admin.ref("epd_mailing.demo_template"),
            "period_id": house.admin.ref("epd_mailing.demo_period_2026_03"),
        },
    )
    odoo_shell(
        house.odoo.db,
        f"documents = env['epd.payment.document'].browse({list(documents)})\n"
        f"env['epd.mailing'].browse({mailing})._add_documents(documents)\n"
        "env.cr.commit()\n",
        # with the addons of its server, else nothing after it would find them
        optional="queue_job" if house.odoo.queue else "",
    )
    waiting = [("mailing_id", "=", mailing), ("send_state", "=", "pending")]
    letters = house.operator("epd.mailing.letter", "search_count", waiting)
    assert letters == len(documents) or not exact
    return mailing


def wake_sender(house, job="ir_cron_send"):
    """Have a cron worker check once, as a button does."""
    house.odoo.query(
        "INSERT INTO ir_cron_trigger (cron_id, call_at) "
        "SELECT res_id, now() AT TIME ZONE 'UTC' FROM ir_model_data "
        "WHERE module = 'epd_mailing' AND name = %s",
        job,
    )
    notify_crons(house)


# to each database and job when it was woken last by ``nudge``
nudged = {}


def nudge(house, job="ir_cron_send"):
    """Wake a job from a loop that waits for its work, once a second at most: to look in vain costs 45 ms of a core."""
    key, now = (house.odoo.db, job), time.monotonic()
    if now >= nudged.get(key, 0) + 1:
        nudged[key] = now
        wake_sender(house, job)


def notify_crons(house):
    """Have the cron workers look now for jobs that are due, as a commit with a trigger does."""
    query("postgres", "SELECT pg_notify('cron_trigger', %s)", house.odoo.db)


# for ``held``: the last letters of a mailing, by its id and their number
LAST = (
    "SELECT id FROM epd_mailing_letter WHERE mailing_id = %s AND send_state = 'pending' "
    "ORDER BY id DESC LIMIT %s FOR NO KEY UPDATE"
)


@contextlib.contextmanager
def held(house, query, *args):
    """Lock rows beside Odoo while the block lasts; yields how many."""
    connection = house.odoo.connect()
    connection.autocommit = False
    try:
        with connection.cursor() as cursor:
            cursor.execute(query, args)
            yield len(cursor.fetchall())
    finally:
        connection.rollback()
        connection.close()


def held_job(house, job="ir_cron_send"):
    """Let no worker begin a job while the block lasts; buttons may still ask for it."""
    query = (
        "SELECT id FROM ir_cron WHERE id = (SELECT res_id FROM ir_model_data WHERE "
        "module = 'epd_mailing' AND name = %s) FOR NO KEY UPDATE"
    )
    return held(house, query, job)


def has_looked(house, job="ir_cron_send"):
    """Tell whether a job has run since it was woken: its end takes the triggers away that were due."""
    return not house.odoo.query(
        "SELECT 1 FROM ir_cron_trigger JOIN ir_model_data ON res_id = cron_id "
        "WHERE module = 'epd_mailing' AND name = %s AND call_at <= now() AT TIME ZONE 'UTC'",
        job,
    )


def bring_forward(house, mailing):
    """The planned moment of a mailing comes at once, with the trigger that was set for it; return it, UTC."""
    planned = "SELECT scheduled_at FROM epd_mailing WHERE id = %s"
    now = "date_trunc('second', now() AT TIME ZONE 'UTC')"
    assert house.odoo.query(
        f"UPDATE ir_cron_trigger SET call_at = {now} WHERE call_at = ({planned}) RETURNING id",
        mailing,
    )
    house.odoo.query(f"UPDATE epd_mailing SET scheduled_at = {now} WHERE id = %s", mailing)
    notify_crons(house)
    return house.odoo.query(planned, mailing)[0][0]


def let_time_pass(house):
    """Rests after faults and pauses before another try are over; the tests wait for no clock."""
    house.odoo.query("UPDATE epd_unisender_account SET wait_until = NULL, fault_count = 0")
    house.odoo.query(
        "UPDATE epd_mailing_letter SET next_try_at = NULL WHERE next_try_at IS NOT NULL"
    )


def expire_leases(house, moment):
    """The leases of workers that died before ``moment`` (of the database) run out."""
    house.odoo.query(
        "UPDATE epd_mailing_letter SET lease_until = %s - interval '1 second' "
        "WHERE send_state IN ('claimed', 'sending') AND greatest(claimed_at, sending_at) < %s",
        moment,
        moment,
    )


def database_now(house):
    """Return the database's clock, UTC."""
    return house.odoo.query("SELECT clock_timestamp() AT TIME ZONE 'UTC'")[0][0]


def is_quiet(house):
    """Tell whether the database executes nothing but this question."""
    return not house.odoo.query(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() "
        "AND backend_type = 'client backend' AND state = 'active' AND pid <> pg_backend_pid()"
    )


def count_states(house, mailing):
    """Return how many letters of a mailing stand in each state of sending."""
    return collections.Counter(
        dict(
            house.odoo.query(
                "SELECT send_state, count(*) FROM epd_mailing_letter WHERE mailing_id = %s GROUP BY 1",
                mailing,
            )
        )
    )


def count_orphans(house, mailing):
    """Return how many letters are unknown because their worker died."""
    return house.odoo.query(
        "SELECT count(*) FROM epd_mailing_letter WHERE mailing_id = %s "
        "AND send_state = 'unknown' AND failure_reason NOT LIKE '%%: %%'",
        mailing,
    )[0][0]


def read_state(house, mailing):
    """Return the state of a mailing."""
    return house.odoo.query("SELECT state FROM epd_mailing WHERE id = %s", mailing)[0][0]


def finish(house, mailing, seconds):
    """Keep the sender awake until the mailing is done."""

    def done():
        let_time_pass(house)
        nudge(house)
        return read_state(house, mailing) == "done"

    wait_until(done, seconds, "the mailing is done")


Tally = collections.namedtuple("Tally", "letters received twice lost unknown orphans")


def tally(house, mailing, box="letters"):
    """Compare what the service received with what the mailing says.

    :param box: the sandbox's letters: ``letters`` of the classic method, ``go/letters``

    ``twice``: letters received more than once (by our key, or the same file to the same address);
    ``lost``: letters neither received nor visibly not sent.
    """
    rows = house.odoo.query(
        "SELECT letter_key, send_state FROM epd_mailing_letter WHERE mailing_id = %s", mailing
    )
    states = dict(rows)
    received = [
        letter for letter in house.sandbox.control(box) if letter["metadata"].get("key") in states
    ]
    keys = collections.Counter(letter["metadata"]["key"] for letter in received)
    files = collections.Counter(
        (letter["email"], letter["attachments"][0]["sha256"]) for letter in received
    )
    twice = sum(number - 1 for number in keys.values()) + sum(n - 1 for n in files.values())
    lost = [
        key
        for key, state in states.items()
        if key not in keys and state not in ("unknown", "pending", "rejected", "skipped")
    ]
    # received, and the mailing says it was not: a repeat by hand would be one too many
    lost += [key for key in keys if states[key] not in ("sent", "unknown")]
    count = count_states(house, mailing)
    return Tally(
        len(states), len(keys), twice, len(lost), count["unknown"], count_orphans(house, mailing)
    )


REJECTIONS = {
    f"odoo.exceptions.{name}"
    for name in ("UserError", "ValidationError", "RedirectWarning", "MissingError", "LockError")
}


class Clicker(threading.Thread):
    """Presses a clerk's buttons on a mailing until stopped; rejections are a clerk's lot."""

    def __init__(self, session, mailing, buttons):
        super().__init__(daemon=True)
        self.session, self.mailing, self.buttons = session, mailing, buttons
        self.stopped, self.pressed, self.faults = threading.Event(), 0, []

    def run(self):
        """Press one after the other."""
        while not self.stopped.wait(0.3):
            button = self.buttons[self.pressed % len(self.buttons)]
            self.pressed += 1
            try:
                self.session("epd.mailing", button, [self.mailing])
            except RpcError as error:
                if error.name not in REJECTIONS:
                    self.faults.append(str(error))
