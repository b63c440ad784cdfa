from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.document.epd_payment_document import FORMS
from ..models.mailing.epd_mailing_filling import get_saved_domain


class EpdMailingFill(models.TransientModel):
    """«Add Receipts»: asks which saved documents a mailing takes."""

    _name = "epd.mailing.fill"
    _description = "Add Receipts to a Mailing"
    _inherit = ["epd.readable.targets"]

    mailing_id = fields.Many2one("epd.mailing", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="mailing_id.company_id")
    period_id = fields.Many2one(
        "epd.billing.period",
        required=True,
        ondelete="cascade",
        compute="_compute_period_id",
        store=True,
        precompute=True,
        readonly=False,
        domain="[('company_id', '=', company_id)]",
    )
    list_id = fields.Many2one(
        "epd.account.list",
        string="Accounts",
        ondelete="cascade",
        domain="[('company_id', 'in', (company_id, False))]",
    )
    form = fields.Selection(FORMS)
    document_count = fields.Integer(
        string="Receipts Without a Letter", compute="_compute_document_count"
    )

    lack = fields.Selection(
        [("accounts", "Accounts"), ("receipts", "Saved receipts"), ("without", "Without a letter")],
        string="What Is Missing",
        compute="_compute_lack",
        help="What has to be there before a letter can be written.",
    )

    @api.depends("mailing_id")
    def _compute_period_id(self):
        for wizard in self:
            mailing = wizard.mailing_id
            wizard.period_id = mailing.period_id or mailing.company_id.epd_current_period_id

    def _get_vals(self):
        return {
            "fill_period_id": self.period_id.id,
            "fill_list_id": self.list_id.id,
            "fill_form": self.form,
        }

    @api.depends("mailing_id", "period_id", "list_id", "form")
    def _compute_document_count(self):
        documents = self.env["epd.payment.document"]
        for wizard in self:
            domain = get_saved_domain(
                wizard.mailing_id, wizard.period_id, wizard.list_id, wizard.form
            )
            wizard.document_count = documents.search_count(domain)

    @api.depends("document_count", "period_id")
    def _compute_lack(self):
        """Say what is missing where there is nothing to add: the step before this one."""
        for wizard in self:
            own = [("company_id", "=", wizard.company_id.id)]
            saved = [*own, ("period_id", "=", wizard.period_id.id), ("state", "=", "saved")]
            if wizard.document_count:
                wizard.lack = False
            elif not self.env["epd.personal.account"].search_count(own, limit=1):
                wizard.lack = "accounts"
            elif not self.env["epd.payment.document"].search_count(saved, limit=1):
                wizard.lack = "receipts"
            else:
                wizard.lack = "without"

    def action_open_lack(self):
        """Open where what is missing is made: the first steps or the accounts, or the run of the month."""
        self.ensure_one()
        name = "epd_billing_run_action"
        if self.lack == "accounts":
            manager = self.env.user.has_group("epd_mailing.group_epd_manager")
            name = "epd_setup_action" if manager else "epd_personal_account_action"
        return self.env["ir.actions.act_window"]._for_xml_id(f"epd_mailing.{name}")

    def action_fill(self):
        """Write the letters of these documents: now when they are few, else in the background.

        :raise UserError: when there are none
        """
        self.ensure_one()
        if not self.document_count:
            raise UserError(
                self.env._(
                    "No saved receipt of this month is without a letter here. Save the receipts in "
                    "“Preparation and Mailing of Payment Documents” first."
                )
            )
        mailing = self.mailing_id._check_and_unlock()
        mailing.write(self._get_vals())
        if not mailing.period_id:
            mailing.period_id = self.period_id
        mailing._fill()
        return {"type": "ir.actions.act_window_close"}
