import logging
from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError

from ...tools import message
from ...tools.unisender import client as unisender
from ...tools.unisender import errors

_logger = logging.getLogger(__name__)

RETRY_PAUSES = (1, 2, 5, 15, 30, 60)  # minutes, by the number of attempts
MAX_ATTEMPTS = 10
FIRST_POLL = timedelta(minutes=2)
REFUSALS = {
    "invalid_email": "invalid_address",
    "unsubscribed_globally": "unsubscribed",
    "attachment_quota_error": "too_large",
    "body_exceeds_length": "too_large",
}


class EpdMailingLetter(models.Model):
    """One letter as a call of the service: re-check, plain data out, outcome back."""

    _inherit = "epd.mailing.letter"

    def _skip_unfit(self):
        """Leave out, with the reason, what may not go after all; return the others.

        Run at the claim: the document and the address may have changed since the letter was made.
        """
        fit = self.browse()
        for letter in self:
            reason = letter._why_not_now()
            if reason:
                letter._leave_out(reason)
            else:
                fit |= letter
        return fit

    def _leave_out(self, failure_type, detail=""):
        reason = self.mailing_id._reason(failure_type)
        if detail:
            reason["failure_reason"] += f": {detail}"
        self._through_gate()._move("skipped", **reason, lease_until=False, claim_token=False)

    def _why_not_now(self):
        """Return why a claimed letter may not go after all (a failure type), or nothing."""
        self.ensure_one()
        document, address = self.document_id, self.address_id
        if document.state != "saved":
            return "document_superseded"
        if self.is_test:
            return None
        if document.partner_id != document.account_id.partner_id:
            return "payer_changed"
        account = document.account_id
        if account.channel == "paper":
            return "paper_only"
        if account.company_id.epd_consent_policy == "strict":
            if account._get_consent_state(document.period_id) not in ("instead", "copy"):
                return "no_consent"
        if not address or address.state == "closed":
            return "address_closed"
        if address.state != "active":
            return f"address_{address.state}"
        if address.email_normalized != self.email_normalized:
            # corrected after the letter was made: the new address needs a letter of its own
            return "address_changed"
        return None

    def _prepare_calls(self, account):
        """Return ``{letter id: unisender.Letter}``: plain data with the verified files.

        Letters that cannot be made are left out with the reason; nothing else suffers.
        """
        calls = {}
        for letter in self:
            try:
                call = letter._prepare_call(account)
            except message.TemplateError as error:
                letter._leave_out(
                    "template_error", self.env["epd.message.template"]._describe(error)
                )
            except UserError as error:
                missing = not letter.document_id.with_context(bin_size=True).sudo().pdf_file
                letter._leave_out("file_missing" if missing else "file_damaged", str(error))
            except Exception as error:  # one poisonous letter must not stop the others
                _logger.exception("Letter %s cannot be made", letter.id)
                letter._leave_out("template_error", type(error).__name__)
            else:
                limit = account.limit_letter_bytes
                if limit and unisender.letter_size(call) > limit:
                    letter._leave_out("too_large")
                else:
                    calls[letter.id] = call
        return calls

    def _prepare_call(self, account):
        """Return the plain ``unisender.Letter`` of this row, with its verified file.

        :raise tools.message.TemplateError: the template does not work for this account
        :raise UserError: the file or the data are not what was saved
        """
        document = self.document_id
        text = document._render_letter(self, self.mailing_id)
        return unisender.Letter(
            email=self.email_normalized,
            sender_name=account.sender_name,
            sender_email=account.sender_email,
            subject=text.subject,
            body=text.html,
            list_id=account.list_id or "",
            attachments=((document.pdf_name, document._read_pdf()),),
            metadata={"key": self.letter_key, "db": self.env.cr.dbname},
            ref_key=self.letter_key if account.send_ref_key else None,
            reply_to=document.account_id.building_id.reply_to or account.reply_to or None,
            track_links=account.track_links,
        )

    # --- outcomes --------------------------------------------------------------------------------

    def _write_outcomes(self, outcomes):
        """Write what the calls came to: ``{letter id: pool.Outcome}``."""
        for letter in self._through_gate():
            outcome = outcomes[letter.id]
            if letter.send_state not in ("sending", "unknown"):
                # settled meanwhile, by a webhook or a person: what is known stays
                _logger.info("Letter %s is %s already", letter.id, letter.send_state)
                continue
            if outcome.kind == "sent":
                letter._write_sent(outcome.provider_id)
            elif outcome.kind == "unknown":
                letter._write_unknown(f"{outcome.error.code}: {outcome.error.message}")
            elif letter.send_state == "unknown":
                continue  # the sweep was quicker; a definite «not sent» is for a person to decide
            elif outcome.kind == "refused":
                letter._write_refused(outcome.error)
            else:
                letter._write_not_sent(outcome)
        self._adopt_events()

    def _write_sent(self, provider_id):
        now = fields.Datetime.now()
        self._move(
            "sent",
            provider_id=provider_id,
            sent_at=self.sent_at or now,
            lease_until=False,
            claim_token=False,
            failure_type=False,
            failure_reason=False,
            next_poll_at=now + FIRST_POLL,
        )

    def _write_unknown(self, reason):
        """Nobody knows whether it went; never sent again by itself."""
        letter = self._through_gate()
        if letter.send_state == "sending":
            letter._move(
                "unknown",
                failure_type="no_answer",
                failure_reason=reason,
                lease_until=False,
                claim_token=False,
                poll_count=0,
                next_poll_at=fields.Datetime.now() + FIRST_POLL,
            )

    def _write_refused(self, error):
        """A definite refusal of this letter."""
        failure = REFUSALS.get(error.code, "other")
        self._move(
            "rejected",
            failure_type=failure,
            failure_reason=f"{error.code}: {error.message}",
            lease_until=False,
            claim_token=False,
        )
        if failure in ("invalid_address", "unsubscribed") and not self.is_test:
            state = "bounced" if failure == "invalid_address" else "unsubscribed"
            self.address_id._lose(state, error.code)

    def _write_not_sent(self, outcome):
        """Certainly not sent (refused connection, «retry later», limit, stop): back to the queue."""
        error, vals = outcome.error, {"lease_until": False, "claim_token": False}
        if outcome.kind == "retry" and not isinstance(error, errors.ConnectFailed):
            if self.attempts >= MAX_ATTEMPTS:
                self._write_refused(error)
                return
            pause = timedelta(minutes=RETRY_PAUSES[min(self.attempts, len(RETRY_PAUSES)) - 1])
            vals |= {
                "next_try_at": fields.Datetime.now() + pause,
                "failure_reason": f"{error.code}: {error.message}",
            }
        elif outcome.kind != "limited":
            # the service never counted this call
            vals |= {"sending_at": False, "attempts": max(0, self.attempts - 1)}
        self._move("pending", **vals)
