from odoo import api, fields, models


class EpdPersonalAccount(models.Model):
    """The account's letters (room above extends the form)."""

    _inherit = "epd.personal.account"  # pylint: disable=consider-merging-classes-inherited

    letter_count = fields.Integer(compute="_compute_letter_count")

    @api.depends("document_ids.letter_ids")
    def _compute_letter_count(self):
        counts = dict(
            self.env["epd.mailing.letter"]._read_group(
                [("account_id", "in", self.ids), ("is_test", "=", False)],
                ["account_id"],
                ["__count"],
            )
        )
        for account in self:
            account.letter_count = counts.get(account._origin, 0)

    def action_letters(self):
        """Open the letters of the account."""
        return {
            **self._open_own("epd_mailing_letter_action"),
            "domain": [("account_id", "=", self.id), ("is_test", "=", False)],
        }

    def _withdraw_from_payer(self, reason):
        """Withdraw the letters that have not gone (see the account's own room)."""
        letters = self.env["epd.mailing.letter"].search(
            [("account_id", "in", self.ids), ("send_state", "in", ("pending", "claimed"))]
        )
        letters._withdraw(reason)
        withdrawn = len(letters.filtered(lambda letter: not letter.is_test))
        return super()._withdraw_from_payer(reason) + withdrawn
