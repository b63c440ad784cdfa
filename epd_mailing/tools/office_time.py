"""The office's time: moments are stored in UTC, people read them and count days in the office's zone.

Every moment here is a naive ``datetime``, as Odoo keeps them; which zone it is in is said by name.
An office without a zone lives in UTC.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytz

UTC = "UTC"


def to_local(moment: datetime, zone: str | None) -> datetime:
    """Return a moment of UTC as the office's clock shows it.

    :param moment: naive, UTC
    :param zone: name of the office's zone, e.g. ``Asia/Yekaterinburg``; nothing means UTC
    :return: naive, local
    """
    local: datetime = pytz.utc.localize(moment).astimezone(pytz.timezone(zone or UTC))
    return local.replace(tzinfo=None)


def to_utc(local: datetime, zone: str | None) -> datetime:
    """Return what the office's clock shows as a moment of UTC.

    An hour that comes twice (clocks set back) is its second one; one that never comes (clocks set
    forward) is read by the time before the change.

    :param local: naive, by the clock of the office
    :param zone: name of the office's zone; nothing means UTC
    :return: naive, UTC
    """
    moment: datetime = pytz.timezone(zone or UTC).localize(local, is_dst=False)
    return moment.astimezone(pytz.utc).replace(tzinfo=None)


def day_of(moment: datetime, zone: str | None) -> date:
    """Return the office's calendar day of a moment of UTC."""
    return to_local(moment, zone).date()


@dataclass(frozen=True)
class QuietHours:
    """Hours of the day in which an office writes to nobody, by its own clock.

    :param start: hour of the day from 0 to 24, with its fraction: 21.5 is half past nine
    :param end: likewise; before ``start`` the quiet goes on over midnight, equal to it there is none
    """

    start: float
    end: float

    def __bool__(self) -> bool:
        return self.start % 24 != self.end % 24

    def get_end(self, local: datetime) -> datetime:
        """Return the first moment from ``local`` on that is not quiet (naive, local)."""
        start, end = self._at(local, self.start), self._at(local, self.end)
        if not self:
            return local
        if start < end:
            return end if start <= local < end else local
        if local >= start:
            return end + timedelta(days=1)
        return end if local < end else local

    def count_open(self, begin: datetime, end: datetime) -> float:
        """Return the seconds between two local moments that are not quiet."""
        if not self:
            return max(0.0, (end - begin).total_seconds())
        seconds = 0.0
        at = self.get_end(begin)
        while at < end:
            # the quiet that begins next: today or tomorrow
            pause = self._at(at, self.start)
            if pause <= at:
                pause += timedelta(days=1)
            seconds += (min(pause, end) - at).total_seconds()
            at = self.get_end(pause)
        return seconds

    def stretch(self, begin: datetime, seconds: float) -> float:
        """Return how long work of ``seconds`` takes from a local moment, the quiet ones among them."""
        if not self:
            return seconds
        open_hours = (self.start - self.end) % 24
        days, rest = divmod(seconds, open_hours * 3600)
        at = self.get_end(begin + timedelta(days=days))
        while rest > 0:
            pause = self._at(at, self.start)
            if pause <= at:
                pause += timedelta(days=1)
            step = min(rest, (pause - at).total_seconds())
            at, rest = at + timedelta(seconds=step), rest - step
            if rest > 0:
                at = self.get_end(at)
        return (at - begin).total_seconds()

    @staticmethod
    def _at(local: datetime, hours: float) -> datetime:
        day = local.replace(hour=0, minute=0, second=0, microsecond=0)
        return day + timedelta(minutes=round((hours % 24) * 60))
