from odoo import fields, models


# the document room knows no runs
class EpdPaymentDocument(models.Model):  # pylint: disable=consider-merging-classes-inherited
    """The run that saved a document."""

    _inherit = "epd.payment.document"

    run_id = fields.Many2one("epd.billing.run", index="btree_not_null", ondelete="set null")
