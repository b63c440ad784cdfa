"""The clerk's month by clicking in Chromium, in Russian, as the operator; each test stands alone."""

import re

from . import clicks
from .server import wait_until

BUTTONS = "action_confirm_prepare", "action_confirm_mailing"


def new_run(page, house, shoot):
    """«Создать», the list of all open accounts, the page that says what will happen."""
    page.click(".o_list_button_add")
    clicks.tab(page, "Адресная книга")
    page.click(".o_field_widget[name=list_ids] .o_field_x2many_list_row_add a")
    page.click(".modal td:has-text('Все открытые лицевые счета')")
    clicks.closed(page)
    clicks.press(page, "action_confirm_prepare")
    box = clicks.dialog(page)
    clicks.row(page, "", ".modal")
    shoot("outlook")
    box.locator("button[name=action_confirm]:visible").click()
    clicks.closed(page)
    page.wait_for_url(re.compile(r"/epd-runs/\d+"))
    clicks.wait_done(page)


def make_mailing(page, shoot):
    """«Сформировать рассылку», the account of the service and the template."""
    clicks.press(page, "action_confirm_mailing")
    box = clicks.dialog(page)
    clicks.row(page, "", ".modal")
    shoot("who_gets_what")
    box.locator("button[name=action_confirm]:visible").click()
    page.wait_for_selector(".o_field_widget[name=unisender_account_id]")
    for field in ("unisender_account_id", "template_id"):
        if not page.input_value(f".o_field_widget[name={field}] input"):
            page.click(f".o_field_widget[name={field}] input")
            page.click(f".o_field_widget[name={field}] .o-autocomplete--dropdown-item >> nth=0")
    assert page.input_value(
        ".o_field_widget[name=subject] input, .o_field_widget[name=subject] textarea"
    )


def schedule(page, shoot):
    """«Запланировать дату рассылки» for a moment that has come: the queue begins by itself."""
    page.locator("button:visible:has-text('Запланировать дату рассылки')").click()
    box = clicks.dialog(page)
    shoot("schedule")
    box.locator("button[name=action_schedule]").click()
    clicks.closed(page)
    page.wait_for_selector(f"{clicks.CURRENT}:not([data-value=draft])", state="attached")


def test_month_by_clicking(house, page, shoot):
    """The operator saves the documents, mails them, and sees what became of the letters."""
    clicks.log_in(page, house.odoo, "operator")
    new_run(page, house, shoot)
    shoot("run")
    saved = clicks.count(page, "document_count")
    assert saved == house.operator(
        "epd.payment.document", "search_count", [("state", "=", "saved")]
    )
    make_mailing(page, shoot)
    shoot("mailing_draft")
    schedule(page, shoot)
    clicks.wait_done(page)
    received = house.sandbox.control("letters")
    assert received and all(len(letter["attachments"]) == 1 for letter in received)
    assert clicks.count(page, "sent_count") + clicks.count(page, "failed_count") >= len(received)
    house.sandbox.control("clock", {"advance": 3 * 86400})
    clicks.press(page, "action_refresh")
    wait_until(
        lambda: page.reload() or clicks.state(page) and clicks.count(page, "opened_count"),
        60,
        "letters are shown as opened",
    )
    shoot("mailing")
    mailing = int(page.url.rpartition("/")[2])
    statistics = house.operator("epd.mailing", "get_statistics", [mailing])
    for name in ("sent_count", "delivered_count", "opened_count", "failed_count", "skipped_count"):
        assert clicks.count(page, name) == statistics[name] > 0
    page.locator("[name=tiles] button:has([name=failed_count])").click()
    page.wait_for_selector(".o_list_view .o_data_row")
    assert page.locator(".o_data_row").count() == min(80, statistics["failed_count"])
    shoot("letters")
    assert not page.locator(clicks.WRONG).count()
