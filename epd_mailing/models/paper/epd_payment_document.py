from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


# the document room knows no printing
class EpdPaymentDocument(models.Model):
    """Presented on paper: a way in which a document reaches its payer."""

    _inherit = "epd.payment.document"  # pylint: disable=consider-merging-classes-inherited

    paper_line_ids = fields.One2many("epd.paper.batch.line", "document_id", readonly=True)

    @api.depends("paper_line_ids.is_presented")
    def _compute_delivery_state(self):
        return super()._compute_delivery_state()

    def _get_delivery_outcomes(self):
        outcomes = super()._get_delivery_outcomes()
        presented = self.env["epd.paper.batch.line"].search_fetch(
            [("document_id", "in", self.ids), ("is_presented", "=", True)], ["document_id"]
        )
        for document in presented.document_id:
            outcomes.setdefault(document.id, []).append("paper")
        return outcomes

    @api.model
    def _get_unreached_domain(self):
        """Extend the hook: what stands in a batch is on its way too."""
        printed = Domain("is_live", "=", True)
        return super()._get_unreached_domain() & Domain("paper_line_ids", "not any", printed)

    @api.model
    def _get_left_sql(self):
        """Extend the hook: a file for the printer may be in the carrier's bag already."""
        return SQL(
            "(%s OR EXISTS (SELECT 1 FROM epd_paper_batch_line line"
            " WHERE line.document_id = document.id AND (line.is_presented"
            " OR (line.is_live AND line.state IN ('pending', 'done')))))",
            super()._get_left_sql(),
        )
