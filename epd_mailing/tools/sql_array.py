"""Many values as the text of one PostgreSQL array: neither side handles a constant for each of them.

https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO, seen 2026-11-26
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from types import NoneType


def to_array(values: Sequence[object]) -> str | list[object]:
    """Return values as the text of an array, to be cast to the column's type (``%s::varchar[]``).

    :param values: texts, numbers, booleans, dates, naive datetimes, None
    :return: the text; a list of the same values when there is one of another type, for the driver
    """
    kinds = set(map(type, values))
    if kinds == {str}:
        text = '","'.join(values)  # type: ignore[arg-type]
        if "\\" not in text and text.count('"') == 2 * (len(values) - 1):
            return f'{{"{text}"}}'  # nothing to escape: five times quicker
    if kinds <= {datetime, NoneType} and not any(
        isinstance(value, datetime) and value.tzinfo for value in values
    ):
        # as quick; each has as many characters
        parts = ["NULL" if value is None else f'"{value}"' for value in values]
        return f"{{{','.join(parts)}}}"
    parts = []
    for value in values:
        if value is None:
            parts.append("NULL")
        elif isinstance(value, str):
            parts.append(f'"{_escape(value)}"')
        elif isinstance(value, bool):
            parts.append("t" if value else "f")
        elif isinstance(value, (int, float, Decimal)):
            parts.append(str(value))
        elif isinstance(value, datetime) and value.tzinfo is None:
            parts.append(f'"{value.isoformat(" ")}"')
        elif isinstance(value, date) and not isinstance(value, datetime):
            parts.append(value.isoformat())
        else:
            return list(values)
    return f"{{{','.join(parts)}}}"


def _escape(text: str) -> str:
    # by the plain method: a Markup's own would look for the quote as HTML writes it, and find none
    return str.replace(str.replace(text, "\\", "\\\\"), '"', '\\"')
