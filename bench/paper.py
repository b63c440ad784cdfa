"""Receipts for the printer: choosing them, joining their files, marking them as handed over."""

import os
import resource
import time

from odoo.tools import SQL

from .figures import record
from .house import make_accounts

COUNT = int(os.environ.get("BENCH_PAPER", "2000"))
OWN = {"id", "account_id", "partner_id", "building_id", "name"}


def measure(env):
    """Print the figures for ``COUNT`` documents whose payers have not agreed to do without paper."""
    accounts, period = make_accounts(env, COUNT)
    make_documents(env, accounts, period)
    batch = env["epd.paper.batch"].create(
        {"company_id": period.company_id.id, "period_id": period.id}
    )
    print(f"Paper receipts, {COUNT} documents:")
    began = time.monotonic()
    batch.action_build()
    env.flush_all()
    say("chosen and put in order, one statement", began)
    env.cr.commit()
    began, cpu, start = time.monotonic(), time.process_time(), memory()
    batch.sudo()._work(lambda: True)
    seconds = time.monotonic() - began
    size = sum(batch.part_ids.mapped("size")) / 2**20
    say(f"joined, {size:.0f} MB", began)
    cpu = time.process_time() - cpu
    note = f"CPU {cpu:.1f} s; peak memory {memory():.0f} MB, before {start:.0f}"
    record("paper.join", COUNT / seconds, count=COUNT, note=note)
    assert (batch.state, batch.document_count) == ("ready", COUNT), batch.state
    began = time.monotonic()
    batch.action_mark_printed()
    env.flush_all()
    say("marked as handed over", began)
    began = time.monotonic()
    with open(os.devnull, "wb") as target:
        proof = env["epd.presentation.proof"].create({"company_id": period.company_id.id})
        proof._write_xlsx(target)
    say("proof of presentation as a table", began)


def memory():
    """Return the peak of this process, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def say(what, began):
    """Print a step and how long it took."""
    print(f"  {time.monotonic() - began:7.1f} s  {what}")


def make_documents(env, accounts, period):
    """Save one document as the office does, and give each account a copy with the same file."""
    documents = env["epd.payment.document"].sudo()
    model = documents._form_documents(accounts[:1], period, "epd")[accounts[0].id][0]
    env.flush_all()
    names = [
        name
        for (name,) in env.execute_query(
            SQL(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_name = 'epd_payment_document'"
            )
        )
        if name not in OWN
    ]
    columns = SQL(", ").join(SQL.identifier(name) for name in names)
    env.cr.execute(
        SQL(
            "INSERT INTO epd_payment_document (account_id, partner_id, building_id, name, %(columns)s)"
            " SELECT account.id, account.partner_id, account.building_id, account.number,"
            " %(model)s FROM epd_payment_document model, epd_personal_account account"
            " WHERE model.id = %(id)s AND account.id = ANY(%(accounts)s)",
            columns=columns,
            model=SQL(", ").join(SQL.identifier("model", name) for name in names),
            id=model.id,
            accounts=accounts[1:].ids,
        )
    )
    env.cr.execute(
        SQL(
            """
            INSERT INTO ir_attachment (name, res_model, res_id, res_field, type, store_fname,
                                       checksum, file_size, mimetype, company_id)
            SELECT file.name, file.res_model, document.id, file.res_field, file.type,
                   file.store_fname, file.checksum, file.file_size, file.mimetype, file.company_id
              FROM ir_attachment file, epd_payment_document document
             WHERE file.res_model = 'epd.payment.document' AND file.res_id = %s
               AND file.res_field = 'pdf_file' AND document.account_id = ANY(%s)
            """,
            model.id,
            accounts[1:].ids,
        )
    )
    env.cr.commit()
    env.invalidate_all()
