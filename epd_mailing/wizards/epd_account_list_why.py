from odoo import api, fields, models


class EpdAccountListWhy(models.TransientModel):
    """«Why Is This Account Not in the List»: asks for the account, says each condition it fails."""

    _name = "epd.account.list.why"
    _description = "Why an Account Is Not in the List"
    _inherit = ["epd.readable.targets"]

    list_id = fields.Many2one("epd.account.list", readonly=True, ondelete="cascade")
    run_id = fields.Many2one("epd.billing.run", readonly=True, ondelete="cascade")
    account_id = fields.Many2one("epd.personal.account", string="Personal Account")
    answer = fields.Text(compute="_compute_answer")
    is_in = fields.Boolean(compute="_compute_answer")

    @api.depends("account_id")
    def _compute_answer(self):
        for wizard in self:
            wizard.answer, wizard.is_in = False, False
            if not wizard.account_id:
                continue
            lists = wizard.list_id or wizard.run_id.list_ids
            period = wizard.run_id.period_id.id
            answers = []
            for entry in lists:
                reasons = entry._explain(wizard.account_id.id, period)
                wizard.is_in = wizard.is_in or not reasons
                reasons = reasons or [self.env._("The account is in the list.")]
                answers.append("\n".join([f"{entry.name}:", *(f"– {text}" for text in reasons)]))
            wizard.answer = "\n".join(answers) or self.env._("No list is chosen yet.")

    def action_open_account(self):
        """Open the account, to put right what keeps it out."""
        self.ensure_one()
        return self.account_id._get_records_action(context={})
