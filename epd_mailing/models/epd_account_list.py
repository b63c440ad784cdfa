from odoo import api, fields, models
from odoo.fields import Domain

from .epd_personal_account import CHANNELS


class EpdAccountList(models.Model):
    """An entry of the address book: which personal accounts a run is for.

    ``predefined`` lists are ours and live; ``rule`` lists are the office's own filters, live too;
    ``fixed`` lists hold the accounts that were chosen.
    """

    _name = "epd.account.list"
    _description = "Personal Account List"
    _order = "sequence, name"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company", index=True, default=lambda self: self.env.company, help="Empty: all."
    )
    kind = fields.Selection(
        [("predefined", "Predefined"), ("rule", "Rule"), ("fixed", "Fixed selection")],
        required=True,
        default="rule",
    )
    code = fields.Selection(
        [
            ("all_open", "All open accounts"),
            ("by_email", "Reachable by e-mail"),
            ("not_reached", "Not reached in the period"),
        ],
        readonly=True,
    )
    building_ids = fields.Many2many("epd.building")
    entrance = fields.Integer()
    premises_from = fields.Integer()
    premises_to = fields.Integer()
    service_ids = fields.Many2many("epd.service")
    debt_from = fields.Float(digits=(14, 2))
    channel = fields.Selection(CHANNELS)
    account_ids = fields.Many2many("epd.personal.account")
    account_count = fields.Integer(string="Accounts in the List", compute="_compute_account_count")
    active = fields.Boolean(default=True)

    _code_uniq = models.Constraint("unique(code)", "This predefined list is already there.")

    @api.depends_context("company", "epd_period_id")
    @api.depends("kind", "code", "building_ids", "account_ids", "channel", "entrance")
    def _compute_account_count(self):
        period = self.env["epd.billing.period"].browse(
            self.env.context.get("epd_period_id") or self.env.company.epd_current_period_id.id
        )
        for entry in self:
            entry.account_count = self.env["epd.personal.account"].search_count(
                entry._get_domain(period)
            )

    def _get_domain(self, period):
        """Return the domain of the accounts of this list, of its company or the current one.

        :param period: ``epd.billing.period`` that rules about debt and delivery look at
        """
        self.ensure_one()
        company = self.company_id or self.env.company
        domain = Domain("company_id", "=", company.id)
        if self.kind == "fixed":
            return domain & Domain("id", "in", self.account_ids.ids)
        domain &= self._get_open_domain(period)
        if self.kind == "predefined":
            return domain & self._get_predefined_domain(period)
        return domain & self._get_rule_domain(period)

    @api.model
    def _get_open_domain(self, period):
        """Accounts open during at least one day of the period."""
        if not period:
            return Domain("date_close", "=", False)
        return Domain("date_close", "=", False) | Domain("date_close", ">=", period.date_start)

    def _get_predefined_domain(self, period):
        if self.code == "by_email":
            return Domain("channel", "!=", "paper") & Domain("address_ids.can_receive", "=", True)
        if self.code == "not_reached":
            reached = self.env["epd.payment.document"]._search(
                [
                    ("period_id", "=", period.id),
                    ("state", "=", "saved"),
                    ("delivery_state", "in", ("paper", "delivered", "opened", "read")),
                ]
            )
            return Domain("id", "not in", reached.subselect("account_id"))
        return Domain.TRUE

    def _get_rule_domain(self, period):
        domain = Domain.TRUE
        if self.building_ids:
            domain &= Domain("building_id", "in", self.building_ids.ids)
        if self.entrance:
            domain &= Domain("entrance", "=", self.entrance)
        if self.premises_from:
            domain &= Domain("premises_sort", ">=", self.premises_from)
        if self.premises_to:
            domain &= Domain("premises_sort", "<=", self.premises_to)
        if self.channel:
            domain &= Domain("channel", "=", self.channel)
        if self.service_ids:
            domain &= Domain(
                "charge_ids",
                "any",
                [("period_id", "=", period.id), ("service_id", "in", self.service_ids.ids)],
            )
        if self.debt_from:
            domain &= Domain(
                "balance_ids",
                "any",
                [("period_id", "=", period.id), ("opening", ">=", self.debt_from)],
            )
        return domain

    @api.model
    def _get_accounts(self, lists, period):
        """Return the accounts of all ``lists`` together, each once."""
        if not lists:
            return self.env["epd.personal.account"]
        return self.env["epd.personal.account"].search(
            Domain.OR([entry._get_domain(period) for entry in lists])
        )

    def action_accounts(self):
        """Open the accounts of the list."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "epd_mailing.epd_personal_account_action"
        )
        period = self.env.company.epd_current_period_id
        return {**action, "domain": list(self._get_domain(period)), "context": {}}
