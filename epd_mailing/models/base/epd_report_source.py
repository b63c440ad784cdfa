from odoo import models


class EpdReportSource(models.AbstractModel):
    """Records that make the files of their reports themselves, without Odoo's renderer.

    ``ir.actions.report`` asks the model of the report. The caller has checked the right to read.
    """

    _name = "epd.report.source"
    _description = "Makes the Files of Its Reports"

    # names of the reports (``report_name``) that the model makes itself
    _own_reports = ()

    def _get_report_pdfs(self, report_name):
        """Return ``{record id: PDF bytes}`` in the order of the records.

        :param report_name: one of ``_own_reports``
        :raise UserError: when one of the files cannot be made
        """
        raise NotImplementedError

    def _get_report_html(self, report_name):
        """Return the report as HTML text, or None when Odoo's own renderer makes it."""
        return None
