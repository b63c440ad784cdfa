"""Rows that tell a count and sums of the others («=3;4500,50», «Итого»): recognised, and compared.

``Running`` adds up what the rows hold while they are read, column by column; a control row is compared
with it. It is written with the place reached in the file, so that reading may go on later.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .errors import Problem
from .values import clean_text, parse_number

MARKS = 200  # control rows that are remembered
# whole words: «Итогов» is a payer
_WORD = re.compile(
    r"^(итого\b|всего\b|total\b|контрольн|сумма по|(общая )?сумма\s*[:=]|кол(ичест)?-?во\b.*(плат|стр|зап|док|опер))",
    re.I,
)
_COUNT = re.compile(r"^=\s*(\d+)$")
_IN_WORDS = re.compile(
    r"(?:^|\s)(?P<count>\d+)\s*(?:плат|запис|строк|докум|операц|шт)[^\d]*(?P<sum>[\d\s\u00a0]+[.,]\d\d)?",
    re.I,
)
_COUNTED = re.compile(r"^кол(?:ичест)?-?во\D*(\d+)\s*$", re.I)

# a sum at the end; a run of figures is read once, from its beginning
_TAIL = re.compile(r"(?<![\d\s\u00a0])([\d\s\u00a0]++[.,]\d\d)\D*$")


@dataclass(frozen=True)
class Control:
    """What a control row states: how many rows, sums by column, and sums whose column is not stated.

    Sums are in roubles as written (volumes in their units). ``row`` is 0 for a line outside of rows.
    """

    row: int
    count: int | None = None
    sums: dict[int, Decimal] = field(default_factory=dict)
    loose: tuple[Decimal, ...] = ()


def is_total(text: str) -> bool:
    """Tell whether a cell's text is the word of a row of totals."""
    return bool(_WORD.match(text))


def read_control(number: int, cells: Sequence[Any], account: str) -> Control | None:
    """Return what a control row tells, or None for a row that is none.

    :param account: what the row says in the column of accounts (empty where there is no such column)
    """
    first = cells[0] if cells else None
    if isinstance(first, str) and (match := _COUNT.match(first.strip())):
        loose = _numbers(cells[1:]) or _numbers(cells[1:2], whole=True)
        return Control(number, int(match[1]), loose=tuple(loose))
    if account and not is_total(account):
        return None
    texts = [text for text in map(clean_text, cells) if text]
    word = next((text for text in texts if is_total(text)), None)
    if word is None:
        return None
    found = _IN_WORDS.search(word)
    if found:
        loose = _numbers([found["sum"]]) if found["sum"] else []
        return Control(number, int(found["count"]), loose=tuple(loose))
    if counted := _COUNTED.search(" ".join(texts)):
        return Control(number, int(counted[1]))
    sums = {}
    for place, cell in enumerate(cells):
        value = _number(cell)
        if value is not None:
            sums[place] = value
    if not sums and (tail := _TAIL.search(word)):
        return Control(number, loose=tuple(_numbers([tail[1]])))
    return Control(number, sums=sums)


def _number(cell: Any) -> Decimal | None:
    try:
        return parse_number(cell)
    except (ValueError, ArithmeticError):
        return None


def _numbers(cells: Iterable[Any], whole: bool = False) -> list[Decimal]:
    """Return the sums of cells: what has kopecks; a count or the number of an order is none.

    :param whole: whether whole numbers are sums too
    """
    found = []
    for cell in cells:
        if not whole and isinstance(cell, str) and not re.search(r"\d[.,]\d\d?\s*$", cell):
            continue
        value = _number(cell)
        if value is not None:
            found.append(value)
    return found


@dataclass
class Mark:
    """Counts and sums up to a control row."""

    rows: int = 0
    sums: dict[int, Decimal] = field(default_factory=dict)


@dataclass
class Running(Mark):
    """Counts and sums of the rows read so far, and what they were at the last control rows.

    A control row may tell of all rows before it, or of those since an earlier one: of a house, of a
    street with its houses, of the whole file.
    """

    marks: list[Mark] = field(default_factory=list)
    # control rows that stand above all others: compared once the file is read
    ahead: list[Control] = field(default_factory=list)

    def add(self, numbers: Iterable[tuple[int, Decimal]]) -> None:
        """Count a row with its numbers by column."""
        self.rows += 1
        sums = self.sums
        for place, number in numbers:
            sums[place] = sums.get(place, 0) + number

    def compare(self, control: Control, money: Sequence[int]) -> list[Problem]:
        """Return an error for each figure of a control row that the rows before it do not make.

        :param money: the columns whose sums are read, the one that counts most first
        """
        if control.row and not self.rows:
            self.ahead = [*self.ahead, control]
            return []
        problems = []
        counts = {self.rows, *(self.rows - mark.rows for mark in self.marks)}
        if control.count is not None and control.count not in counts:
            stated, counted = str(control.count), str(self.rows)
            problems.append(Problem(control.row, None, "control_count", stated, detail=counted))
        for place in money:
            if place in control.sums and control.sums[place] not in self._sums_of(place):
                problems.append(self._get_sum_problem(control.row, place, control.sums[place]))
        loose = control.loose or self._get_displaced(control, money)
        if loose and money and not self._sums_of(money[0]).intersection(loose):
            problems.append(self._get_sum_problem(control.row, money[0], loose[0]))
        if control.row:
            self.marks = [*self.marks[1 - MARKS :], Mark(self.rows, dict(self.sums))]
        return problems

    def check_end(self, money: Sequence[int]) -> list[Problem]:
        """Return what is wrong with the control rows that stand above all others."""
        ahead, self.ahead = self.ahead, []
        return [problem for control in ahead for problem in self.compare(control, money)]

    def _get_displaced(self, control: Control, money: Sequence[int]) -> tuple[Decimal, ...]:
        """Return the sums of a row of totals whose cells stand under other columns («Итого;4500,50»)."""
        if not control.sums or any(place in control.sums for place in money):
            return ()
        stated = tuple(number for place, number in control.sums.items() if place not in self.sums)
        kopecks = tuple(number for number in stated if number != int(number))
        return kopecks or (stated if len(stated) == 1 and stated[0] != self.rows else ())

    def _sums_of(self, place: int) -> set[Decimal]:
        """Return the sums of a column: of all rows, and since each control row."""
        whole = self.sums.get(place, Decimal(0))
        return {whole, *(whole - mark.sums.get(place, 0) for mark in self.marks)}

    def _get_sum_problem(self, row: int, place: int, stated: Decimal) -> Problem:
        whole = self.sums.get(place, Decimal(0))
        since = whole - self.marks[-1].sums.get(place, 0) if self.marks else whole
        return Problem(row, place, "control_sum", f"{stated:f}", detail=f"{since:f}")

    def dump(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            **_dump(self),
            "marks": [_dump(mark) for mark in self.marks],
            "ahead": [_dump_control(control) for control in self.ahead],
        }

    @classmethod
    def load(cls, data: dict[str, Any] | None) -> "Running":
        """Return it from what :meth:`dump` gave, or a new one."""
        data = data or {}
        marks = [Mark(*_load(mark)) for mark in data.get("marks", ())]
        return cls(*_load(data), marks, [_load_control(each) for each in data.get("ahead", ())])


def _dump_control(control: Control) -> dict[str, Any]:
    sums = {str(place): str(number) for place, number in control.sums.items()}
    loose = [str(number) for number in control.loose]
    return {"row": control.row, "count": control.count, "sums": sums, "loose": loose}


def _load_control(data: dict[str, Any]) -> Control:
    sums = {int(place): Decimal(number) for place, number in data["sums"].items()}
    return Control(data["row"], data["count"], sums, tuple(map(Decimal, data["loose"])))


def _dump(mark: Mark) -> dict[str, Any]:
    return {"rows": mark.rows, "sums": {str(place): str(v) for place, v in mark.sums.items()}}


def _load(data: dict[str, Any]) -> tuple[int, dict[int, Decimal]]:
    sums = {int(place): Decimal(value) for place, value in data.get("sums", {}).items()}
    return data.get("rows", 0), sums
