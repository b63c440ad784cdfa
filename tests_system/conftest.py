"""Fixtures of the tests from outside: the demo house in a real Odoo, the sandbox, a browser."""

import contextlib
import io
import os
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from . import server as programs
from .server import RUN, OdooServer, Sandbox, drop_database, host_files, make_database

# ms; two browsers, two servers and their workers share the machine
WAIT = 60_000
API_KEY = "demo-key"
GO_KEY = "demo-go-key-of-tests"
ORIGIN = re.compile(r"https?://[^/]+")
FAILED = pytest.StashKey[bool]()
# the folder of the guide's pictures, where they are to be taken
GUIDE = os.environ.get("EPD_SCREENSHOTS")


# The longest first, so that no process of xdist is left with one of them at the end.
LONG = (
    "test_hosts",
    "test_first_day_clicks",
    "test_copy",
    "test_letter_clicks",
    "test_clicking",
    "test_month",
    "test_import_clicks",
    "test_screens_clicks",
    "test_undo_clicks",
    "test_sending_clicks",
    "test_chaos",
)


def pytest_collection_modifyitems(items):
    """Put the files of ``LONG`` in front; ``--no-loadscope-reorder`` keeps xdist to it."""
    place = {f"tests_system.{name}": number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.module.__name__, len(place)))


@pytest.fixture(scope="session", autouse=True)
def nursery():
    """Import Odoo once for all the servers of this process."""
    programs.nursery = programs.Nursery()
    yield
    programs.nursery.close()
    programs.nursery = None


class House:
    """The demo house at work: ``odoo``, ``sandbox``, sessions of the ``admin`` and the ``operator``."""

    def __init__(self, odoo, sandbox):
        self.odoo, self.sandbox = odoo, sandbox
        self.admin, self.operator = odoo.login("admin"), odoo.login("operator")
        self.account = self.admin.ref("epd_mailing.demo_unisender_account")

    def connect(self):
        """Enter the key and the address of the sandbox and check the connection."""
        values = {
            "base_url": self.sandbox.url,
            "api_key_input": API_KEY,
            "limit_per_minute": 0,
            "limit_address_seconds": 0,
        }
        self.admin("ir.config_parameter", "set_param", "epd_mailing.sandbox_url", self.sandbox.url)
        self.admin("epd.unisender.account", "write", [self.account], values)
        self.admin("epd.unisender.account", "action_check_connection", [self.account])
        state = self.admin("epd.unisender.account", "read", [self.account], ["state"])[0]["state"]
        assert state == "active"

    def connect_go(self):
        """Make an account at Unisender Go beside the classic one; return its id."""
        values = {
            "name": "go@uk-demo.example.com",
            "api_kind": "go",
            "base_url": self.sandbox.url,
            "api_key_input": GO_KEY,
            "sender_name": "УК «Демо»",
            "sender_email": "noreply@uk-demo.example.com",
        }
        account = self.admin("epd.unisender.account", "create", values)
        self.admin("epd.unisender.account", "action_check_connection", [account])
        found = self.admin("epd.unisender.account", "read", [account], ["state", "last_error"])[0]
        assert found["state"] == "active", found["last_error"]
        return account


def make_house(name, prepare=None, hosts=("",), engine="auto", kind="demo", **options):
    """Yield a connected house on a database of its own, and take all down again.

    :param prepare: called with the name of the database before anything serves it
    :param kind: the kept template of its database, see ``make_database``
    :param engine: what prints, the quickest where it is not the subject; None for what a new company has
    :param hosts: a server for each, with a data folder of its own; ``house.servers``
    """
    # several processes of pytest-xdist: each has its own
    name += os.environ.get("PYTEST_XDIST_WORKER", "")
    db = f"epd_system_{name}"
    make_database(db, kind)
    sandbox = Sandbox(name, "--no-limits", "--api-key", API_KEY, "--go-key", GO_KEY)
    servers = [OdooServer(db, host=host, **options) for host in hosts]
    if engine:
        servers[0].query("UPDATE res_company SET epd_print_engine = %s", engine)
    if prepare:
        prepare(db)
    try:
        sandbox.start()
        for server in servers:
            server.start()
        house = House(servers[0], sandbox)
        house.servers = servers
        house.connect()
        yield house
    finally:
        # nothing of the database is kept: no need to wait for a polite end
        for server in servers:
            server.kill()
            if server.host:
                shutil.rmtree(host_files(db, server.host), ignore_errors=True)
        sandbox.kill()
        drop_database(db)


@pytest.fixture(scope="module")
def house(request):
    """A house shared by the tests of one file; its engine is the file's ``ENGINE``, see ``make_house``."""
    engine = getattr(request.module, "ENGINE", "auto")
    yield from make_house(request.module.__name__.rpartition("test_")[2], engine=engine)


@pytest.fixture(scope="session")
def office():
    """A house shared by the tests that take accounts of their own, or only look."""
    yield from make_house("office")


@pytest.fixture
def own_house(request):
    """A house for one test: one that kills servers, or counts everything."""
    yield from make_house("own", engine=getattr(request.module, "ENGINE", "auto"))


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium of the system."""
    from playwright.sync_api import expect, sync_playwright

    # it has a limit of its own, 5 s, whatever the page's is: https://playwright.dev/python/docs/test-assertions
    expect.set_options(timeout=WAIT)
    binary = shutil.which("chromium") or shutil.which("chromium-browser")
    assert binary, "chromium is not installed: run 'make setup'"
    with sync_playwright() as playwright:
        # see the fixture profile
        arguments = ["--process-per-site"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        chromium = playwright.chromium.launch(executable_path=binary, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def profile(browser):
    """Russian, in the office's time zone, without motion; what is looked at has one process to itself.

    A window stays open on the site of all servers, so that this process outlives the windows of the tests: the next
    one finds the bundle read and compiled. A quarter of what the browser costs.
    """
    context = browser.new_context(
        locale="ru-RU",
        timezone_id="Europe/Moscow",
        viewport={"width": 1700, "height": 900},
        # what slides or fades is drawn a dozen times, and there is no graphics card to draw it
        reduced_motion="reduce",
    )
    context.set_default_timeout(WAIT)
    site, window = "http://127.0.0.1/", context.new_page()
    window.route(site, lambda route: route.fulfill(body="", content_type="text/html"))
    window.goto(site)
    # nothing is kept of what is read while somebody may answer in its place
    window.unroute_all()
    yield context
    context.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Remember of a test that it failed: its page is kept as a picture."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture
def page(profile, request):
    """A window that remembers nothing; an error on the page or in its console fails the test.

    A test that fails leaves a picture of it.
    """
    errors = []
    with fresh_window(profile) as tab:
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        yield tab
        if errors or request.node.stash.get(FAILED, False):
            tab.screenshot(path=RUN / f"last_{request.node.name}.png")
    assert not errors, errors


@contextlib.contextmanager
def fresh_window(profile):
    """Give a new window; take away afterwards what it has left, and whatever was opened by it or beside it."""
    others, origins = set(profile.pages), set()

    def watch(window):
        origins.add(ORIGIN.match(window.url))
        window.on("framenavigated", lambda frame: origins.add(ORIGIN.match(frame.url)))

    profile.on("page", watch)
    try:
        yield profile.new_page()
    finally:
        # also where no picture can be taken of a page that is gone
        profile.remove_listener("page", watch)
        for each in set(profile.pages) - others:
            origins.update(ORIGIN.match(frame.url) for frame in each.frames)
            each.close()
        forget(profile, {found[0] for found in origins if found})


def forget(profile, origins):
    """Take away what pages of these servers have left: cookies, storages, workers, what they were allowed."""
    session = profile.new_cdp_session(profile.pages[0])
    for origin in origins:
        session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    session.detach()
    profile.clear_cookies()
    profile.clear_permissions()


@pytest.fixture
def shoot(page):
    """Take a picture of the page by name; `make screenshots` puts it into the guide, else none is taken."""

    def take(name):
        if not GUIDE:  # drawing the page for it and making it small take a second of a core
            return
        Path(GUIDE).mkdir(parents=True, exist_ok=True)
        picture = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
        picture = picture.quantize(96, dither=Image.Dither.NONE)
        picture.save(Path(GUIDE) / f"{name}.png", optimize=True)

    return take
