"""Server time and queries of every screen in a house of 100 000 accounts and letters, then among 1 000 000 letters.

The questions are those of the web client, worked out from the menus and the views (``tests.screens``), put to
a running server.
"""

import json
import os
import re
import time
import urllib.request
from http.cookiejar import CookieJar

from .figures import record
from .screens_house import add_months, make_house
from .todays import screens
from .web import web_server

COUNT = int(os.environ.get("BENCH_SCREENS", "100000"))
# of so many letters in twelve months; 0: not measured
LETTERS = int(os.environ.get("BENCH_SCREENS_LETTERS", "1000000"))
TOLD = 0.15  # seconds; quicker screens are counted, not printed
PORT = 8192
ROUNDS = 3
# lists behind numbers of the run and of its pages: name, model, number (see ``epd.behind``)
BEHIND = (
    ("accounts of the run", "epd.personal.account", "scope"),
    ("accounts that get paper", "epd.personal.account", "mail_paper"),
    ("documents not presented", "epd.payment.document", "waiting"),
    ("letters of the run", "epd.mailing.letter", "letters"),
    ("charges without a payee", "epd.charge", "find_no_provision"),
)
SORTED = ": sorted by "
ROOT_MENU = "epd_mailing.epd_mailing_menu_root"


class Client:
    """A browser's session of somebody."""

    def __init__(self, url, database, login):
        self.url, self.asked = url, 0
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        words = {"db": database, "login": login, "password": login}
        self.context = self.ask("/web/session/authenticate", words)["user_context"]
        self.context["allowed_company_ids"] = [
            self.call("res.users", ("read", [[self.context["uid"]], ["company_id"]], {}))[0][
                "company_id"
            ][0]
        ]

    def ask(self, path, params):
        """Return the result of one JSON call."""
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode()
        request = urllib.request.Request(
            self.url + path, body, {"Content-Type": "application/json"}
        )
        with self.opener.open(request, timeout=600) as answer:
            said = json.load(answer)
        if "error" in said:
            raise RuntimeError(said["error"]["data"]["message"])
        return said["result"]

    def call(self, model, call):
        """Put one question of a screen."""
        method, arguments, keywords = call
        params = {"model": model, "method": method, "args": arguments, "kwargs": keywords}
        return self.ask(f"/web/dataset/call_kw/{model}/{method}", params)

    def get_menus(self):
        """Return the menus of the application that this person sees and that open something."""
        known = self.call("ir.ui.menu", ("load_menus", [False], {}))
        root = next(m for m in known.values() if m.get("xmlid") == ROOT_MENU)
        return [m for m in known.values() if m.get("app_id") == root["id"] and m.get("action_id")]

    def load_action(self, number):
        """Return an action as the web client gets it."""
        return self.ask("/web/action/load", {"action_id": number, "context": self.context})


def measure(env):
    """Print server time and queries of each screen, at both sizes."""
    print(f"Screens, {COUNT} accounts with a document and a letter each:")
    house = make_house(env, COUNT)
    look_at_all(env.cr.dbname, house, ("screens.slowest", "screens.first", "screens.sorted"), COUNT)
    if LETTERS:
        print(f"Screens among {LETTERS} letters of twelve months:")
        made = add_months(env, house, LETTERS)
        look_at_all(
            env.cr.dbname,
            house,
            ("screens.letters", "screens.letters_first", "screens.letters_sorted"),
            made,
        )


def look_at_all(database, house, keys, count):
    """Open each screen of the operator and those that only the manager sees, and record the slowest.

    :param keys: of the works of ``bench.table``: best of the rounds, first opening, with the lists sorted
        by each of their columns
    """
    log = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"epd_bench_{os.getpid()}.log")
    try:
        with web_server(database, PORT, log=log) as url:
            operator = Client(url, database, "operator")
            menus = operator.get_menus()
            looks = list(look(operator, menus, house, log))
            looks += look_behind(operator, house.run_id, log)
            seen = {menu["id"] for menu in menus}
            manager = Client(url, database, "admin")
            more = [menu for menu in manager.get_menus() if menu["id"] not in seen]
            looks += look(manager, more, house, log)
    finally:
        if os.path.exists(log):
            os.unlink(log)
    print(f"  {len(looks)} screens; printed are those above {1000 * TOLD:.0f} ms")
    # a whole table in groups grows with each month; nobody sees it who leaves the list's own filter
    whole = [row for row in looks if screens.UNFILTERED in row[0]]
    looks = [row for row in looks if row not in whole]
    if whole:
        slowest = max(whole, key=lambda row: row[1])
        print(f"  the whole table in groups, slowest: {slowest[0]}, {1000 * slowest[1]:.0f} ms")
    opened = [row for row in looks if SORTED not in row[0]]
    by_column = [row for row in looks if SORTED in row[0]]
    for key, rows, place in zip(keys, (opened, opened, by_column), (1, 2, 1), strict=True):
        slowest = max(rows, key=lambda row: row[place])
        record(key, slowest[place], count=count, note=slowest[0])


def look(client, menus, house, log):
    """Open each screen of some menus and yield (name, seconds, those of the first round)."""
    every = screens.Screens(
        client.call, client.load_action, house.records, house.words, client.context
    )
    for screen in every.find(menus):
        yield time_calls(client, log, screen.name, screen.calls)
    for name, reason in every.refused:
        print(f"  {name}: opens nothing here: {reason.splitlines()[0]}")


def look_behind(client, run, log):
    """Open the lists behind numbers of a run, and yield as :func:`look`."""
    for name, model, what in BEHIND:
        views = client.call(model, screens.view_call("list"))
        calls = screens.data_calls(views, model, "list", [["drilldown", "=", f"{run}:{what}"]])
        yield time_calls(client, log, name, [(model, call) for call in calls])


def time_calls(client, log, name, calls):
    """Return (name, seconds, those of the first round) of some calls (model, call); print slow ones."""
    rounds = []
    for _ in range(ROUNDS):
        place = os.path.getsize(log)
        for model, call in calls:
            try:
                client.call(model, call)
            except RuntimeError as error:
                raise RuntimeError(f"{name}: {call[0]}: {error}") from error
        rounds.append(read_figures(log, place, len(calls)))
    seconds, queries = min(rounds)
    first = rounds[0][0]
    if max(seconds, first) > TOLD:
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
