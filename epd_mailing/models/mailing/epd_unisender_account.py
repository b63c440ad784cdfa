from odoo import fields, models


# pylint: disable-next=consider-merging-classes-inherited  # the service room knows no mailings
class EpdUnisenderAccount(models.Model):
    """The mailings that go through the account."""

    _inherit = "epd.unisender.account"

    mailing_ids = fields.One2many("epd.mailing", "unisender_account_id")
