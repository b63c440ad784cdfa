"""The main job over XML-RPC, as `make demo` runs it: its own cross-check must find no difference."""

import os
import subprocess
import sys
from pathlib import Path

from .server import default_engine

ROOT = Path(__file__).resolve().parent.parent
# as an office has it that has chosen none
ENGINE = None


def run_month(house):
    """Run scripts/demo_month.py against the house; return (exit status, output)."""
    environment = {
        **os.environ,
        "EPD_ODOO_URL": house.odoo.url,
        "EPD_DB": house.odoo.db,
        "EPD_SANDBOX_URL": house.sandbox.url,
    }
    answer = subprocess.run(
        [sys.executable, ROOT / "scripts" / "demo_month.py"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    return answer.returncode, answer.stdout + answer.stderr


def test_the_month_and_its_cross_check(own_house):
    """Documents, letters, files and payment codes agree; a second month sends nothing twice."""
    status, output = run_month(own_house)
    assert status == 0, output
    assert "Итог: расхождений нет." in output
    letters = own_house.sandbox.control("letters")
    keys = [(letter["email"], letter["attachments"][0]["sha256"]) for letter in letters]
    assert len(letters) == 47 and len(set(keys)) == 47
    printed = (
        "SELECT DISTINCT split_part(engine, ' ', 1) FROM epd_payment_document WHERE state = 'saved'"
    )
    assert own_house.odoo.query(printed) == [(default_engine(),)]
    # the same again: every document is saved and sent already
    status, output = run_month(own_house)
    assert status != 0
    assert "Отправлять нечего" in output
    assert len(own_house.sandbox.control("letters")) == 47
