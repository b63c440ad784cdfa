from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ...tools import money
from ...tools.delivery_state import PRESENTED
from .epd_personal_account import CHANNELS


class EpdAccountList(models.Model):
    """An entry of the address book: which personal accounts a run is for.

    ``predefined`` lists are ours and live; ``rule`` lists are the office's own filters, live too;
    ``fixed`` lists hold the accounts that were chosen.
    """

    _name = "epd.account.list"
    _description = "Personal Account List"
    _inherit = ["epd.field.guard"]
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
    rule_text = fields.Char(string="Contents", compute="_compute_rule_text")
    active = fields.Boolean(default=True)

    _code_uniq = models.Constraint("unique(code)", "This predefined list is already there.")

    @api.constrains("kind", "code", "company_id")
    def _check_predefined(self):
        for entry in self:
            if (entry.kind == "predefined" or entry.code) and entry.company_id:
                raise ValidationError(
                    self.env._("Predefined lists are the same for all companies. Choose “Rule”.")
                )

    @api.depends_context("company", "epd_period_id")
    @api.depends(
        "kind",
        "code",
        "building_ids",
        "entrance",
        "premises_from",
        "premises_to",
        "service_ids",
        "debt_from",
        "channel",
        "account_ids",
    )
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

        :param period: ``epd.billing.period`` that rules about debt and delivery check
        """
        return Domain.AND([domain for _code, domain in self._get_conditions(period)])

    def _get_shown_domain(self, period_id):
        """Return the domain of the accounts of this list for who may read it; of one that is gone, none."""
        period = self.env["epd.billing.period"].browse(period_id).exists()
        if not (self.exists() and self.has_access("read") and period.has_access("read")):
            return Domain.FALSE
        return self._get_domain(period)

    def _get_conditions(self, period):
        """Return ``[(code, domain)]``: what an account must meet, all of it, to be in the list.

        The list and the answer to «why is it not in the list» are made from the same conditions.
        """
        self.ensure_one()
        company = self.company_id or self.env.company
        conditions = [("company", Domain("company_id", "=", company.id))]
        if self.kind == "fixed":
            return [*conditions, ("chosen", Domain("id", "in", self.account_ids.ids))]
        conditions.append(("open", self._get_open_domain(period)))
        if self.kind == "predefined":
            return [*conditions, *self._get_predefined_conditions(period)]
        return [*conditions, *self._get_rule_conditions(period)]

    @api.model
    def _get_open_domain(self, period):
        """Accounts open during at least one day of the period."""
        if not period:
            return Domain("date_close", "=", False)
        return Domain("date_close", "=", False) | Domain("date_close", ">=", period.date_start)

    def _get_predefined_conditions(self, period):
        standing = ("standing", Domain("building_id.active", "=", True))
        return [standing, *self._get_own_conditions(period)]

    def _get_own_conditions(self, period):
        if self.code == "by_email":
            return [
                ("channel_email", Domain("channel", "!=", "paper")),
                ("reachable", Domain("address_ids.can_receive", "=", True)),
            ]
        if self.code == "not_reached":
            reached = self.env["epd.payment.document"]._search(
                [
                    ("period_id", "=", period.id),
                    ("state", "=", "saved"),
                    ("delivery_state", "in", PRESENTED),
                ]
            )
            return [("not_reached", Domain("id", "not in", reached.subselect("account_id")))]
        return []

    def _get_rule_conditions(self, period):
        conditions = []

        def add(code, *term):
            conditions.append((code, Domain(*term)))

        if self.building_ids:
            add("building", "building_id", "in", self.building_ids.ids)
        if self.entrance:
            add("entrance", "entrance", "=", self.entrance)
        if self.premises_from:
            add("premises", "premises_sort", ">=", self.premises_from)
        if self.premises_to:
            add("premises", "premises_sort", "<=", self.premises_to)
        if self.channel:
            add("channel", "channel", "=", self.channel)
        if self.service_ids:
            services = [("period_id", "=", period.id), ("service_id", "in", self.service_ids.ids)]
            add("service", "charge_ids", "any", services)
        if self.debt_from:
            debtors = self.env["epd.account.balance"]._get_debtors_domain(period, self.debt_from)
            conditions.append(("debt", debtors))
        return conditions

    @api.model
    def _get_predefined(self, code):
        """Return the predefined list of a code; one that was deleted or archived is there again.

        :param code: of the field ``code``
        """
        lists = self.sudo().with_context(active_test=False)
        found = lists.search([("code", "=", code)], limit=1)
        if not found:
            label = dict(self._fields["code"]._description_selection(self.env))[code]
            found = lists.create(
                {"name": label, "kind": "predefined", "code": code, "company_id": False}
            )
        return self.browse(found.id)

    def _explain(self, account_id, period_id=None):
        """Say why an account is not in the list (or that it is).

        :param account_id: id of an ``epd.personal.account``
        :param period_id: id of the billing period, the current one by default
        :return: list of texts, one for each condition that the account does not meet; empty when
            it is in the list
        """
        self.ensure_one()
        self.check_access("read")
        account = self.env["epd.personal.account"].browse(account_id)
        account.check_access("read")
        period = self.env["epd.billing.period"].browse(
            period_id or (self.company_id or self.env.company).epd_current_period_id.id
        )
        texts = []
        for code, domain in self._get_conditions(period):
            if not account.search_count(domain & Domain("id", "=", account.id)):
                texts.append(self._explain_condition(code, account, period))
        return list(dict.fromkeys(texts))

    def _explain_condition(self, code, account, period):
        channels = dict(account._fields["channel"]._description_selection(self.env))
        values = {
            "company": (self.company_id or self.env.company).name,
            "date": money.format_date(account.date_close),
            "period": period.name or "—",
            "building": account.building_id.name,
            "buildings": ", ".join(self.building_ids.mapped("name")),
            "entrance": account.entrance or "—",
            "wanted_entrance": self.entrance,
            "premises": account.premises or "—",
            "first": self.premises_from or "…",
            "last": self.premises_to or "…",
            "channel": channels.get(account.channel),
            "wanted_channel": channels.get(self.channel),
            "services": ", ".join(self.service_ids.mapped("name")),
            "debt": money.format_money(self.debt_from),
        }
        texts = {
            "company": self.env._("The account belongs to another company, not to %(company)s."),
            "chosen": self.env._("The list is a fixed selection, and the account was not chosen."),
            "open": self.env._("The account was closed on %(date)s, before %(period)s."),
            "standing": self.env._("The building is archived: %(building)s."),
            "channel_email": self.env._(
                "The payer wants paper only (delivery channel: %(channel)s)."
            ),
            "reachable": self.env._("The account has no working e-mail address."),
            "not_reached": self.env._("The document of %(period)s has reached the payer already."),
            "building": self.env._("Building: %(building)s; the list is for %(buildings)s."),
            "entrance": self.env._(
                "Entrance: %(entrance)s; the list is for entrance %(wanted_entrance)s."
            ),
            "premises": self.env._("Premises: %(premises)s; the list is for %(first)s–%(last)s."),
            "channel": self.env._(
                "Delivery channel: %(channel)s; the list is for %(wanted_channel)s."
            ),
            "service": self.env._("No charge for %(services)s in %(period)s."),
            "debt": self.env._("Less than %(debt)s is still unpaid in %(period)s."),
        }
        return texts[code] % values

    @api.model
    def _get_accounts(self, lists, period):
        """Return the accounts of all ``lists`` together, each once."""
        if not lists:
            return self.env["epd.personal.account"]
        return self.env["epd.personal.account"].search(
            Domain.OR([entry._get_domain(period) for entry in lists])
        )

    @api.depends_context("lang")
    @api.depends(
        "kind",
        "code",
        "building_ids.name",
        "entrance",
        "premises_from",
        "premises_to",
        "service_ids.name",
        "debt_from",
        "channel",
    )
    def _compute_rule_text(self):
        channels = dict(self._fields["channel"]._description_selection(self.env))
        codes = dict(self._fields["code"]._description_selection(self.env))
        for entry in self:
            if entry.kind == "predefined":
                entry.rule_text = codes.get(entry.code)
                continue
            if entry.kind == "fixed":
                entry.rule_text = self.env._("As chosen by hand")
                continue
            parts = [", ".join(entry.building_ids.mapped("name"))]
            if entry.entrance:
                parts.append(self.env._("entrance %(number)s", number=entry.entrance))
            if entry.premises_from or entry.premises_to:
                parts.append(
                    self.env._(
                        "premises %(first)s–%(last)s",
                        first=entry.premises_from or "…",
                        last=entry.premises_to or "…",
                    )
                )
            parts.append(", ".join(entry.service_ids.mapped("name")))
            if entry.debt_from:
                parts.append(
                    self.env._("debt from %(sum)s ₽", sum=money.format_money(entry.debt_from))
                )
            parts.append(channels.get(entry.channel, ""))
            entry.rule_text = "; ".join(filter(None, parts)) or self.env._("All open accounts")

    def action_accounts(self):
        """Open the accounts of the list."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "epd_mailing.epd_personal_account_action"
        )
        period = self.env["epd.billing.period"].browse(
            self.env.context.get("epd_period_id") or self.env.company.epd_current_period_id.id
        )
        domain = [("drilldown", "=", f"0:list-{self.id}-{period.id or 0}")]
        return {**action, "name": self.name, "domain": domain, "context": {}}
