from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..models.account.epd_delivery_consent import KINDS


class EpdConsentBulk(models.TransientModel):
    """Consents of a whole house on the basis of its owners' meeting (or another common paper)."""

    _name = "epd.consent.bulk"
    _description = "Consents of a Building"
    _inherit = ["epd.readable.targets"]

    building_id = fields.Many2one("epd.building", ondelete="cascade")
    account_ids = fields.Many2many(
        "epd.personal.account", string="Chosen Accounts", help="Instead of a whole building."
    )
    kind = fields.Selection(KINDS, required=True, default="instead")
    date = fields.Date(required=True, default=lambda self: self.env.company._epd_today())
    basis = fields.Char(required=True)
    reachable_only = fields.Boolean(
        string="Only Accounts With a Working Address",
        default=True,
        help="Without an address the payer gets paper in any case.",
    )
    over_withdrawn = fields.Boolean(
        string="Also Where the Payer Has Withdrawn Consent",
        help="Usually a person's own withdrawal goes before the meeting's decision.",
    )
    account_count = fields.Integer(string="Will Get a Consent", compute="_compute_counts")
    same_count = fields.Integer(string="Have It Already", compute="_compute_counts")
    passed_count = fields.Integer(string="Skipped", compute="_compute_counts")

    @api.depends("building_id", "account_ids", "kind", "reachable_only", "over_withdrawn")
    def _compute_counts(self):
        accounts = self.env["epd.personal.account"]
        for wizard in self:
            total = accounts.search_count(wizard._get_open_domain())
            wizard.account_count = accounts.search_count(wizard._get_domain())
            wizard.same_count = accounts.search_count(
                wizard._get_open_domain() & Domain("consent_state", "=", wizard.kind)
            )
            wizard.passed_count = total - wizard.account_count - wizard.same_count

    def _get_open_domain(self):
        chosen = (
            Domain("id", "in", self.account_ids.ids)
            if self.account_ids
            else Domain("building_id", "=", self.building_id.id)
        )
        return chosen & Domain("date_close", "=", False)

    def _get_domain(self):
        """Return the domain of the accounts that get a consent."""
        domain = self._get_open_domain() & Domain("consent_state", "!=", self.kind)
        if self.reachable_only:
            domain &= Domain("address_ids.can_receive", "=", True)
        if not self.over_withdrawn:
            domain &= Domain("consent_state", "!=", "withdrawn")
        return domain

    def action_apply(self):
        """Record the consents, all in one go.

        :raise UserError: when there is nobody to record one for, or the day has not come
        """
        self.ensure_one()
        if self.date > self.env.company._epd_today():
            raise UserError(self.env._("The day of the minutes has not come yet."))
        accounts = self.env["epd.personal.account"].search(self._get_domain())
        if not accounts:
            raise UserError(self.env._("There is no account to record a consent for."))
        consents = self.env["epd.delivery.consent"].create(
            [
                {
                    "account_id": account.id,
                    "kind": self.kind,
                    "date": self.date,
                    "basis": self.basis,
                }
                for account in accounts
            ]
        )
        return consents._get_records_action(name=self.env._("Recorded Consents"), context={})
