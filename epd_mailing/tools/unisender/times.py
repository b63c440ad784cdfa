"""Which times of the service can be true: a window around what we know ourselves."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# the service's clock and ours may differ by so much
MARGIN = timedelta(minutes=1)
# an event reaches us within minutes: a time so near to a whole hour off is of another zone
HOUR = timedelta(hours=1)
NEAR = timedelta(minutes=10)
FARTHEST = 14  # hours; no zone is farther from UTC
# a contact's last letter is ours only when it went within the call and this much
AFTER_CALL = timedelta(minutes=2)
BEFORE_CALL = timedelta(seconds=5)


@dataclass(frozen=True)
class Judged:
    """A time reported by the service, judged.

    :param moment: naive UTC: the reported time when it can be true, else when we received it
    :param is_exact: False means «not later than»
    :param offset: whole hours by which the reported time differs from the receipt, 0 for none
    """

    moment: datetime
    is_exact: bool
    offset: int = 0


def judge(
    reported: datetime | None,
    sending: datetime | None,
    received: datetime,
    zone_doubted: bool = False,
) -> Judged:
    """Judge the time of an event: between sending and receipt, a minute about, it can be true.

    :param reported: naive UTC, or None when the service reported nothing readable
    :param sending: naive UTC when the letter's call began, or None when nobody knows
    :param received: naive UTC when we got the event
    :param zone_doubted: other times of the service were whole hours off: hours later such a time may
        lie in the window too, so only one that is near its receipt is believed
    :return: Judged
    """
    if reported is None:
        return Judged(received, False)
    can_be = reported <= received + MARGIN and (sending is None or reported >= sending - MARGIN)
    if can_be and (not zone_doubted or received - reported <= NEAR):
        moment = min(reported, received)
        # nothing arrives before it was sent, whatever the clocks say
        return Judged(max(moment, sending) if sending else moment, True)
    hours = round((reported - received) / HOUR)
    is_zone = 0 < abs(hours) <= FARTHEST and abs(reported - received - hours * HOUR) <= NEAR
    return Judged(received, False, hours if is_zone else 0)


def is_of_call(moment: datetime | None, began: datetime | None, timeout: timedelta) -> bool:
    """Tell whether a contact's last letter is the one of our call.

    :param moment: naive UTC of the contact's last letter, or None
    :param began: naive UTC when the call began, or None
    :param timeout: timedelta after which the call was given up
    """
    if moment is None or began is None:
        return False
    return began - BEFORE_CALL <= moment <= began + timeout + AFTER_CALL
