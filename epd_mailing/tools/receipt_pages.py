"""Rows of a receipt → pages, by estimated height.

wkhtmltopdf on unpatched Qt neither repeats a table's head nor keeps rows whole, so the pages are laid
out here. Heights are millimetres on paper, measured on the rendered template; both sets of metrics
belong to a style of ``reports/receipt_templates.xml`` (``normal`` and ``tight``).
"""

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

PAGE_MM = 272.5
CONTINUED_MM = 7.0
FOOT_LINE_MM = 2.9
# millimetres of one character of a table row, average of Russian text
CHAR_MM = 1.5

# a row or a part of a page, as the template takes it
Row = dict[str, Any]
Page = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Metrics:
    """Heights of a style, millimetres; ``text_chars``: characters of a paragraph's line."""

    line: float
    padding: float
    group: float
    title: float
    head: float
    text_chars: int


NORMAL = Metrics(line=3.25, padding=1.45, group=4.9, title=7.3, head=4.4, text_chars=124)
TIGHT = Metrics(line=2.85, padding=0.7, group=4.0, title=5.8, head=3.9, text_chars=134)


def count_lines(text: str, width_mm: float) -> int:
    """Return how many lines a table cell of this width needs for the text (at least 1)."""
    chars = max(4, int(width_mm / CHAR_MM))
    return max(1, sum(len(textwrap.wrap(part, chars)) or 1 for part in text.split("\n")))


# letters beside the average of Russian text: of capitals «Ш» is the widest
_WIDE = frozenset("ЖМФШЩЫЮWM@%")


def _weigh(word: str) -> float:
    """Return the width of a word in average letters."""
    weight = 0.0
    for sign in word:
        weight += (0.35 if sign.upper() in _WIDE else 0) + (0.3 if sign.isupper() else 0) + 1
    return weight


def count_wrapped(text: str, chars: int) -> int:
    """Return how many lines of ``chars`` average letters a text takes (0: it is empty).

    A line ends between words; a word that is longer breaks.
    """
    chars = max(chars, 4)  # a place too narrow for words still holds some letters
    lines, used = 0, 0.0
    for word in text.split():
        weight = _weigh(word)
        if lines and used + 1 + weight <= chars:
            used += 1 + weight
            continue
        broken = int(weight // chars) if weight > chars else 0
        lines += 1 + broken
        used = weight - broken * chars
    return lines


def lay_out(
    rows: Iterable[Row], used_mm: float, foot_lines: int = 1, spare: float = 0.0
) -> tuple[list[Page], bool]:
    """Lay rows out on pages, close together when that saves the second page.

    :param rows: list of dicts with ``table``, ``kind`` and ``lines`` (text lines of the row) or
        ``text`` (a paragraph); ``head_lines`` of a table's head on its first row
    :param used_mm: height of what stands above the tables on the first page
    :param foot_lines: text lines of the foot of each page
    :param spare: part of each page (0 to 1) that stays free
    :return: (pages, tight); a page is a list of ``{"table", "rows", "continued"}``
    """
    rows = list(rows)
    page_mm = (PAGE_MM - (foot_lines - 1) * FOOT_LINE_MM) * (1 - spare)
    pages = _paginate(rows, page_mm, used_mm, NORMAL)
    if len(pages) > 1:
        closer = _paginate(rows, page_mm, used_mm, TIGHT)
        if len(closer) < len(pages):
            return closer, True
    return pages, False


def _height(row: Row, metrics: Metrics) -> float:
    if row["kind"] in ("group", "total", "grand"):
        return float(metrics.group + (row["lines"] - 1) * metrics.line)
    if row["kind"] == "text":
        parts = row["text"].split("\n")
        lines = sum(len(textwrap.wrap(part, metrics.text_chars)) or 1 for part in parts)
        return lines * metrics.line + 0.9
    return float(row["lines"] * metrics.line + metrics.padding)


def _head_height(row: Row, metrics: Metrics) -> float:
    if row["table"] == "notes":  # has no title
        return 1.2
    if row["kind"] == "text":
        return metrics.title
    return float(metrics.title + metrics.head + (row["head_lines"] - 1) * metrics.line)


def _units(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Keep together what reads together: a heading with its first line, a total with the last."""
    unit: list[Row] = []
    for row in rows:
        follows = row["kind"] in ("total", "grand") or (unit and unit[-1]["kind"] == "group")
        if unit and not follows:
            yield unit
            unit = []
        unit.append(row)
    if unit:
        yield unit


def _paginate(rows: Iterable[Row], page_mm: float, used_mm: float, metrics: Metrics) -> list[Page]:
    pages: list[Page] = [[]]
    room = page_mm - used_mm
    heading: Row | None = None
    for unit in _units(rows):
        need = sum(_height(row, metrics) for row in unit)
        if _opens(pages[-1], unit[0]):
            need += _head_height(unit[0], metrics)
        continued = None
        if need > room and (pages[-1] or len(pages) == 1):
            continued = heading if unit[0]["kind"] == "line" else None
            pages.append([])
            room = page_mm - CONTINUED_MM
            need = sum(_height(row, metrics) for row in unit) + _head_height(unit[0], metrics)
        if _opens(pages[-1], unit[0]):
            pages[-1].append({"table": unit[0]["table"], "rows": []})
            if continued:
                text = f"{continued['text']}, продолжение"
                pages[-1][-1]["rows"].append({**continued, "text": text})
                need += metrics.group
        pages[-1][-1]["rows"].extend(unit)
        heading = next((row for row in reversed(unit) if row["kind"] == "group"), heading)
        room -= need
    return pages


def _opens(page: Page, row: Row) -> bool:
    return not page or bool(page[-1]["table"] != row["table"])
