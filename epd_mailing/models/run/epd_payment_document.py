from odoo import fields, models


# the document room knows no runs
class EpdPaymentDocument(models.Model):
    """The run that saved a document."""

    _inherit = "epd.payment.document"  # pylint: disable=consider-merging-classes-inherited

    run_id = fields.Many2one("epd.billing.run", index="btree_not_null", ondelete="set null")
