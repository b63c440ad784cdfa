from odoo import fields, models


class EpdAccountPayment(models.Model):
    """The register that brought the payment."""

    _inherit = "epd.account.payment"  # pylint: disable=consider-merging-classes-inherited

    import_id = fields.Many2one(
        "epd.import",
        string="Register",
        required=True,
        index=True,
        readonly=True,
        ondelete="restrict",
        help="The file that brought the payment.",
    )
