import io
from collections import OrderedDict

from odoo import models

from ..models.document.epd_receipt_renderer import RECEIPT
from ..tools import receipt_view
from .consent_form import CONSENT, ConsentForm

# reports with files of their own: report → model of its records
OWN = {RECEIPT: "epd.payment.document", CONSENT: "epd.personal.account"}


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
        name = self._get_report(report_ref).report_name
        if name not in OWN:
            return super()._render_qweb_pdf_prepare_streams(report_ref, data, res_ids=res_ids)
        records = self.env[OWN[name]].browse(res_ids)
        records.check_access("read")
        if name == RECEIPT:
            files = records._read_or_rebuild_pdfs()
        else:
            files = ConsentForm(records).render()
        return OrderedDict(
            (key, {"stream": io.BytesIO(pdf), "attachment": None}) for key, pdf in files.items()
        )

    def _render_qweb_html(self, report_ref, docids, data=None):
        if self._get_report(report_ref).report_name != RECEIPT:
            return super()._render_qweb_html(report_ref, docids, data=data)
        documents = self.env["epd.payment.document"].browse(docids)
        documents.check_access("read")
        pages = [
            self.env["epd.receipt.renderer"]._render_html(
                RECEIPT, receipt_view.view(document._load_snapshot()), str(document.id), zoom=1
            )
            for document in documents
        ]
        return "\n".join(pages).encode(), "html"
