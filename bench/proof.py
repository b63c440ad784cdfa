"""A sample of documents read back from paper: each holds its own number and sums, nobody else's."""

import json
import os
import random

from odoo.addons.epd_mailing.tests.document.test_receipt import pdf_codes, pdf_text
from odoo.tools import SQL

from .figures import record
from .house import make_accounts

COUNT = int(os.environ.get("BENCH_PROOF", "200"))


def measure(env):
    """Print how many of the sample are right; raise at the first that is not."""
    accounts, period = make_accounts(env, COUNT)
    chance = random.Random(COUNT)
    for account in accounts:  # a debt of its own for each, so that a swapped sum is noticed
        env.cr.execute(
            SQL(
                "UPDATE epd_account_balance SET opening = %s WHERE account_id = %s",
                chance.randrange(1, 10**7) / 100,
                account.id,
            )
        )
    env.invalidate_all()
    documents = env["epd.payment.document"]
    outcome = documents._form_documents(accounts, period, "epd")
    saved = documents.browse([document.id for document, _problem in outcome.values()])
    numbers = set(accounts.mapped("number"))
    right = sum(check(document, numbers) for document in saved)
    env.cr.rollback()
    record("proof.right", 100 * right / COUNT, count=COUNT)
    if right != COUNT:
        raise SystemExit(1)


def check(document, numbers):
    """Tell whether the paper of the document says what its snapshot says and no more."""
    snapshot, pdf = json.loads(document.snapshot), document._read_pdf()
    text = pdf_text(pdf)
    sums = [f"{float(block['due']):,.2f}" for block in (*snapshot["blocks"], snapshot["total"])]
    wanted = sorted(block["qr"] for block in snapshot["blocks"])
    return (
        {number for number in numbers if number in text} == {document.account_id.number}
        and all(each.replace(",", " ").replace(".", ",") in text for each in sums)
        and sorted(pdf_codes(pdf)) == wanted
        and all(f"PersAcc={document.account_id.number}" in code for code in wanted)
    )
