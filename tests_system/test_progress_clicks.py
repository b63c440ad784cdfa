"""Work in the background as its screen shows it: it moves by itself, stops, goes on, outlives the page."""

import contextlib

from playwright.sync_api import TimeoutError

from . import clicks, sending
from .server import Front, wait_until
from .test_mend_clicks import make_run

MARK = "window.epdNotReloaded"


def mark(page):
    """Leave a mark on the page, which a reload would wipe away."""
    page.evaluate(f"{MARK} = true")


def press(page, name, state):
    """Press a button of the form and wait, without a reload, for the state that it leads to."""
    clicks.press(page, name, ".o_form_statusbar")
    page.wait_for_selector(f"{clicks.CURRENT}[data-value={state}]", state="attached")


def progress(page):
    """Return the percentage that the progress bar shows."""
    bar = page.locator(".o_form_view .o_field_widget[name=progress]:visible")
    return int("".join(filter(str.isdigit, bar.inner_text())) or 0) if bar.count() else None


@contextlib.contextmanager
def reading_late(page, model):
    """The screen's next reading by itself is on its way in the block, and arrives at its end."""
    late = []

    def hold(route):
        if late:
            route.continue_()
        else:
            late.append(route)

    pattern = f"**/call_kw/{model}/web_read"
    page.route(pattern, hold)
    with page.expect_request(pattern):
        pass
    yield
    late[0].continue_()
    page.unroute_all()


ROWS = (
    "SELECT id FROM epd_billing_run_line WHERE run_id = %s ORDER BY id DESC LIMIT %s "
    "FOR NO KEY UPDATE"
)


def test_preparation_stops_goes_on_and_outlives_the_page(office, page):
    """Half is done when the page is closed; the next one shows it, stops it, lets it go on.

    Told over the websocket, as behind an office's proxy.
    """
    domain = [("date_close", "=", False), ("number", ">", "0100020")]
    accounts = office.operator("epd.personal.account", "search", domain, order="number", limit=30)
    run = make_run(office, accounts, "demo_period_2026_02")
    with contextlib.ExitStack() as locks, Front(office.odoo) as door:
        clicks.enter(page, door, f"epd-runs/{run}")
        # the job waits until the second half of its rows is held, as by another worker
        with sending.held_job(office, "ir_cron_prepare"):
            clicks.press(page, "action_confirm_prepare")
            clicks.dialog(page).locator("button[name=action_confirm]:visible").click()
            clicks.closed(page)
            page.wait_for_selector(f"{clicks.CURRENT}[data-value=preparing]", state="attached")
            assert progress(page) == 0
            mark(page)
            assert locks.enter_context(sending.held(office, ROWS, run, 15)) == 15
        sending.wake_sender(office, "ir_cron_prepare")
        wait_until(lambda: progress(page) == 50, 120, "half of it is shown without a reload")
        assert page.evaluate(MARK)
        # the browser is closed and opened again
        context = page.context
        page.goto("about:blank")
        other = context.new_page()
        clicks.go(other, door, f"epd-runs/{run}")
        wait_until(lambda: progress(other) == 50, 60, "the new page knows how far it is")
        mark(other)
        # a button waits for the reading under way, or passes it by: the screen looks on after it
        paused = f"{clicks.CURRENT}[data-value=paused]"
        with reading_late(other, "epd.billing.run"):
            clicks.press(other, "action_stop", ".o_form_statusbar")
            with contextlib.suppress(TimeoutError):
                other.wait_for_selector(paused, state="attached", timeout=3000)
        other.wait_for_selector(paused, state="attached")
        assert progress(other) == 50
        # a pass that met the held rows would take the call to go on along with it when it ends
        with sending.held_job(office, "ir_cron_prepare"):
            press(other, "action_resume", "preparing")
            locks.close()
        sending.wake_sender(office, "ir_cron_prepare")
        other.wait_for_selector(
            f"{clicks.CURRENT}[data-value=done]", state="attached", timeout=120_000
        )
        wait_until(
            lambda: clicks.count(other, "document_count") == 30, 60, "all documents are shown"
        )
        assert other.evaluate(MARK)
        assert not other.locator(clicks.WRONG).count()
        other.close()


def test_sending_is_seen_stops_and_goes_on(office, page):
    """«Отправить»: the tiles and the bar move by themselves, stand when it is stopped, move on.

    No proxy stands before this Odoo, so its websocket is out of reach: the screen looks by itself,
    also for what was in flight when the work was stopped.
    """
    domain = [("address_ids.can_receive", "=", True), ("number", ">", "0100033")]
    accounts = office.operator("epd.personal.account", "search", domain, order="number", limit=24)
    for account in accounts:
        office.operator("epd.personal.account", "action_make_receipt", [account])
    domain = [("account_id", "in", accounts), ("state", "=", "saved")]
    domain += [("period_id.name", "=", "март 2026"), ("delivery_state", "=", "none")]
    documents = office.operator("epd.payment.document", "search", domain)
    mailing = sending.make_mailing(office, documents, exact=False)
    # late answers: there is time to look, and to press a button in the middle
    late = {"kind": "slow_after", "chance": 1, "seconds": 4, "times": 10**6}
    office.sandbox.control("fault", late)
    with contextlib.ExitStack() as after:
        after.callback(office.sandbox.control, "faults", {})
        clicks.enter(page, office.odoo, f"epd-mailings/{mailing}")
        total = clicks.count(page, "pending_count")
        assert total > 15
        mark(page)
        # the last are held, as by another worker: it cannot be over before it is stopped
        locks = after.enter_context(contextlib.ExitStack())
        with sending.held_job(office):
            clicks.press(page, "action_confirm_send", ".o_form_statusbar")
            clicks.dialog(page).locator("button[name=action_send_now]:visible").click()
            clicks.closed(page)
            assert locks.enter_context(sending.held(office, sending.LAST, mailing, 8)) == 8
        sending.wake_sender(office)
        wait_until(lambda: clicks.count(page, "sent_count"), 120, "the tiles move")
        assert 0 < progress(page) < 100
        press(page, "action_pause", "paused")
        wait_until(
            lambda: not sending.count_states(office, mailing)["sending"], 60, "none is in flight"
        )
        counts = sending.count_states(office, mailing)
        wait_until(
            lambda: clicks.count(page, "sent_count") == counts["sent"], 60, "the last are shown"
        )
        left = counts["pending"] + counts["claimed"]
        wait_until(lambda: clicks.count(page, "pending_count") == left > 0, 60, "the rest stands")
        locks.close()
        press(page, "action_resume", "sending")
        wait_until(
            lambda: clicks.count(page, "sent_count") > counts["sent"], 120, "the tiles move on"
        )
        office.sandbox.control("faults", {})
        page.wait_for_selector(
            f"{clicks.CURRENT}[data-value=done]", state="attached", timeout=120_000
        )
        wait_until(lambda: not clicks.count(page, "pending_count"), 60, "nothing is left")
        assert page.evaluate(MARK)
        received = [letter["metadata"]["key"] for letter in office.sandbox.control("letters")]
        assert len(received) == len(set(received))
        assert not page.locator(clicks.WRONG).count()
