"""A resident stands at the counter: any month printed or sent again, three clicks from the search."""

import hashlib

from . import clicks
from .server import wait_until

MONTHS = {"февраль 2026": "demo_period_2026_02", "март 2026": "demo_period_2026_03"}


class Hand:
    """The clerk's hand, which counts its clicks."""

    def __init__(self):
        self.clicks = 0

    def click(self, target):
        """Click what is shown."""
        target.click()
        self.clicks += 1


def save_documents(office, number):
    """Save the documents of an account for both months; return ``{month: id}``."""
    account = office.admin.ref(f"epd_mailing.demo_account_{number}")
    saved = {}
    for month, period in MONTHS.items():
        values = {"account_id": account, "form": "epd"}
        values["period_id"] = office.admin.ref(f"epd_mailing.{period}")
        preview = office.operator("epd.receipt.preview", "create", values)
        saved[month] = office.operator("epd.receipt.preview", "action_save", [preview])["res_id"]
    return saved


def find(page, number):
    """Search the accounts for a number; return the cell to click."""
    clicks.search(page, number)
    return clicks.row(page, number).locator("td.o_data_cell").first


def get_line(page, month):
    """Return the row of a month's document on the account."""
    return clicks.row(page, month, ".o_field_widget[name=document_ids]")


def read_pdf(page, office, opened):
    """Return the file behind the tab that was opened, and close the tab."""
    path = opened.value.url
    opened.value.close()
    answer = page.request.get(f"{office.odoo.url}{path[path.index('/epd_mailing') :]}")
    assert answer.ok
    return answer.body()


def test_an_earlier_month_is_printed_again(office, page, shoot):
    """Search, account, «Напечатать»; or «Показать», and «Напечатать» there."""
    document = save_documents(office, "0100014")["февраль 2026"]
    saved = office.operator("epd.payment.document", "read", [document], ["pdf_sha256"])[0]
    clicks.enter(page, office.odoo, "epd-accounts")
    cell, hand = find(page, "0100014"), Hand()
    hand.click(cell)
    line = get_line(page, "февраль 2026")
    rows = page.locator(".o_field_widget[name=document_ids] .o_data_row")
    clicks.shown(rows, 2)
    assert [text.split()[0] for text in rows.all_inner_texts()] == ["март", "февраль"]
    with page.context.expect_page() as opened:
        hand.click(line.locator("button[name=action_open_pdf]"))
    assert hand.clicks <= 3
    assert hashlib.sha256(read_pdf(page, office, opened)).hexdigest() == saved["pdf_sha256"]

    # the other way: checked first
    hand.clicks = 1
    hand.click(line.locator("button[name=action_show]"))
    box = clicks.dialog(page)
    viewer = box.frame_locator(".o_field_pdf_viewer iframe")
    viewer.locator(".textLayer :text('0100014')").first.wait_for()
    shoot("receipt_window")
    with page.context.expect_page() as opened:
        hand.click(box.locator("button[name=action_open_pdf]"))
    assert hand.clicks <= 3
    assert hashlib.sha256(read_pdf(page, office, opened)).hexdigest() == saved["pdf_sha256"]
    assert not page.locator(clicks.WRONG).count()


def test_an_earlier_month_is_sent_again_and_only_knowingly(office, page, shoot):
    """Three clicks send it; the next time the window says that he has had it."""
    number, email = "0100012", "egorov.12@example.com"
    save_documents(office, number)

    def count_arrived():
        letters = office.sandbox.control(f"letters?email={email}")
        assert all("февраль 2026" in letter["subject"] for letter in letters)
        return len(letters)

    clicks.enter(page, office.odoo, "epd-accounts")
    cell, hand = find(page, number), Hand()
    hand.click(cell)
    hand.click(get_line(page, "февраль 2026").locator("button[name=action_confirm_send]"))
    box = clicks.dialog(page)
    box.locator(f".o_field_widget[name=address_ids] :text('{email}')").wait_for()
    assert not box.locator(".alert:visible").count()
    hand.click(box.locator("button[name=action_send]:visible"))
    clicks.closed(page)
    assert hand.clicks <= 3
    assert wait_until(count_arrived, 90, "the receipt arrives") == 1
    # the resident is back: it was not there, he says
    page.click(".o_breadcrumb :text('Лицевые счета')")
    cell, hand = clicks.row(page, number).locator("td.o_data_cell").first, Hand()
    hand.click(cell)
    line = get_line(page, "февраль 2026")
    line.locator(f":text('{email}')").wait_for()
    hand.click(line.locator("button[name=action_confirm_send]"))
    box = clicks.dialog(page)
    box.locator(f".alert:visible:has-text('{email}')").wait_for()
    shoot("send_again")
    box.locator("button[special=cancel], button:has-text('Закрыть')").first.click()
    clicks.closed(page)
    assert count_arrived() == 1
    hand.click(line.locator("button[name=action_confirm_send]"))
    hand.click(clicks.dialog(page).locator("button:has-text('Отправить ещё раз'):visible"))
    clicks.closed(page)
    assert wait_until(lambda: count_arrived() > 1 and count_arrived(), 90, "it arrives again") == 2
    assert hand.clicks <= 4  # one of them looked and thought better of it
    assert not page.locator(clicks.WRONG).count()


def test_the_receipt_of_the_month_is_made_at_the_counter(office, page):
    """«Сформировать квитанцию» shows the sample, «Записать» saves the document and opens it."""
    account = office.admin.ref("epd_mailing.demo_account_0100018")
    clicks.enter(page, office.odoo, "epd-accounts")
    find(page, "0100018").click()
    clicks.press(page, "action_preview_receipt")
    box = clicks.dialog(page)
    box.locator(".o_field_pdf_viewer iframe").wait_for()
    domain = [("account_id", "=", account)]
    assert not office.operator("epd.payment.document", "search_count", domain)
    box.locator("button[name=action_save]:visible").click()
    clicks.closed(page)
    page.locator(".o_form_view .o_field_widget[name=name]:has-text('0100018-0326')").wait_for()
    assert clicks.state(page) == "saved"
    documents = office.operator("epd.payment.document", "search_read", domain, fields=["state"])
    assert [document["state"] for document in documents] == ["saved"]
    page.click(".o_breadcrumb :text('0100018')")
    get_line(page, "март 2026")
    assert not page.locator(clicks.WRONG).count()
