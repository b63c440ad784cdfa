"""A file of charges by clicking: chosen, checked, checked, mended, loaded; an archive of receipts."""

import contextlib
import io
import re
import zipfile

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from reportlab.pdfgen import canvas

from .clicks import AGAIN, CURRENT, enter, go, shown, wait_done
from .server import wait_until

ROWS = [
    "Лицевой счёт;Услуга;Объём;Тариф;Начислено",
    "0100001;1;38,4;31,50;1 209,60",
    "0100001;12;1;70,00;70,00",
    "0100002;12;1;70,00;сто",
    "9999999;12;1;70,00;70,00",
]


def open_new(page, house, path, way=go):
    """Open a new record of the screen at ``path``; ``way`` is ``enter`` for a test's first screen."""
    way(page, house.odoo, f"{path}/new")
    page.wait_for_selector(".o_form_view input[type=file]", state="attached")


def choose(page, name, data):
    """Choose a file and save the form.

    A form that is drawn anew loses a file that its old input was given, and whoever chose it chooses again.
    """
    chosen = page.locator(".o_field_widget[name=file] .o_clear_file_button")
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": data}

    def is_chosen():
        # the page reads it by and by: saved before, the form would be saved without it
        with contextlib.suppress(PlaywrightTimeout):
            page.set_input_files(".o_field_widget[name=file] input[type=file]", file, timeout=AGAIN)
            chosen.wait_for(timeout=AGAIN)
        return chosen.is_visible()

    wait_until(is_chosen, 120, f"{name} is chosen")
    page.click(".o_form_button_save")
    page.wait_for_url(re.compile(r"/\d+$"))


def press(page, name, state):
    """Press a button of the header and wait for the state."""
    page.click(f".o_form_statusbar button[name={name}]:visible >> nth=0")
    page.wait_for_selector(f"{CURRENT}[data-value={state}]", state="attached")


def test_charges_from_a_file(house, page):
    enter(page, house.odoo, "epd-runs")
    page.click(".o_menu_sections button:has-text('Начисления')")
    page.click(".o-dropdown--menu a:has-text('Загрузка из файлов')")
    page.wait_for_selector(".o_breadcrumb :text('Загрузка из файлов')")
    page.click(".o_list_button_add")
    choose(page, "март.csv", "\r\n".join(ROWS).encode("cp1251"))
    page.wait_for_selector(".o_field_widget[name=column_ids] tr.o_data_row >> nth=4")
    page.click(".o_notebook a.nav-link:has-text('Просмотр')")
    page.wait_for_selector("td:has-text('1 209,60')")
    press(page, "action_check", "checked")
    page.click(".o_notebook a.nav-link:has-text('Ошибки')")
    shown(page.locator("td:has-text('Это не число')"))
    shown(page.locator("td:has-text('Такого лицевого счёта нет')"))
    page.click(".o_form_statusbar button[name=action_load]")
    page.wait_for_selector(".modal :text('Взять строки без ошибок')")
    page.click(".modal footer button >> nth=0")
    page.click(".o_field_widget[name=good_only] input")
    page.click(".o_form_statusbar button[name=action_load]")
    page.wait_for_selector("button[name=action_load]", state="detached")
    wait_done(page)
    order = house.operator(
        "epd.import", "search_read", [], ["updated_count", "left_count", "user_id"]
    )[0]
    assert (order["updated_count"], order["left_count"]) == (1, 2)
    with page.expect_download() as download:
        page.click(".o_form_statusbar button[name=action_export_problems]")
    assert download.value.suggested_filename.endswith(".xlsx")


def test_a_register_of_payments(house, page):
    """Several payments of one account: added up, the repeated row told, the sum to compare."""
    rows = [
        "Лицевой счёт;Дата платежа;Сумма платежа;Р/с",
        "0100001;05.03.2026;1 000,10;40702810900000001234",
        "0100002;06.03.2026;500,00;40702810900000001234",
        "0100001;20.03.2026;200,20;40702810900000001234",
        "0100002;06.03.2026;500,00;40702810900000001234",
    ]
    before = read_paid(house)

    def added():
        return {
            number: round(paid - before[number], 2) for number, paid in read_paid(house).items()
        }

    open_new(page, house, "epd-imports", enter)
    page.click(".o_field_widget[name=kind] input")
    page.click(".o_select_menu_item:has-text('Платежи')")
    choose(page, "реестр.csv", "\r\n".join(rows).encode("cp1251"))
    # days of payments: one register of several
    page.wait_for_selector("text=Платежи файла добавляются к платежам других реестров")
    page.wait_for_selector(".o_field_widget[name=column_ids] tr.o_data_row >> nth=3")
    press(page, "action_check", "checked")
    page.click(".o_notebook a.nav-link:has-text('Ошибки')")
    shown(page.locator("td:has-text('Такой же платёж')"), 1)
    shown(page.locator(".alert:visible:has-text('Есть предупреждения')"), 1)
    page.click(".o_form_statusbar button[name=action_load]")
    page.wait_for_selector("button[name=action_load]", state="detached")
    wait_done(page)
    page.wait_for_selector(".o_field_widget[name=paid_sum]:has-text('2\xa0200,30')")
    (order,) = house.operator(
        "epd.import", "search_read", [("kind", "=", "payment")], ["created_count"]
    )
    assert order["created_count"] == 4
    assert added() == {"0100001": 1200.3, "0100002": 1000}
    # a second register: what it repeats does not count again, what is new is added
    open_new(page, house, "epd-imports")
    page.click(".o_field_widget[name=kind] input")
    page.click(".o_select_menu_item:has-text('Платежи')")
    more = [*rows[:2], "0100002;28.03.2026;77,00;40702810900000001234"]
    choose(page, "реестр 2.csv", "\r\n".join(more).encode("cp1251"))
    page.wait_for_selector(".o_field_widget[name=column_ids] tr.o_data_row >> nth=3")
    press(page, "action_check", "checked")
    page.click(".o_notebook a.nav-link:has-text('Ошибки')")
    shown(page.locator("td:has-text('уже загружены из другого файла')"), 1)
    page.click(".o_form_statusbar button[name=action_load]")
    page.wait_for_selector("button[name=action_load]", state="detached")
    wait_done(page)
    assert added() == {"0100001": 1200.3, "0100002": 1077}
    page.click("button[name=action_open_payments]")
    # the form before has a list too, and this sum in it
    page.wait_for_selector(".o_list_view.o_action td[name=amount]:has-text('77,00')")
    shown(page.locator(".o_list_view.o_action tr.o_data_row"), 1)
    # and it is taken back
    page.click(".o_breadcrumb .o_back_button, .breadcrumb-item a >> nth=-1")
    page.click(".o_form_statusbar button[name=action_take_back]")
    page.click(".modal footer button.btn-primary")
    wait_done(page, "taken_back")
    assert added() == {"0100001": 1200.3, "0100002": 1000}


NUMBERS = ["0100001", "0100002"]


def read_paid(house):
    """Return what two accounts have paid the office this month: ``{number: roubles}``."""
    balances = house.operator(
        "epd.account.balance",
        "search_read",
        [
            ("period_id.date_start", "=", "2026-03-01"),
            ("payee_id.acc_number", "=", "40702810900000001234"),
            ("account_id.number", "in", NUMBERS),
        ],
        ["account_id", "paid"],
    )
    return {each["account_id"][1][:7]: each["paid"] for each in balances}


@pytest.mark.parametrize("number", ["0100003"])
def test_ready_made_receipts(house, page, number):
    pdf = io.BytesIO()
    sheet = canvas.Canvas(pdf)
    sheet.drawString(50, 700, f"No {number}")
    sheet.save()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr(f"{number}.pdf", pdf.getvalue())
        files.writestr("0100004.pdf", b"%PDF-1.4 broken")
    open_new(page, house, "epd-ready-receipts", enter)
    choose(page, "квитанции.zip", archive.getvalue())
    press(page, "action_check", "checked")
    shown(page.locator("td:has-text('Файл повреждён')"))
    page.click(".o_field_widget[name=good_only] input")
    page.click(".o_form_statusbar button[name=action_save]")
    page.wait_for_selector("button[name=action_save]", state="detached")
    wait_done(page)
    domain = [("is_ready_made", "=", True)]
    wait_until(
        lambda: house.operator("epd.payment.document", "search_count", domain) == 1,
        30,
        "the document",
    )


def make_book(*pages):
    """Return a PDF with a text on each page (bytes)."""
    pdf = io.BytesIO()
    sheet = canvas.Canvas(pdf)
    for text in pages:
        sheet.drawString(50, 700, text)
        sheet.showPage()
    sheet.save()
    return pdf.getvalue()


def test_the_owners_of_the_pages_of_a_house(house, page):
    """One PDF of a house: what nobody owns is shown, refused, given to an account, and saved."""
    book = make_book("LS 0100005", "the back", "LS 0100006 and LS 0100007", "LS 0100008")
    open_new(page, house, "epd-ready-receipts", enter)
    choose(page, "дом.pdf", book)
    press(page, "action_check", "checked")
    page.wait_for_selector(
        ".alert-danger:visible:has-text('Страницы, владелец которых не доказан')"
    )
    rows = page.locator(".o_field_widget[name=line_ids] tr.o_data_row")
    shown(rows, 4)
    shown(page.locator("tr.o_data_row.text-danger"), 2)
    # nothing is saved while a page has no owner
    page.click(".o_form_statusbar button[name=action_save]")
    page.wait_for_selector(".modal :text('владел')")
    page.click(".modal footer button >> nth=0")
    page.wait_for_selector(".modal", state="detached")
    page.locator("tr.o_data_row.text-danger button[name=action_same_as_previous]").first.click()
    page.wait_for_selector("tr.o_data_row.text-danger >> nth=1", state="detached")
    shown(rows.filter(has_text="0100005"), 2)
    page.locator("tr.o_data_row.text-danger td[name=account_id]").click()
    page.fill("tr.o_selected_row td[name=account_id] input", "0100007")
    page.click(".o-autocomplete--dropdown-item:has-text('0100007') >> nth=0")
    page.click(".o_form_button_save")
    page.wait_for_selector("tr.o_data_row.text-danger", state="detached")
    page.click(".o_form_statusbar button[name=action_save]")
    page.wait_for_selector("button[name=action_save]", state="detached")
    wait_done(page)
    lines = house.operator(
        "epd.receipt.import.line", "search_read", [("import_id.file_name", "=", "дом.pdf")],
        ["account_id", "document_id"], order="entry_index",
    )  # fmt: skip
    assert [line["account_id"][1][:7] for line in lines] == [
        "0100005", "0100005", "0100007", "0100008",
    ]  # fmt: skip
    assert len({line["document_id"][0] for line in lines}) == 3
