"""The clerk's month by clicking in Chromium, in Russian: form, save, mail, look at the statistics."""

import re

from .server import wait_until

CURRENT = ".o_statusbar_status .o_arrow_button_current"


def log_in(page, odoo, login):
    """Log in and open the application «Расчёты»."""
    page.goto(f"{odoo.url}/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login)
    page.click(".oe_login_form button[type=submit]")
    page.click(".o_navbar_apps_menu button")
    page.click(".o_app:has-text('Расчёты')")
    page.wait_for_selector(".o_breadcrumb :text('Подготовка и отправка платёжных документов')")


def wait_done(page):
    """Reload the form until its status bar stands at the state «done»."""

    def stands():
        page.reload()
        return page.wait_for_selector(CURRENT, state="attached").get_attribute("data-value")

    wait_until(lambda: stands() == "done", 120, "the work is shown as done")


def save_documents(page):
    """«Создать», the list of all open accounts, «Сохранить для отправки»."""
    page.click(".o_list_button_add")
    page.click(".o_notebook a.nav-link:has-text('Адресная книга')")
    page.click(".o_field_widget[name=list_ids] .o_field_x2many_list_row_add a")
    page.click(".modal td:has-text('Все открытые лицевые счета')")
    page.wait_for_selector(".modal", state="detached")
    page.click("button[name=action_prepare]")
    page.wait_for_url(re.compile(r"/epd-runs/\d+"))
    page.wait_for_selector("button[name=action_prepare]", state="detached")
    wait_done(page)


def make_mailing(page):
    """«Сформировать рассылку», the account of the service and the template."""
    page.click("button[name=action_make_mailing]")
    page.wait_for_selector(".o_field_widget[name=unisender_account_id]")
    for field in ("unisender_account_id", "template_id"):
        if not page.input_value(f".o_field_widget[name={field}] input"):
            page.click(f".o_field_widget[name={field}] input")
            page.click(f".o_field_widget[name={field}] .o-autocomplete--dropdown-item >> nth=0")
    assert page.input_value(
        ".o_field_widget[name=subject] input, .o_field_widget[name=subject] textarea"
    )


def count(page, name):
    """Return the number on the smart button of a field."""
    button = page.locator(f".oe_stat_button .o_field_widget[name={name}] .o_stat_value")
    return int(re.sub(r"\D", "", button.text_content()))


def test_month_by_clicking(house, page):
    """The operator saves the documents, mails them, and sees what became of the letters."""
    log_in(page, house.odoo, "operator")
    save_documents(page)
    saved = count(page, "saved_count")
    assert saved == house.operator(
        "epd.payment.document", "search_count", [("state", "=", "saved")]
    )
    make_mailing(page)
    page.click("button[name=action_send]")
    page.click(".modal-footer .btn-primary")
    page.wait_for_selector(f"{CURRENT}:not([data-value=draft])", state="attached")
    wait_done(page)
    received = house.sandbox.control("letters")
    assert received and all(len(letter["attachments"]) == 1 for letter in received)
    assert count(page, "sent_count") + count(page, "failed_count") >= len(received)
    house.sandbox.control("clock", {"advance": 3 * 86400})
    page.click("button[name=action_refresh]")
    wait_until(
        lambda: page.reload() and count(page, "opened_count"), 60, "letters are shown as opened"
    )
    mailing = int(page.url.rpartition("/")[2])
    statistics = house.operator("epd.mailing", "get_statistics", [mailing])
    for name in ("sent_count", "delivered_count", "opened_count", "failed_count", "skipped_count"):
        assert count(page, name) == statistics[name] > 0
    assert page.locator(".o_notification.bg-danger, .o_error_dialog").count() == 0
