from odoo import api, fields, models

from ..models.mailing.letter_mend import LetterMend


class EpdLetterMend(models.TransientModel):
    """«Correct and Send»: asks for the right address of a letter that did not reach its payer."""

    _name = "epd.letter.mend"
    _description = "Correct the Address of a Letter"
    _inherit = ["epd.readable.targets"]

    letter_id = fields.Many2one("epd.mailing.letter", required=True, ondelete="cascade")
    account_id = fields.Many2one(related="letter_id.account_id")
    partner_id = fields.Many2one(related="letter_id.partner_id")
    reason_text = fields.Char(related="letter_id.reason_text")
    follows_contact = fields.Boolean(compute="_compute_follows_contact")
    email = fields.Char(
        string="Right Address",
        compute="_compute_email",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )

    @api.depends("letter_id")
    def _compute_email(self):
        for wizard in self:
            wizard.email = wizard.letter_id.address_id.email or wizard.letter_id.email

    @api.depends("letter_id")
    def _compute_follows_contact(self):
        for wizard in self:
            address = wizard.letter_id.address_id
            wizard.follows_contact = address.source == "partner" and address.state != "closed"

    def action_mend(self):
        """Correct the address and send the letter again."""
        self.ensure_one()
        letter = self.letter_id
        letter._check_operator()
        LetterMend(letter).send_to(self.email)
        return {"type": "ir.actions.act_window_close"}
