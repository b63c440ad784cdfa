"""Clicks through the running demo as its users would, and counts what Odoo's log says meanwhile.

``make clicks MINUTES=10`` walks over every menu as the operator, the manager and the administrator, at three
widths of the window, beside a second browser of the same user: kinds of view, odd words in the search box,
filters and groups, rows, tabs, buttons (a dialog is closed again), «new» and «discard». The pictures and
``report.json`` are left in ``.run/robot``. Exit status 1 on any WARNING, ERROR or CRITICAL.
"""

import argparse
import contextlib
import json
import re
import shutil
import sys
import time
import xmlrpc.client

from playwright.sync_api import Error, sync_playwright

from .server import RUN

BAD = re.compile(r"^([0-9-]+ [0-9:,]+) \d+ (WARNING|ERROR|CRITICAL) (.*)")
# who clicks, and how wide their window is
ROUNDS = [
    ("operator", 1366),
    ("admin", 1920),
    ("operator", 500),
    ("manager", 1366),
    ("operator", 1920),
    ("admin", 500),
    ("admin", 1366),
    ("manager", 500),
]
WORDS = ("сёмин кв 7", "%_\\'\";--", "<b>ё</b>", "0" * 70)
SETTLE_MS = 15_000
# asks a question of the system's own that no click answers, or ends the session
LEFT_ALONE = re.compile(r"download|get_file")
# what is drawn wider than the window, or cut
MEASURE = r"""() => {
    const cut = [...document.querySelectorAll(".o_list_view th, .o_list_view td.o_data_cell")]
        .filter((cell) => cell.offsetParent && cell.scrollWidth > cell.clientWidth + 1)
        .map((cell) => `${cell.getAttribute("name") || cell.dataset.name}: ${cell.innerText.slice(0, 60)}`);
    const sideways = [...document.querySelectorAll(".o_content, .o_list_renderer, .o_form_sheet_bg, .o_kanban_renderer")]
        .map((box) => box.scrollWidth - box.clientWidth).filter((over) => over > 1);
    const text = document.querySelector(".o_action_manager")?.innerText || "";
    const english = (text.match(/\b[A-Za-z]{3,}(?: [A-Za-z]{2,})*\b/g) || []);
    return {cut: [...new Set(cut)].slice(0, 30), sideways, english: [...new Set(english)].slice(0, 60)};
}"""


class Log:
    """The lines that Odoo's log got since the robot began."""

    def __init__(self):
        self.path = RUN / "odoo.log"
        self.start = self.path.stat().st_size

    def read_bad(self):
        """Return the lines of warnings and errors, each with its time."""
        with self.path.open(errors="replace") as log:
            log.seek(self.start)
            return [line.rstrip()[:400] for line in log if BAD.match(line)]


class Robot:
    """One user in one browser window."""

    def __init__(self, browser, url, login, width, report, until, pictures=False):
        self.url, self.login, self.width = url, login, width
        self.report, self.until, self.pictures = report, until, pictures
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, locale="ru-RU", accept_downloads=True
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(SETTLE_MS)
        self.under_way = set()
        self.page.on("request", self.begins)
        for event in ("requestfinished", "requestfailed"):
            self.page.on(event, self.ends)
        self.page.on("pageerror", self.tell_script_error)
        self.place = ""

    # --- the page ---------------------------------------------------------------------------------

    def begins(self, request):
        if request.resource_type in ("xhr", "fetch"):
            self.under_way.add(request)

    def ends(self, request):
        self.under_way.discard(request)

    def tell_script_error(self, error):
        self.note("script", str(error)[:300])

    def note(self, kind, text):
        self.report["notes"].append(
            {
                "at": time.strftime("%H:%M:%S"),
                "who": self.login,
                "width": self.width,
                "place": self.place,
                "kind": kind,
                "text": text,
            }
        )

    def settle(self):
        """Wait until the page asks the server nothing any more."""
        end = time.monotonic() + SETTLE_MS / 1000
        quiet = 0
        while quiet < 3 and time.monotonic() < end:
            self.page.wait_for_timeout(60)
            quiet = 0 if self.under_way else quiet + 1
        self.under_way.clear()

    def click(self, locator, what):
        """Click what is there; tell whether it could be clicked."""
        try:
            locator.click(timeout=2_500)
        except Error:
            return False
        self.report["clicks"] += 1
        self.report["by"][what] = self.report["by"].get(what, 0) + 1
        self.settle()
        self.look_for_errors(what)
        return True

    def look_for_errors(self, what):
        for text in self.page.locator(
            ".o_error_dialog:visible, .modal:has-text('Ошибка'):visible, .o_notification_bar.bg-danger:visible"
        ).all_inner_texts():
            self.note("refusal", f"{what}: {' '.join(text.split())[:300]}")

    def picture(self, name):
        """Keep a picture of the screen, and what of it is cut or in English; once for each name."""
        folder = RUN / "robot" / str(self.width)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / (re.sub(r"[^\w-]+", "_", name)[:90] + ".png")
        if path.exists():
            return
        with contextlib.suppress(Error):
            self.page.screenshot(path=str(path))
            found = self.page.evaluate(MEASURE)
            self.report["screens"].append({"width": self.width, "name": name, **found})

    def close_dialogs(self):
        """Close whatever stands before the screen."""
        for _ in range(4):
            if not self.page.locator(".modal:visible").count():
                break
            box = self.page.locator(".modal:visible").last
            for way in (
                ".o_form_button_cancel",
                "[special=cancel]",
                ".btn-close",
                ".btn-secondary",
            ):
                button = box.locator(f"{way}:visible").first
                if button.count() and self.click(button, "close"):
                    break
            else:
                self.page.keyboard.press("Escape")
                self.settle()
        self.page.keyboard.press("Escape")

    # --- the walk ---------------------------------------------------------------------------------

    def log_in(self):
        self.page.goto(f"{self.url}/web/login")
        self.page.fill("input[name=login]", self.login)
        self.page.fill("input[name=password]", self.login)
        self.page.locator(".oe_login_form button[type=submit]").click(no_wait_after=True)
        self.report["clicks"] += 1

    def come_in(self):
        """Wait for the first screen."""
        self.page.wait_for_selector(".o_main_navbar", timeout=90_000)
        self.settle()

    def get_menus(self):
        """Return the menus of the application that open something, with their path."""
        answer = self.page.evaluate("fetch('/web/webclient/load_menus').then((r) => r.json())")
        root = next(
            m for m in answer.values() if m.get("xmlid") == "epd_mailing.epd_mailing_menu_root"
        )
        found = []

        def walk(menu, path):
            for number in menu["children"]:
                child = answer[str(number)]
                if child["actionModel"] == "ir.actions.act_window":
                    found.append((number, [*path, child["name"]]))
                walk(child, [*path, child["name"]])

        walk(root, [])
        return found

    def run(self, menus):
        """Walk over the menus until the time is over; return how many were seen."""
        for count, (number, path) in enumerate(menus):
            if time.monotonic() > self.until:
                return count
            self.place = " / ".join(path)
            try:
                self.open(number, path)
                self.walk_screen()
            except Error as error:
                self.note("robot", str(error)[:300])
                with contextlib.suppress(Error):
                    self.page.goto(f"{self.url}/odoo")
                    self.settle()
        return len(menus)

    def open(self, number, path):
        self.close_dialogs()
        opened = False
        if self.width > 1000:
            opened = all(
                self.click(
                    self.page.locator(
                        ".o-dropdown--menu .dropdown-item:visible"
                        if count
                        else ".o_menu_sections .dropdown-toggle:visible, .o_menu_sections .o_nav_entry:visible"
                    )
                    .filter(has_text=re.compile(rf"^\s*{re.escape(step)}\s*$"))
                    .first,
                    "menu",
                )
                for count, step in enumerate(path)
            )
        if not opened:
            self.page.keyboard.press("Escape")
            self.page.evaluate(f"odoo.__WOWL_DEBUG__.root.env.services.menu.selectMenu({number})")
            self.report["clicks"] += 1
            self.settle()
        if self.page.locator(".modal:visible").count():
            # a menu that is a dialog; or a form with changes asks first
            self.picture(f"{self.place} dialog")
        self.close_dialogs()

    def walk_screen(self):
        self.settle()
        self.picture(self.place)
        kinds = self.page.locator(".o_cp_switch_buttons button.o_switch_view")
        for kind in range(kinds.count()):
            if self.click(kinds.nth(kind), "view"):
                view = kinds.nth(kind).get_attribute("data-tooltip") or str(kind)
                self.picture(f"{self.place} {view}")
        if kinds.count():
            self.click(kinds.first, "view")
        if self.pictures:
            self.walk_rows()
            self.new_and_discard()
            return
        self.search()
        self.walk_rows()
        self.new_and_discard()
        self.cog()

    def search(self):
        box = self.page.locator(".o_searchview_input:visible")
        if not box.count():
            toggle = self.page.locator(
                ".o_control_panel_navigation .oi-search:visible, .o_searchview_icon:visible"
            )
            if not toggle.count() or not self.click(toggle.first, "search"):
                return
        for word in WORDS:
            if not box.count():
                break
            box.fill(word)
            self.settle()
            box.press("Enter")
            self.settle()
            self.report["clicks"] += 1
            self.look_for_errors(f"search {word[:12]}")
            remove = self.page.locator(".o_searchview_facet .o_facet_remove:visible")
            while remove.count() and self.click(remove.last, "facet"):
                pass
            self.page.keyboard.press("Escape")
        self.filters()

    def filters(self):
        toggle = self.page.locator(".o_searchview_dropdown_toggler:visible")
        if not toggle.count() or not self.click(toggle.first, "filters"):
            return
        self.picture(f"{self.place} filters")
        items = self.page.locator(
            ".o_search_bar_menu .o_filter_menu .o_menu_item:visible, .o_search_bar_menu .o_group_by_menu .o_menu_item:visible"
        )
        for number in range(min(items.count(), 14)):
            # on and off
            if (
                self.click(items.nth(number), "filter")
                and not self.page.locator(".modal:visible").count()
            ):
                self.click(items.nth(number), "filter")
            self.close_dialogs_only()
        self.page.keyboard.press("Escape")
        self.settle()
        remove = self.page.locator(".o_searchview_facet .o_facet_remove:visible")
        for _ in range(8):
            if not remove.count() or not self.click(remove.last, "facet"):
                break

    def close_dialogs_only(self):
        if self.page.locator(".modal:visible").count():
            self.close_dialogs()

    def walk_rows(self):
        groups = self.page.locator(".o_group_header:visible")
        if groups.count():
            self.click(groups.first, "group")
        rows = self.page.locator(
            ".o_list_view .o_data_row:visible, .o_kanban_record:not(.o_kanban_ghost):visible"
        )
        for number in range(min(rows.count(), 1 if self.pictures else 2)):
            row = rows.nth(number)
            cell = row.locator(".o_data_cell").nth(1)
            before = self.page.url
            if not self.click(cell if cell.count() else row, "row"):
                continue
            if self.page.url == before and not self.page.locator(".o_form_view:visible").count():
                # a list that is edited in place
                self.page.keyboard.press("Escape")
                self.settle()
                continue
            self.walk_form(number)
            self.back(before)

    def back(self, url):
        self.close_dialogs()
        if self.page.url != url:
            self.page.go_back()
            self.settle()
        self.close_dialogs_only()
        if self.page.url != url:
            self.page.goto(url)
            self.settle()

    def walk_form(self, number):
        self.picture(f"{self.place} form {number}")
        for count in range(self.page.locator(".o_notebook_headers a.nav-link:visible").count()):
            tab = self.page.locator(".o_notebook_headers a.nav-link:visible").nth(count)
            if self.click(tab, "tab"):
                self.picture(f"{self.place} form {number} tab {count}")
        if self.pictures:
            return
        stand = self.page.url
        names = self.page.locator(
            ".o_form_view .o_statusbar_buttons button[name]:visible, .o_form_view button.oe_stat_button:visible, "
            ".o_form_sheet button[name]:visible"
        ).evaluate_all("found => [...new Set(found.map((b) => b.name).filter(Boolean))]")
        for name in names[:16]:
            if LEFT_ALONE.search(name) or time.monotonic() > self.until:
                continue
            button = self.page.locator(f".o_form_view button[name='{name}']:visible").first
            if not button.count() or not self.click(button, f"button {name}"):
                continue
            if self.page.locator(".modal:visible").count():
                self.picture(f"{self.place} dialog {name}")
                self.close_dialogs()
            if self.page.url != stand:
                self.picture(f"{self.place} after {name}")
                self.back(stand)

    def new_and_discard(self):
        new = self.page.locator(
            ".o_list_button_add:visible, .o-kanban-button-new:visible, .o_form_button_create:visible"
        )
        if not new.count():
            return
        before = self.page.url
        if not self.click(new.first, "new"):
            return
        self.picture(f"{self.place} new")
        discard = self.page.locator(".o_form_button_cancel:visible, .o_list_button_discard:visible")
        if discard.count():
            self.click(discard.first, "discard")
        self.back(before)

    def cog(self):
        cog = self.page.locator(".o_cp_action_menus button:visible")
        if not cog.count() or not self.click(cog.first, "cog"):
            return
        excel = self.page.locator(".o-dropdown--menu .dropdown-item:visible").filter(
            has_text="Excel"
        )
        if excel.count():
            with contextlib.suppress(Error), self.page.expect_download(timeout=20_000) as got:
                self.click(excel.first, "excel")
            with contextlib.suppress(Error):
                got.value.path()
        self.page.keyboard.press("Escape")
        self.settle()


def make_manager(url, db):
    """Make a manager who is no administrator, once."""
    common = xmlrpc.client.ServerProxy(f"{url}/xmlrpc/2/common")
    uid = common.authenticate(db, "admin", "admin", {})
    models = xmlrpc.client.ServerProxy(f"{url}/xmlrpc/2/object", allow_none=True)

    def call(model, method, *args):
        return models.execute_kw(db, uid, "admin", model, method, args)

    if call("res.users", "search_count", [("login", "=", "manager")]):
        return
    group = call("ir.model.data", "search_read", [("name", "=", "group_epd_manager")], ["res_id"])
    values = {"name": "Петрова Анна, руководитель", "login": "manager", "password": "manager"}
    values |= {"lang": "ru_RU", "tz": "Europe/Moscow", "group_ids": [(6, 0, [group[0]["res_id"]])]}
    call("res.users", "create", values)


def main():
    """Click for the minutes asked for and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--url", required=True)
    parser.add_argument("--db", default="epd_demo")
    parser.add_argument("--round", type=int, action="append", help="this round alone (number)")
    parser.add_argument("--pictures", action="store_true", help="look at all, press no button")
    parser.add_argument("--menu", default="", help="menus that match this expression alone")
    options = parser.parse_args()
    shutil.rmtree(RUN / "robot", ignore_errors=True)
    (RUN / "robot").mkdir(parents=True)
    log = Log()
    make_manager(options.url, options.db)
    started = time.monotonic()
    report = {"clicks": 0, "by": {}, "rounds": [], "notes": [], "screens": []}
    rounds = [ROUNDS[number] for number in options.round] if options.round else ROUNDS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        turn, reached = 0, 0
        while turn < len(rounds):
            login, width = rounds[turn % len(rounds)]
            share = options.minutes * 60 / len(rounds)
            until = started + (turn + 1) * share if not options.pictures else started + 36_000
            # one user, two browsers, at the same moment
            pair = [
                Robot(browser, options.url, login, width, report, until, options.pictures)
                for _ in range(2 - options.pictures)
            ]
            if (
                login == "manager"
            ):  # whom the demo did not know: Odoo notes the first window of somebody new
                pair[0].log_in()
                pair[0].come_in()
            for robot in pair[login == "manager" :]:
                robot.log_in()
            for robot in pair:
                robot.come_in()
            menus = [m for m in pair[0].get_menus() if re.search(options.menu, " / ".join(m[1]))]
            before = report["clicks"]
            # goes on where the round before of any user ended, so that a short run sees all of it
            first = min(reached, len(menus)) % max(len(menus), 1)
            done = pair[0].run([*menus[first:], *menus[:first]])
            reached = (first + done) % len(menus)
            report["rounds"].append(
                [login, width, report["clicks"] - before, round(time.monotonic() - started)]
            )
            # one after the other: Odoo 19 writes that somebody is offline without trying again, so that two windows
            # of one user closed at once leave an ERROR (mail/models/ir_websocket.py, seen 2026-11-26)
            for robot in pair:
                robot.context.close()
                time.sleep(2)
            turn += 1
        browser.close()
    report["seconds"] = round(time.monotonic() - started)
    report["log"] = log.read_bad()
    (RUN / "robot" / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1))
    print(f"{report['seconds']} s, {report['clicks']} clicks in {report['rounds']}")
    for note in report["notes"]:
        print(note["at"], note["who"], note["width"], note["place"], note["kind"], note["text"])
    print(f"{len(report['log'])} lines of WARNING or worse in {log.path}")
    for line in report["log"]:
        print(line)
    return 1 if report["log"] else 0


if __name__ == "__main__":
    sys.exit(main())
