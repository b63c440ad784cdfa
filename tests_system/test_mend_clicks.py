"""The pages «Кто что получит»: each button that mends is pressed, and the page checked again says so."""

import re

import pytest

from . import clicks
from .server import wait_until

ADDRESS, CONSENT = "Добавить адреса", "Записать согласия"
HEALTHY = [("address_ids.can_receive", "=", True), ("consent_state", "=", "instead")]
SAVE, CHANGED = "Сохранить документы", "Сохранить и изменившиеся"


def get_accounts(office, domain, skip=0):
    """Return (id, number) of an account after 0100020; those before are taken at the counter."""
    found = office.operator(
        "epd.personal.account",
        "search_read",
        [
            *domain,
            ("number", ">", "0100020"),
            ("date_close", "=", False),
            ("channel", "=", "email"),
        ],
        fields=["number"],
        order="number",
        limit=1,
        offset=skip,
    )[0]
    return found["id"], found["number"]


def make_run(office, accounts, period="demo_period_2026_03"):
    """Return a draft run over a list of these accounts."""
    values = {"name": f"Счета {accounts}", "kind": "fixed", "account_ids": [(6, 0, accounts)]}
    chosen = office.operator("epd.account.list", "create", values)
    values = {
        "period_id": office.admin.ref(f"epd_mailing.{period}"),
        "list_ids": [(6, 0, [chosen])],
    }
    return office.operator("epd.billing.run", "create", values)


def prepare(office, run):
    """Save the documents of a run, as the clerk did before."""
    office.operator("epd.billing.run", "action_prepare", [run])
    wait_until(
        lambda: office.operator("epd.billing.run", "read", [run], ["state"])[0]["state"] == "done",
        120,
        "the documents are saved",
    )


def change_charge(office, account, difference):
    """Add to one charge of the account in March and, as the program of charges does, to the balance."""
    period = office.admin.ref("epd_mailing.demo_period_2026_03")
    domain = [("account_id", "=", account), ("period_id", "=", period)]
    charge = office.operator("epd.charge", "search_read", domain, fields=["total"], limit=1)[0]
    office.operator(
        "epd.charge", "write", [charge["id"]], {"total": round(charge["total"] + difference, 2)}
    )


def look(page, button):
    """Open the page «Кто что получит» of the run that stands on screen."""
    clicks.press(page, button)
    clicks.dialog(page)
    clicks.row(page, "", ".modal")


def mend(page, label):
    """Press the button that mends, on the page that stands."""
    page.locator(f".modal button[name=action_mend]:visible:has-text('{label}')").first.click()


def assert_mended(page, label):
    """The page that stands has no such button any more."""
    assert not page.locator(f".modal button[name=action_mend]:visible:has-text('{label}')").count()


@pytest.fixture
def strict(office):
    """No letter without a consent, while the test lasts."""
    company = office.admin("res.company", "search", [], limit=1, order="id")
    before = office.admin("res.company", "read", company, ["epd_consent_policy"])[0]
    office.admin("res.company", "write", company, {"epd_consent_policy": "strict"})
    yield
    before = {"epd_consent_policy": before["epd_consent_policy"]}
    office.admin("res.company", "write", company, before)


def test_mended_before_mailing(office, page, strict):
    """An address, a consent and a document are missing; each button leads to where it is mended."""
    good, _number = get_accounts(office, HEALTHY)
    lost, lost_number = get_accounts(office, [("address_ids", "=", False)])
    mute, mute_number = get_accounts(
        office, [("address_ids.can_receive", "=", True), ("consent_state", "=", "none")]
    )
    bare, _number = get_accounts(office, HEALTHY, skip=1)
    run = make_run(office, [good, lost, mute, bare])
    change_charge(office, bare, 100)  # does not add up: no document
    prepare(office, run)
    clicks.enter(page, office.odoo, f"epd-runs/{run}")

    # the address: typed into the list that opens
    look(page, "action_confirm_mailing")
    mend(page, ADDRESS)
    clicks.closed(page)
    clicks.row(page, lost_number).locator("td[name=new_email]").click()
    box = page.locator(".o_data_row .o_field_widget[name=new_email] input")
    box.fill("found@example.com")
    box.press("Enter")
    domain = [("account_id", "=", lost), ("email", "=", "found@example.com")]
    wait_until(
        lambda: office.operator("epd.delivery.address", "search_count", domain), 30, "the address"
    )
    page.click(".o_breadcrumb :text('Единый платёжный документ')")
    look(page, "action_confirm_mailing")
    assert_mended(page, ADDRESS)

    # the consents (the new address lacks one too): recorded for the accounts chosen in the list
    mend(page, CONSENT)
    clicks.closed(page)
    clicks.row(page, mute_number)
    page.locator(".o_list_view thead .o_list_record_selector input").check()
    page.locator(f".o_control_panel button:visible:has-text('{CONSENT}')").click()
    box = clicks.dialog(page)
    clicks.fill(page, "basis", "Протокол № 4 от 01.02.2026", ".modal")
    page.click(".modal .o_field_widget[name=date] :is(button, input)")
    clicks.fill(page, "date", "01.02.2026", ".modal")
    box.locator("button[name=action_apply]:visible").click()
    clicks.closed(page)
    page.click(".o_breadcrumb :text('Единый платёжный документ')")
    look(page, "action_confirm_mailing")
    assert_mended(page, CONSENT)

    # the document: the charges were put right meanwhile
    change_charge(office, bare, -100)
    mend(page, SAVE)
    page.locator(".modal .modal-title:has-text('Сохранить для отправки')").wait_for()
    clicks.dialog(page).locator("button[name=action_confirm]:visible").click()
    clicks.closed(page)
    wait_until(
        lambda: (
            not office.operator(
                "epd.personal.account",
                "search_count",
                [("drilldown", "=", f"{run}:mail_no_document")],
            )
        ),
        120,
        "the document is saved",
    )
    clicks.go(page, office.odoo, f"epd-runs/{run}")
    look(page, "action_confirm_mailing")
    assert_mended(page, SAVE)
    assert not page.locator(".modal .text-bg-danger").count()
    clicks.dialog(page).locator("button[name=action_confirm]:visible").click()
    clicks.closed(page)
    page.wait_for_selector(f"{clicks.CURRENT}[data-value=draft]", state="attached")
    assert clicks.count(page, "pending_count") == 4
    assert not page.locator(clicks.WRONG).count()


def test_the_changed_ones_saved_too(office, page):
    """The charges changed after saving: the button on the page has them saved as a new version."""
    account, number = get_accounts(office, HEALTHY, skip=3)
    run = make_run(office, [account])
    prepare(office, run)
    period = office.admin.ref("epd_mailing.demo_period_2026_03")
    domain = [("account_id", "=", account), ("period_id", "=", period)]
    balance = office.operator("epd.account.balance", "search_read", domain, fields=["opening"])[0]
    opening = round(balance["opening"] + 250, 2)
    office.operator("epd.account.balance", "write", [balance["id"]], {"opening": opening})
    clicks.enter(page, office.odoo, f"epd-runs/{run}")
    look(page, "action_confirm_prepare")
    mend(page, CHANGED)
    page.locator(f".modal button[name=action_mend]:has-text('{CHANGED}')").wait_for(
        state="detached"
    )
    clicks.dialog(page).locator("button[name=action_confirm]:visible").click()
    clicks.closed(page)
    live = [*domain, ("state", "=", "saved"), ("version", "=", 2)]
    wait_until(
        lambda: office.operator("epd.payment.document", "search_count", live), 120, "version 2"
    )
    clicks.wait_done(page)
    look(page, "action_confirm_prepare")
    assert_mended(page, CHANGED)
    assert not page.locator(clicks.WRONG).count()


def test_prepared_looked_through_and_saved(office, page, shoot):
    """«Подготовить»: receipt after receipt, then «Сохранить для отправки» and its page."""
    accounts = [
        office.admin.ref(f"epd_mailing.demo_account_01000{number}") for number in (24, 26, 28)
    ]
    run = make_run(office, accounts, "demo_period_2026_01")
    clicks.enter(page, office.odoo, f"epd-runs/{run}")
    clicks.press(page, "action_preview")
    seen = []
    for place in (1, 2, 3):
        box = clicks.dialog(page)
        box.locator(f".o_field_widget[name=number]:has-text('{place}')").wait_for()
        viewer = box.frame_locator(".o_field_pdf_viewer iframe")
        viewer.locator(f".textLayer :text('01000{22 + 2 * place}')").first.wait_for()
        seen.append(box.locator(".o_field_widget[name=account_id]").inner_text())
        if place == 1:
            shoot("preview")
            assert not box.locator("button[name=action_previous]:visible").count()
        if place < 3:
            box.locator("button[name=action_next]:visible").click()
    assert seen == ["0100024", "0100026", "0100028"]
    domain = [("run_id", "=", run)]
    assert not office.operator("epd.payment.document", "search_count", domain)
    clicks.dialog(page).locator("button[name=action_save]:visible").click()
    page.locator(".modal .modal-title:has-text('Сохранить для отправки')").wait_for()
    clicks.row(page, "", ".modal")
    clicks.dialog(page).locator("button[name=action_confirm]:visible").click()
    clicks.closed(page)
    page.wait_for_url(re.compile(rf"/epd-runs/{run}"))
    clicks.wait_done(page)
    saved = office.operator("epd.payment.document", "search_count", domain)
    assert saved == 3 and clicks.count(page, "document_count") == 3
    assert not page.locator(clicks.WRONG).count()
