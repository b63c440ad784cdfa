"""Documents a second, end to end, beside Odoo's own way on the same receipts."""

import json
import os
import resource
import time

from odoo.addons.epd_mailing.tools import payment_qr, receipt_pdf, receipt_view

from .house import make_accounts

COUNT = int(os.environ.get("BENCH_DOCUMENTS", "1000"))
NATIVE = int(os.environ.get("BENCH_NATIVE", "15"))
SLICE = 100


def measure(env):
    """Print the figures."""
    documents = env["epd.payment.document"]
    model = type(documents)
    print(f"Receipts, {COUNT} documents of 14 lines and two payment codes:")
    for processes in (1, os.cpu_count() or 1):
        engine = receipt_pdf.find_engine(processes=processes)
        model._get_engine = lambda self, engine=engine: engine
        accounts, period = make_accounts(env, COUNT)
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
    native = measure_native(env, saved[:NATIVE])
    ratio = COUNT / seconds / native
    print(
        f"  Odoo's own _render_qweb_pdf one by one: {native:.2f}/s; ours is {ratio:.0f} times that"
    )
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"  peak memory: Odoo {own:.0f} MB, a wkhtmltopdf process {child:.0f} MB")


def measure_native(env, documents):
    """Return documents a second by Odoo's report engine: same look, its layout, default delay."""
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
    report = env["ir.actions.report"].create(
        {
            "name": "bench",
            "model": documents._name,
            "report_type": "qweb-pdf",
            "report_name": view.key,
        }
    )
    data = {
        "views": {d.id: receipt_view.view(json.loads(d.snapshot)) for d in documents},
        "qr": payment_qr.payment_qr_data_uri,
    }
    started = time.perf_counter()
    for document in documents:
        report.with_context(force_report_rendering=True)._render_qweb_pdf(
            view.key, document.ids, data=data
        )
    seconds = time.perf_counter() - started
    env.cr.rollback()
    return len(documents) / seconds
