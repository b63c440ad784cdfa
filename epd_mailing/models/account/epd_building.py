from odoo import api, fields, models


class EpdBuilding(models.Model):
    """A house: the address and the areas that its personal accounts share."""

    _name = "epd.building"
    _description = "Building"
    _inherit = ["epd.field.guard"]
    _order = "name"
    _check_company_auto = True

    name = fields.Char(string="Address", required=True, index="trigram")
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    fias_id = fields.Char(string="FIAS/GAR Identifier", size=36)
    gis_house_id = fields.Char(string="GIS House Number", size=31)
    total_area = fields.Float(string="Total Area, m²", digits=(14, 2))
    living_area = fields.Float(string="Area of Flats, m²", digits=(14, 2))
    common_area = fields.Float(string="Common Area, m²", digits=(14, 2))
    entrances = fields.Integer()
    floors = fields.Integer()
    reply_to = fields.Char(
        string="Reply-to", help="Answers to letters about this house go here, not to the office."
    )
    account_ids = fields.One2many("epd.personal.account", "building_id")
    account_count = fields.Integer(compute="_compute_account_count")
    active = fields.Boolean(default=True)

    _name_uniq = models.Constraint(
        "unique(company_id, name)", "This building is already there. Open it instead."
    )
    _areas_positive = models.Constraint(
        "CHECK(total_area >= 0 AND living_area >= 0 AND common_area >= 0)",
        "An area cannot be negative.",
    )

    @api.depends("account_ids")
    def _compute_account_count(self):
        counts = dict(
            self.env["epd.personal.account"]._read_group(
                [("building_id", "in", self.ids)], ["building_id"], ["__count"]
            )
        )
        for building in self:
            building.account_count = counts.get(building, 0)

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self.env["epd.delivery.address"]._clean_single(vals, ("reply_to",))
        return super().create(vals_list)

    def write(self, vals):
        vals = dict(vals)
        self.env["epd.delivery.address"]._clean_single(vals, ("reply_to",))
        return super().write(vals)

    def action_accounts(self):
        """Open the personal accounts of the house."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "epd_mailing.epd_personal_account_action"
        )
        return {
            **action,
            "domain": [("building_id", "=", self.id)],
            "context": {"default_building_id": self.id},
        }
