"""What a clerk's hand does in the web client; waits are for what the screen shows."""

import contextlib
import re
import time

from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import expect

from .server import wait_until

CURRENT = ".o_statusbar_status .o_arrow_button_current"
DOUBT_SECONDS = 15
AGAIN = 20_000  # ms after which what was lost on its way is typed again
ARRIVAL = 5_000  # ms for the address of a screen that stands
# false where the web client has not come up yet. What is opened is waited for by what it leaves, not by a promise: two
# of a hundred ended as «garbage collected» on a busy machine
FOLLOW = """address => {
    const client = window.odoo?.__WOWL_DEBUG__?.root;
    if (!client?.env.services.action.currentController) { return false; }
    window.isOpening = true;
    client.env.bus.addEventListener("ACTION_MANAGER:UI-UPDATED", () => { window.isOpening = false; }, { once: true });
    const link = document.createElement("a");
    link.href = address;
    document.body.append(link);
    link.click();
    link.remove();
    return true;
}"""
WRONG = ".o_notification_bar.bg-danger, .o_error_dialog, .modal.o_error_dialog"


def log_in(page, odoo, login):
    """Log in and open the application «Расчёты»."""
    page.goto(f"{odoo.url}/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login)
    page.click(".oe_login_form button[type=submit]")
    page.click(".o_navbar_apps_menu button")
    page.click(".o_app:has-text('Расчёты')")
    page.wait_for_selector(".o_breadcrumb :text('Подготовка и отправка платёжных документов')")


def enter(page, odoo, path, login="operator"):
    """Open a screen as somebody who has logged in already."""
    log_in_unseen(page, odoo, login)
    load(page, f"{odoo.url}/odoo/{path}")


def log_in_unseen(page, odoo, login="operator"):
    """Log in; the first screen is for the test to open."""
    params = {"db": odoo.db, "login": login, "password": login}
    answer = page.request.post(
        f"{odoo.url}/web/session/authenticate", data={"jsonrpc": "2.0", "params": params}
    )
    assert answer.json()["result"]["uid"]


def load(page, address):
    """Load a page of the web client as a whole, and wait until a screen stands."""
    page.goto(address)
    stands(page)


def stands(page):
    """Wait until a screen of the web client stands."""
    page.wait_for_selector(".o_control_panel .o_breadcrumb")
    page.wait_for_selector(".o_content .o_view_controller, .o_content > *", state="attached")


def follow(page, address):
    """Have the web client open a screen by a link, as one of a letter in Odoo; load it as a whole where there is none.

    A whole page costs almost four times as much.
    """
    site, client, _path = address.partition("/odoo")
    if page.url.startswith(f"{site}{client}") and page.evaluate(FOLLOW, address):
        page.wait_for_function("!window.isOpening")
        stands(page)
        # A screen that was still coming up may write its own address over the link's, and the client opens that one:
        # the link is kept in a variable until the next tick (web/core/browser/router.js, 19.0, 2026-11-27).
        with contextlib.suppress(PlaywrightTimeout):
            page.wait_for_url(lambda url: get_end(url) == get_end(address), timeout=ARRIVAL)
            return
    load(page, address)


def get_end(address):
    """Return by what an address tells its screen from others: the way there is the client's to write."""
    return address.split("/")[-2:]


def go(page, odoo, path):
    """Open a screen by its address and wait until it stands."""
    follow(page, f"{odoo.url}/odoo/{path}")


def read_again(page):
    """Have the web client read the screen that stands anew."""
    follow(page, page.url)


def press(page, name, within=""):
    """Press the button of a name; only the one that is shown."""
    page.locator(f"{within} button[name='{name}']:visible").first.click()


def dialog(page, kind="modal"):
    """Wait for the dialog on top and return it."""
    box = page.locator(f".{kind}:visible").last
    box.wait_for()
    return box


def closed(page):
    """Wait until no dialog stands."""
    page.wait_for_selector(".modal", state="detached")


def drawn(page):
    """Wait until the browser has drawn the page once more."""
    page.wait_for_function("new Promise(done => requestAnimationFrame(() => done(true)))")


def tab(page, text):
    """Open a tab of the form."""
    page.click(f".o_notebook a.nav-link:has-text('{text}')")


def state(page):
    """Return the state at which the status bar stands."""
    return page.wait_for_selector(CURRENT, state="attached").get_attribute("data-value")


def wait_shown(page, question, seconds, what):
    """Wait for what a form says of work in the background, and return it.

    The form follows by itself, each 5 s where no websocket is; it is loaded again only in doubt: a load costs
    seconds of a core, so that loading in a loop would slow down the work that is waited for.
    """
    doubt = time.monotonic() + DOUBT_SECONDS

    def stands():
        nonlocal doubt
        if not (answer := question()) and time.monotonic() > doubt:
            page.reload()
            doubt = time.monotonic() + DOUBT_SECONDS
        return answer

    return wait_until(stands, seconds, what)


def wait_done(page, wanted="done"):
    """Wait until the form stands at «done»."""
    wait_shown(page, lambda: state(page) == wanted, 120, f"the work is shown as {wanted}")


def count(page, name):
    """Return the number that the form shows in a field."""
    field = page.locator(f".o_form_view .o_field_widget[name={name}]:visible").first
    return int(re.sub(r"\D", "", field.text_content()) or 0)


def recount(page, name):
    """Read the form again and return the number in a field."""
    read_again(page)
    state(page)
    return count(page, name)


def fill(page, name, text, within=""):
    """Type into a field of the form or dialog."""
    box = page.locator(f"{within} .o_field_widget[name={name}] :is(input, textarea)").first
    box.fill(text)
    box.blur()


def choose(page, name, text, within=""):
    """Choose a record in a field by typing; the field makes it when there is none."""
    box = page.locator(f"{within} .o_field_widget[name={name}] input").first
    box.click()
    box.fill(text)
    page.locator(f".o-autocomplete--dropdown-item:has-text('{text}')").first.click()
    page.wait_for_selector(".o-autocomplete--dropdown-menu", state="detached")
    wait_until(lambda: box.input_value() == text, 30, f"{text} is chosen")


def shown(locator, times=None):
    """Wait until what is looked for stands on the screen, ``times`` of it exactly if given.

    The screen is drawn after the click returns, so a number read at once may be the one before.
    """
    if times is None:
        locator.first.wait_for()
    else:
        expect(locator).to_have_count(times, timeout=60_000)


def search(page, text):
    """Search a list for a text in its first field.

    A list that is drawn anew empties the box, and whoever was typing types again.
    """
    facet = page.locator(".o_searchview_facet", has_text=text).first

    def is_found():
        with contextlib.suppress(PlaywrightTimeout):
            page.fill(".o_searchview_input", text, timeout=AGAIN)
            # Enter counts once the box has taken the text: it offers where to look for it
            offers = page.locator(".o_searchview_autocomplete .o-dropdown-item")
            offers.first.wait_for(timeout=AGAIN)
            page.press(".o_searchview_input", "Enter")
            facet.wait_for(timeout=AGAIN)
        if facet.is_visible():
            return True
        # what may have taken the keys is told where it stays so, and asked to go
        over = page.locator(".o_blockUI, .modal, .o-dropdown--menu, .o_notification")
        seen = page.evaluate(
            "[document.visibilityState, document.hasFocus(), document.activeElement.className]"
        )
        print(f"“{text}” was typed and not searched for:", page.url, over.all_inner_texts(), seen)
        page.keyboard.press("Escape")
        return False

    wait_until(is_found, 120, f"“{text}” is searched for")


def row(page, text, within=".o_content"):
    """Return the row of a list that holds a text."""
    found = page.locator(f"{within} .o_data_row:has-text('{text}')").first
    found.wait_for()
    return found
