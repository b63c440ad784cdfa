import uuid

from odoo import api, fields, models
from odoo.exceptions import UserError

# reasons of being left out that the office can mend; the other ones are somebody's decision
MENDABLE = (
    "no_address",
    "malformed_address",
    "address_bounced",
    "address_unsubscribed",
    "address_closed",
    "address_changed",
    "file_missing",
    "file_damaged",
    "too_large",
    "template_error",
)


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
        waiting = self.sudo().filtered(lambda letter: letter.send_state in ("pending", "claimed"))
        waiting._through_gate()._move(
            "cancelled",
            failure_type="withdrawn",
            failure_reason=reason,
            lease_until=False,
            claim_token=False,
        )

    def action_mark_sent(self):
        """«It Was Sent»: a person settles a letter whose outcome is unknown."""
        letters = self._check_operator()
        letters._check_unknown()
        letters._move(
            "sent",
            decided_by=self.env.uid,
            failure_type=False,
            failure_reason=False,
            next_poll_at=False,
        )
        for letter in letters:
            letter.sent_at = letter.sent_at or letter.sending_at
        letters._log_decision(self.env._("It was sent"))
        return True

    def action_send_again(self):
        """«Send Once More»: a person decides that a letter of unknown outcome did not go.

        The repeat is a new row of the same mailing with the next resend number; the first letter
        stays as one that got no answer, and shows what the service may still say of it.
        """
        letters = self._check_operator()
        letters._check_unknown()
        unfit = letters.filtered(lambda letter: letter._why_not_now())
        if unfit:
            raise UserError(
                self.env._(
                    "The letter to %(email)s cannot go again: %(reason)s.",
                    email=unfit[0].email,
                    reason=self.env["epd.mailing"]._reason(unfit[0]._why_not_now())[
                        "failure_reason"
                    ],
                )
            )
        if letters.mailing_id.filtered(lambda mailing: mailing.state == "cancelled"):
            raise UserError(
                self.env._("The mailing is cancelled. Make a new mailing of these documents.")
            )
        note = self.env._(
            "Outcome unknown; %(user)s had it sent once more", user=self.env.user.name
        )
        letters._move("rejected", decided_by=self.env.uid, failure_reason=note, next_poll_at=False)
        letters._log_decision(self.env._("Send once more"))
        self._repeat([(letter, letter.address_id) for letter in letters], note)
        for mailing in letters.mailing_id:
            if mailing.state == "done":
                mailing._through_gate()._move("sending", finished_at=False)
            mailing._wake_sender()
        return True

    def _check_unknown(self):
        if self.filtered(lambda letter: letter.send_state != "unknown"):
            raise UserError(self.env._("Only letters whose outcome is unknown are settled so."))

    @api.model
    def _repeat(self, pairs, reason, mailing=None):
        """Make new rows for the same documents with the next resend number.

        :param pairs: list of (letter, ``epd.delivery.address`` that it goes to); a letter may go to
            several
        :param mailing: where they go; nothing means the letters' own mailings
        """
        documents = self.concat(*(letter for letter, _target in pairs)).document_id
        last = self.env["epd.mailing"]._get_last_resend_no(documents)
        vals_list = []
        for letter, target in pairs:
            key = letter.document_id.id, target.email_normalized
            last[key] += 1
            vals_list.append(
                {
                    "mailing_id": (mailing or letter.mailing_id).id,
                    "company_id": letter.company_id.id,
                    "unisender_account_id": (mailing or letter.mailing_id).unisender_account_id.id,
                    "document_id": letter.document_id.id,
                    "account_id": letter.account_id.id,
                    "partner_id": letter.partner_id.id,
                    "address_id": target.id,
                    "email": target.email,
                    "email_normalized": target.email_normalized,
                    "letter_key": uuid.uuid4().hex,
                    "resend_no": last[key],
                    "resend_reason": reason,
                }
            )
        return self.sudo()._through_gate().create(vals_list)

    def action_resend(self):
        """Send chosen letters again as a new linked mailing (after the address was corrected).

        Letters that went or were refused, and those left out for a reason that can be mended.
        """
        letters = self._check_operator()
        if len(letters.mailing_id) != 1:
            raise UserError(self.env._("Choose letters of one mailing."))
        if letters.filtered(
            lambda letter: (
                letter.send_state not in ("sent", "rejected")
                and (letter.send_state != "skipped" or letter.failure_type not in MENDABLE)
            )
        ):
            raise UserError(
                self.env._(
                    "Only letters that went, were refused, or were left out for something that "
                    "can be corrected, are sent again."
                )
            )
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
        """Return the secret of the links in letters: the database's own, for this use alone."""
        secret = self.env["ir.config_parameter"].sudo().get_param("database.secret")
        return f"epd_mailing.receipt:{secret}"
