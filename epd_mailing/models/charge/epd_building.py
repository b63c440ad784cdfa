from odoo import fields, models


class EpdBuilding(models.Model):
    """What is provided in the house, and who is paid for it (extends the form of the house)."""

    _inherit = "epd.building"  # pylint: disable=consider-merging-classes-inherited

    provision_ids = fields.One2many("epd.service.provision", "building_id")
