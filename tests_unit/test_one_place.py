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
    },
    # what the payer last said about e-mail instead of paper
    r"(?:FROM|JOIN) epd_delivery_consent\b": {"models/account/epd_delivery_consent.py"},
}


@pytest.mark.parametrize("pattern", RULES)
def test_rule_stands_in_one_place(pattern):
    found = {
        str(path.relative_to(ADDON))
        for path in ADDON.rglob("*.py")
        if not {"tests", "migrations"} & set(path.parts) and re.search(pattern, path.read_text())
    }
    assert found == RULES[pattern]
