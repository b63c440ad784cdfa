"""A window of the tests' browser finds nothing of those before it; two plain sites stand for servers."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Error as PlaywrightError

from .conftest import fresh_window

WORKER = b"self.addEventListener('fetch', () => {});"
# what a page may leave behind, and what is found of it
LEAVE = """async () => {
    document.cookie = "left=1; max-age=600; path=/";
    localStorage.setItem("left", "1");
    sessionStorage.setItem("left", "1");
    await new Promise(done => { indexedDB.open("left", 1).onsuccess = done; });
    await (await caches.open("left")).put("/left", new Response("1"));
    await navigator.serviceWorker.register("/worker.js");
    await navigator.serviceWorker.ready;
}"""
FIND = """async () => ({
    cookie: document.cookie.includes("left"),
    local: localStorage.length > 0,
    session: sessionStorage.length > 0,
    databases: (await indexedDB.databases()).length > 0,
    caches: (await caches.keys()).length > 0,
    workers: (await navigator.serviceWorker.getRegistrations()).length > 0,
    allowed: (await navigator.permissions.query({ name: "geolocation" })).state === "granted",
})"""


class Site(BaseHTTPRequestHandler):
    """A page and a worker, at any address."""

    def do_GET(self):
        """Answer with the page, or with the worker's program."""
        is_worker = self.path == "/worker.js"
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if is_worker else "text/html")
        self.end_headers()
        self.wfile.write(WORKER if is_worker else b"<title>x</title>")

    def log_message(self, *args):
        """Keep quiet."""


@pytest.fixture
def sites():
    """Addresses of two sites."""
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Site) for _number in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield [f"http://127.0.0.1:{server.server_port}/" for server in servers]
    for server in servers:
        server.shutdown()
        server.server_close()


def leave(page, site):
    """Open a site and leave all there that can be left."""
    page.goto(site)
    page.evaluate(LEAVE)
    assert all(page.evaluate(FIND).values()), page.evaluate(FIND)


def assert_nothing_left(profile, sites):
    with fresh_window(profile) as page:
        for site in sites:
            page.goto(site)
            found = page.evaluate(FIND)
            assert not any(found.values()), (site, found)


def test_a_window_finds_nothing_of_the_one_before(profile, sites):
    """Nor of windows that the test opened by itself and closed again."""
    with fresh_window(profile) as page:
        profile.grant_permissions(["geolocation"])
        leave(page, sites[0])
        with page.expect_popup() as opened:
            page.evaluate("address => { window.open(address); }", sites[1])
        leave(opened.value, sites[1])
        opened.value.close()
    assert_nothing_left(profile, sites)


def test_what_fails_in_a_test_leaves_nothing_either(profile, sites):
    """A picture of a page that is gone cannot be taken; the next test is not logged in for that."""
    count = len(profile.pages)
    with pytest.raises(PlaywrightError), fresh_window(profile) as page:
        profile.grant_permissions(["geolocation"])
        leave(page, sites[0])
        leave(profile.new_page(), sites[1])
        page.close()
        page.screenshot()
    assert len(profile.pages) == count
    assert_nothing_left(profile, sites)
