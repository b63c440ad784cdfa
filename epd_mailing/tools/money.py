"""Decimal money and Russian number formats: no Odoo, no float arithmetic."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

NBSP = "\u00a0"
MINUS = "\u2212"
MONTHS_RU = (
    "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь"
).split()
MONTHS_RU_GENITIVE = (
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"
).split()
# 1, 0.1, 0.01 …: where a million figures are read, making them anew is a tenth of the work
_QUANTA = [Decimal(1).scaleb(-places) for places in range(11)]


def to_decimal(value, places=2):
    """Return ``value`` as a Decimal with ``places`` decimals, rounded half-up.

    :param value: roubles (or any quantity) as float, int, str, Decimal, None or False (both 0).
        A float is read by its shortest text, so 0.285 is 0.285 and rounds to 0.29.
    :raise decimal.InvalidOperation: when a text is not a number
    """
    quantum = _QUANTA[places] if 0 <= places < len(_QUANTA) else Decimal(1).scaleb(-places)
    if not value:
        return quantum * 0
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    return number.quantize(quantum, rounding=ROUND_HALF_UP)


def kopecks(value):
    """Return roubles ``value`` as whole kopecks (int)."""
    return int(to_decimal(value) * 100)


def _group(digits):
    parts = []
    while len(digits) > 3:
        parts.insert(0, digits[-3:])
        digits = digits[:-3]
    return NBSP.join([digits, *parts])


def _format(number):
    sign = MINUS if number < 0 else ""
    whole, _dot, fraction = f"{abs(number):f}".partition(".")
    return sign + _group(whole) + ("," + fraction if fraction else "")


def format_money(value):
    """Return roubles as «1 234,56» with non-breaking spaces and a true minus."""
    return _format(to_decimal(value))


def format_number(value, max_places=4):
    """Return a quantity as «1 234,5», at most ``max_places`` decimals, no trailing zeros."""
    number = to_decimal(value, max_places).normalize()
    if number.as_tuple().exponent > 0:
        number = number.quantize(Decimal(1))
    return _format(number)


def format_tariff(value):
    """Return a tariff, roubles a unit: at least 2 decimals, up to 6."""
    number = to_decimal(value, 6).normalize()
    if number.as_tuple().exponent > -2:
        number = number.quantize(Decimal("0.01"))
    return _format(number)


def _as_date(value):
    return date.fromisoformat(value) if isinstance(value, str) else value


def format_date(value):
    """Return a date (or its ISO text) as «05.04.2026»; nothing as an empty text."""
    return f"{_as_date(value):%d.%m.%Y}" if value else ""


def month_name(value):
    """Return the month of a date (or its ISO text) as «март 2026»."""
    day = _as_date(value)
    return f"{MONTHS_RU[day.month - 1]} {day.year}"


def month_name_genitive(value):
    """Return the month of a date (or its ISO text) as «марта 2026»."""
    day = _as_date(value)
    return f"{MONTHS_RU_GENITIVE[day.month - 1]} {day.year}"


def long_date(value):
    """Return a date (or its ISO text) as «15 апреля 2026»."""
    day = _as_date(value)
    return f"{day.day} {MONTHS_RU_GENITIVE[day.month - 1]} {day.year}"
