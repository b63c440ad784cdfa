"""The Print menu gives the saved files, also where Odoo finds no wkhtmltopdf of its own."""

import hashlib
from pathlib import Path

from .clicks import log_in


def test_print_downloads_the_saved_file(office, page):
    account = office.admin.ref("epd_mailing.demo_account_0100002")
    action = office.operator("epd.personal.account", "action_make_receipt", [account])
    document = action["res_id"]
    # Odoo would show a web page in place of a file in this state
    page.route(
        "**/report/check_wkhtmltopdf",
        lambda route: route.fulfill(json={"jsonrpc": "2.0", "id": 1, "result": "install"}),
    )
    log_in(page, office.odoo, "operator")
    page.goto(f"{office.odoo.url}/odoo/epd.payment.document/{document}")
    page.click(".o_cp_action_menus button:has(.fa-cog)")
    with page.expect_download() as download:
        page.click(".o-dropdown--menu .o_menu_item:has-text('Квитанции')")
    pdf = Path(download.value.path()).read_bytes()
    fields = ["pdf_sha256"]
    saved = office.operator("epd.payment.document", "read", [document], fields)[0]["pdf_sha256"]
    assert hashlib.sha256(pdf).hexdigest() == saved
