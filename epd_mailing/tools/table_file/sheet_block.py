"""Rows of a sheet's XML, read by regular expressions while they are written as usual.

``BlockReader.read_block`` gives up (None) at the first thing it does not know: prefixes, rich text, comments,
cells without addresses. The slow way then reads the block. Both give the same values: tests compare them.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from openpyxl.utils.datetime import from_excel

from .strings import StoredStrings
from .values import Formula

_ROW = re.compile(r'\s*<row(?: r="(\d+)")?((?: [\w:]+="[^"<]*")*)\s*(/?)>')
_ROW_END = re.compile(r"\s*</row>")
_CELL = re.compile(
    r'\s*<c r="([A-Z]{1,3})(\d+)"(?: s="(\d+)")?(?: t="(n|s|str|b|e|inlineStr)")?\s*'
    r"(?:/>|>"
    r"(?:<f(?: [^>]*)?(?:/>|>([^<]*)</f>))?"
    r"(?:<v>([^<]*)</v>|<v\s*/>|<is><t(?: xml:space=\"preserve\")?>([^<]*)</t></is>)?"
    r"</c>)"
)
_FORMULA = re.compile(
    r"<(?:\w+:)?c\b(?P<head>[^>]*)>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>(?P<text>[^<]*)</(?:\w+:)?f>)\s*"
    r"(?P<value><(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_ADDRESS = re.compile(r'\br="([A-Z]{1,3})(\d+)"')
_ENTITY = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


def column_number(letters: str) -> int:
    """Return the number of a column from 1 («A»)."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def find_formulas(block: bytes) -> dict[tuple[int, int], Formula]:
    """Return ``{(row, column from 1): formula}`` of the formulas of a block that have no value."""
    if b"<f" not in block and b":f" not in block:
        return {}
    found = {}
    for match in _FORMULA.finditer(block.decode("utf-8", "replace")):
        address = _ADDRESS.search(match["head"])
        # a formula whose value is an empty text has one
        if address and not (match["value"] and re.search(r'\bt="str"', match["head"])):
            text = Formula("=" + _unescape(match["text"] or ""))
            found[int(address[2]), column_number(address[1])] = text
    return found


def _unescape(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        if match[1]:
            return _NAMED[match[1]]
        return chr(int(match[2]) if match[2] else int(match[3], 16))

    return _ENTITY.sub(replace, text) if "&" in text else text


class BlockReader:
    """Reads blocks of whole rows of one sheet."""

    def __init__(
        self,
        strings: Sequence[str] | StoredStrings,
        epoch: datetime,
        dates: Mapping[int, Any] | set[int],
        spans: Mapping[int, Any] | set[int],
    ) -> None:
        self._strings = strings
        self._epoch = epoch
        self._dates = {str(style) for style in dates}
        self._spans = {str(style) for style in spans}
        self._columns: dict[str, int] = {}

    def read_block(self, block: bytes, number: int) -> list[tuple[int, list[Any]]] | None:
        """Return ``[(number of the row, cells)]``, or None where the block is not built as usual.

        :param number: of the row before the block
        """
        try:
            text = block.decode("utf-8")
        except UnicodeDecodeError:
            return None
        if "\r" in text or "<!" in text or "<?" in text:
            return None
        rows: list[tuple[int, list[Any]]] = []
        place, size = 0, len(text)
        while place < size:
            row = _ROW.match(text, place)
            if row is None:
                return rows if not text[place:].strip() else None
            number = int(row[1]) if row[1] else number + 1
            place = row.end()
            cells: list[Any] = []
            if not row[3]:
                end = self._read_cells(text, place, number, cells)
                if end is None:
                    return None
                place = end
            rows.append((number, cells))
        return rows

    def _read_cells(self, text: str, place: int, number: int, cells: list[Any]) -> int | None:
        """Read the cells of a row into ``cells``; return where it ends, None where it is unusual."""
        match_cell, columns = _CELL.match, self._columns
        while match := match_cell(text, place):
            place = match.end()
            letters, row, style, kind, formula, value, inline = match.groups()
            if int(row) != number:
                return None
            column = columns.get(letters)
            if column is None:
                column = columns[letters] = column_number(letters)
            missing = column - len(cells) - 1
            if missing < 0 or column > 16_384:
                return None
            if missing:
                cells.extend([None] * missing)
            if value:
                if kind == "s":
                    cells.append(self._strings[int(value)])
                elif kind is None or kind == "n":
                    cells.append(self._number(value, style))
                elif kind == "b":
                    cells.append(bool(int(value)))
                elif kind == "inlineStr":
                    cells.append(None)
                else:
                    cells.append(_unescape(value))
            elif inline is not None and kind == "inlineStr":
                cells.append(_unescape(inline))
            elif (formula is not None or "<f" in match[0]) and not (
                kind == "str" and "<v" in match[0]
            ):
                cells.append(Formula("=" + _unescape(formula or "")))
            else:
                cells.append(None)
        end = _ROW_END.match(text, place)
        return end.end() if end else None

    def _number(self, value: str, style: str | None) -> Any:
        number = float(value) if "." in value or "E" in value or "e" in value else int(value)
        if style in self._dates:
            try:
                return from_excel(number, self._epoch, timedelta=style in self._spans)
            except (OverflowError, ValueError):
                return "#VALUE!"
        return number
