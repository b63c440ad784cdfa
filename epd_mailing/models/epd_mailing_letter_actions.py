from odoo import api, fields, models
from odoo.exceptions import UserError


class EpdMailingLetter(models.Model):
    """What a person decides about a letter."""

    _inherit = "epd.mailing.letter"

    def _check_operator(self):
        if not self.env.user.has_group("epd_mailing.group_epd_operator"):
            raise UserError(self.env._("Only operators of payment documents may do this."))
        self.check_access("read")
        return self.sudo()._through_gate()

    def _withdraw(self, reason):
        """Cancel the letters that have not gone; the others stay as they are."""
        waiting = self.sudo().filtered(
            lambda letter: letter.send_state in ("pending", "claimed")
        )
        waiting._through_gate()._move(
            "cancelled", failure_type="withdrawn", failure_reason=reason, lease_until=False
        )

    def action_mark_sent(self):
        """«It Was Sent»: a person settles a letter whose outcome is unknown."""
        letters = self._check_operator()
        letters._move("sent", decided_by=self.env.uid, failure_type=False, failure_reason=False)
        letters._log_decision(self.env._("It was sent"))
        return True

    def action_send_again(self):
        """«Send Once More»: a person decides that a letter of unknown outcome did not go."""
        letters = self._check_operator()
        if letters.filtered(lambda letter: letter.send_state != "unknown"):
            raise UserError(self.env._("Only letters whose outcome is unknown are settled so."))
        letters._log_decision(self.env._("Send once more"))
        mailing = letters.mailing_id[:1].with_user(self.env.user)
        reason = self.env._("Outcome unknown, decided by a person")
        action = mailing._resend(letters, reason)
        letters._move("cancelled", decided_by=self.env.uid)
        return action

    def action_resend(self):
        """Send chosen letters again as a new linked mailing (after the address was corrected)."""
        letters = self._check_operator()
        if len(letters.mailing_id) != 1:
            raise UserError(self.env._("Choose letters of one mailing."))
        if letters.filtered(lambda letter: letter.send_state not in ("sent", "rejected")):
            raise UserError(self.env._("Only letters that went, or were refused, are sent again."))
        return letters.mailing_id.with_user(self.env.user)._resend(
            letters, self.env._("Chosen letters")
        )

    def _log_decision(self, note):
        self.env["epd.letter.event"].sudo().create(
            [
                {
                    "letter_id": letter.id,
                    "company_id": letter.company_id.id,
                    "unisender_account_id": letter.unisender_account_id.id,
                    "letter_key": letter.letter_key,
                    "raw_status": "decision",
                    "event_at": fields.Datetime.now(),
                    "source": "person",
                    "user_id": self.env.uid,
                    "note": note,
                }
                for letter in self
            ]
        )

    @api.model
    def _get_link_secret(self):
        """Return the secret of the links in letters (made on first use)."""
        return self.env["ir.config_parameter"].sudo().get_param("database.secret")
