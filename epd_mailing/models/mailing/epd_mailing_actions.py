from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError

from ...tools import message

# a moment this little past is «now», not a mistake
NOW = timedelta(minutes=1)
# the figures that programs are told
LETTER_COUNTS = (
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


class EpdMailing(models.Model):
    """What a clerk (or a program) does with a mailing. Buttons change states, the cron sends."""

    _inherit = "epd.mailing"

    def _check_user_may(self):
        self.check_access("write")
        return self.sudo()._through_gate()

    def _wake_sender(self, at=None):
        self.env.ref("epd_mailing.ir_cron_send").sudo()._trigger(at=at)

    def _check_account(self):
        """Refuse to send through an account that is not active.

        :raise UserError: saying what to do
        """
        for mailing in self:
            account = mailing.unisender_account_id
            if not account:
                raise UserError(self.env._("Choose the UniSender account to send through."))
            if account.state != "active":
                raise UserError(
                    self.env._(
                        "The UniSender account “%(name)s” is not active. A manager opens it and "
                        "presses “Check Connection”.",
                        name=account.name,
                    )
                )

    def _check_text(self):
        """Refuse a message that is not there or does not work.

        :raise UserError: naming the line of what does not work
        """
        for mailing in self:
            if not mailing.subject or not (mailing.body or "").strip():
                raise UserError(
                    self.env._("Enter the subject and the text, or choose a message template.")
                )
            try:
                message.check_template(mailing.subject, mailing.body, mailing.body_format == "html")
            except message.TemplateError as error:
                raise UserError(self.env["epd.message.template"]._describe(error)) from error

    def _check_complete(self):
        """Refuse to send what is not whole.

        :raise UserError: saying what is missing
        """
        self._check_account()
        self._check_text()
        for mailing in self:
            if not mailing._has_to_send():
                raise UserError(
                    self.env._(
                        "There is no letter to send. Add saved payment documents whose payers "
                        "have an address."
                    )
                )

    def _has_to_send(self):
        return bool(self.pending_count)

    def action_schedule(self, scheduled_at=None):
        """Set when the mailing starts, and hand it to the queue; again to move the date.

        :param scheduled_at: datetime or text ``YYYY-MM-DD HH:MM:SS``, UTC; nothing or a moment
            that has passed means now
        :raise UserError: when the mailing is not whole or has begun
        """
        mailings = self._check_user_may()
        mailings._check_complete()
        now = fields.Datetime.now()
        when = max(fields.Datetime.to_datetime(scheduled_at) or now, now)
        asked = fields.Datetime.to_datetime(scheduled_at)
        for mailing in mailings:
            vals = {"scheduled_at": when, "wait_reason": False, "wait_until": False}
            if mailing.state == "scheduled":
                mailing.write(vals)
            else:
                mailing._move("scheduled", **vals)
            if asked and asked < now - NOW:
                mailing.message_post(
                    body=self.env._("The planned time has passed, so sending begins now.")
                )
        self._wake_sender(when)
        return True

    def action_send(self):
        """«Send»: start as soon as the queue gets to it."""
        return self.action_schedule()

    def action_unschedule(self):
        """Take a scheduled mailing back to draft."""
        self._check_user_may()._move("draft", scheduled_at=False)
        return True

    def action_pause(self):
        """Stop after the letters in flight; what has gone is told."""
        for mailing in self._check_user_may():
            mailing._move(
                "paused",
                wait_reason=self.env._("Paused by %(user)s", user=self.env.user.name),
                wait_until=False,
            )
            mailing.message_post(body=mailing._get_progress_line())
        return True

    def action_resume(self):
        """Go on sending (or waiting for the planned time)."""
        mailings = self._check_user_may()
        mailings._check_account()
        mailings._check_text()
        now = fields.Datetime.now()
        for mailing in mailings:
            early = mailing._must_wait()
            mailing._move(
                "scheduled" if early else "sending",
                wait_reason=False,
                wait_until=False,
                started_at=False if early else mailing.started_at or now,
            )
        self._wake_sender()
        return True

    def _must_wait(self):
        """Tell whether the mailing waits for its planned time."""
        now = fields.Datetime.now()
        return not self.started_at and (self.scheduled_at or now) > now

    def action_cancel(self):
        """Give the mailing up: what has not gone is cancelled, what went is told."""
        for mailing in self._check_user_may():
            mailing._move(
                "cancelled",
                finished_at=fields.Datetime.now(),
                wait_reason=False,
                wait_until=False,
            )
            withdrawn = mailing._withdraw_waiting()
            mailing.message_post(
                body=self.env._(
                    "Cancelled by %(user)s. %(withdrawn)s letters were withdrawn.",
                    user=self.env.user.name,
                    withdrawn=withdrawn,
                )
                + " "
                + mailing._get_progress_line()
            )
        return True

    def _get_progress_line(self):
        """Return one line of what has gone and what has not."""
        self.ensure_one()
        return self.env._(
            "Sent: %(sent)s, refused: %(failed)s, outcome unknown: %(unknown)s, still to go: "
            "%(pending)s.",
            sent=self.sent_count,
            failed=self.failed_count,
            unknown=self.unknown_count,
            pending=self.pending_count,
        )

    def _withdraw_waiting(self):
        """Cancel the letters that have not gone; return how many."""
        self.ensure_one()
        waiting = self.env["epd.mailing.letter"].search(
            [("mailing_id", "=", self.id), ("send_state", "in", ("pending", "claimed"))]
        )
        waiting._withdraw(self.env._("The mailing was cancelled."))
        return len(waiting.filtered(lambda letter: not letter.is_test))

    def action_refresh(self):
        """«Refresh Statistics»: ask UniSender now, and say as of when the figures are."""
        for mailing in self._check_user_may():
            if not mailing.unisender_account_id or mailing.state == "draft":
                continue
            if not mailing._refresh_statuses():
                raise UserError(
                    self.env._(
                        "UniSender could not be asked. The figures are as of %(time)s. Try again "
                        "later.",
                        time=mailing._format_moment(mailing.refreshed_at),
                    )
                )
        return True

    def _format_moment(self, moment):
        """Return a UTC moment in the office's zone, or a dash."""
        if not moment:
            return "—"
        local = fields.Datetime.context_timestamp(
            self.with_context(tz=self.company_id.epd_tz or "UTC"), moment
        )
        return f"{local:%d.%m.%Y %H:%M}"

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
        """Return the figures of the mailing as plain data, for integrations.

        :return: dict of counts, ``reasons`` (state, reason, count) and ``buildings`` (id, name,
            count by state); times are texts in UTC, empty when there is none
        """
        self.ensure_one()
        self.check_access("read")
        letters = self.env["epd.mailing.letter"]
        domain = [("mailing_id", "=", self.id), ("is_test", "=", False)]
        reasons = letters._read_group(
            [*domain, ("failure_type", "!=", False)], ["state", "failure_type"], ["__count"]
        )
        buildings = {}
        for building, state, count in letters._read_group(
            domain, ["building_id", "state"], ["__count"]
        ):
            entry = buildings.setdefault(
                building.id, {"id": building.id, "name": building.name or "", "states": {}}
            )
            entry["states"][state] = count
        return {
            "state": self.state,
            **{name: self[name] for name in LETTER_COUNTS},
            "reasons": [
                {"state": state, "reason": reason, "count": count}
                for state, reason, count in reasons
            ],
            "buildings": list(buildings.values()),
            "wait_reason": self.wait_reason or "",
            "refreshed_at": fields.Datetime.to_string(self.refreshed_at) or "",
        }
