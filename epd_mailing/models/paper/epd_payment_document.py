from odoo import fields, models


# the document room knows no printing
class EpdPaymentDocument(models.Model):  # pylint: disable=consider-merging-classes-inherited
    """The batches for the printer in which a document stands."""

    _inherit = "epd.payment.document"

    paper_line_ids = fields.One2many("epd.paper.batch.line", "document_id", readonly=True)
