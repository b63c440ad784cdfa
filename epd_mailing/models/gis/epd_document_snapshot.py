from odoo import api, models


class EpdDocumentSnapshot(models.AbstractModel):
    """The identifier of the bill in ГИС ЖКХ, printed in the head of the document."""

    _inherit = "epd.document.snapshot"

    @api.model
    def _get_gis_document_ids(self, accounts, period, form):
        found = super()._get_gis_document_ids(accounts, period, form)
        placements = self.env["epd.gis.placement"]._get_placements(accounts, period, form)
        return found | {key: placement.gis_document_id for key, placement in placements.items()}
