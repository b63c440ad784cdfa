"""What the UniSender account and a letter show of the service, in Chromium."""

import urllib.error
import urllib.request

from sandbox.hooks import encode

from . import sending
from .clicks import WRONG, enter, go, press
from .conftest import API_KEY
from .server import wait_until


def call_webhook(url, key):
    """Post an empty batch as the service does; return the HTTP status."""
    try:
        request = urllib.request.Request(url, encode({"events_by_user": []}, key))
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_the_account_shows_what_the_service_says(house, page, shoot):
    """Notes, warnings, the webhook's calls; a silent webhook and a wrong zone are mended by clicks."""
    house.sandbox.control("settings", {"checked_email_denied": True, "warning": "Домен без DKIM"})
    path = f"epd-unisender/{house.account}"
    enter(page, house.odoo, path, "admin")
    press(page, "action_check_connection")
    page.wait_for_selector(".alert:visible:has-text('Домен без DKIM')")
    page.wait_for_selector(".alert:visible:has-text('access_denied')")
    assert page.locator(".alert-danger:visible").count() == 0, "nothing is wrong"
    press(page, "action_webhook_on")
    page.wait_for_selector("button[name=action_webhook_off]:visible")
    (url,) = (hook["url"] for hook in house.sandbox.control("hooks"))
    assert call_webhook(url, API_KEY) == 200
    assert call_webhook(url, "another-key-altogether") == 403
    go(page, house.odoo, path)
    page.wait_for_selector("[name=webhook_called_at]:visible")
    page.wait_for_selector("[name=webhook_rejected_reason]:visible:has-text('не подходит')")
    # the service is in the internet, this Odoo is not; no calls come, and their times are odd
    real = house.odoo.query(
        "SELECT base_url FROM epd_unisender_account WHERE id = %s", house.account
    )
    house.odoo.query(
        "UPDATE epd_unisender_account SET base_url = 'https://api.unisender.com', event_offset = 3, "
        "webhook_silent_at = now() AT TIME ZONE 'UTC' WHERE id = %s",
        house.account,
    )
    go(page, house.odoo, path)
    for words in ("не приходят", "web.base.url", "другого часового пояса"):
        page.wait_for_selector(f".alert:visible:has-text('{words}')")
    shoot("unisender_account")
    house.odoo.query(
        "UPDATE epd_unisender_account SET base_url = %s WHERE id = %s", real[0][0], house.account
    )
    go(page, house.odoo, path)
    page.locator("button[name=action_webhook_on]:visible").click()
    page.wait_for_selector("button[name=action_webhook_on]", state="hidden")
    page.locator("[name=event_tz] input").click()
    page.locator("[name=event_tz] input").fill("Europe/Moscow")
    page.locator(".o_select_menu_item:has-text('Europe/Moscow')").first.click()
    page.click(".o_form_button_save")
    page.wait_for_selector("[name=event_offset]", state="hidden")
    assert page.locator(WRONG).count() == 0
    shoot("unisender_account_mended")
    shown = house.odoo.query(
        "SELECT event_tz, event_offset, webhook_silent_at FROM epd_unisender_account WHERE id = %s",
        house.account,
    )
    assert shown == [("Europe/Moscow", 0, None)]


def test_a_letter_shows_what_settled_it(house, page, shoot):
    """A letter without an answer is settled by a person, and the form says so."""
    house.sandbox.control("settings", {"checked_email_denied": False, "warning": ""})
    sending.save_demo_documents(house)
    (document,) = house.odoo.query(
        "SELECT document.id FROM epd_payment_document document JOIN epd_delivery_address address "
        "ON address.account_id = document.account_id AND address.state = 'active' "
        "WHERE document.state = 'saved' ORDER BY document.id LIMIT 1"
    )
    mailing = sending.make_mailing(house, list(document), exact=False)
    house.sandbox.control("fault", {"kind": "drop_before", "times": 1})
    house.operator("epd.mailing", "action_send", [mailing])
    query = "SELECT id FROM epd_mailing_letter WHERE mailing_id = %s AND send_state = 'unknown'"
    ((letter,), *_more) = wait_until(
        lambda: house.odoo.query(query, mailing), 120, "a letter has no answer"
    )
    enter(page, house.odoo, f"epd-letters/{letter}")
    press(page, "action_mark_sent")
    page.wait_for_selector("[name=settled_by]:visible:has-text('Сотрудник')")
    shoot("letter_settled")
