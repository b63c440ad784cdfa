"""Server time and queries of each screen of the month in a house of 100 000 accounts and letters.

The questions are those of the web client, worked out from the views, put to a running server.
"""

import json
import os
import re
import time
import urllib.request
from http.cookiejar import CookieJar

from odoo.addons.epd_mailing.tests import screens
from odoo.tools import SQL

from .copies import copy_rows, make_documents, nth
from .figures import record
from .house import copy_figures
from .web import web_server

COUNT = int(os.environ.get("BENCH_SCREENS", "100000"))
PORT = 8192
ROUNDS = 3
PAGES = (
    ("page before saving", "action_confirm_prepare"),
    ("page before mailing", "action_confirm_mailing"),
)
# lists behind numbers of the run and of its pages: name, model, number (see ``epd.behind``)
BEHIND = (
    ("accounts of the run", "epd.personal.account", "scope"),
    ("accounts that get paper", "epd.personal.account", "mail_paper"),
    ("documents not presented", "epd.payment.document", "waiting"),
    ("letters of the run", "epd.mailing.letter", "letters"),
    ("charges without a payee", "epd.charge", "find_no_provision"),
)
SHARES = SQL(
    "(ARRAY['delivered','opened','read','delivered','bounced','sent','opened','delivered',"
    "'skipped','delivered'])[1 + n %% 10]"
)


class Client:
    """A browser's session of the operator."""

    def __init__(self, url, database):
        self.url = url
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        words = {"db": database, "login": "operator", "password": "operator"}
        self.ask("/web/session/authenticate", words)

    def ask(self, path, params):
        """Return the result of one JSON call."""
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode()
        request = urllib.request.Request(
            self.url + path, body, {"Content-Type": "application/json"}
        )
        with self.opener.open(request, timeout=600) as answer:
            said = json.load(answer)
        if "error" in said:
            raise SystemExit(said["error"]["data"]["message"])
        return said["result"]

    def call(self, model, call):
        """Put one question of a screen."""
        method, arguments, keywords = call
        params = {"model": model, "method": method, "args": arguments, "kwargs": keywords}
        return self.ask(f"/web/dataset/call_kw/{model}/{method}", params)


def make_house(env):
    """Return the records that forms are opened on; the rest stands in the database."""
    started = time.perf_counter()
    documents = make_documents(env, COUNT)
    period = documents[0].period_id
    copy_figures(env, documents.account_id.ids, period)
    run = env["epd.billing.run"].create(
        {
            "period_id": period.id,
            "list_ids": [(6, 0, env.ref("epd_mailing.account_list_all_open").ids)],
        }
    )
    run._add_accounts()
    env.cr.execute("UPDATE epd_billing_run_line SET state = 'saved' WHERE run_id = %s", (run.id,))
    env.cr.execute("UPDATE epd_billing_run SET state = 'done' WHERE id = %s", (run.id,))
    mailing = env["epd.mailing"].create(
        {
            "unisender_account_id": env.ref("epd_mailing.demo_unisender_account").id,
            "template_id": env.ref("epd_mailing.demo_template").id,
            "period_id": period.id,
            "run_id": run.id,
        }
    )
    mailing._add_documents(documents[:1])
    env.flush_all()
    copy_letters(env, mailing, documents)
    env.cr.execute("UPDATE epd_mailing SET state = 'done' WHERE id = %s", (mailing.id,))
    env.invalidate_all()
    env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()
    print(f"  made in {time.perf_counter() - started:.0f} s")
    return {
        "epd.billing.run": run,
        "epd.mailing": mailing,
        "epd.personal.account": documents[0].account_id,
        "epd.mailing.letter": mailing.letter_ids.search([("mailing_id", "=", mailing.id)], limit=1),
        "epd.payment.document": documents[0],
    }


def copy_letters(env, mailing, documents):
    """Make a letter of each further document, in the states of a month that went well."""
    pattern = mailing.letter_ids[:1]
    rows = env.execute_query(
        SQL(
            "SELECT document.id, document.account_id FROM unnest(%s::int[]) WITH ORDINALITY"
            " AS wanted (id, place) JOIN epd_payment_document document USING (id) ORDER BY place",
            documents[1:].ids,
        )
    )
    document_ids, account_ids = zip(*rows, strict=True)
    email = SQL("'bench.' || n || '@example.com'")
    state = SHARES
    sent = SQL("now() AT TIME ZONE 'UTC' - n %% 3000 * interval '1 minute'")
    copy_rows(
        env,
        "epd_mailing_letter",
        pattern.ids,
        len(document_ids),
        {
            "document_id": nth(list(document_ids)),
            "account_id": nth(list(account_ids)),
            "email": email,
            "email_normalized": email,
            "letter_key": SQL("'bench-' || n"),
            "claim_token": SQL("NULL"),
            "provider_id": SQL("n::text"),
            "send_state": SQL("CASE WHEN %s = 'skipped' THEN 'skipped' ELSE 'sent' END", state),
            "state": state,
            "sent_at": sent,
            "opened_at": SQL(
                "CASE WHEN %s IN ('opened', 'read') THEN %s + interval '5 hours' END", state, sent
            ),
        },
    )


def measure(env):
    """Print server time and queries of each screen."""
    print(f"Screens, {COUNT} accounts with a document and a letter each:")
    records = make_house(env)
    log = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"epd_bench_{os.getpid()}.log")
    try:
        with web_server(env.cr.dbname, PORT, log=log) as url:
            client = Client(url, env.cr.dbname)
            looks = list(look(client, records, log))
    finally:
        if os.path.exists(log):
            os.unlink(log)
    for key, place in (("screens.slowest", 1), ("screens.first", 2)):
        slowest = max(looks, key=lambda row: row[place])
        record(key, slowest[place], count=COUNT, note=slowest[0])


def look(client, records, log):
    """Open each screen and yield (name, seconds, those of the first round): the best of a few rounds."""
    run = records["epd.billing.run"].id
    jobs = []
    for name, model, kind, _view in screens.SCREENS:
        views = client.call(model, screens.view_call(kind))
        opened = records.get(model)
        calls = screens.data_calls(views, model, kind, record_id=opened and opened.id)
        jobs.append((name, model, calls))
    for name, model, what in BEHIND:
        views = client.call(model, screens.view_call("list"))
        domain = [["drilldown", "=", f"{run}:{what}"]]
        jobs.append((name, model, screens.data_calls(views, model, "list", domain)))
    for name, method in PAGES:
        jobs.append((name, "epd.billing.run", [(method, [[run]], {})]))
    for name, model, calls in jobs:
        yield time_calls(client, log, name, model, calls)
    for name, method in PAGES:  # what the background does; the clerk sees it fill
        page = client.call("epd.billing.run", (method, [[run]], {}))["res_id"]
        calls = [("action_check_now", [[page]], {})]
        said = time_calls(
            client, log, f"{name}, filled in the background", "epd.run.outlook", calls
        )
        if method == "action_confirm_mailing":
            record("screens.outlook", said[1], count=COUNT)


def time_calls(client, log, name, model, calls):
    """Print and return (name, seconds, those of the first round) of some calls."""
    rounds = []
    for _ in range(ROUNDS):
        place = os.path.getsize(log)
        for call in calls:
            client.call(model, call)
        rounds.append(read_figures(log, place, len(calls)))
    seconds, queries = min(rounds)
    first = rounds[0][0]
    print(f"  {name}: {1000 * seconds:.0f} ms (first {1000 * first:.0f}), {queries} queries")
    return name, seconds, first


def read_figures(log, place, count):
    """Return (seconds, queries) of the last ``count`` calls, as Odoo's own log tells them."""
    pattern = re.compile(r'call_kw\S* HTTP/1\.[01]" 200 - (\d+) (\d+\.\d+) (\d+\.\d+)')
    until = time.monotonic() + 10
    while True:
        with open(log) as lines:
            lines.seek(place)
            found = pattern.findall(lines.read())
        if len(found) >= count:
            break
        assert time.monotonic() < until, "the server's log says nothing of the call"
        time.sleep(0.02)
    return sum(float(a) + float(b) for _q, a, b in found), sum(int(q) for q, _a, _b in found)
