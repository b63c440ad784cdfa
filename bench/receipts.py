"""Documents a second, end to end, beside Odoo's own way on the same receipts."""

import json
import os
import resource
import time

from odoo.addons.base.models import ir_actions_report
from odoo.addons.epd_mailing.tools import payment_qr, receipt_pdf, receipt_view

from .house import make_accounts
from .web import web_server

COUNT = int(os.environ.get("BENCH_DOCUMENTS", "1000"))
NATIVE = int(os.environ.get("BENCH_NATIVE", "15"))
BATCH = 50
SLICE = 120  # as a run works
PORT = 8190
PATCHED = os.environ.get("EPD_PATCHED_WKHTMLTOPDF")


def measure(env):
    """Print the figures."""
    documents = env["epd.payment.document"]
    model = type(documents)
    print(f"Receipts, {COUNT} documents of 14 lines and two payment codes:")
    for processes in (1, os.cpu_count() or 1):
        engine = receipt_pdf.find_engine(processes=processes)
        model._get_engine = lambda self, engine=engine: engine
        accounts, period = make_accounts(env, COUNT)
        documents._form_documents(accounts[:2], period, "epd")  # templates compiled
        started = time.perf_counter()
        for place in range(0, COUNT, SLICE):
            outcome = documents._form_documents(accounts[place : place + SLICE], period, "epd")
            assert all(document for document, _problem in outcome.values())
            env.cr.commit()
            env.invalidate_all()
        seconds = time.perf_counter() - started
        print(
            f"  our renderer, {processes} process(es): {COUNT / seconds:.1f} documents/s, "
            f"{1000 * seconds / COUNT:.1f} ms each (read, QWeb, QR, PDF, proof, file, commit)"
        )
    saved = documents.search([("account_id", "in", accounts.ids)])
    sizes = saved.mapped("pdf_size")
    print(
        f"  file: {sum(sizes) / len(sizes) / 1000:.1f} KB on average, {max(sizes) / 1000:.1f} at most"
    )
    print(f"  peak memory: {describe_memory()}")
    measure_odoo(env, saved, COUNT / seconds)
    print(f"  peak memory after Odoo's own way: {describe_memory()}")


def describe_memory():
    """Return the peaks of this process and of the biggest converter so far."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return f"this Odoo {own:.0f} MB, the biggest converter {child:.0f} MB"


def measure_odoo(env, saved, ours):
    """Print what Odoo's own report engine does with the same receipts, in its own layout."""
    report = make_report(env, saved)
    env["ir.config_parameter"].set_param("report.print_delay", "1000")  # its default
    with web_server(env.cr.dbname, PORT) as url:
        env["ir.config_parameter"].set_param("report.url", url)
        env.cr.commit()
        rate = NATIVE / render(report, [[number] for number in saved.ids[:NATIVE]])
        print(
            f"  Odoo's own _render_qweb_pdf, one by one: {rate:.2f}/s; ours is {ours / rate:.0f} "
            "times that"
        )
        if not PATCHED:
            print("  Odoo's own batch: not measured, EPD_PATCHED_WKHTMLTOPDF names no binary")
        else:
            os.environ["PATH"] = f"{os.path.dirname(PATCHED)}:{os.environ['PATH']}"
            ir_actions_report._wkhtml.cache_clear()
            ids = saved.ids[:BATCH]
            rate = len(ids) / render(report, [ids])
            print(
                f"  Odoo's own batch of {len(ids)}, patched Qt: {rate:.1f}/s; ours is "
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
