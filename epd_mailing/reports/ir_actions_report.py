import io
from collections import OrderedDict

from odoo import models
from odoo.exceptions import AccessError

from ..models.document.epd_receipt_renderer import RECEIPT
from ..tools import receipt_view
from .consent_form import CONSENT, ConsentForm

# reports with files of their own: report → model of its records
OWN = {RECEIPT: "epd.payment.document", CONSENT: "epd.personal.account"}
LAST_ID = 2**31 - 1  # of PostgreSQL's integer: a larger one in an address is nobody's


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
        records = self._epd_get_records(name, res_ids)
        if name == RECEIPT:
            files = records._read_or_rebuild_pdfs()
        else:
            files = ConsentForm(records).render()
        return OrderedDict(
            (key, {"stream": io.BytesIO(pdf), "attachment": None}) for key, pdf in files.items()
        )

    def _render_qweb_html(self, report_ref, docids, data=None):
        name = self._get_report(report_ref).report_name
        if name not in OWN:
            return super()._render_qweb_html(report_ref, docids, data=data)
        records = self._epd_get_records(name, docids)
        if name == RECEIPT:
            views = {each.id: receipt_view.view(each._load_snapshot()) for each in records}
        else:
            form = ConsentForm(records)
            views = {each.id: form.get_data(each) for each in records}
        renderer = self.env["epd.receipt.renderer"]
        pages = [renderer._render_html(name, view, str(key)) for key, view in views.items()]
        return "\n".join(pages).encode(), "html"

    def _render_qweb_text(self, report_ref, docids, data=None):
        name = self._get_report(report_ref).report_name
        if name not in OWN:
            return super()._render_qweb_text(report_ref, docids, data=data)
        self._epd_get_records(name, docids)
        raise AccessError(self.env._("This paper is a PDF; there is no text of it."))

    def _epd_get_records(self, name, ids):
        """Return the records of one of our reports.

        :param name: of ``OWN``
        :param ids: as they stand in an address, so anything
        :raise AccessError: when the user may not read them
        """
        model = self.env[OWN[name]]
        model.check_access("read")  # for no record at all, too
        records = model.browse(key for key in ids or () if 0 < key <= LAST_ID)
        records.check_access("read")
        return records
