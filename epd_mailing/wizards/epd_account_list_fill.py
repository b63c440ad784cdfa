from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..models.account.epd_personal_account import CHANNELS

RULES = (
    "building_ids",
    "entrance",
    "premises_from",
    "premises_to",
    "service_ids",
    "debt_from",
    "channel",
)


class EpdAccountListFill(models.TransientModel):
    """«Create and Fill»: makes a list of the address book, by a rule or by hand, and counts it."""

    _name = "epd.account.list.fill"
    _description = "Create and Fill an Account List"
    _inherit = ["epd.readable.targets"]

    name = fields.Char(required=True)
    run_id = fields.Many2one("epd.billing.run", readonly=True, ondelete="cascade")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, readonly=True
    )
    way = fields.Selection(
        [
            ("rule", "By a rule, always current: accounts come and go as they change"),
            ("fixed", "By a rule, once: the accounts found now stay chosen"),
            ("hand", "By hand"),
        ],
        string="How It Is Filled",
        required=True,
        default="rule",
    )
    building_ids = fields.Many2many("epd.building")
    entrance = fields.Integer()
    premises_from = fields.Integer()
    premises_to = fields.Integer()
    service_ids = fields.Many2many("epd.service")
    debt_from = fields.Float(digits=(14, 2))
    channel = fields.Selection(CHANNELS)
    account_ids = fields.Many2many("epd.personal.account", string="Accounts")
    account_count = fields.Integer(string="Accounts in the List", compute="_compute_account_count")

    @api.depends("way", "account_ids", *RULES)
    def _compute_account_count(self):
        for wizard in self:
            if wizard.way == "hand":
                wizard.account_count = len(wizard.account_ids)
            else:
                wizard.account_count = self.env["epd.personal.account"].search_count(
                    wizard._get_domain()
                )

    def _get_domain(self):
        """Return the domain of the rule, made as the list itself will make it."""
        draft = self.env["epd.account.list"].new(self._get_rule_values())
        period = self.run_id.period_id or self.company_id.epd_current_period_id
        return draft._get_domain(period)

    def _get_rule_values(self):
        values = {
            "name": self.name or "",
            "kind": "rule",
            "company_id": self.company_id.id,
        }
        for name in RULES:
            value = self[name]
            values[name] = [Command.set(value._origin.ids)] if name.endswith("_ids") else value
        return values

    def action_create(self):
        """Create the list; from a run, choose it there too.

        :raise UserError: when the range is turned around or there is nobody in the list
        """
        self.ensure_one()
        if self.premises_from and self.premises_to and self.premises_from > self.premises_to:
            raise UserError(
                self.env._("The first premises number is greater than the last. Swap them.")
            )
        if not self.account_count:
            raise UserError(
                self.env._("There is no account in this list. Make the conditions wider.")
            )
        values = self._get_rule_values()
        if self.way != "rule":
            accounts = self.account_ids
            if self.way == "fixed":
                accounts = self.env["epd.personal.account"].search(self._get_domain())
            values = {
                "name": self.name,
                "kind": "fixed",
                "company_id": self.company_id.id,
                "account_ids": [Command.set(accounts.ids)],
            }
        entry = self.env["epd.account.list"].create(values)
        if self.run_id:
            self.run_id.list_ids = [Command.link(entry.id)]
            return {"type": "ir.actions.act_window_close"}
        return entry._get_records_action(context={})
