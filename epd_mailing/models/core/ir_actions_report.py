import io
from collections import OrderedDict

from odoo import models

from ...tools import receipt_view

REPORT = "epd_mailing.receipt_doc"
# reports that make their files themselves: report → (model, method that returns {id: PDF bytes})
OWN = {
    REPORT: ("epd.payment.document", "_read_or_rebuild_pdfs"),
    "epd_mailing.consent_doc": ("epd.personal.account", "_render_consent_forms"),
}


class IrActionsReport(models.Model):
    """«Print» of receipts and consents, without Odoo's own renderer (and its web server).

    Receipts are the saved, verified files; nothing is rendered again.
    """

    _inherit = "ir.actions.report"

    def _pre_render_qweb_pdf(self, report_ref, res_ids=None, data=None):
        if self._get_report(report_ref).report_name not in OWN:
            return super()._pre_render_qweb_pdf(report_ref, res_ids=res_ids, data=data)
        return self._render_qweb_pdf_prepare_streams(report_ref, data, res_ids=res_ids), "pdf"

    def _render_qweb_pdf_prepare_streams(self, report_ref, data, res_ids=None):
        own = OWN.get(self._get_report(report_ref).report_name)
        if not own:
            return super()._render_qweb_pdf_prepare_streams(report_ref, data, res_ids=res_ids)
        model, method = own
        records = self.env[model].browse(res_ids)
        records.check_access("read")
        return OrderedDict(
            (key, {"stream": io.BytesIO(pdf), "attachment": None})
            for key, pdf in getattr(records, method)().items()
        )

    def _render_qweb_html(self, report_ref, docids, data=None):
        if self._get_report(report_ref).report_name != REPORT:
            return super()._render_qweb_html(report_ref, docids, data=data)
        documents = self.env["epd.payment.document"].browse(docids)
        documents.check_access("read")
        pages = [
            self.env["epd.receipt.renderer"]._render_html(
                REPORT, receipt_view.view(document._load_snapshot()), str(document.id), zoom=1
            )
            for document in documents
        ]
        return "\n".join(pages).encode(), "html"
