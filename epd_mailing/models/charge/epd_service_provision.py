from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL


class EpdServiceProvision(models.Model):
    """Who provides a service to a house, and to which bank account it is paid, from when to when."""

    _name = "epd.service.provision"
    _description = "Service Provision"
    _inherit = ["epd.field.guard"]
    _order = "building_id, service_id, date_from desc"
    _rec_names_search = ["service_id", "building_id"]
    _check_company_auto = True

    building_id = fields.Many2one(
        "epd.building", required=True, index=True, ondelete="cascade", check_company=True
    )
    service_id = fields.Many2one(
        "epd.service", required=True, index=True, ondelete="restrict", check_company=True
    )
    provider_id = fields.Many2one("res.partner", required=True)
    payee_id = fields.Many2one(
        "res.partner.bank",
        string="Paid To",
        required=True,
        check_company=True,
        ondelete="restrict",
        help="The bank account of the payee: a block of the receipt and a payment code of its own.",
    )
    date_from = fields.Date(required=True, default="2020-01-01")
    date_to = fields.Date()
    company_id = fields.Many2one(related="building_id.company_id", store=True, index=True)

    _dates_order = models.Constraint(
        "CHECK(date_to IS NULL OR date_to >= date_from)",
        "The provision ends before it starts. Correct the dates.",
    )

    @api.depends("service_id", "building_id")
    def _compute_display_name(self):
        for provision in self:
            provision.display_name = (
                f"{provision.service_id.name or ''} / {provision.building_id.name or ''}"
            )

    @api.model
    def _find_missing(self, company):
        """Return ``[(building id, service id)]`` that nobody is said to be paid for.

        A house that has provisions may do without a service; one that is charged for may not.

        :param company: ``res.company``
        """
        for name in ("epd.building", "epd.service", "epd.service.provision"):
            self.env[name].flush_model()
        return self.env.execute_query(
            SQL(
                """
                SELECT building.id, service.id
                  FROM epd_building building
                  JOIN epd_service service ON service.company_id = building.company_id
                 WHERE building.company_id = %s AND building.active AND service.active
                   AND NOT EXISTS (SELECT 1 FROM epd_service_provision provision
                                    WHERE provision.building_id = building.id
                                      AND provision.service_id = service.id)
                   AND (NOT EXISTS (SELECT 1 FROM epd_service_provision provision
                                     WHERE provision.building_id = building.id)
                        OR EXISTS (SELECT 1 FROM epd_charge charge
                                     JOIN epd_personal_account account ON account.id = charge.account_id
                                    WHERE account.building_id = building.id
                                      AND charge.service_id = service.id))
                 ORDER BY building.id, service.id
                """,
                company.id,
            )
        )

    @api.model_create_multi
    def create(self, vals_list):
        provisions = super().create(vals_list)
        provisions._note_payees()
        return provisions

    def write(self, vals):
        res = super().write(vals)
        if {"payee_id", "building_id", "service_id"} & set(vals):
            self._note_payees()
        return res

    def _note_payees(self):
        """Note the payees of services that are charged in the house already.

        Whoever was paid before, the receipts now say somebody else; a manager confirms it (see
        ``epd.payee.requisites``).
        """
        if not self:
            return
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT company_id, payee_id
                  FROM epd_service_provision provision
                 WHERE id = ANY(%s)
                   AND EXISTS (SELECT 1
                                 FROM epd_charge charge
                                 JOIN epd_personal_account account ON account.id = charge.account_id
                                WHERE account.building_id = provision.building_id
                                  AND charge.service_id = provision.service_id)
                 ORDER BY company_id, payee_id
                """,
                self.ids,
            )
        )
        journal, payees = self.env["epd.payee.requisites"], self.env["res.partner.bank"].sudo()
        for company_id, payee_id in rows:
            company = self.env["res.company"].sudo().browse(company_id)
            journal._note_replacement(company, payees.browse(payee_id))

    @api.constrains("building_id", "service_id", "date_from", "date_to")
    def _check_overlap(self):
        for provision in self:
            domain = [
                ("id", "!=", provision.id),
                ("building_id", "=", provision.building_id.id),
                ("service_id", "=", provision.service_id.id),
                "|",
                ("date_to", "=", False),
                ("date_to", ">=", provision.date_from),
            ]
            if provision.date_to:
                domain.append(("date_from", "<=", provision.date_to))
            if self.search_count(domain, limit=1):
                raise ValidationError(
                    self.env._(
                        "“%(service)s” already has a provider in this building on these dates. "
                        "Close the earlier provision first.",
                        service=provision.service_id.name,
                    )
                )

    # --- who is paid for a service in a month: the only place that knows -------------------------

    @api.model
    def _get_valid(self, domain, period):
        """Return the provisions that count in a period; of two in one month, the later one.

        :param domain: which provisions are looked at
        :param period: ``epd.billing.period``
        :return: ``{(building id, service id): provision}``
        """
        valid = Domain("date_from", "<=", period.date_end) & (
            Domain("date_to", "=", False) | Domain("date_to", ">=", period.date_start)
        )
        found = self.search_fetch(
            Domain(domain) & valid,
            ["building_id", "service_id", "provider_id", "payee_id"],
            order="date_from, id",
        )
        return {(one.building_id.id, one.service_id.id): one for one in found}

    @api.model
    def _get_valid_query(self, period):
        """Return the same as SQL of ``building_id``, ``service_id``, ``payee_id``, of all companies.

        :param period: ``epd.billing.period``
        """
        return SQL(
            """
            SELECT DISTINCT ON (building_id, service_id) building_id, service_id, payee_id
              FROM epd_service_provision
             WHERE date_from <= %(last)s AND (date_to IS NULL OR date_to >= %(first)s)
             ORDER BY building_id, service_id, date_from DESC, id DESC
            """,
            first=period.date_start,
            last=period.date_end,
        )
