"""The first day of an office by clicking: from an empty database to the first letter, and its second month.

Clicks and fields by hand are counted, and so is the time.
"""

import re
import time

import pytest
from playwright.sync_api import expect

from . import clicks
from .conftest import API_KEY, GUIDE, make_house
from .server import RUN, OdooServer, Sandbox, drop_database, make_database, wait_until

OFFICE = "office@uyut.example.com"
MINUTES, HANDS = 10, 60
ACCOUNTS = range(1, 6)
SERVICES = """Код;Название услуги;Группа услуг;Ед. изм.
1;Содержание жилого помещения;Жилищная;м²
5;Холодное водоснабжение;Коммунальная;м³
"""


def table(header, rows):
    """Return a file as an office's program writes it."""
    return "\r\n".join([header, *rows]).encode("cp1251")


def accounts_file():
    """Return the file of personal accounts; the houses come with it."""
    return table(
        "Лицевой счёт;Дом;Помещение;Площадь;Плательщик;Почта",
        [
            f"{100 + n};г. Казань, ул. Тихая, д. 3;{n};40,0;Жильцов Пётр {n};payer.{n}@example.com"
            for n in ACCOUNTS
        ],
    )


def charges_file(extra=0):
    """Return the file of a month's charges.

    :param extra: roubles that the water costs more than in the first month
    """
    return table(
        "Лицевой счёт;Услуга;Объём;Тариф;Начислено",
        [
            line
            for n in ACCOUNTS
            for line in (
                f"{100 + n};1;40,0;30,00;1200,00",
                f"{100 + n};5;{n + extra};50,00;{(n + extra) * 50},00",
            )
        ],
    )


class Hand:
    """The manager's hand; what it does is counted."""

    def __init__(self, page):
        self.page, self.count = page, 0

    def click(self, target):
        """Click what is shown; a text is a selector."""
        if isinstance(target, str):
            target = self.page.locator(f"{target}:visible").first
        target.click()
        self.count += 1

    def fill(self, name, text, within=""):
        """Type into a field."""
        clicks.fill(self.page, name, text, within)
        self.count += 1

    def go(self, title):
        """Press the button of a step; the page of steps stands."""
        self.page.wait_for_selector(".o_kanban_renderer .o_kanban_record .fs-5")
        card = self.page.locator(f".o_kanban_record:has(.fs-5:text-is('{title}'))")
        self.click(card.locator("button[name=action_go]"))

    def back(self, title):
        """Go back to the page of steps, and wait until it shows that step done.

        The web client draws what it knew of the page, then what the server says: a button pressed between the two
        does nothing (https://github.com/odoo/odoo/blob/19.0/addons/web/static/src/model/relational_model, 2026-11-26).
        """
        self.click(".o_breadcrumb a:text-is('Начало работы'), .o_back_button")
        wait_ticked(self.page, title)

    def load(self, name, data):
        """Choose a file, check it and load it."""
        self.page.wait_for_selector(".o_form_view input[type=file]", state="attached")
        self.page.set_input_files(
            ".o_field_widget[name=file] input[type=file]",
            {"name": name, "mimeType": "application/octet-stream", "buffer": data},
        )
        self.count += 1
        self.click(".o_form_statusbar button[name=action_check]")
        self.page.wait_for_url(re.compile(r"/\d+$"))
        clicks.wait_done(self.page, "checked")
        self.click(".o_form_statusbar button[name=action_load]")
        clicks.wait_done(self.page)

    def send(self):
        """Make a mailing of the saved documents and send it."""
        page = self.page
        self.click("button[name=action_confirm_mailing]")
        self.click(clicks.dialog(page).locator("button[name=action_confirm]:visible"))
        clicks.closed(page)
        page.wait_for_selector(".o_field_widget[name=unisender_account_id]")
        for field in ("unisender_account_id", "template_id"):
            if not page.input_value(f".o_field_widget[name={field}] input"):
                self.click(f".o_field_widget[name={field}] input")
                self.click(f".o_field_widget[name={field}] .o-autocomplete--dropdown-item")
                page.wait_for_selector(".o-autocomplete--dropdown-menu", state="detached")
        bar = page.locator(".o_form_statusbar")
        self.click(bar.get_by_role("button", name="Отправить", exact=True).first)
        self.click(clicks.dialog(page).locator(".modal-footer .btn-primary:visible").first)
        clicks.closed(page)

    def save_documents(self):
        """Save the documents of the run."""
        self.click("button[name=action_confirm_prepare]")
        self.click(clicks.dialog(self.page).locator("button[name=action_confirm]:visible"))
        clicks.closed(self.page)
        clicks.wait_done(self.page)


class Office:
    """An empty database with the addon and nothing else; Odoo's administrator speaks Russian."""

    def __init__(self, odoo, sandbox):
        self.odoo, self.sandbox = odoo, sandbox
        self.admin = odoo.login("admin")
        self.admin("res.users", "write", [self.admin.uid], {"lang": "ru_RU"})
        self.admin("ir.config_parameter", "set_param", "epd_mailing.sandbox_url", sandbox.url)


@pytest.fixture
def empty():
    """An office on its first day."""
    db = "epd_system_first"
    make_database(db, "plain")
    sandbox = Sandbox("first", "--no-limits", "--api-key", API_KEY, "--sender", OFFICE)
    odoo = OdooServer(db)
    try:
        sandbox.start()
        odoo.start()
        yield Office(odoo, sandbox)
    finally:
        odoo.kill()
        sandbox.kill()
        drop_database(db)


def picture(page, name):
    """Have the page drawn at both widths of screens; a picture is kept where the guide's are taken."""
    before = page.viewport_size
    for width, height in ((1366, 768), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        clicks.drawn(page)
        if GUIDE:
            path = RUN / "screens" / f"{name}_{width}.png"
            page.screenshot(path=path, animations="disabled")
    page.set_viewport_size(before)


def enter_app(page, odoo):
    """Log in as the administrator and open the application."""
    page.goto(f"{odoo.url}/web/login")
    page.fill("input[name=login]", "admin")
    page.fill("input[name=password]", "admin")
    page.click(".oe_login_form button[type=submit]")
    page.click(".o_navbar_apps_menu button")
    page.click(".o_app:has-text('Расчёты')")


def wait_ticked(page, title):
    """Wait until a step is shown as done.

    The page reads all steps anew behind a dialog that closes: an answer asked for before the next step would be
    drawn after it, with that step undone.
    """
    card(page, title).locator(".fa-check-circle").wait_for()


def set_up(page, hand, sandbox, shoot):
    """Do the steps one by one."""
    hand.go("Компания")
    clicks.dialog(page)
    for name, text in (
        ("name", "ООО «УК Уют»"),
        ("inn", "1655123453"),
        ("kpp", "165501001"),
        ("phone", "+7 843 000-00-00"),
        ("email", OFFICE),
        ("city", "г. Казань"),
        ("street", "ул. Примерная, д. 2"),
    ):
        hand.fill(name, text, ".modal")
    picture(page, "first_office")
    hand.click(".modal button[name=action_save]")
    clicks.closed(page)
    wait_ticked(page, "Компания")
    hand.go("Получатель и банк")
    clicks.dialog(page)
    for name, text in (
        ("bic", "049205999"),
        ("bank_name", "Банк «Пример», г. Казань"),
        ("correspondent_account", "30101810000000000999"),
        ("acc_number", "40702810900000001234"),
    ):
        hand.fill(name, text, ".modal")
    hand.click(".modal button[name=action_save]")
    clicks.closed(page)
    wait_ticked(page, "Получатель и банк")
    hand.go("UniSender")
    page.wait_for_selector(".o_form_view .o_field_widget[name=api_key_input] input")
    hand.fill("base_url", sandbox.url)
    hand.fill("api_key_input", API_KEY)
    hand.click("button[name=action_check_connection]")
    page.wait_for_selector(f"{clicks.CURRENT}[data-value=active]", state="attached")
    hand.back("UniSender")
    hand.go("Услуги")
    hand.load("услуги.csv", SERVICES.encode())
    hand.back("Услуги")
    hand.go("Лицевые счета")
    hand.load("счета.csv", accounts_file())
    hand.back("Лицевые счета")
    hand.go("Кому платят за услуги")
    clicks.dialog(page)
    hand.click(".modal button[name=action_save]")
    clicks.closed(page)
    wait_ticked(page, "Кому платят за услуги")
    hand.go("Первый расчётный период")
    wait_ticked(page, "Первый расчётный период")
    hand.go("Начисления месяца")
    hand.load("начисления.csv", charges_file())
    hand.back("Начисления месяца")
    page.wait_for_selector(".o_kanban_record .fa-circle-o")
    shoot("setup")
    picture(page, "first_steps")


def test_from_an_empty_database_to_the_first_letter_and_the_second_month(empty, page, shoot):
    """The steps lead to the first letters in time; the next month goes on from there."""
    begun, hand = time.monotonic(), Hand(page)
    enter_app(page, empty.odoo)
    page.wait_for_selector(".o_breadcrumb :text('Начало работы')")
    set_up(page, hand, empty.sandbox, shoot)
    hand.go("Пробное письмо")
    page.wait_for_selector("button[name=action_confirm_prepare]:visible")
    hand.save_documents()
    hand.send()
    wait_until(
        lambda: len(empty.sandbox.control("letters")) == len(ACCOUNTS), 120, "the letters come"
    )
    minutes = (time.monotonic() - begun) / 60
    print(f"first letters after {minutes:.1f} min and {hand.count} clicks and fields")
    assert hand.count <= HANDS
    assert minutes <= MINUTES
    letters = empty.sandbox.control("letters")
    assert {letter["email"] for letter in letters} == {f"payer.{n}@example.com" for n in ACCOUNTS}
    # every step is done: the application opens with the month
    page.goto(f"{empty.odoo.url}/odoo")
    page.click(".o_navbar_apps_menu button")
    page.click(".o_app:has-text('Расчёты')")
    page.wait_for_selector(".o_breadcrumb :text('Подготовка и отправка платёжных документов')")
    second_month(page, empty)
    keys = [
        (letter["email"], letter["attachments"][0]["sha256"])
        for letter in empty.sandbox.control("letters")
    ]
    assert len(keys) == len(set(keys)) == 2 * len(ACCOUNTS)
    assert not page.locator(clicks.WRONG).count()


def add_balances(empty):
    """Have the billing program say that the first month was paid: without it nothing is saved."""
    admin, accounts = empty.admin, {}
    for account in admin("epd.personal.account", "search_read", [], fields=["number"]):
        accounts[account["number"]] = account["id"]
    (payee,) = admin("res.partner.bank", "search", [])
    period = admin("epd.billing.period", "search", [], order="date_start desc", limit=1)[0]
    admin(
        "epd.account.balance",
        "create",
        [
            {
                "account_id": accounts[str(100 + n)],
                "period_id": period,
                "payee_id": payee,
                "opening": 1200 + n * 50,
                "paid": 1200 + n * 50,
                "charged": 1200 + (n + 2) * 50,
            }
            for n in ACCOUNTS
        ],
    )


def second_month(page, empty):
    """Go on to the next month from the run of the first; its charges, documents, letters."""
    hand = Hand(page)
    hand.click(clicks.row(page, "").locator("td.o_data_cell").first)
    hand.click("button[name=action_ask_next_period]")
    hand.click(clicks.dialog(page).locator("button[name=action_confirm]:visible"))
    clicks.closed(page)
    page.wait_for_selector(f"{clicks.CURRENT}[data-value=draft]", state="attached")
    run = page.url.partition("/odoo/")[2]
    clicks.go(page, empty.odoo, "epd-imports/new")
    hand.load("начисления.csv", charges_file(extra=2))
    add_balances(empty)
    clicks.go(page, empty.odoo, run)
    hand.save_documents()
    hand.send()
    wait_until(
        lambda: len(empty.sandbox.control("letters")) == 2 * len(ACCOUNTS), 120, "the letters come"
    )
    print(f"second month: {hand.count} clicks")


@pytest.fixture
def idle():
    """The demo house on a server whose crons nobody runs."""
    yield from make_house("idle", cron_threads=0)


def test_a_server_without_workers_says_so_where_somebody_waits(idle, page, shoot):
    """The run that stands at 0 % and the panel tell why; with a worker the work is done."""
    period = idle.admin.ref("epd_mailing.demo_period_2026_03")
    every = idle.admin.ref("epd_mailing.account_list_all_open")
    run = idle.operator(
        "epd.billing.run", "create", {"period_id": period, "list_ids": [(6, 0, [every])]}
    )
    idle.operator("epd.billing.run", "action_prepare", [run])
    # time passes: what is due since a quarter of an hour was run by nobody
    idle.odoo.query(
        "UPDATE ir_cron SET nextcall = nextcall - interval '15 minutes', lastcall = NULL"
    )
    idle.odoo.query("DELETE FROM ir_cron_progress")
    clicks.enter(page, idle.odoo, f"epd-runs/{run}")
    page.wait_for_selector(".alert-danger:visible:has-text('max_cron_threads')")
    picture(page, "run_without_workers")
    clicks.go(page, idle.odoo, "epd-state")
    clicks.row(page, "max_cron_threads")
    shoot("state")
    picture(page, "state")
    idle.odoo.stop()
    idle.odoo.cron_threads = 1
    idle.odoo.start()
    clicks.go(page, idle.odoo, f"epd-runs/{run}")
    clicks.wait_done(page)
    page.wait_for_selector(".alert-danger:has-text('max_cron_threads')", state="hidden")


def card(page, title):
    """Return the card of a step."""
    return page.locator(f".o_kanban_record:has(.fs-5:text-is('{title}'))")


def test_a_sample_office_is_put_in_looked_at_and_taken_out(empty, page, shoot):
    """From the page of steps into the sample and back; what is the user's is as it was."""
    enter_app(page, empty.odoo)
    asked = card(page, "UniSender").locator("input.o_epd_card_number")
    asked.fill("9000")
    asked.press("Tab")
    card(page, "UniSender").locator(":text('Unisender Go')").first.wait_for()
    shoot("setup_letters")
    picture(page, "first_letters")
    companies = empty.admin("res.company", "search", [])
    card(page, "Посмотреть на примере").locator("button[name=action_go]").click()
    page.wait_for_selector(".o_switch_company_menu:has-text('Пример:')")
    page.wait_for_selector(".o_breadcrumb :text('Подготовка и отправка платёжных документов')")
    (sample,) = set(empty.admin("res.company", "search", [])) - set(companies)
    clicks.go(page, empty.odoo, "epd-accounts")
    page.wait_for_selector(".o_data_row")
    shoot("sample_accounts")
    picture(page, "sample_accounts")
    # nothing leaves it
    clicks.go(page, empty.odoo, "epd-setup")
    card(page, "UniSender").locator("button[name=action_go]").click()
    page.wait_for_selector("button[name=action_check_connection]:visible")
    clicks.fill(page, "api_key_input", API_KEY)
    page.click("button[name=action_check_connection]:visible")
    page.wait_for_selector(".modal:has-text('организация-пример')")
    page.click(".modal .modal-footer .btn-primary:visible")
    clicks.closed(page)
    assert not empty.sandbox.control("letters")
    page.click(".o_form_button_cancel:visible")
    clicks.go(page, empty.odoo, "epd-setup")
    card(page, "Посмотреть на примере").locator("button[name=action_go]").click()
    dialog = clicks.dialog(page)
    dialog.locator(":text('будет удалено')").first.wait_for()
    picture(page, "sample_removal")
    dialog.locator("button[name=action_take_out]").click()
    page.wait_for_selector(".o_switch_company_menu:has-text('Пример:')", state="detached")
    page.wait_for_selector(".o_breadcrumb :text('Начало работы')")
    card(page, "Посмотреть на примере").locator(
        "button:has-text('Посмотреть на примере')"
    ).wait_for()
    assert empty.admin("res.company", "search", []) == companies
    assert not empty.admin("epd.personal.account", "search_count", [])
    assert sample not in companies
    # the empty list leads there too
    clicks.go(page, empty.odoo, "epd-accounts")
    page.click(".o_view_nocontent a:has-text('Посмотреть на примере')")
    page.wait_for_selector(".o_switch_company_menu:has-text('Пример:')")


def test_the_panel_tells_what_is_wrong(empty, page, shoot, monkeypatch):
    """Country, currency, zone, address and the converter, each provoked; the mended ones are gone."""
    admin, odoo = empty.admin, empty.odoo
    odoo.stop()
    monkeypatch.setenv("WKHTMLTOPDF", "/nonexistent/wkhtmltopdf")
    odoo.start()
    office = {"epd_print_engine": "wkhtmltopdf", "epd_tz": False}
    (usd,) = admin("res.currency", "search", [("name", "=", "USD")], context={"active_test": False})
    (france,) = admin("res.country", "search", [("code", "=", "FR")])
    admin("res.company", "write", [1], {**office, "country_id": france, "currency_id": usd})
    admin("res.users", "write", [admin.uid], {"tz": False})
    odoo.query("UPDATE res_partner SET tz = NULL")
    odoo.query(
        "UPDATE epd_message_template SET body = body || ' {{ document_link }}' WHERE company_id = 1"
    )
    clicks.enter(page, odoo, "epd-state", "admin")
    for word in ("Франция", "USD", "wkhtmltopdf", "127.0.0.1", "UTC"):
        clicks.row(page, word)
    wrong = page.locator(".o_data_row:has(.text-bg-danger)")
    expect(wrong).to_have_count(5)
    shoot("state_wrong")
    picture(page, "state_wrong")
    (roubles,) = admin(
        "res.currency", "search", [("name", "=", "RUB")], context={"active_test": False}
    )
    (russia,) = admin("res.country", "search", [("code", "=", "RU")])
    admin("res.currency", "write", [roubles], {"active": True})
    right = {"country_id": russia, "currency_id": roubles, "epd_tz": "Europe/Moscow"}
    admin("res.company", "write", [1], {**right, "epd_print_engine": "auto"})
    page.reload()
    clicks.row(page, "127.0.0.1")
    expect(wrong).to_have_count(1)
