from datetime import datetime, time, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from odoo import api, fields, models

FREE_RATE = 1200  # letters a minute when the account has no limit; bound by the service's answers


class EpdMailing(models.Model):
    """How long a mailing will take, and whether it is in time for the day fixed by law."""

    _inherit = "epd.mailing"

    eta_text = fields.Char(string="Time Left", compute="_compute_estimate")
    late_count = fields.Integer(
        string="Late Letters",
        compute="_compute_estimate",
        help="Letters that the limits of the UniSender account do not let out by the present-by "
        "day of the billing period.",
    )
    late_text = fields.Char(compute="_compute_estimate")

    @api.depends("letter_ids.state", "state", "scheduled_at", "unisender_account_id", "period_id")
    def _compute_estimate(self):
        now = fields.Datetime.now()
        for mailing in self:
            mailing.eta_text = mailing.late_text = False
            mailing.late_count = 0
            count = mailing.pending_count
            if not count or mailing.state in ("done", "cancelled"):
                continue
            begin = max(mailing.scheduled_at or now, now)
            ahead = mailing._count_ahead()
            left = mailing._estimate_seconds(count + ahead)
            mailing.eta_text = mailing._describe_seconds(left)
            deadline = mailing._get_deadline()
            if deadline:
                room = mailing._estimate_letters((deadline - begin).total_seconds())
                late = min(count, max(0, count + ahead - room))
                mailing.late_count = late
                mailing.late_text = late and mailing._describe_lateness(late, deadline, begin)

    def _describe_lateness(self, late, deadline, begin):
        """Say that letters come after the present-by day, and what keeps them."""
        words = {"late": late, "day": f"{self.period_id.present_by:%d.%m.%Y}"}
        if deadline <= fields.Datetime.now():
            return self.env._(
                "The present-by day %(day)s has passed: letters late: %(late)s.", **words
            )
        if begin >= deadline:
            return self.env._(
                "The mailing is planned after the present-by day %(day)s: letters late: %(late)s.",
                **words,
            )
        return self.env._(
            "%(late)s letters will not be in time for %(day)s: the limits of the UniSender account "
            "do not let them out earlier.",
            **words,
        )

    def _count_ahead(self):
        """Return how many letters of other mailings share the account's limits now."""
        return (
            self.env["epd.mailing.letter"]
            .sudo()
            .search_count(
                [
                    ("unisender_account_id", "=", self.unisender_account_id.id),
                    ("mailing_id", "!=", self.id or 0),
                    ("mailing_id.state", "=", "sending"),
                    ("send_state", "in", ("pending", "claimed", "sending")),
                ]
            )
        )

    def _get_rates(self):
        """Return (letters a minute, letters a day or 0 for no limit, letters free today)."""
        account = self.unisender_account_id
        per_minute, per_day = account.limit_per_minute or FREE_RATE, account.limit_per_day
        if not per_day:
            return per_minute, 0, 0
        since = fields.Datetime.now() - timedelta(days=1)
        taken = (
            self.env["epd.mailing.letter"]
            .sudo()
            .search_count(
                [("unisender_account_id", "=", account.id), ("sending_at", ">", since)],
                limit=per_day,
            )
        )
        return per_minute, per_day, per_day - taken

    def _estimate_seconds(self, count):
        """Return the seconds that ``count`` letters need within the limits of the account."""
        per_minute, per_day, today = self._get_rates()
        seconds = count * 60 / per_minute
        if not per_day or count <= today:
            return seconds
        days = ceil((count - today) / per_day)
        return max(seconds, days * 86400)

    def _estimate_letters(self, seconds):
        """Return how many letters go out within ``seconds``."""
        if seconds <= 0:
            return 0
        per_minute, per_day, today = self._get_rates()
        count = int(seconds / 60 * per_minute)
        return min(count, today + int(seconds // 86400) * per_day) if per_day else count

    def _get_deadline(self):
        """Return the end of the present-by day in the office's zone, naive UTC, or nothing."""
        day = self.period_id.present_by
        if not day:
            return None
        zone = ZoneInfo(self.company_id.epd_tz or "UTC")
        end = datetime.combine(day + timedelta(days=1), time.min, zone)
        return end.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)

    def _describe_seconds(self, seconds):
        minutes = ceil(seconds / 60)
        if minutes < 2:
            return self.env._("about a minute")
        if minutes < 120:
            return self.env._("about %(minutes)s min", minutes=minutes)
        if minutes < 48 * 60:
            return self.env._("about %(hours)s h", hours=round(minutes / 60))
        return self.env._("about %(days)s days", days=ceil(minutes / 1440))
