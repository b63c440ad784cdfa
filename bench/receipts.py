"""Documents a second, end to end, beside Odoo's own way on the same receipts.

BENCH_DOCUMENTS: receipts of the main measurement. BENCH_MANY: receipts of the long one, which shows
whether a document costs more the more there are (0: skipped). BENCH_NATIVE: receipts that Odoo's own
way gets one by one. EPD_PATCHED_WKHTMLTOPDF: a binary with patched Qt, for Odoo's own batch.
"""

import json
import os
import time

from odoo.addons.base.models import ir_actions_report
from odoo.addons.epd_mailing.models.run.run_slice import SLICE
from odoo.addons.epd_mailing.tools import payment_qr, receipt_pdf, receipt_view

from .house import make_accounts
from .peak import PeakMemory
from .web import web_server

COUNT = int(os.environ.get("BENCH_DOCUMENTS", "1000"))
MANY = int(os.environ.get("BENCH_MANY", "20000"))
NATIVE = int(os.environ.get("BENCH_NATIVE", "15"))
BATCH = 50
PORT = 8190
PATCHED = os.environ.get("EPD_PATCHED_WKHTMLTOPDF")
TARGETS = "target: at least 50 a second on two cores, 70 times Odoo's own, at most 45 KB"


def measure(env):
    """Print the figures."""
    documents = env["epd.payment.document"]
    cores = os.cpu_count() or 1
    version = receipt_pdf.find_engine("wkhtmltopdf")
    # Odoo's own way looks on the path only
    os.environ["PATH"] = f"{os.path.dirname(version.binary)}:{os.environ['PATH']}"
    print(f"Receipts of 14 lines and two payment codes; {cores} cores; {TARGETS}")
    print(f"  converter: {version.binary}, {'patched' if version.patched else 'unpatched'} Qt")
    for processes in sorted({1, cores}):
        cost, accounts = form(env, COUNT, processes)
    saved = documents.search([("account_id", "in", accounts.ids)])
    sizes = saved.mapped("pdf_size")
    print(
        f"  file: {sum(sizes) / len(sizes) / 1000:.1f} KB on average, {max(sizes) / 1000:.1f} at most"
    )
    measure_odoo(env, saved, 1 / cost)
    if MANY:
        more, _accounts = form(env, MANY, cores)
        print(
            f"  a document costs {1000 * more:.1f} ms at {MANY}, {1000 * cost:.1f} ms at {COUNT}: "
            f"{100 * (more / cost - 1):+.0f} %"
        )


def form(env, count, processes):
    """Form ``count`` documents as a run does, slice after slice, and print what it took.

    :return: (seconds a document, the accounts)
    """
    documents = env["epd.payment.document"]
    engine = receipt_pdf.find_engine("wkhtmltopdf", processes=processes)
    type(env["epd.receipt.renderer"])._get_engine = lambda self: engine
    accounts, period = make_accounts(env, count)
    warm, _period = make_accounts(env, 2)
    documents._form_documents(warm, period, "epd")  # templates compiled
    env.cr.commit()
    with PeakMemory() as memory:
        started = time.perf_counter()
        for place in range(0, count, SLICE):
            outcome = documents._form_documents(accounts[place : place + SLICE], period, "epd")
            assert all(document for document, _problem in outcome.values())
            env.cr.commit()
            env.invalidate_all()
        seconds = time.perf_counter() - started
    print(
        f"  ours, {count} documents, {processes} converter(s) at once: {count / seconds:.1f}/s, "
        f"{1000 * seconds / count:.1f} ms each (read, QWeb, QR, PDF, proof, file, commit); {memory}"
    )
    return seconds / count, accounts


def measure_odoo(env, saved, ours):
    """Print what Odoo's own report engine does with the same receipts, in its own layout."""
    report = make_report(env, saved)
    env["ir.config_parameter"].set_param("report.print_delay", "1000")  # its default
    with web_server(env.cr.dbname, PORT) as url:
        env["ir.config_parameter"].set_param("report.url", url)
        env.cr.commit()
        with PeakMemory() as memory:
            rate = NATIVE / render(report, [[number] for number in saved.ids[:NATIVE]])
        print(
            f"  Odoo's own _render_qweb_pdf, one by one: {rate:.2f}/s; {memory}; ours is "
            f"{ours / rate:.0f} times that"
        )
        if not PATCHED:
            print("  Odoo's own batch: not measured, EPD_PATCHED_WKHTMLTOPDF names no binary")
            return
        path = os.environ["PATH"]
        os.environ["PATH"] = f"{os.path.dirname(PATCHED)}:{path}"
        ir_actions_report._wkhtml.cache_clear()
        ids = saved.ids[:BATCH]
        with PeakMemory() as memory:
            rate = len(ids) / render(report, [ids])
        os.environ["PATH"] = path
        ir_actions_report._wkhtml.cache_clear()
        print(
            f"  Odoo's own batch of {len(ids)}, patched Qt: {rate:.1f}/s; {memory}; ours is "
            f"{ours / rate:.1f} times that"
        )


def make_report(env, documents):
    """Return a report action of Odoo's own kind that prints our receipts, and their values."""
    view = env["ir.ui.view"].create(
        {
            "name": "bench",
            "type": "qweb",
            "key": "epd_mailing.bench_native",
            "arch": """<t t-name="epd_mailing.bench_native"><t t-call="web.html_container">
                <t t-foreach="docs" t-as="o"><t t-call="web.external_layout"><div class="page">
                <style><t t-call="epd_mailing.receipt_style"/></style>
                <t t-set="v" t-value="views[o.id]"/><t t-set="zoom" t-value="1"/>
                <t t-set="token" t-value="''"/>
                <t t-call="epd_mailing.receipt_inner"/></div></t></t></t></t>""",
        }
    )
    return env["ir.actions.report"].create(
        {
            "name": "bench",
            "model": documents._name,
            "report_type": "qweb-pdf",
            "report_name": view.key,
        }
    )


def render(report, groups):
    """Return the seconds that Odoo takes for ``groups`` of document ids, each in one call."""
    documents = report.env["epd.payment.document"].browse(sum(groups, []))
    data = {
        "views": {d.id: receipt_view.view(json.loads(d.snapshot)) for d in documents},
        "qr": payment_qr.payment_qr_data_uri,
    }
    started = time.perf_counter()
    for ids in groups:
        report.with_context(force_report_rendering=True)._render_qweb_pdf(
            report.report_name, ids, data=data
        )
    return time.perf_counter() - started
