from odoo import api, fields, models

from ...tools import figures, money


class EpdTariff(models.Model):
    """The price of a unit of a service from a day on, in one building or in all of the company.

    Nothing is computed with it: charges come with their tariffs, and a file whose tariffs are not
    those in force gives a warning before it is loaded. A building's own tariff wins over that of all.
    """

    _name = "epd.tariff"
    _description = "Tariff"
    _inherit = ["epd.field.guard"]
    _order = "service_id, building_id, date_from desc, id"
    _rec_names_search = ["service_id", "building_id"]
    _check_company_auto = True

    service_id = fields.Many2one(
        "epd.service", required=True, index=True, ondelete="cascade", check_company=True
    )
    building_id = fields.Many2one(
        "epd.building",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
        help="Empty: every building that has no tariff of its own for the service.",
    )
    date_from = fields.Date(string="In Force From", required=True)
    tariff = fields.Float(digits=figures.TARIFF, required=True, help="Roubles a unit.")
    uom_name = fields.Char(related="service_id.uom_name", string="Unit")
    company_id = fields.Many2one(related="service_id.company_id", store=True, index=True)

    _date_uniq = models.UniqueIndex(
        "(service_id, COALESCE(building_id, 0), date_from)",
        "The service already has a tariff from this day on in this building.",
    )
    _not_negative = models.Constraint("CHECK(tariff >= 0)", "A tariff is entered without a minus.")

    @api.depends("service_id", "building_id", "date_from")
    def _compute_display_name(self):
        for tariff in self:
            parts = (
                tariff.service_id.name,
                tariff.building_id.name,
                tariff.date_from and money.format_date(tariff.date_from),
            )
            tariff.display_name = " / ".join(filter(None, parts))

    @api.model
    def _get_in_force(self, period):
        """Return ``{(service id, building id or 0): {tariffs}}`` of a billing period.

        Tariffs are Decimal with the places of the field; there are several where one changes within
        the month.
        """
        found = {}
        for row in self.search_fetch(
            [("company_id", "=", period.company_id.id), ("date_from", "<=", period.date_end)],
            ["service_id", "building_id", "date_from", "tariff"],
            order="date_from desc, id",
        ):
            key = row.service_id.id, row.building_id.id or 0
            if key in found and found[key][1] <= period.date_start:
                continue  # an earlier one, given up before the month began
            tariffs = found.get(key, (set(), None))[0]
            tariffs.add(money.to_decimal(row.tariff, figures.TARIFF[1]))
            found[key] = tariffs, row.date_from
        return {key: tariffs for key, (tariffs, _day) in found.items()}
