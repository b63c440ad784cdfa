"""How long letters take within the limits of a service, and which of its two products fits an office."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

# letters a minute where the service names no limit: four calls at once, a third of a second each; our reckoning
FREE_RATE = 750
# the classic method of a new account
# https://www.unisender.com/ru/support/api/partners/sendemail/, seen 2026-11
CLASSIC_PER_MINUTE, CLASSIC_PER_DAY = 60, 1000
LONGEST_DAYS = 2  # of sending: a bill has to be there by a day fixed by law


def seconds_needed(
    count: int, per_minute: int, per_day: int = 0, today: int | None = None
) -> float:
    """Return the seconds that letters need.

    :param count: letters
    :param per_minute: limit of a minute, 0 for none
    :param per_day: limit of a day, 0 for none
    :param today: letters still free today; all of a day without it
    """
    seconds = count * 60 / (per_minute or FREE_RATE)
    free = per_day if today is None else today
    if not per_day or count <= free:
        return seconds
    return max(seconds, ceil((count - free) / per_day) * 86400)


@dataclass(frozen=True)
class Choice:
    """Which product fits so many letters a month.

    ``classic_days``, ``go_days``: calendar days of sending, 0 where it takes less than one;
    ``classic_minutes``, ``go_minutes``: minutes, where it takes less than a day; ``fits``: ``classic`` or ``go``.
    """

    letters: int
    classic_days: int
    classic_minutes: int
    go_minutes: int
    go_days: int
    fits: str

    def get_end(self, start: date, kind: str) -> date:
        """Return the day of the last letter when the first goes on ``start``."""
        days = self.classic_days if kind == "classic" else self.go_days
        try:
            return start + timedelta(days=max(days, 1) - 1)
        except OverflowError:  # a slip of the hand: no calendar goes so far
            return date.max


def choose(
    letters: int, per_minute: int = CLASSIC_PER_MINUTE, per_day: int = CLASSIC_PER_DAY
) -> Choice:
    """Return what so many letters a month mean by each product.

    :param per_minute: limits of the office's classic account, 0 for none
    """
    days = ceil(letters / per_day) if per_day else 0
    seconds = seconds_needed(letters, per_minute)
    days = max(days, ceil(seconds / 86400))
    free = seconds_needed(letters, 0)
    return Choice(
        letters=letters,
        classic_days=days if days > 1 else 0,
        classic_minutes=max(1, int(seconds // 60)),
        go_minutes=max(1, int(free // 60)),
        go_days=ceil(free / 86400) if free > 86400 else 0,
        fits="classic" if days <= LONGEST_DAYS else "go",
    )
