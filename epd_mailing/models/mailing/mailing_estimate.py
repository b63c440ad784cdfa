"""How long a mailing will take, and whether it is in time for the day fixed by law."""

from datetime import datetime, time, timedelta
from math import ceil

from odoo import fields

from ...tools.office_time import QuietHours
from ...tools.sending_time import FREE_RATE, seconds_needed
from .mailing_withdrawal import GIVEN_UP


def describe_seconds(env, seconds):
    """Return a length of time in words, in the language of ``env``."""
    minutes = ceil(seconds / 60)
    if minutes < 2:
        return env._("about a minute")
    if minutes < 120:
        return env._("about %(minutes)s min", minutes=minutes)
    if minutes < 48 * 60:
        return env._("about %(hours)s h", hours=round(minutes / 60))
    return env._("about %(days)s days", days=ceil(minutes / 1440))


class MailingEstimate:
    """The estimate of one mailing at this moment.

    ``eta_text``: time left, or False; ``late_count``: letters that do not go by the present-by
    day; ``late_text``: that in words, with what keeps them, or False.

    :param mailing: ``epd.mailing``
    """

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env
        self.eta_text = self.late_text = False
        self.late_count = 0
        if mailing.pending_count and mailing.state not in ("done", *GIVEN_UP):
            self._estimate(mailing.pending_count)

    def _estimate(self, count):
        now = fields.Datetime.now()
        begin = max(self.mailing.scheduled_at or now, now)
        ahead = self._count_ahead()
        rates = self._get_rates()
        seconds = seconds_needed(count + ahead, *rates)
        quiet, company = self._get_quiet(), self.mailing.company_id
        self.eta_text = describe_seconds(
            self.env, quiet.stretch(company._epd_local_time(begin), seconds)
        )
        deadline = self._get_deadline()
        if deadline:
            free = quiet.count_open(
                company._epd_local_time(begin), company._epd_local_time(deadline)
            )
            room = self._estimate_letters(free, *rates)
            self.late_count = min(count, max(0, count + ahead - room))
            if self.late_count:
                self.late_text = self._describe_lateness(deadline, begin)

    def _get_quiet(self):
        """Return the hours in which letters of this mailing wait."""
        if self.mailing.at_any_hour:
            return QuietHours(0, 0)
        return self.mailing.company_id._epd_quiet_hours_of_day()

    def _describe_lateness(self, deadline, begin):
        """Say that letters come after the present-by day, and what keeps them."""
        day = self.mailing.period_id.present_by
        words = {"late": self.late_count, "day": f"{day:%d.%m.%Y}"}
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
                    ("unisender_account_id", "=", self.mailing.unisender_account_id.id),
                    ("mailing_id", "!=", self.mailing.id or 0),
                    ("mailing_id.state", "=", "sending"),
                    ("send_state", "in", ("pending", "claimed", "sending")),
                ]
            )
        )

    def _get_rates(self):
        """Return (letters a minute, letters a day or 0 for no limit, letters free today)."""
        account = self.mailing.unisender_account_id
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

    @staticmethod
    def _estimate_letters(seconds, per_minute, per_day, today):
        """Return how many letters go out within ``seconds``."""
        if seconds <= 0:
            return 0
        count = int(seconds / 60 * per_minute)
        return min(count, today + int(seconds // 86400) * per_day) if per_day else count

    def _get_deadline(self):
        """Return the end of the present-by day in the office's zone, naive UTC, or nothing."""
        day = self.mailing.period_id.present_by
        if not day:
            return None
        end = datetime.combine(day + timedelta(days=1), time.min)
        return self.mailing.company_id._epd_utc_time(end)
