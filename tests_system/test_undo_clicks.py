"""What went wrong is seen before it goes out, and undone: by clicking, as the operator."""

from . import clicks
from .server import wait_until
from .test_import_clicks import choose, open_new

SIZES = {"1366": (1366, 768), "1920": (1920, 1080)}


def make_run(house, period="2026_03", **values):
    """Return a run over all open accounts of a month, made by the operator."""
    lists = [house.admin.ref("epd_mailing.account_list_all_open")]
    month = house.admin.ref(f"epd_mailing.demo_period_{period}")
    values = {"period_id": month, "list_ids": [(6, 0, lists)], **values}
    return house.operator("epd.billing.run", "create", values)


def read(house, run, *names):
    """Return fields of a run."""
    found = house.operator("epd.billing.run", "read", [run], list(names))[0]
    return [found[name] for name in names]


def shoot_sizes(page, shoot, name):
    """Take a picture at each size that offices have."""
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        clicks.drawn(page)
        shoot(f"{name}_{size}")


def lift(page, text, reason):
    """Press «Снять с указанием причины» in the row of a text, give the reason, see it lifted."""
    line = clicks.row(page, text, ".modal")
    line.locator("button[name=action_mend]:visible").click()
    page.locator(".modal .o_field_widget[name=finding_text]:visible").wait_for()
    clicks.fill(page, "reason", reason, ".modal")
    page.locator(".modal button[name=action_apply]:visible").click()
    clicks.row(page, reason, ".modal").first.wait_for()


def open_check(page, house, run):
    """Open a run and the page before saving."""
    clicks.go(page, house.odoo, f"epd-runs/{run}")
    clicks.press(page, "action_confirm_prepare", ".o_form_statusbar")
    clicks.dialog(page)
    clicks.row(page, "Начислено всего", ".modal")


def confirm(page):
    """Press the first button of the page and wait until the run is done."""
    page.locator(".modal button[name=action_confirm]:visible").click()
    clicks.closed(page)
    clicks.wait_done(page)


def test_forgotten_balance_jump_and_annulment(own_house, page, shoot):
    """A forgotten balance and a jump are seen and lifted; a run of the wrong form is annulled."""
    house = own_house
    february, march = (
        house.admin.ref(f"epd_mailing.demo_period_2026_{month}") for month in ("02", "03")
    )
    account = house.admin.ref("epd_mailing.demo_account_0100002")
    before = make_run(house, "2026_02")
    house.operator("epd.billing.run", "action_prepare", [before])
    wait_until(lambda: read(house, before, "state") == ["done"], 180, "February is saved")
    where = [("account_id", "=", account), ("period_id", "=", march)]
    owed = house.admin("epd.account.balance", "search", [*where[:1], ("period_id", "=", february)])
    house.admin("epd.account.balance", "write", owed, {"opening": 19723.25})
    house.admin(
        "epd.account.balance", "unlink", house.admin("epd.account.balance", "search", where)
    )
    charges = house.admin("epd.charge", "search", where)
    house.admin("epd.charge", "write", charges[:1], {"amount": 990_000})

    clicks.enter(page, house.odoo, f"epd-accounts/{account}")
    page.locator(".o_field_widget[name=balance_note]:has-text('не загружено')").wait_for()
    shoot_sizes(page, shoot, "balance_not_loaded")

    run = make_run(house)
    open_check(page, house, run)
    clicks.row(page, "сальдо периода не загружено", ".modal")
    clicks.row(page, "Скачок по", ".modal")
    shoot_sizes(page, shoot, "sums_checked")
    lift(page, "сальдо периода не загружено", "Долг погашен")
    lift(page, "Скачок по", "Новый тариф")
    shoot_sizes(page, shoot, "sums_lifted")
    confirm(page)
    page.locator(".o_field_widget[name=waiver_text]:has-text('Новый тариф')").wait_for()
    page.locator(".o_field_widget[name=sums_text]:has-text('Начислено')").wait_for()
    shoot_sizes(page, shoot, "run_sums")
    assert read(house, run, "saved_count")[0] > 0

    # the same charges in a second form are seen; the run of the wrong form is annulled
    doubled = make_run(house, form="capital_repair")
    open_check(page, house, doubled)
    clicks.row(page, "те же начисления", ".modal")
    confirm(page)
    clicks.press(page, "action_ask_annul", ".o_form_statusbar")
    clicks.fill(page, "reason", "Не та форма", ".modal")
    page.locator(".modal .o_field_widget[name=annul_count]").wait_for()
    shoot_sizes(page, shoot, "annul")
    page.locator(".modal button[name=action_apply]:visible").click()
    clicks.closed(page)
    clicks.wait_done(page, "cancelled")
    live = [("run_id", "=", doubled), ("state", "=", "saved")]
    assert not house.operator("epd.payment.document", "search_count", live)
    assert not page.locator(clicks.WRONG).count()


def test_a_file_is_taken_back(house, page, shoot):
    """Charges of a wrong file are there as before it, in one click."""
    account = house.admin.ref("epd_mailing.demo_account_0100001")
    where = [
        ("account_id", "=", account),
        ("period_id", "=", house.admin.ref("epd_mailing.demo_period_2026_03")),
    ]

    def totals():
        found = house.operator(
            "epd.charge", "search_read", where, ["service_id", "amount", "total"]
        )
        return sorted((line["service_id"][0], line["amount"], line["total"]) for line in found)

    before = totals()
    rows = ["Лицевой счёт;Услуга;Начислено", "0100001;1;5000,00", "0100001;12;70,00"]
    open_new(page, house, "epd-imports", clicks.enter)
    choose(page, "не тот.csv", "\r\n".join(rows).encode("cp1251"))
    clicks.press(page, "action_check", ".o_form_statusbar")
    page.wait_for_selector(f"{clicks.CURRENT}[data-value=checked]", state="attached")
    clicks.press(page, "action_load", ".o_form_statusbar")
    clicks.wait_done(page)
    assert totals() != before
    clicks.press(page, "action_take_back", ".o_form_statusbar")
    shoot_sizes(page, shoot, "take_back")
    page.locator(".modal footer button.btn-primary:visible").click()
    clicks.closed(page)
    clicks.wait_done(page, "taken_back")
    assert totals() == before
    assert not page.locator(clicks.WRONG).count()
