from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools import money
from .missing_balance import MissingBalance


class EpdPersonalAccount(models.Model):
    """The account's documents (room above extends the form)."""

    _inherit = "epd.personal.account"  # pylint: disable=consider-merging-classes-inherited

    document_ids = fields.One2many("epd.payment.document", "account_id", string="Documents")
    document_count = fields.Integer(compute="_compute_document_count")

    @api.depends("document_ids")
    def _compute_document_count(self):
        counts = dict(
            self.env["epd.payment.document"]._read_group(
                [("account_id", "in", self.ids)], ["account_id"], ["__count"]
            )
        )
        for account in self:
            account.document_count = counts.get(account, 0)

    def write(self, vals):
        renumbered = self.browse()
        if "number" in vals:
            renumbered = self.filtered(lambda account: account.number != vals["number"])
        res = super().write(vals)
        if renumbered:
            self.env["epd.payment.document"]._touch_identity(renumbered)
        return res

    def action_documents(self):
        """Open the payment documents of the account."""
        return {
            **self._open_own("epd_payment_document_action"),
            "domain": [("account_id", "=", self.id)],
        }

    def action_make_receipt(self, waiver=None):
        """«Create the Receipt»: save the account's document of the current period and open it.

        :param waiver: why it is right although the balance of the period is missing
        :raise UserError: when the balance is missing and no reason is given
        """
        return self._save_receipt(self._get_current_period(), "epd", waiver)

    def action_preview_receipt(self):
        """Show the account's receipt of the current period as a sample, to be saved or not."""
        self.ensure_one()
        self.check_access("write")
        return self.env["epd.receipt.preview"]._open_for(
            account=self, period=self._get_current_period(), form="epd"
        )

    def _save_receipt(self, period, form, waiver=None):
        """Save the account's document unless a live one is there, and open it.

        :param waiver: why it is right although the balance of the period is missing
        :raise UserError: when the balance is missing and no reason is given
        """
        self.ensure_one()
        self.check_access("write")
        documents = self.env["epd.payment.document"]
        live = documents.search(
            [
                ("account_id", "=", self.id),
                ("period_id", "=", period.id),
                ("form", "=", form),
                ("state", "=", "saved"),
            ]
        )
        if not live:
            self._check_balance_known(period, form, waiver)
        document = live or documents.sudo()._form_one(self, period, form)
        return document._get_records_action(context={})

    def _check_balance_known(self, period, form, waiver):
        """Check that the receipt drops no debt; what a person lifts stands in the chatter."""
        owed = MissingBalance(self.sudo().env, period, form).find_one(self)
        if not owed:
            return
        values = {"period": period.name, "amount": money.format_money(owed)}
        if not (waiver or "").strip():
            raise UserError(
                self.env._(
                    "The balance of %(period)s is not loaded, and the account owed %(amount)s: the "
                    "receipt would drop this debt. Load the balances, or say why it is right "
                    "without them.",
                    **values,
                )
            )
        self.message_post(
            body=self.env._(
                "Receipt of %(period)s saved without the balance; the account owed %(amount)s. "
                "Reason: %(reason)s",
                reason=waiver,
                **values,
            )
        )
