"""Rules that stand in one place: nobody reckons them anew beside it. Read from the files themselves."""

import re
from pathlib import Path

import pytest

ADDON = Path(__file__).resolve().parent.parent / "epd_mailing"
# what a second place would look like → the files that are the one place
RULES = {
    # the office's time; «AT TIME ZONE 'UTC'» alone is how a moment is stored
    r"context_today|context_timestamp|ZoneInfo|pytz|AT TIME ZONE [^'\s]|\bepd_tz\b": {
        "tools/office_time.py",
        "models/core/res_company.py",
        "models/core/res_config_settings.py",
        # where a manager sets it
        "models/start/epd_settings.py",
        "wizards/epd_setup_office.py",
        # the sample office is given one; before it there is only the user's
        "models/start/sample_office.py",
        # the day of a currency's rate is Odoo's own: the sum must be the one it works out itself
        "models/base/company_money.py",
    },
    # what the payer last said about e-mail instead of paper
    r"(?:FROM|JOIN) epd_delivery_consent\b": {"models/account/epd_delivery_consent.py"},
    # a moment as people read it (a cell of a file is no moment)
    r"%d\.%m\.%Y %H:%M": {"models/core/res_company.py", "tools/table_file/values.py"},
    # who is paid for a service in a month; the others ask whether an account is named at all
    r"(?:FROM|JOIN) epd_service_provision\b": {
        "models/charge/epd_service_provision.py",
        "models/charge/res_bank.py",
        "models/charge/res_partner.py",
    },
    # what the columns of a charge, and of a balance, add up to
    r"(?s)\"(?:amount|opening)\".{0,40}\"(?:excess|penalty|paid)\".{0,40}\"(?:discount|court_costs)\"": {
        "tools/figures.py",
        "tools/receipt_view.py",  # the columns of a printed row
    },
    # what a form of the document is called
    r"\"КР\"|Единый платёжный документ\"": {"tools/document_number.py", "tools/message.py"},
    # HTML → token → PDF: engines read tokens, one renderer writes them
    r"\bmake_token\(": {
        "models/document/epd_receipt_renderer.py",
        "tools/receipt_pdf/proof.py",
        "tools/receipt_pdf/plutoprint.py",
    },
    # the values of a letter
    r"\bletter_values\(": {"models/mailing/epd_payment_document.py", "tools/message.py"},
}


@pytest.mark.parametrize("pattern", RULES)
def test_rule_stands_in_one_place(pattern):
    found = {
        str(path.relative_to(ADDON))
        for path in ADDON.rglob("*.py")
        if not {"tests", "migrations"} & set(path.parts) and re.search(pattern, path.read_text())
    }
    assert found == RULES[pattern]
