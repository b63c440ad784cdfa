"""Letters a second against the sandbox, beside Odoo's own mail queue with the same PDFs."""

import os
import socketserver
import threading
import time

from . import table
from .figures import is_before, record
from .house import make_accounts
from .service import KINDS, connect, make_mailing, sandbox

COUNT = int(os.environ.get("BENCH_LETTERS", "600"))


def measure(env):
    """Print the figures."""
    accounts, period = make_accounts(env, COUNT * len(KINDS))
    documents = env["epd.payment.document"]
    for place in range(0, len(accounts), 100):
        documents._form_documents(accounts[place : place + 100], period, "epd")
        env.cr.commit()
    saved = documents.search([("account_id", "in", accounts.ids), ("state", "=", "saved")])
    print(f"Letters, {COUNT} with a PDF of {saved[0].pdf_size / 1000:.0f} KB each:")
    for number, kind in enumerate(KINDS):
        with sandbox("--no-limits") as url:
            measure_ours(env, saved[number * COUNT : (number + 1) * COUNT], url, kind)
    if not is_before():
        measure_mail(env, saved[:COUNT])


def measure_ours(env, saved, url, kind):
    """Send one mailing through the sandbox without limits."""
    account = connect(env, url, kind)
    mailing = make_mailing(env, account, saved)
    mailing.action_send()
    env.cr.commit()
    cron = env.ref("epd_mailing.ir_cron_send")
    started, cpu = time.perf_counter(), time.process_time()
    while mailing.state != "done":
        cron.method_direct_trigger()
        env.cr.commit()
        env.invalidate_all()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    assert mailing.sent_count == len(saved), mailing.read(["sent_count", "wait_reason"])
    note = f"{account.parallel_calls} in flight, no limits, {1000 * cpu / len(saved):.1f} ms of our CPU each"
    record(f"letters.{kind}", len(saved) / seconds, count=len(saved), note=note)


class Sink(socketserver.StreamRequestHandler):
    """An SMTP server that takes everything in and keeps nothing."""

    def handle(self):
        """Speak as much SMTP as a client needs."""
        self.wfile.write(b"220 sink\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper().strip()
            if word == b"DATA":
                self.wfile.write(b"354 go\r\n")
                while self.rfile.readline() not in (b".\r\n", b""):
                    continue
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            elif word == b"EHLO":
                self.wfile.write(b"250-sink\r\n250 8BITMIME\r\n")
                continue
            self.wfile.write(b"250 ok\r\n")


def measure_mail(env, saved):
    """Send the same files by ``mail.mail`` to a local SMTP sink."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Sink) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        env["ir.mail_server"].create(
            {
                "name": "sink",
                "smtp_host": "127.0.0.1",
                "smtp_port": server.server_address[1],
                "smtp_encryption": "none",
                "smtp_authentication": "login",
            }
        )
        mails = env["mail.mail"].create(
            [
                {
                    "subject": "Квитанция",
                    "body_html": "<p>Квитанция</p>",
                    "email_from": "office@uk-demo.example.com",
                    "email_to": document.partner_id.email,
                    "attachment_ids": [
                        (0, 0, {"name": document.pdf_name, "raw": document._read_pdf()})
                    ],
                }
                for document in saved
            ]
        )
        env.cr.commit()
        started, cpu = time.perf_counter(), time.process_time()
        mails.send(auto_commit=True)
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        bad = mails.exists().filtered(lambda mail: mail.state == "exception")
        note = (
            f"to a local SMTP sink, {1000 * cpu / len(saved):.1f} ms of CPU each, {len(bad)} failed"
        )
        for kind in KINDS:
            record(f"letters.{kind}", len(saved) / seconds, table.ODOO, len(saved), note)
        server.shutdown()
