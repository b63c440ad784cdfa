"""The clerk's month by clicking in Chromium, in Russian, as the operator; each test stands alone."""

import re

from . import clicks
from .conftest import forget
from .server import wait_until

# the guide's pictures are of what an office has that has chosen none
ENGINE = None


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
    subject = ".o_field_widget[name=subject] input, .o_field_widget[name=subject] textarea"
    wait_until(lambda: page.input_value(subject), 30, "the template's subject is taken")


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
    wait_until(lambda: clicks.recount(page, "opened_count"), 60, "letters are shown as opened")
    shoot("mailing")
    mailing = int(page.url.rpartition("/")[2])
    names = ["sent_count", "delivered_count", "opened_count", "failed_count", "skipped_count"]
    statistics = house.operator("epd.mailing", "read", [mailing], names)[0]
    for name in names:
        assert clicks.count(page, name) == statistics[name] > 0
    page.locator("[name=tiles] button:has([name=failed_count])").click()
    page.wait_for_selector(".o_form_view", state="detached")
    clicks.row(page, "")
    clicks.shown(page.locator(".o_data_row"), min(80, statistics["failed_count"]))
    shoot("letters")
    assert not page.locator(clicks.WRONG).count()


def test_own_list_and_a_fault_mended(house, page, shoot):
    """«Создать и заполнить» makes a list; the page before saving finds a fault and leads to it."""
    operator = house.operator
    period = house.admin.ref("epd_mailing.demo_period_2026_02")
    account = house.admin.ref("epd_mailing.demo_account_0100003")
    charge = operator(
        "epd.charge",
        "search",
        [("account_id", "=", account), ("period_id", "=", period)],
        limit=1,
    )[0]
    total = operator("epd.charge", "read", [charge], ["total"])[0]["total"]
    operator("epd.charge", "write", [charge], {"total": total + 100})
    run = operator("epd.billing.run", "create", {"period_id": period})
    clicks.enter(page, house.odoo, f"epd-runs/{run}")
    clicks.tab(page, "Адресная книга")
    clicks.press(page, "action_create_list")
    box = clicks.dialog(page)
    clicks.fill(page, "name", "Первый этаж", ".modal")
    clicks.fill(page, "premises_from", "1", ".modal")
    clicks.fill(page, "premises_to", "3", ".modal")
    domain = [("premises_sort", ">=", 1), ("premises_sort", "<=", 3), ("date_close", "=", False)]
    size = operator("epd.personal.account", "search_count", domain)
    box.locator(f".o_field_widget[name=account_count]:has-text('{size}')").wait_for()
    shoot("own_list")
    box.locator("button[name=action_create]").click()
    clicks.closed(page)
    clicks.row(page, "Первый этаж")
    shoot("address_book")
    clicks.press(page, "action_confirm_prepare")
    clicks.dialog(page)
    fault = page.locator(".modal .o_data_row.text-danger, .modal .o_data_row:has(.text-bg-danger)")
    fault.first.wait_for()
    shoot("fault")
    fault.first.locator("button[name=action_open]").click()
    clicks.closed(page)
    page.wait_for_selector(".o_form_view", state="detached")
    clicks.row(page, "0100003").locator("td.o_data_cell").first.click()
    page.wait_for_selector(".o_form_view .o_field_widget[name=total] input")
    clicks.fill(page, "total", f"{total:.2f}".replace(".", ","))
    page.click(".o_form_button_save")
    page.wait_for_selector(".o_form_button_save", state="hidden")
    clicks.go(page, house.odoo, f"epd-runs/{run}")
    clicks.press(page, "action_confirm_prepare")
    clicks.dialog(page).locator("button[name=action_confirm]:visible").click()
    clicks.closed(page)
    clicks.wait_done(page)
    assert clicks.count(page, "document_count") == size
    assert not page.locator(clicks.WRONG).count()


def test_new_owner_and_consent_withdrawn(house, page, shoot):
    """A flat is sold, another payer wants paper again: both from the account's form."""
    operator = house.operator
    domain = [("consent_state", "=", "instead"), ("partner_id.is_company", "=", False)]
    domain.append(("address_ids.can_receive", "=", True))
    sold, other = operator("epd.personal.account", "search", domain, limit=2)
    clicks.enter(page, house.odoo, f"epd-accounts/{sold}")
    page.locator("button:visible:has-text('Новый собственник')").click()
    box = clicks.dialog(page)
    clicks.choose(page, "partner_id", "Новосёлова Дарья", ".modal")
    clicks.fill(page, "email", "novoselova@example.com", ".modal")
    clicks.fill(page, "basis", "Выписка из ЕГРН от 01.04.2026", ".modal")
    shoot("new_owner")
    box.locator("button[name=action_apply]").click()
    clicks.closed(page)
    page.locator(".o_field_widget[name=partner_id]:has-text('Новосёлова')").wait_for()
    addresses = operator(
        "epd.delivery.address",
        "search_read",
        [("account_id", "=", sold)],
        fields=["email", "state"],
    )
    states = {address["email"]: address["state"] for address in addresses}
    assert states.pop("novoselova@example.com") == "active"
    assert states and set(states.values()) == {"closed"}
    clicks.go(page, house.odoo, f"epd-accounts/{other}")
    page.locator("button:visible:has-text('Согласие или отзыв')").click()
    box = clicks.dialog(page)
    box.locator(".o_field_widget[name=action] input[data-value=withdrawn]").check()
    clicks.fill(page, "basis", "Заявление от 02.04.2026", ".modal")
    shoot("consent")
    box.locator(".o_form_button_save").click()
    clicks.closed(page)
    domain = [("account_id", "=", other), ("action", "=", "withdrawn")]
    facts = operator("epd.delivery.consent", "search_read", domain, fields=["basis"])
    assert [fact["basis"] for fact in facts] == ["Заявление от 02.04.2026"]


def test_at_the_counter(house, page, shoot):
    """A receipt is formed from the account and printed; search, account, «Напечатать»."""
    number = "0100004"
    clicks.enter(page, house.odoo, "epd-accounts")
    shoot("accounts")
    clicks.search(page, number)
    clicks.row(page, number).locator("td.o_data_cell").first.click()
    page.wait_for_selector(".o_form_view .o_field_widget[name=number]")
    period = house.admin.ref("epd_mailing.demo_period_2026_03")
    domain = [("account_id.number", "=", number), ("period_id", "=", period)]
    domain.append(("state", "=", "saved"))
    before = house.operator("epd.payment.document", "search_count", domain)
    clicks.press(page, "action_preview_receipt")
    box = clicks.dialog(page)
    box.locator(".o_field_pdf_viewer iframe, .o_field_widget[name=receipt] iframe").wait_for()
    box.locator("button[name=action_save]:visible").click()
    clicks.closed(page)
    assert house.operator("epd.payment.document", "search_count", domain) == max(before, 1)
    clicks.go(page, house.odoo, "epd-accounts")
    clicks.search(page, number)
    clicks.row(page, number).locator("td.o_data_cell").first.click()
    line = clicks.row(page, "март 2026", ".o_field_widget[name=document_ids]")
    shoot("account")
    with page.context.expect_page() as opened:
        line.locator("button[name=action_open_pdf]").click()
    address = opened.value.url
    opened.value.close()
    answer = page.request.get(f"{house.odoo.url}{address[address.index('/epd_mailing') :]}")
    assert answer.ok and answer.body().startswith(b"%PDF")


def test_a_link_is_followed_though_a_screen_comes_up(house, page):
    """A screen that writes its address in the tick of the click does not keep the test where it was."""
    clicks.enter(page, house.odoo, "epd-accounts")
    clicks.row(page, "0100004").locator("td.o_data_cell").first.click()
    page.wait_for_url(re.compile(r"/epd-accounts/\d+"))
    page.evaluate("""() => window.addEventListener("click", () => {
        const { router } = odoo.loader.modules.get("@web/core/browser/router");
        router.pushState(router.current, { replace: true });
    }, { capture: true, once: true })""")
    clicks.go(page, house.odoo, "epd-runs")
    assert page.url == f"{house.odoo.url}/odoo/epd-runs"


def test_every_menu_opens_without_an_error(house, page):
    """Each menu of ours, in Russian: the screen stands, nothing in the console."""
    page.set_viewport_size({"width": 1366, "height": 768})
    clicks.enter(page, house.odoo, "epd-runs")
    page.wait_for_selector(".o_menu_sections :text-is('Настройка')")
    assert not page.locator(".o_menu_sections_more").count(), "the menu does not fit"
    menus = page.request.get(f"{house.odoo.url}/web/webclient/load_menus").json()
    root = house.admin.ref("epd_mailing.epd_mailing_menu_root")
    opened = 0
    for top in menus[str(root)]["children"]:
        for menu in menus[str(top)]["children"] or [top]:
            path = menus[str(menu)].get("actionPath")
            if not path:
                continue  # a dialog, or the guide
            page.click(f".o_menu_sections [data-menu-xmlid='{menus[str(top)]['xmlid']}']")
            if menu != top:
                page.click(f".o-dropdown--menu [data-menu-xmlid='{menus[str(menu)]['xmlid']}']")
            page.wait_for_url(re.compile(rf"/odoo/{path}\b"))
            page.wait_for_selector(
                ".o_content .o_view_controller, .o_content > *", state="attached"
            )
            assert not page.locator(clicks.WRONG).count(), path
            opened += 1
    assert opened > 15


def test_guide_opens_from_the_menu(house, page):
    """«Настройка» → «Руководство»: the page and its pictures come from the addon itself."""
    clicks.enter(page, house.odoo, "epd-runs")
    page.click(".o_menu_sections :text-is('Настройка')")
    with page.context.expect_page() as opened:
        page.click(".o-dropdown--menu :text-is('Руководство')")
    guide = opened.value
    guide.wait_for_selector("h1:has-text('Руководство')")
    pictures = guide.locator("img").evaluate_all("all => all.map(one => one.src)")
    assert len(pictures) > 10
    for address in pictures:
        assert address.startswith(house.odoo.url) and page.request.get(address).ok, address
    guide.close()


def test_a_window_finds_nothing_of_the_one_before(house, page):
    """Tests share the browser's process, and nothing else."""
    clicks.enter(page, house.odoo, "epd-runs")
    page.evaluate("localStorage.setItem('left', '1')")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.goto("about:blank")
    forget(page.context, {house.odoo.url})
    page.goto(f"{house.odoo.url}/odoo")
    page.wait_for_selector("input[name=login]")
    assert page.evaluate("localStorage.getItem('left')") is None
    workers = "navigator.serviceWorker.getRegistrations().then(found => found.length)"
    assert page.evaluate(workers) == 0
