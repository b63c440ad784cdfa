"""A month done from outside by programs: the documentation's own example, odoorpc, JSON-2."""

import base64
import hashlib
import json
import os
import re
import secrets
import subprocess
import sys
import urllib.error
import urllib.request

import odoorpc
import pytest
from passlib.context import CryptContext

from .server import ROOT, wait_until

CRYPT = CryptContext(["pbkdf2_sha512"], pbkdf2_sha512__rounds=6000)  # as Odoo keeps its keys


@pytest.fixture(scope="module")
def api_key(house):
    """An API key of the operator, as Odoo's own dialog makes it."""
    key = secrets.token_hex(20)
    house.odoo.query(
        "INSERT INTO res_users_apikeys (name, user_id, scope, key, index) VALUES (%s, %s, NULL, %s, %s)",
        "billing program",
        house.operator.uid,
        CRYPT.hash(key),
        key[:8],
    )
    return key


def do_month(call, period):
    """Prepare, mail and count a month; return the letters that went."""
    run = call("prepare_documents", key=f"documents-{period}", period=period)["run"]
    wait_until(lambda: call("get_run", run=run)["state"] == "done", 90, "documents are made")
    made = call("make_mailing", key=f"mailing-{period}", run=run)
    mailing = made["mailing"]
    assert call("make_mailing", key=f"mailing-{period}", run=run) == made
    call("send_mailing", mailing=mailing)
    wait_until(lambda: call("get_mailing", mailing=mailing)["state"] == "done", 90, "it is sent")
    call("send_mailing", mailing=mailing)
    letters = call("list_letters", mailing=mailing)["letters"]
    return [letter for letter in letters if letter["state"] != "skipped"]


def do_paper(call, period, mailed):
    """Print whom no letter went to; return the numbers of accounts on paper."""
    batch = call("make_paper_batch", key=f"paper-{period}", period=period)["batch"]
    wait_until(lambda: call("get_paper_batch", batch=batch)["state"] == "ready", 90, "it is joined")
    (file,) = call("list_paper_files", batch=batch)["files"]
    content, piece = b"", {"next": 0}
    while piece["next"] or not content:
        piece = call("get_paper_file", file=file["file"], offset=piece["next"], size=100_000)
        content += base64.b64decode(piece["content"])
    assert content.startswith(b"%PDF") and len(content) == file["size"] > 100_000
    assert hashlib.sha256(content).hexdigest() == file["sha256"]
    printed = call("mark_paper_printed", batch=batch)
    assert call("mark_paper_printed", batch=batch) == printed
    receipts = call("list_paper_receipts", batch=batch)["receipts"]
    assert len(receipts) == printed["document_count"] == file["receipts"] > 0
    everybody = {entry["account"] for entry in call("list_documents", period=period)["documents"]}
    on_paper = {receipt["account"] for receipt in receipts}
    assert on_paper | {letter["account"] for letter in mailed} == everybody
    return on_paper


def check_received(house, before, letters):
    """The sandbox received each of the letters once, with the file of its document."""
    received = house.sandbox.control("letters")[before:]
    assert len(received) == len(letters) > 30
    assert sorted(x["email"].lower() for x in received) == sorted(
        x["email"].lower() for x in letters
    )
    assert all(letter["service_id"] for letter in letters)


def test_the_examples_of_the_documentation(house, api_key):
    """docs/api.md runs as it stands, and says a month's figures."""
    text = (ROOT / "docs" / "api.md").read_text()
    program = "\n\n".join(re.findall(r"```python\n(.*?)```", text, re.S))
    environment = {
        **os.environ,
        "EPD_URL": house.odoo.url,
        "EPD_DB": house.odoo.db,
        "EPD_LOGIN": "operator",
        "EPD_API_KEY": api_key,
    }
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    found = dict(re.findall(r"^(documents|sent): (\d+)", answer.stdout, re.M))
    assert int(found["sent"]) == len(house.sandbox.control("letters")) > 30
    methods = json.loads((ROOT / "docs" / "api_contract.json").read_text())["methods"]
    missing = [name for name in methods if f'"{name}"' not in program]
    assert not missing, "every call has its example"


def test_a_month_by_odoorpc(house, api_key):
    """The well-kept client library sees the same contract."""
    client = odoorpc.ODOO("127.0.0.1", port=house.odoo.port, timeout=60)
    client.login(house.odoo.db, "operator", api_key)

    def call(method, **arguments):
        answer = client.execute_kw("epd.api", method, [], arguments)
        assert answer["status"] == "ok", answer
        return answer

    before = len(house.sandbox.control("letters"))
    letters = do_month(call, "2026-02")
    check_received(house, before, letters)
    assert do_paper(call, "2026-02", letters)


def test_a_month_over_json(house, api_key):
    """The same calls over JSON-2; a wrong key is turned away."""

    def call(method, key_used=api_key, **arguments):
        request = urllib.request.Request(
            f"{house.odoo.url}/json/2/epd.api/{method}",
            json.dumps(arguments).encode(),
            {
                "Authorization": f"bearer {key_used}",
                "Content-Type": "application/json",
                "X-Odoo-Database": house.odoo.db,
            },
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            found = json.load(answer)
        assert found["status"] == "ok", found
        return found

    before = len(house.sandbox.control("letters"))
    letters = do_month(call, "2026-01")
    check_received(house, before, letters)
    assert do_paper(call, "2026-01", letters)
    with pytest.raises(urllib.error.HTTPError) as refused:
        call("get_contract", key_used="0" * 40)
    assert refused.value.code == 401
