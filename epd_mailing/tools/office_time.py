"""The office's time: moments are stored in UTC, people read them and count days in the office's zone.

Every moment here is a naive ``datetime``, as Odoo keeps them; which zone it is in is said by name.
An office without a zone lives in UTC.
"""

from datetime import date, datetime

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
