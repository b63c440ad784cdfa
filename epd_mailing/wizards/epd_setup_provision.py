from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class EpdSetupProvision(models.TransientModel):
    """«Who Is Paid for What» of the set-up: one payee for all services that have none yet."""

    _name = "epd.setup.provision"
    _description = "Set-up: Who Is Paid for What"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, default=lambda self: self.env.company
    )
    payee_id = fields.Many2one(
        "res.partner.bank",
        string="Paid To",
        required=True,
        domain="[('company_id', 'in', (company_id, False))]",
        default=lambda self: self._get_only_payee(),
    )
    missing_count = fields.Integer(string="Services in Houses", compute="_compute_missing_count")

    @api.model
    def _get_only_payee(self):
        company = self.env.company.sudo()
        payees = self.env["res.partner.bank"].search([("partner_id", "=", company.partner_id.id)])
        return payees if len(payees) == 1 else payees.browse()

    @api.depends_context("company")
    def _compute_missing_count(self):
        missing = self.env["epd.service.provision"]._find_missing(self.env.company)
        self.missing_count = len(missing)

    def action_save(self):
        """Create the provisions; those that are there stay.

        :raise UserError: when nothing is missing
        """
        self.ensure_one()
        self.check_access("read")
        if not self.env.user.has_group("epd_mailing.group_epd_manager"):
            raise AccessError(self.env._("A manager sets the office up."))
        if self.payee_id.company_id not in (self.env.company, self.env["res.company"]):
            raise UserError(self.env._("Choose a bank account of this company."))
        missing = self.env["epd.service.provision"]._find_missing(self.env.company)
        if not missing:
            raise UserError(self.env._("Every service in every house has a payee."))
        self.env["epd.service.provision"].create(
            [
                {
                    "building_id": building,
                    "service_id": service,
                    "provider_id": self.payee_id.partner_id.id,
                    "payee_id": self.payee_id.id,
                }
                for building, service in missing
            ]
        )
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_load(self):
        """Open a loading of provisions from a file, where payees differ."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Load from a File"),
            "res_model": "epd.import",
            "view_mode": "form",
            "views": [(False, "form")],
            "context": {"default_kind": "provision"},
        }
