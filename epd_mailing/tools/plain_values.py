"""Values that programs send: decimal texts and ISO days, read strictly."""

import re
from datetime import date
from decimal import Decimal

_DECIMAL = re.compile(r"-?\d{1,14}(\.\d{1,10})?")


class PlainValueError(ValueError):
    """A value that cannot be taken; ``code`` is ``not_a_decimal``, ``too_precise`` or ``not_a_day``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_decimal(value: object, places: int) -> Decimal:
    """Return a decimal text as a Decimal of at most ``places`` decimals; nothing is rounded.

    :param value: text such as ``-118.40``; an empty one is 0. Numbers are rejected: a float has
        lost its digits before it comes here
    :raise PlainValueError: when it is no such text, or has more decimals than are kept
    """
    if value == "":
        return Decimal(0)
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise PlainValueError("not_a_decimal")
    number = Decimal(value)
    if number != round(number, places):
        raise PlainValueError("too_precise")
    return number


def read_day(value: object) -> date | None:
    """Return an ISO day (``2026-03-31``) as a date, an empty text as None.

    :raise PlainValueError: when it is no such day
    """
    if value == "":
        return None
    try:
        if not isinstance(value, str) or len(value) != 10:
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        raise PlainValueError("not_a_day") from None
