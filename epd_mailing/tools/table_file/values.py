"""One cell → a number, a date, a month, a word of a list: as people in offices write them."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation

from ..money import MONTHS_RU, MONTHS_RU_GENITIVE

_SPACES = re.compile(r"[\s\u00a0\u202f\u2007\u2009'’]")
_MINUSES = str.maketrans("−–—‒", "----")
_CURRENCY = re.compile(r"(?:руб(?:лей|ля|ль)?\.?|р\.|₽|rub|%)$", re.IGNORECASE)
LARGEST = Decimal(10) ** 15


class Formula(str):
    """A formula of which the file does not hold the value: «=C2*D2»."""

    __slots__ = ()


_AS_TEXT = re.compile(r'="([^"]*)"')  # how people make Excel leave zeros alone in a CSV file


def clean_text(value: object) -> str:
    """Return a cell as text: no outer spaces, whole numbers without «.0», nothing as ''."""
    if value is None:
        return ""
    if type(value) is str:
        if value.startswith("=") and (match := _AS_TEXT.fullmatch(value)):
            value = match[1]
        # one space between words, whatever stood there
        return " ".join(value.split()) if not value.isalnum() else value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 10**15:
            return str(int(value))
        return repr(value)
    if isinstance(value, datetime):
        return f"{value:%d.%m.%Y}" if value.time() == time() else f"{value:%d.%m.%Y %H:%M:%S}"
    if isinstance(value, date):
        return f"{value:%d.%m.%Y}"
    return " ".join(str(value).split())


def parse_number(value: object, decimal: str = "") -> Decimal | None:
    """Return a cell as Decimal, or None when it is empty.

    Understands «1 234,56», «1.234,56», «1,234.56», «−5», «5-», «(5)», «12,50 руб.», and a binary
    float by its shortest text, cut to 12 significant decimals (Excel's 114.60000000000001).

    :param decimal: ``,`` or ``.``: how the file writes decimals; empty: by the number itself
    :raise ValueError: when it is no number, or too large to be one of ours
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool | date | time | timedelta):
        raise ValueError(value)
    if isinstance(value, int | float | Decimal):
        number = Decimal(str(round(value, 9) if isinstance(value, float) else value))
    else:
        text = _normalize_number(str(value), decimal)
        if text == "":
            return None
        try:
            number = Decimal(text)
        except InvalidOperation as error:
            raise ValueError(value) from error
    if not number.is_finite() or abs(number) >= LARGEST:
        raise ValueError(value)
    return number


def _normalize_number(text: str, decimal: str) -> str:
    """Return the text as «-1234.56», or as something that is no number."""
    text = _CURRENCY.sub("", _SPACES.sub("", text.strip()).translate(_MINUSES))
    if text in ("", "-"):  # a dash stands for nothing
        return ""
    if re.fullmatch(r"\(.+\)", text):
        text = "-" + text[1:-1]
    elif text.endswith("-"):
        text = "-" + text[:-1]
    if not re.fullmatch(r"[-+]?[0-9][0-9.,]*|[-+]?[.,][0-9]+", text):
        return "no number"
    if not decimal:
        comma, dot = text.rfind(","), text.rfind(".")
        # the last of both is the decimal one; one that comes twice divides thousands
        decimal = "," if comma > dot else "."
        if min(comma, dot) < 0 and text.count(decimal) > 1:
            decimal = "." if decimal == "," else ","
    other = "." if decimal == "," else ","
    whole, _mark, fraction = text.partition(decimal)
    if other in whole and not re.fullmatch(
        r"[-+]?\d{1,3}(?:" + re.escape(other) + r"\d{3})+", whole
    ):
        return "no number"
    if other in fraction or decimal in fraction:
        return "no number"
    return whole.replace(other, "") + ("." + fraction if fraction else "")


def parse_date(value: object) -> date | None:
    """Return a cell as a date, or None when it is empty.

    :raise ValueError: when it is none, or outside 1900–2100
    """
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        found: date | None = value.date()
    elif isinstance(value, date):
        found = value
    else:
        found = _parse_date_text(clean_text(value))
    if found is None:
        return None
    if not 1900 <= found.year <= 2100:
        raise ValueError(value)
    return found


def _parse_date_text(text: str) -> date | None:
    text = re.sub(r"[ T]\d{1,2}:\d{2}(:\d{2})?(\.\d+)?$", "", text).removesuffix("г.").strip()
    if text in ("", "-", "—"):
        return None
    match = re.fullmatch(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})", text)
    if match:
        day, month, year = (int(part) for part in match.groups())
        return date(year + 2000 if year < 100 else year, month, day)
    match = re.fullmatch(r"(\d{4})[./-](\d{1,2})[./-](\d{1,2})", text)
    if match:
        year, month, day = (int(part) for part in match.groups())
        return date(year, month, day)
    raise ValueError(text)


def parse_month(value: object) -> date | None:
    """Return the first day of the month that a cell names («03.2026», «март 2026», a date), or None.

    :raise ValueError: when it names none
    """
    if isinstance(value, date):
        found = parse_date(value)
        return found and found.replace(day=1)
    text = clean_text(value).lower().removesuffix("г.").removesuffix("года").strip()
    if not text:
        return None
    match = re.fullmatch(r"(\d{1,2})[./\-_ ](\d{4})", text)
    if match:
        return date(int(match[2]), int(match[1]), 1)
    match = re.fullmatch(r"(\d{4})[./\-_ ]?(\d{2})", text)
    if match:
        return date(int(match[1]), int(match[2]), 1)
    match = re.fullmatch(r"([а-я]+),? (\d{4})", text)
    if match:
        for names in (MONTHS_RU, MONTHS_RU_GENITIVE):
            if match[1] in names:
                return date(int(match[2]), names.index(match[1]) + 1, 1)
    found = parse_date(text)
    return found and found.replace(day=1)


def parse_choice(value: object, options: Mapping[str, Iterable[str]]) -> str | None:
    """Return the key of ``options`` (``{key: words}``) that a cell names, or None when empty.

    :raise ValueError: when it names none
    """
    text = clean_text(value).casefold()
    if not text:
        return None
    for key, words in options.items():
        if text == key.casefold() or text in (word.casefold() for word in words):
            return key
    raise ValueError(value)
