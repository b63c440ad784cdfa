"""The control sums of a run, which are read behind its form."""

from . import clicks
from .test_undo_clicks import make_run

SUMS = ".o_field_widget[name=sums_text]"


def test_the_sums_follow_the_charges(own_house, page):
    """Charges change elsewhere and nothing of the run does: its next reading shows the new sums."""
    house = own_house
    run = make_run(house)
    clicks.enter(page, house.odoo, f"epd-runs/{run}")
    shown = page.locator(f"{SUMS}:has-text('Начислено')")
    shown.wait_for()
    before = shown.inner_text()
    where = [
        ("account_id", "=", house.admin.ref("epd_mailing.demo_account_0100001")),
        ("period_id", "=", house.admin.ref("epd_mailing.demo_period_2026_03")),
    ]
    charges = house.admin("epd.charge", "search", where)
    house.admin("epd.charge", "write", charges[:1], {"amount": 990_000})
    # a dialog that is closed reads the form behind it
    clicks.press(page, "action_confirm_prepare", ".o_form_statusbar")
    clicks.dialog(page)
    page.locator(".modal .btn-close:visible").click()
    clicks.closed(page)
    page.wait_for_function(
        """([where, before]) => {
            const text = document.querySelector(where)?.innerText || "";
            return text.includes("Начислено") && text !== before;
        }""",
        arg=[SUMS, before],
    )
