import logging
from datetime import timedelta

from odoo import api, fields, models

from ..tools.unisender import errors, statuses
from ..tools.unisender.client import STATUS_BATCH

_logger = logging.getLogger(__name__)

# the vendor forgets a letter after about a month
KEPT = timedelta(days=30)
# minutes until the next look, by the number of looks so far
INTERVALS = (2, 5, 15, 30, 60, 180, 360, 720, 1440)
BATCHES_A_PASS = 40


class EpdMailing(models.Model):
    """Statistics by polling: a fact seen so has a «not later than» time."""

    _inherit = "epd.mailing"

    @api.model
    def _cron_refresh(self):
        """Ask the statuses of all letters whose time has come, in batches of 500."""
        letters = self.env["epd.mailing.letter"]
        domain = [("next_poll_at", "<=", fields.Datetime.now()), ("provider_id", "!=", False)]
        for account in self.env["epd.unisender.account"].search([("state", "=", "active")]):
            for _batch in range(BATCHES_A_PASS):
                due = letters.search(
                    [*domain, ("unisender_account_id", "=", account.id)],
                    order="next_poll_at",
                    limit=STATUS_BATCH,
                )
                if not due or not self._poll(account, due):
                    break
                # each batch stands by itself
                self.env["ir.cron"]._commit_progress(len(due))
        self.env["ir.cron"]._commit_progress(remaining=0)

    def _refresh_statuses(self):
        """Ask now for the letters of this mailing whose story is not at its end."""
        self.ensure_one()
        since = fields.Datetime.now() - KEPT
        letters = self.letter_ids.filtered(
            lambda letter: letter.provider_id and letter.next_poll_at and letter.sent_at > since
        )
        for start in range(0, len(letters), STATUS_BATCH):
            if not self._poll(self.unisender_account_id, letters[start : start + STATUS_BATCH]):
                return
        self._through_gate().write({"refreshed_at": fields.Datetime.now()})

    @api.model
    def _poll(self, account, letters):
        """Ask one batch and apply the answer.

        :return: False when the service could not be asked
        """
        try:
            answer = account._get_client().check_email(letters.mapped("provider_id"))
        except errors.UniSenderError as error:
            _logger.warning("Statuses cannot be asked: %s", error.code)
            account._through_gate().write({"last_error": account._describe_error(error)})
            return False
        now = fields.Datetime.now()
        facts = [
            (letter, answer.statuses[letter.provider_id], now, "poll")
            for letter in letters
            if letter.provider_id in answer.statuses
        ]
        letters._apply_statuses(facts)
        for letter in letters._through_gate():
            letter.write(letter._next_poll_vals(now))
        mailings = letters.mailing_id._through_gate()
        mailings.write({"refreshed_at": now})
        return True


class EpdMailingLetter(models.Model):
    """What the service says → dated facts. One function for polling, webhook and contact."""

    _inherit = "epd.mailing.letter"

    _FACTS = {
        "delivered": ("delivered",),
        "opened": ("delivered", "opened"),
        "clicked": ("delivered", "opened", "clicked"),
    }

    def _next_poll_vals(self, now):
        final = statuses.get_status(self.raw_status or "").final
        over = self.sent_at and self.sent_at + KEPT < now
        if final or over:
            return {"next_poll_at": False, "poll_count": self.poll_count + 1}
        minutes = INTERVALS[min(self.poll_count, len(INTERVALS) - 1)]
        return {
            "next_poll_at": now + timedelta(minutes=minutes),
            "poll_count": self.poll_count + 1,
        }

    @api.model
    def _apply_statuses(self, facts):
        """Apply what the service said; repeated, late and unordered facts do no harm.

        :param facts: list of ``(letter, raw status, moment (naive UTC), source)`` with source
            ``webhook`` (exact), ``contact`` (exact) or ``poll`` (not later than)
        """
        events = []
        for letter, raw, moment, source in facts:
            status = statuses.get_status(raw)
            if source == "poll" and raw == letter.raw_status:
                continue
            vals = letter._fact_vals(status, raw, moment, source)
            if vals:
                letter._through_gate().write(vals)
            if source != "webhook":  # the controller keeps its own events
                events.append(letter._event_vals(raw, moment, source))
            letter._react(status, raw)
        self.env["epd.letter.event"].sudo().create(events)

    def _event_vals(self, raw, moment, source):
        return {
            "letter_id": self.id,
            "company_id": self.company_id.id,
            "unisender_account_id": self.unisender_account_id.id,
            "provider_id": self.provider_id,
            "letter_key": self.letter_key,
            "email": self.email,
            "raw_status": raw,
            "event_at": moment,
            "source": source,
        }

    def _fact_vals(self, status, raw, moment, source):
        """Return what to write for a status; empty when it says nothing new."""
        vals = {}
        known = statuses.get_status(self.raw_status or "not_sent")
        if not self.raw_status or status.rank >= known.rank or status.kind == "failed":
            vals["raw_status"] = raw
        if status.kind in self._FACTS or status.kind in ("unsubscribed", "spam", "complained"):
            for name in self._FACTS.get(status.kind, ("delivered",)):
                vals |= self._dated(name, moment, source)
            vals["is_deferred"] = False
        if status.kind in ("spam", "complained", "unsubscribed"):
            vals[f"{status.kind}_at"] = self[f"{status.kind}_at"] or moment
        if status.kind == "deferred" and not self.delivered_at:
            vals["is_deferred"] = True
        if status.kind == "failed" and status.final:
            vals |= self._dated("bounced", moment, source)
            if not self.delivered_at:
                reason = self.env["epd.mailing"]._reason(status.failure_type)
                vals |= {**reason, "is_deferred": False}
                vals["failure_reason"] = f"{reason['failure_reason']} ({raw})"
        return vals

    def _dated(self, name, moment, source):
        """Return the fact with its time: an exact one replaces an estimate, the earlier wins."""
        known, origin = self[f"{name}_at"], self[f"{name}_source"]
        exact = source != "poll"
        if known and (origin != "poll" or not exact) and known <= moment:
            return {}
        if known and origin != "poll" and not exact:
            return {}
        return {f"{name}_at": moment, f"{name}_source": source}

    def _react(self, status, raw):
        """Close the address that does not work or does not want letters any more."""
        if self.is_test or not self.address_id:
            return
        if status.kind in ("unsubscribed", "complained") or status.failure_type == "unsubscribed":
            self.address_id._lose("unsubscribed", raw)
        elif (
            status.kind == "failed"
            and status.final
            and status.failure_type in statuses.ADDRESS_DEAD
            and not self.delivered_at
        ):
            self.address_id._lose("bounced", raw)
