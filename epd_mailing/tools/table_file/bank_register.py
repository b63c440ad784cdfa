"""A bank's register of payments with meter readings inside the row (the format «Y15» of Сбербанк's agents).

``date;time;office;cashier;operation;account;account again or name;address;MMYYYY;`` then, for each
meter, ``number;service;tariff zone;reading;``, then ``[!];[!];;paid;to be transferred;fee``. The last
row is ``=count;paid;to be transferred;fee;order;date``. Shaped after public samples of such files.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from .delimited import DelimitedTable, first_lines
from .reader import Row

if TYPE_CHECKING:
    from .kinds_of_files import Wanted

MARK = "[!]"
METERS = 12  # of one row
_FIXED = 9
_HEADINGS = ["Дата", "Время", "Отделение", "Кассир", "Номер операции", "Лицевой счёт",
             "Лицевой счёт или плательщик", "Адрес", "Оплачиваемый месяц"]  # fmt: skip
_METER = ["прибор", "услуга", "зона", "показание"]
_SUMS = ["Сумма", "К перечислению", "Комиссия"]
_ROW = re.compile(rb"^[^;|\t\d]*\d[^;|\t]*[;|\t].*[;|\t]\[!\][;|\t]")


def is_bank_register(sample: bytes) -> bool:
    """Tell such a register by its marks."""
    lines = [line for line in first_lines(sample) if not line.startswith(b"=")]
    return bool(lines) and all(map(_ROW.match, lines))


class BankRegister(DelimitedTable):
    """Rows with every part in a column of its own: the fixed ones, sums, then the meters."""

    def __init__(self, stream: BinaryIO, wanted: "Wanted") -> None:
        super().__init__(stream, wanted)
        self.format = "bank"
        # other kinds have no use for the meters
        self._meters = self._count_meters() if wanted.kind == "reading" else 0
        meters = (f"Прибор {n}: {part}" for n in range(1, self._meters + 1) for part in _METER)
        self.headings = [*_HEADINGS, *_SUMS, *meters]

    def _count_meters(self) -> int:
        """Return how many meters a row has at most."""
        self._stream.seek(0)
        mark = self.delimiter.encode()
        longest = max((line.count(mark) + 1 for line in self._stream), default=0)
        return min(max((longest - _FIXED - 6) // 4, 1), METERS)

    def rows(self, position: int = 0, number: int = 0) -> Iterator[Row]:
        """Yield rows; one that is not built as said, and the control row, as they are."""
        for row in super().rows(position, number):
            yield row._replace(cells=_arrange(row.cells)[: len(self.headings or ())])

    def suggest(self, kind: str) -> list[tuple[str, str]] | None:
        """Return what the columns hold."""
        columns = [("", "")] * len(self.headings or ())
        columns[5] = ("account", "")
        if kind == "payment":
            columns[0], columns[4] = ("last_payment_date", ""), ("payment_number", "")
            columns[_FIXED] = ("paid", "")
        elif kind == "reading":
            columns[0] = ("read_on", "")
            names = ("meter_number", "service", "zone", "current")
            for meter in range(self._meters):
                for place, name in enumerate(names):
                    columns[_FIXED + 3 + 4 * meter + place] = (name, f"#{meter + 1}")
        else:
            return None
        return columns


def _arrange(cells: list[str]) -> list[str]:
    if MARK not in cells or len(cells) < _FIXED + 4:
        return cells
    meters = cells[_FIXED : cells.index(MARK)]
    if len(meters) % 4 or len(meters) > 4 * METERS:
        return cells  # what it holds is not known: the row will be an error, not a guess
    return [*cells[:_FIXED], *cells[-3:], *meters]
