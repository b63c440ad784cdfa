from odoo import fields, models


# the document room knows nothing of ГИС ЖКХ
class EpdPaymentDocument(models.Model):
    """Under which identifier the bill of a document stands in ГИС ЖКХ."""

    _inherit = "epd.payment.document"  # pylint: disable=consider-merging-classes-inherited

    gis_document_id = fields.Char(
        string="GIS Document Identifier",
        compute="_compute_gis_placement",
        help="ИПД: under which the bill stands in ГИС ЖКХ.",
    )
    gis_placed_on = fields.Date(string="Placed in ГИС ЖКХ On", compute="_compute_gis_placement")

    def _compute_gis_placement(self):
        for (period, form), documents in self.grouped(lambda d: (d.period_id, d.form)).items():
            placements = self.env["epd.gis.placement"]._get_placements(
                documents.account_id, period, form
            )
            for document in documents:
                placement = placements.get(document.account_id.id)
                document.gis_document_id = placement and placement.gis_document_id
                document.gis_placed_on = placement and placement.placed_on
