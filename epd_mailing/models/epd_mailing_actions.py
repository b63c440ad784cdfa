from odoo import fields, models
from odoo.exceptions import UserError

from ..tools import message


class EpdMailing(models.Model):
    """What a clerk (or a program) does with a mailing. Buttons change states, the cron sends."""

    _inherit = "epd.mailing"

    def _check_user_may(self):
        self.check_access("write")
        return self.sudo()._through_gate()

    def _check_complete(self):
        """Refuse to send what is not whole.

        :raise UserError: saying what is missing
        """
        for mailing in self:
            if not mailing.unisender_account_id:
                raise UserError(self.env._("Choose the UniSender account to send through."))
            if not mailing.subject or not (mailing.body or "").strip():
                raise UserError(
                    self.env._("Enter the subject and the text, or choose a message template.")
                )
            if mailing.unisender_account_id.state != "active":
                raise UserError(
                    self.env._(
                        "The UniSender account “%(name)s” is not active. A manager opens it and "
                        "presses “Check Connection”.",
                        name=mailing.unisender_account_id.name,
                    )
                )
            if not mailing.pending_count:
                raise UserError(
                    self.env._(
                        "There is no letter to send. Add saved payment documents whose payers "
                        "have an address."
                    )
                )
            mailing._check_message()

    def _check_message(self):
        self.ensure_one()
        try:
            message.check_template(self.subject, self.body, self.body_format == "html")
        except message.TemplateError as error:
            raise UserError(self.env["epd.message.template"]._describe(error)) from error

    def action_schedule(self, scheduled_at=None):
        """Set when the mailing starts, and hand it to the queue.

        :param scheduled_at: datetime or text ``YYYY-MM-DD HH:MM:SS``, UTC; nothing or a moment
            that has passed means now
        """
        mailings = self._check_user_may()
        self._check_complete()
        now = fields.Datetime.now()
        when = fields.Datetime.to_datetime(scheduled_at) or now
        for mailing in mailings:
            mailing._move("scheduled", scheduled_at=max(when, now), wait_reason=False)
            waiting = mailing.letter_ids.filtered(lambda letter: letter.send_state == "pending")
            waiting.write({"unisender_account_id": mailing.unisender_account_id.id})
            if scheduled_at and when < now:
                mailing.message_post(
                    body=self.env._("The planned time has passed, so sending begins now.")
                )
        self.env.ref("epd_mailing.ir_cron_send").sudo()._trigger(at=max(when, now))
        return True

    def action_send(self):
        """«Send»: start as soon as the queue gets to it."""
        return self.action_schedule()

    def action_unschedule(self):
        """Take a scheduled mailing back to draft."""
        self._check_user_may()._move("draft", scheduled_at=False)
        return True

    def action_pause(self):
        """Stop after the letters in flight."""
        self._check_user_may()._move(
            "paused", wait_reason=self.env._("Paused by %(user)s", user=self.env.user.name)
        )
        return True

    def action_resume(self):
        """Go on sending."""
        mailings = self._check_user_may()
        self._check_complete()
        mailings._move("sending", wait_reason=False, wait_until=False)
        self.env.ref("epd_mailing.ir_cron_send").sudo()._trigger()
        return True

    def action_cancel(self):
        """Give the mailing up: what has not gone is cancelled, what went is told."""
        for mailing in self._check_user_may():
            waiting = mailing.letter_ids.filtered(
                lambda letter: letter.send_state in ("pending", "claimed")
            )
            waiting._through_gate()._move(
                "cancelled", **mailing._reason("withdrawn"), lease_until=False
            )
            mailing._move("cancelled", finished_at=fields.Datetime.now())
            mailing.message_post(
                body=self.env._(
                    "Cancelled. %(sent)s letters had gone, %(left)s were withdrawn.",
                    sent=mailing.sent_count,
                    left=len(waiting),
                )
            )
        return True

    def action_refresh(self):
        """«Refresh Statistics»: ask UniSender now, and say as of when the figures are."""
        mailings = self._check_user_may()
        for mailing in mailings:
            mailing._refresh_statuses()
        return True

    def action_open_letters(self):
        """Open the letters of the states in the context (all without one)."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "epd_mailing.epd_mailing_letter_action"
        )
        domain = [("mailing_id", "=", self.id), ("is_test", "=", False)]
        states = self.env.context.get("letter_states")
        if states:
            domain.append(("state", "in", states))
        return {**action, "domain": domain, "context": {}}

    def get_statistics(self):
        """Return the figures of the mailing as plain data, for integrations."""
        self.ensure_one()
        self.check_access("read")
        names = (
            "letter_count",
            "pending_count",
            "sent_count",
            "delivered_count",
            "opened_count",
            "read_count",
            "failed_count",
            "skipped_count",
            "unknown_count",
        )
        reasons = self.env["epd.mailing.letter"]._read_group(
            [
                ("mailing_id", "=", self.id),
                ("is_test", "=", False),
                ("failure_type", "!=", False),
            ],
            ["state", "failure_type"],
            ["__count"],
        )
        return {
            "state": self.state,
            **{name: self[name] for name in names},
            "reasons": [
                {"state": state, "reason": reason, "count": count}
                for state, reason, count in reasons
            ],
            "refreshed_at": fields.Datetime.to_string(self.refreshed_at) or "",
        }
