#!/usr/bin/env python3
"""The month of a housing office, done over XML-RPC as an integration would, and cross-checked.

Prepares the documents of all open accounts, mails them through the sandbox, refreshes the statistics,
prints a summary computed from the database and compares it with what the sandbox received: letters,
SHA-256 of each attachment, addresses, and every payment code as decoded from the rasterised PDF.
Exit status 1 on any difference.

Environment: EPD_ODOO_URL, EPD_DB, EPD_SANDBOX_URL, EPD_LOGIN/EPD_PASSWORD (operator),
EPD_MANAGER/EPD_MANAGER_PASSWORD, EPD_SANDBOX_TOKEN.
"""

import base64
import collections
import hashlib
import json
import os
import re
import sys
import time
import urllib.request
import xmlrpc.client
from concurrent.futures import ProcessPoolExecutor

import pypdfium2
import zxingcpp

URL = os.environ.get("EPD_ODOO_URL", "http://127.0.0.1:8069")
DB = os.environ.get("EPD_DB", "epd_demo")
SANDBOX = os.environ.get("EPD_SANDBOX_URL", "http://127.0.0.1:8025").rstrip("/")
API_KEY = os.environ.get("EPD_API_KEY", "demo-key")
PREPARE_SECONDS = 300
SEND_SECONDS = 300
STATE_LABELS = {
    "sent": "отправлено, ответа ещё нет",
    "deferred": "сервер получателя повторяет попытки",
    "delivered": "доставлено",
    "opened": "просмотрено",
    "read": "прочитано",
    "spam": "попало в спам",
    "bounced": "не доставлено",
    "rejected": "отказ при отправке",
    "skipped": "не отправлялось",
    "unknown": "исход неизвестен",
    "unsubscribed": "доставлено, затем отписка",
    "complained": "жалоба на спам",
}


class Odoo:
    """One user's XML-RPC session."""

    def __init__(self, login, password):
        common = xmlrpc.client.ServerProxy(f"{URL}/xmlrpc/2/common")
        self.uid = common.authenticate(DB, login, password, {})
        if not self.uid:
            raise SystemExit(f"Не удалось войти в Odoo как {login}.")
        self.password = password
        self.models = xmlrpc.client.ServerProxy(f"{URL}/xmlrpc/2/object", allow_none=True)

    def __call__(self, model, method, *args, **kwargs):
        """Call ``method`` of ``model``; answers are in Russian."""
        kwargs.setdefault("context", {"lang": "ru_RU"})
        return self.models.execute_kw(DB, self.uid, self.password, model, method, args, kwargs)

    def ref(self, xmlid):
        """Return the id behind an external id."""
        module, name = xmlid.split(".")
        found = self(
            "ir.model.data",
            "search_read",
            [("module", "=", module), ("name", "=", name)],
            fields=["res_id"],
        )
        return found[0]["res_id"]


def sandbox(path, data=None):
    """Call the sandbox's control API and return its JSON."""
    body = json.dumps(data).encode() if data is not None else None
    headers = {"X-Sandbox-Token": os.environ.get("EPD_SANDBOX_TOKEN", "")}
    request = urllib.request.Request(f"{SANDBOX}/sandbox/{path}", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def wait_for(question, good, seconds):
    """Ask until the answer is good, for at most ``seconds``; return the last answer."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if good(answer) or time.monotonic() > end:
            return answer
        time.sleep(0.3)


def connect(manager):
    """The specialist's part: key, address of the service, check."""
    account = manager.ref("epd_mailing.demo_unisender_account")
    # the sandbox keeps the vendor's limits but for two: the demo is not to last for hours, and whoever is to get two
    # letters would have it wait for Odoo's cron
    sandbox("settings", {"per_minute": 600, "address_seconds": 0})
    # the key goes to UniSender alone, but for a sandbox that the administrator names
    manager("ir.config_parameter", "set_param", "epd_mailing.sandbox_url", SANDBOX)
    manager(
        "epd.unisender.account",
        "write",
        [account],
        {
            "base_url": SANDBOX,
            "api_key_input": API_KEY,
            "limit_per_minute": 600,
            "limit_address_seconds": 0,
        },
    )
    manager("epd.unisender.account", "action_check_connection", [account])
    facts = manager("epd.unisender.account", "read", [account], ["state", "last_error"])[0]
    if facts["state"] != "active":
        raise SystemExit(f"UniSender: {facts['last_error']}")
    return account


def prepare(operator, refs):
    """«Подготовить ПД» → «Сохранить для отправки» for all open accounts."""
    period = refs["period"]
    run = operator(
        "epd.billing.run",
        "create",
        {
            "period_id": period,
            "form": "epd",
            "list_ids": [(6, 0, [refs["list"]])],
        },
    )
    operator("epd.billing.run", "action_prepare", [run])
    facts = wait_for(
        lambda: operator("epd.billing.run", "read", [run], RUN_FIELDS)[0],
        lambda answer: answer["state"] not in ("preparing",),
        PREPARE_SECONDS,
    )
    print(
        f"Подготовка ПД: счетов {facts['account_count']}, сохранено {facts['saved_count']}, "
        f"пропущено {facts['skipped_count']}, с ошибкой {facts['error_count']}."
    )
    return run, facts


MAILING_FIELDS = [
    *("state", "wait_reason", "letter_count", "sent_count", "delivered_count", "opened_count"),
    *("read_count", "failed_count", "skipped_count", "unknown_count"),
]
RUN_FIELDS = ["state", "account_count", "saved_count", "skipped_count", "error_count"]


def send(operator, run, account, refs):
    """«Сформировать рассылку», «Отправить сейчас», wait for the queue.

    Not planned a few seconds ahead: Odoo's cron comes back to a later moment once a minute.
    """
    mailing = operator("epd.billing.run", "action_make_mailing", [run])["res_id"]
    values = {"unisender_account_id": account, "template_id": refs["template"]}
    operator("epd.mailing", "write", [mailing], values)
    operator("epd.mailing", "action_send_now", [mailing])
    print(f"Рассылка № {mailing} передана в очередь…", flush=True)
    facts = wait_for(
        lambda: read_mailing(operator, mailing),
        lambda answer: answer["state"] not in ("scheduled", "sending"),
        SEND_SECONDS,
    )
    if facts["state"] != "done":
        raise SystemExit(f"Рассылка не завершилась: состояние {facts['state']}, {facts}")
    return mailing


def refresh(operator, mailing):
    """Let three days pass in the sandbox and refresh the statistics."""
    sandbox("clock", {"advance": 3 * 86400 + 3600})
    operator("epd.mailing", "action_refresh", [mailing])
    return read_mailing(operator, mailing)


def read_mailing(operator, mailing):
    """Return state and counts of the mailing."""
    return operator("epd.mailing", "read", [mailing], MAILING_FIELDS)[0]


def read_letters(operator, mailing):
    """Return the letters of the mailing."""
    names = ["document_id", "account_id", "email_normalized", "state", "failure_reason"]
    domain = [("mailing_id", "=", mailing), ("is_test", "=", False)]
    return operator("epd.mailing.letter", "search_read", domain, fields=names)


def print_summary(letters, statistics):
    """Print what became of the letters, counted from the database."""
    states = collections.Counter(letter["state"] for letter in letters)
    print(
        f"Письма: всего {statistics['letter_count']}, отправлено {statistics['sent_count']}, "
        f"доставлено {statistics['delivered_count']}, просмотрено {statistics['opened_count']}, "
        f"прочитано {statistics['read_count']}, не дошло {statistics['failed_count']}, "
        f"не отправлялось {statistics['skipped_count']}, "
        f"исход неизвестен {statistics['unknown_count']}."
    )
    for state, count in states.most_common():
        print(f"  {STATE_LABELS.get(state, state)}: {count}")
        reasons = collections.Counter(
            letter["failure_reason"] for letter in letters if letter["state"] == state
        )
        for reason, number in reasons.most_common():
            if reason:
                print(f"      {number} × {reason}")


def decode_codes(pdf):
    """Return the texts of the QR codes on the pages of a PDF."""
    texts = []
    for page in pypdfium2.PdfDocument(pdf):
        image = page.render(scale=200 / 72).to_pil().convert("L")
        texts += [
            code.bytes.decode()
            for code in zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)
        ]
    return texts


def check(odoo, letters):
    """Compare the database with the sandbox; return the list of differences."""
    problems = []
    sent = [letter for letter in letters if letter["state"] not in ("skipped", "rejected")]
    received = sandbox("letters")
    if len(sent) != len(received):
        problems.append(f"писем в базе {len(sent)}, в песочнице {len(received)}")
    ids = list({letter["document_id"][0] for letter in sent})
    names = ["pdf_sha256", "snapshot", "account_id"]
    documents = {row["id"]: row for row in odoo("epd.payment.document", "read", ids, names)}
    expected = collections.Counter(
        (letter["email_normalized"], documents[letter["document_id"][0]]["pdf_sha256"])
        for letter in sent
    )
    found = collections.Counter(
        (letter["email"], letter["attachments"][0]["sha256"]) for letter in received
    )
    for email, digest in (expected - found).keys() | (found - expected).keys():
        problems.append(f"{email}: файл {digest[:12]}… не тот или не дошёл")
    files = {i: base64.b64decode(odoo("epd.api", "get_document_pdf", i)["content"]) for i in ids}
    due = read_due(odoo, [row["account_id"][0] for row in documents.values()])
    # a process for each core: to rasterise and to decode is the longest part of the month
    with ProcessPoolExecutor() as pool:
        decoded = dict(zip(ids, pool.map(decode_codes, files.values(), chunksize=4), strict=True))
    for i, row in documents.items():
        problems += check_document(row, files[i], decoded[i], due[row["account_id"][0]])
    print(f"Сверено: писем {len(received)}, документов {len(documents)}.")
    return problems


def read_due(odoo, account_ids):
    """Return ``{account id: {payee's bank account: kopecks due}}`` of March."""
    due = {account_id: {} for account_id in account_ids}
    domain = [("account_id", "in", account_ids), ("period_id.date_start", "=", "2026-03-01")]
    for balance in odoo(
        "epd.account.balance", "search_read", domain, fields=["account_id", "payee_id", "due"]
    ):
        bank_account = re.sub(r"\D", "", balance["payee_id"][1].split(" - ")[0])[:20]
        if balance["due"] > 0:  # where nothing is due, no code is printed
            due[balance["account_id"][0]][bank_account] = round(balance["due"] * 100)
    return due


def check_document(row, pdf, texts, due):
    """Compare one document's file with its hash, its codes and the balances of its account."""
    number = row["account_id"][1]
    if hashlib.sha256(pdf).hexdigest() != row["pdf_sha256"]:
        return [f"{number}: файл не совпадает с хешем"]
    printed = {}
    for text in texts:
        fields = dict(part.partition("=")[::2] for part in text[8:].split(text[7]))
        if fields["PersAcc"] != number:
            return [f"{number}: чужой QR-код {fields['PersAcc']}"]
        printed[fields["PersonalAcc"]] = int(fields.get("Sum", 0))
    return [] if printed == due else [f"{number}: QR {printed}, к оплате {due}"]


def main():
    """Run the month and return the exit status."""
    manager = Odoo(
        os.environ.get("EPD_MANAGER", "admin"), os.environ.get("EPD_MANAGER_PASSWORD", "admin")
    )
    operator = Odoo(
        os.environ.get("EPD_LOGIN", "operator"), os.environ.get("EPD_PASSWORD", "operator")
    )
    account = connect(manager)
    refs = {
        "period": manager.ref("epd_mailing.demo_period_2026_03"),
        "list": manager.ref("epd_mailing.account_list_all_open"),
        "template": manager.ref("epd_mailing.demo_template"),
    }
    run, facts = prepare(operator, refs)
    mailing = send(operator, run, account, refs)
    statistics = refresh(operator, mailing)
    letters = read_letters(operator, mailing)
    print_summary(letters, statistics)
    problems = check(manager, letters)
    if facts["state"] != "done" or facts["error_count"]:
        problems.append(f"подготовка: {facts}")
    for problem in problems:
        print("РАСХОЖДЕНИЕ:", problem)
    print("Итог: расхождений нет." if not problems else f"Итог: расхождений {len(problems)}.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
