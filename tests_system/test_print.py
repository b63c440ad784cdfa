"""The Print menu gives the saved files, also where Odoo finds no wkhtmltopdf of its own."""

import hashlib
from pathlib import Path

import pytest

from .clicks import enter
from .server import default_engine


@pytest.fixture
def by_default(office):
    """The office prints with what a company has that has chosen none."""
    company = office.admin("res.users", "read", [office.operator.uid], ["company_id"])
    write = ("res.company", "write", company[0]["company_id"][:1])
    office.admin(*write, {"epd_print_engine": default_engine()})
    yield
    office.admin(*write, {"epd_print_engine": "auto"})


def test_print_downloads_the_saved_file(office, by_default, page):
    account = office.admin.ref("epd_mailing.demo_account_0100002")
    action = office.operator("epd.personal.account", "action_make_receipt", [account])
    document = action["res_id"]
    # Odoo would show a web page in place of a file in this state
    page.route(
        "**/report/check_wkhtmltopdf",
        lambda route: route.fulfill(json={"jsonrpc": "2.0", "id": 1, "result": "install"}),
    )
    enter(page, office.odoo, f"epd.payment.document/{document}")
    page.click(".o_cp_action_menus button:has(.fa-cog)")
    with page.expect_download() as download:
        page.click(".o-dropdown--menu .o_menu_item:has-text('Квитанции')")
    pdf = Path(download.value.path()).read_bytes()
    fields = ["pdf_sha256", "engine"]
    saved = office.operator("epd.payment.document", "read", [document], fields)[0]
    assert hashlib.sha256(pdf).hexdigest() == saved["pdf_sha256"]
    assert saved["engine"].startswith(default_engine())
