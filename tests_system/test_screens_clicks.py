"""What every screen has: accounts found as they are called, work that is watched, lists in Excel."""

import contextlib
import datetime
import io
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import expect
from reportlab.pdfgen import canvas

from . import clicks
from .server import Front, wait_until
from .test_import_clicks import choose, open_new
from .test_mend_clicks import make_run, prepare
from .test_progress_clicks import MARK, mark, press

PHONE = 500
LOCK = 1600  # of PostgreSQL: held by the test, wanted by the work at its second slice

# of fields in a form's groups: their upper edges differ by less than a line
ON_ONE_LINE = """names => {
    const tops = names.map((name) =>
        document.querySelector(`.o_inner_group .o_field_widget[name=${name}]`)?.getBoundingClientRect().top);
    return Math.max(...tops) - Math.min(...tops) < 8;
}"""

# what is typed → the numbers shown
SEARCHES = {
    "семин": ["0100003"],
    "Сёмин кв 3": ["0100003"],
    "Примерная 10-7": ["0100007"],
    "10-7 примерная": ["0100007"],
    "кв. 7": ["0100007"],
    "о'коннор": ["0100007"],
    "100016": ["0100016"],
    "Хабибуллин Т.М.": ["0100060"],
    "федоров": ["0100007", "0100016", "0100050"],
    "гарифуллина 44": ["0100062"],
    "кв. 777": [],
}


def enter_at(page, house, path, width):
    """Open a list in a window of this width; a phone has no breadcrumb, and shows cards."""
    page.set_viewport_size({"width": width, "height": 900})
    if width == PHONE:
        clicks.log_in_unseen(page, house.odoo)
        page.goto(f"{house.odoo.url}/odoo/{path}")
        page.wait_for_selector(".o_kanban_record:not(.o_kanban_ghost)")
    else:
        clicks.enter(page, house.odoo, path)


def get_rows(page):
    """Return the rows of the list on screen."""
    return page.locator(".o_list_view .o_data_row, .o_kanban_record:not(.o_kanban_ghost)")


@pytest.mark.parametrize("width", [1366, 1920, PHONE])
def test_accounts_are_found_as_they_are_called(house, page, width):
    enter_at(page, house, "epd-accounts", width)
    if width == PHONE:  # the box stands behind a button there
        page.locator(".o_control_panel button:has(.oi-search, .fa-search):visible").first.click()
        page.wait_for_selector(".o_searchview_input:visible")
    for text, numbers in SEARCHES.items():
        clicks.search(page, text)
        clicks.shown(get_rows(page), len(numbers))
        for number in numbers:
            clicks.shown(get_rows(page).filter(has_text=number), 1)
        page.click(".o_searchview_facet .o_facet_remove")
        page.wait_for_selector(".o_searchview_facet", state="detached")


@pytest.mark.parametrize("width", [1366, 1920, PHONE])
def test_an_account_is_opened_by_the_keyboard(house, page, width):
    """Ctrl+K from another screen: a payer and a flat, Enter, the account."""
    enter_at(page, house, "epd-charges", width)
    page.keyboard.press("Control+k")
    page.fill(".o_command_palette_search input", "федорова кв 7")
    clicks.shown(page.locator(".o_command.focused:has-text('0100007')"), 1)
    clicks.shown(page.locator(".o_command:has-text('01000')"), 1)
    page.keyboard.press("Enter")
    account = house.admin.ref("epd_mailing.demo_account_0100007")
    page.wait_for_url(re.compile(rf"/{account}$"))
    clicks.shown(page.locator(".o_form_view :text('Фёдорова-О’Коннор')"))
    # the month and what is due in it are one line
    page.wait_for_function(ON_ONE_LINE, arg=["current_period_name", "due_now"])


def test_the_application_is_found_by_what_people_call_it(house, page):
    """Ctrl+K, «квитанция»: the application, whose own name is another word."""
    clicks.enter(page, house.odoo, "epd-charges")
    palette = page.locator(".o_command_palette")
    for text in ("квитанц", "ЕПД", "Платёжный док", "/епд"):
        page.keyboard.press("Control+k")
        page.fill(".o_command_palette_search input", text)
        # its name holds what was typed, so an earlier word's is not taken for it
        found = palette.locator(f".o_command:has-text('Расчёты: {text.lstrip('/')}')")
        clicks.shown(found, 1)
        if text.startswith("/"):
            break
        page.keyboard.press("Escape")
        palette.wait_for(state="detached")
    found.click()
    month = "Подготовка и отправка платёжных документов"
    clicks.shown(page.locator(f".o_breadcrumb :text('{month}')"))


# --- work that is watched -------------------------------------------------------------------------


@contextlib.contextmanager
def held(house, table, condition):
    """Work that updates a row of the table waits in the block once the condition holds.

    :param condition: SQL over OLD and NEW, true from the second slice on
    """
    connection = house.odoo.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION hold_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ "
                f"BEGIN IF {condition} THEN PERFORM pg_advisory_xact_lock({LOCK}); END IF; "
                f"RETURN NEW; END $$"
            )
            cursor.execute(
                f"CREATE OR REPLACE TRIGGER hold BEFORE UPDATE ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION hold_{table}()"
            )
        yield
    finally:
        connection.close()


def get_percent(page):
    """Return the percentage that the progress bar shows, None without one."""
    texts = page.locator(".o_form_view .o_field_widget[name=progress]:visible").all_inner_texts()
    found = re.search(r"\d+(?:[.,]\d+)?", texts[0]) if texts else None
    return float(found[0].replace(",", ".")) if found else None


def watch(house, page, button, states, where):
    """Press the button; the bar stands between its ends by itself, and the form at the last state.

    :param states: of the work, and of its end
    :param where: table and condition of :func:`held`
    """
    working, ended = states
    mark(page)
    with held(house, *where):
        press(page, button, working)
        wait_until(
            lambda: 0 < (get_percent(page) or 0) < 100, 120, "a part is shown without a reload"
        )
    page.wait_for_selector(
        f"{clicks.CURRENT}[data-value={ended}]", state="attached", timeout=120_000
    )
    assert page.evaluate(MARK), "nobody loaded the page again"
    assert not page.locator(clicks.WRONG).count()


def test_a_file_is_checked_and_loaded_before_ones_eyes(house, page):
    """Nine thousand tariffs, one of each day; no websocket is in reach, the screen looks by itself."""
    first = datetime.date(2001, 1, 1)
    days = [first + datetime.timedelta(days=number) for number in range(9000)]
    house_name = "г. Казань, ул. Примерная, д. 10"
    rows = ["Услуга;Дом;Тариф;Действует с"]
    rows += [f"13;{house_name};70,00;{day:%d.%m.%Y}" for day in days]
    slice_ended = "OLD.position > 0 AND NEW.position > OLD.position"
    clicks.log_in_unseen(page, house.odoo, "admin")
    open_new(page, house, "epd-imports")
    page.click(".o_field_widget[name=kind] input")
    page.click(".o_select_menu_item:has-text('Тарифы')")
    # drawn anew with the answer: a file chosen before falls to an input that goes
    page.wait_for_selector(".o_breadcrumb:has-text('Тарифы')")
    choose(page, "тарифы.csv", "\r\n".join(rows).encode("cp1251"))
    page.wait_for_selector(".o_field_widget[name=column_ids] tr.o_data_row >> nth=3")
    where = "epd_import", slice_ended
    watch(house, page, "action_check", ("checking", "checked"), where)
    watch(house, page, "action_load", ("loading", "done"), where)
    wait_until(lambda: clicks.count(page, "created_count") == len(days), 60, "all are counted")


def make_archive(numbers):
    """Return a ZIP of one PDF for each account (bytes)."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        for number in numbers:
            pdf = io.BytesIO()
            sheet = canvas.Canvas(pdf)
            sheet.drawString(50, 700, f"No {number}")
            sheet.save()
            files.writestr(f"{number}.pdf", pdf.getvalue())
    return archive.getvalue()


def test_ready_made_receipts_are_checked_before_ones_eyes(house, page):
    """Told over the websocket, as behind an office's proxy; saving is one transaction."""
    # the flat 17 is shared
    numbers = [f"01000{number:02}" for number in range(1, 42) if number != 17]
    with Front(house.odoo) as door:
        clicks.log_in_unseen(page, door)
        clicks.go(page, door, "epd-ready-receipts/new")
        page.wait_for_selector(".o_form_view input[type=file]", state="attached")
        choose(page, "квитанции.zip", make_archive(numbers))
        done = "(SELECT count(*) FROM epd_receipt_import_line WHERE import_id = NEW.import_id "
        done += "AND state <> 'pending') >= 25"
        where = "epd_receipt_import_line", done
        watch(house, page, "action_check", ("checking", "checked"), where)
        wait_until(lambda: clicks.count(page, "good_count") == 40, 60, "all are counted")
        mark(page)
        press(page, "action_save", "done")
        assert page.evaluate(MARK)


def test_paper_is_joined_before_ones_eyes(house, page):
    domain = [("date_close", "=", False)]
    accounts = house.operator("epd.personal.account", "search", domain, order="number", limit=25)
    prepare(house, make_run(house, accounts, "demo_period_2026_02"))
    period = house.admin.ref("epd_mailing.demo_period_2026_02")
    values = {"period_id": period, "part_size": 10, "with_unsent": True}
    batch = house.operator("epd.paper.batch", "create", values)
    clicks.enter(page, house.odoo, f"epd-paper/{batch}")
    done = "(SELECT count(*) FROM epd_paper_batch_line WHERE batch_id = NEW.batch_id "
    done += "AND state <> 'pending') >= 10"
    where = "epd_paper_batch_line", done
    watch(house, page, "action_build", ("building", "ready"), where)
    wait_until(lambda: clicks.count(page, "document_count") == 25, 60, "all are counted")
    clicks.shown(get_steps(page), 1)


# --- lists in Excel -------------------------------------------------------------------------------


def save_export(page, button):
    """Click the way out to Excel; return the rows of the workbook's sheet."""
    with page.expect_download() as download:
        page.locator(button).click()
    assert download.value.suggested_filename.endswith(".xlsx")
    book = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes()))
    return list(book.worksheets[0].iter_rows())


@pytest.mark.parametrize("width", [1366, 1920])
def test_a_list_goes_to_excel(house, page, width):
    """All rows, found rows, chosen rows; a name that looks like a formula stays a text."""
    evil = "=HYPERLINK(CONCAT(A1;A2))"
    payer = house.admin.ref("epd_mailing.demo_partner_0100059")
    house.admin("res.partner", "write", [payer], {"name": evil})
    page.set_viewport_size({"width": width, "height": 900})
    clicks.enter(page, house.odoo, "epd-accounts")
    clicks.shown(get_rows(page).filter(has_text="0100059"), 1)
    total = house.operator("epd.personal.account", "search_count", [])
    page.click(".o_cp_action_menus button:has(.fa-cog)")
    head, *rows = save_export(page, ".o_epd_export_list")
    assert len(rows) == total
    titles = [cell.value for cell in head]
    assert titles[0] == "Номер"
    assert not [
        title for title in titles if re.search("[A-Za-z]{3}", title.replace("UniSender", ""))
    ]
    cells = [cell for row in rows for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    assert evil in {cell.value for cell in cells}
    # what was searched for
    clicks.search(page, "федоров")
    clicks.shown(get_rows(page), 3)
    page.click(".o_cp_action_menus button:has(.fa-cog)")
    _head, *rows = save_export(page, ".o_epd_export_list")
    assert [row[0].value for row in rows] == ["0100007", "0100016", "0100050"]
    # what was ticked
    clicks.row(page, "0100016").locator(".o_list_record_selector input").click()
    page.click(".o_cp_action_menus button:has-text('Действия')")
    _head, *rows = save_export(page, ".o-dropdown--menu .o_menu_item:has-text('Выгрузить в Excel')")
    assert [row[0].value for row in rows] == ["0100016"]


# --- the month ------------------------------------------------------------------------------------


def get_steps(page):
    """Return the highlighted buttons in the head of the form."""
    return page.locator(".o_form_statusbar button.btn-primary:visible")


def test_a_missed_deadline_is_red_and_a_finished_month_asks_nothing(house, page):
    """Two accounts on paper: one next step at a time, none when both are handed over."""
    domain = [("channel", "=", "paper"), ("date_close", "=", False)]
    accounts = house.operator("epd.personal.account", "search", domain, order="number", limit=2)
    period = house.admin.ref("epd_mailing.demo_period_2026_01")
    today = datetime.date.today()
    run = make_run(house, accounts, "demo_period_2026_01")
    day = page.locator(".o_field_widget[name=present_by]")

    def look(deadline):
        values = {"present_by": str(deadline), "pay_by": str(today + datetime.timedelta(30))}
        house.admin("epd.billing.period", "write", [period], values)
        clicks.go(page, house.odoo, f"epd-runs/{run}")
        clicks.shown(day.filter(has_text=f"{deadline:%d.%m.%Y}"), 1)

    clicks.log_in_unseen(page, house.odoo)
    look(today + datetime.timedelta(2))
    expect(day).not_to_have_class(re.compile("text-danger"), timeout=60_000)
    clicks.shown(get_steps(page), 1)
    look(today - datetime.timedelta(2))
    expect(day).to_have_class(re.compile("text-danger"), timeout=60_000)
    prepare(house, run)
    look(today - datetime.timedelta(2))
    clicks.shown(get_steps(page), 1)
    expect(day).to_have_class(re.compile("text-danger"), timeout=60_000)
    batch = house.operator("epd.paper.batch", "create", {"period_id": period, "with_unsent": True})
    house.operator("epd.paper.batch", "action_build", [batch])
    wait_until(
        lambda: (
            house.operator("epd.paper.batch", "read", [batch], ["state"])[0]["state"] == "ready"
        ),
        120,
        "it is joined",
    )
    house.operator("epd.paper.batch", "action_mark_printed", [batch])
    look(today - datetime.timedelta(2))
    clicks.shown(get_steps(page), 0)
    expect(day).not_to_have_class(re.compile("text-danger"), timeout=60_000)
