from odoo import api, fields, models


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

    def action_make_receipt(self):
        """«Create the Receipt»: save the account's document of the current period and open it."""
        return self._save_receipt(self._get_current_period(), "epd")

    def action_preview_receipt(self):
        """Show the account's receipt of the current period as a sample, to be saved or not."""
        self.ensure_one()
        self.check_access("write")
        return self.env["epd.receipt.preview"]._open_for(
            account=self, period=self._get_current_period(), form="epd"
        )

    def _save_receipt(self, period, form):
        """Save the account's document unless a live one is there, and open it."""
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
        document = live or documents.sudo()._form_one(self, period, form)
        return document._get_records_action(context={})
