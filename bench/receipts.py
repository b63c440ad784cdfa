"""Documents a second, end to end, by both engines, beside Odoo's own way on the same receipts.

BENCH_DOCUMENTS: receipts of the main measurement. BENCH_MANY: receipts of the long one, which shows
whether a document costs more the more there are (0: skipped). BENCH_NATIVE: receipts that Odoo's own
way gets one by one. EPD_PATCHED_WKHTMLTOPDF: a binary with patched Qt, for Odoo's own batch.
"""

import json
import os
import time

from odoo.addons.base.models import ir_actions_report
from odoo.addons.epd_mailing.models.document.epd_receipt_renderer import RECEIPT
from odoo.addons.epd_mailing.models.run.run_slice import SLICE
from odoo.addons.epd_mailing.tools import payment_qr, receipt_pdf, receipt_view

from . import table
from .figures import is_before, record
from .house import make_accounts
from .peak import PeakMemory
from .web import web_server

COUNT = int(os.environ.get("BENCH_DOCUMENTS", "1000"))
MANY = int(os.environ.get("BENCH_MANY", "20000"))
NATIVE = int(os.environ.get("BENCH_NATIVE", "15"))
ALONE = 200  # receipts that the converters alone are given
BATCH = 50
PORT = 8190
PATCHED = os.environ.get("EPD_PATCHED_WKHTMLTOPDF")


def measure(env):
    """Measure each engine that is here, and Odoo's own way where its converter is."""
    print("Receipts of 14 lines and two payment codes")
    here = [name for name in receipt_pdf.ENGINES if not receipt_pdf.find_engine(name).check_ready()]
    for name in here:
        saved = measure_engine(env, name)
    converter = receipt_pdf.find_engine("wkhtmltopdf")
    if is_before() or "wkhtmltopdf" not in here:
        return
    # Odoo's own way looks on the path only
    os.environ["PATH"] = f"{os.path.dirname(converter.binary)}:{os.environ['PATH']}"
    rate, note = measure_odoo(env, saved)
    for name in here:
        record(f"receipts.{name}.all", rate, table.ODOO, NATIVE, note)


def measure_engine(env, name):
    """Record the figures of one engine and return documents that it made."""
    documents, key, cores = (
        env["epd.payment.document"],
        f"receipts.{name}",
        len(os.sched_getaffinity(0)),
    )
    for row, processes in (("one", 1), ("all", cores)):
        engine = receipt_pdf.find_engine(name, processes=processes)
        cost, accounts, note = form(env, COUNT, engine)
        record(f"{key}.{row}", 1 / cost, count=COUNT, note=note)
        if not is_before():
            record(f"{key}.{row}", render_alone(env, accounts[:ALONE], engine), table.LIMIT, ALONE)
    saved = documents.search([("account_id", "in", accounts.ids)])
    sizes = saved.mapped("pdf_size")
    note = f"{max(sizes) / 1000:.1f} KB at most"
    record(f"{key}.size", sum(sizes) / len(sizes) / 1000, count=COUNT, note=note)
    if MANY and not is_before():
        more, _accounts, _note = form(env, MANY, engine)
        note = f"{1000 * more:.1f} ms each, {1000 * cost:.1f} ms at {COUNT}"
        record(f"{key}.many", 100 * (more / cost - 1), count=MANY, note=note)
    return saved


def form(env, count, engine):
    """Form ``count`` documents as a run does, slice after slice.

    :return: (seconds a document, the accounts, what else there is to say)
    """
    documents = env["epd.payment.document"]
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
    return seconds / count, accounts, f"read, QWeb, QR, PDF, proof, file, commit; {memory}"


def render_alone(env, accounts, engine):
    """Return how many receipts a second the converters alone make of finished HTML."""
    period = env.ref("epd_mailing.demo_period_2026_03")
    built = env["epd.document.snapshot"]._build(accounts, period, "epd")
    views = {
        key: receipt_view.view({**snapshot, "number": "1"})
        for key, (snapshot, _problem) in built.items()
    }
    renderer = env["epd.receipt.renderer"]
    laid_out = ((key, view, len(view["pages"])) for key, view in views.items())
    jobs = list(renderer._prepare_jobs(RECEIPT, laid_out, engine))
    started = time.perf_counter()
    results = engine.render(jobs)
    seconds = time.perf_counter() - started
    assert all(result.pdf for result in results.values())
    return len(jobs) / seconds


def measure_odoo(env, saved):
    """Return what Odoo's own report engine does with the same receipts, in its own layout.

    :return: (receipts a second one by one, what else there is to say)
    """
    report = make_report(env, saved)
    env["ir.config_parameter"].set_param("report.print_delay", "1000")  # its default
    with web_server(env.cr.dbname, PORT) as url:
        env["ir.config_parameter"].set_param("report.url", url)
        env.cr.commit()
        with PeakMemory() as memory:
            rate = NATIVE / render(report, [[number] for number in saved.ids[:NATIVE]])
        note = f"_render_qweb_pdf; {memory}"
        if not PATCHED:
            return rate, f"{note}; its batch needs EPD_PATCHED_WKHTMLTOPDF"
        path = os.environ["PATH"]
        os.environ["PATH"] = f"{os.path.dirname(PATCHED)}:{path}"
        ir_actions_report._wkhtml.cache_clear()
        ids = saved.ids[:BATCH]
        batch = len(ids) / render(report, [ids])
        os.environ["PATH"] = path
        ir_actions_report._wkhtml.cache_clear()
        return rate, f"{note}; its batch of {len(ids)} with patched Qt: {batch:.1f}/s"


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
