"""An account at Unisender Go, its sender's domain and a letter that went by it, in Chromium."""

from . import sending
from .clicks import WRONG, dialog, enter, go, press
from .server import wait_until


def get_go(house):
    """Return the id of the house's account at Go, made where there is none yet."""
    found = house.admin("epd.unisender.account", "search", [("api_kind", "=", "go")])
    return found[0] if found else house.connect_go()


def test_the_account_and_its_domain_say_what_is_missing(house, page, shoot):
    """The form shows the server and which service fits; the window shows what to put into DNS."""
    account = get_go(house)
    enter(page, house.odoo, f"epd-unisender/{account}", "admin")
    page.wait_for_selector("[name=go_server]:visible")
    page.wait_for_selector("[name=choice_text]:visible:has-text('Unisender Go')")
    shoot("unisender_go_account")
    press(page, "action_check_domain")
    box = dialog(page)
    for word in ("DKIM", "SPF", "DMARC", "spf.unisender.ru"):
        box.locator(f":text('{word}')").first.wait_for()
    shoot("sender_domain")
    box.locator("button[name=action_check_again]").click()
    page.wait_for_selector(".modal:visible :text('DMARC')")
    assert page.locator(WRONG).count() == 0


def test_a_letter_by_go_is_told_apart_from_a_program(house, page, shoot):
    """The letter's form shows its times; what a program opened stands apart."""
    account = get_go(house)
    sending.save_demo_documents(house)
    (document,) = house.odoo.query(
        "SELECT document.id FROM epd_payment_document document JOIN epd_delivery_address address "
        "ON address.account_id = document.account_id AND address.state = 'active' "
        "WHERE document.state = 'saved' ORDER BY document.id LIMIT 1"
    )
    mailing = sending.make_mailing(house, list(document), exact=False, account=account)
    house.operator("epd.mailing", "action_send", [mailing])
    query = "SELECT id FROM epd_mailing_letter WHERE mailing_id = %s AND send_state = 'sent'"
    ((letter,), *_more) = wait_until(
        lambda: house.odoo.query(query, mailing), 120, "a letter went by Go"
    )
    house.odoo.query(
        "UPDATE epd_mailing_letter SET machine_opened_at = now() AT TIME ZONE 'UTC' WHERE id = %s",
        letter,
    )
    enter(page, house.odoo, f"epd-letters/{letter}")
    page.wait_for_selector("[name=machine_opened_at]:visible")
    shoot("letter_by_go")
    go(page, house.odoo, f"epd-unisender/{account}")
    assert page.locator(WRONG).count() == 0
