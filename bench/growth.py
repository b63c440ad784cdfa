"""Bytes that an account and its month add: to the database, with indexes and what else it keeps, and to the disk.

All rows are made as in life: documents formed, letters sent through the sandbox, events told by the webhook.
"""

import os

from odoo.tools import SQL

from .figures import record
from .house import TABLES, make_accounts
from .service import connect, make_mailing, sandbox
from .statuses import make_classic_event, tell_webhook

COUNT = int(os.environ.get("BENCH_GROWTH", "3000"))
BLOCK = 4096  # what a file takes on the disk is a multiple of that


class Scale:
    """Weighs the database; ``add`` says what came on top since the last time."""

    def __init__(self, env):
        self.env = env
        self.whole, self.figures = self._weigh()

    def _weigh(self):
        self.env.cr.commit()
        tables = SQL(" + ").join(SQL("pg_total_relation_size(%s)", table) for table in TABLES)
        query = SQL("SELECT pg_database_size(current_database()), %s", tables)
        return self.env.execute_query(query)[0]

    def add(self):
        """Return (bytes of all, bytes of the figures of a month) since the last time."""
        before = self.whole, self.figures
        self.whole, self.figures = self._weigh()
        return self.whole - before[0], self.figures - before[1]


def measure(env):
    """Record bytes of each thing."""
    make_accounts(env, 10)  # pages begun
    scale = Scale(env)
    accounts, period = make_accounts(env, COUNT)
    whole, figures = scale.add()
    record("growth.account", (whole - figures) / COUNT, count=COUNT)
    note = f"{len(accounts[0].charge_ids)} charges, balances, readings"
    record("growth.figures", figures / COUNT, count=COUNT, note=note)
    documents = env["epd.payment.document"]
    for place in range(0, COUNT, 200):
        documents._form_documents(accounts[place : place + 200], period, "epd")
        env.cr.commit()
        env.invalidate_all()
    saved = documents.search([("account_id", "in", accounts.ids), ("state", "=", "saved")])
    record("growth.document", scale.add()[0] / COUNT, count=COUNT)
    blocks = sum(-(-size // BLOCK) for size in saved.mapped("pdf_size"))
    engine = documents.env["epd.receipt.renderer"]._get_engine().name
    record("growth.file", blocks * BLOCK / COUNT, count=COUNT, note=engine)
    with sandbox("--no-limits") as url:
        account = connect(env, url)
        mailing = make_mailing(env, account, saved)
        mailing.action_send()
        cron = env.ref("epd_mailing.ir_cron_send")
        while mailing.state != "done":
            cron.method_direct_trigger()
            env.cr.commit()
            env.invalidate_all()
        record("growth.letter", scale.add()[0] / COUNT, count=COUNT)
        tell_webhook(env, account, mailing.letter_ids, make_classic_event)
    record("growth.event", scale.add()[0] / COUNT, count=COUNT)
