"""Tables for Excel, written row by row: flat memory, harmless texts, dates as dates."""

from collections.abc import Iterable, Sequence
from os import PathLike
from types import TracebackType
from typing import IO, Any, Self

import xlsxwriter

ROWS_LIMIT = 1_048_570  # what a sheet of Excel holds
_FORMATS: dict[str, dict[str, str]] = {
    "text": {},
    "int": {"num_format": "0"},
    "number": {},
    "money": {"num_format": "#,##0.00"},
    "percent": {"num_format": "0.0%"},
    "date": {"num_format": "dd.mm.yyyy"},
    "moment": {"num_format": "dd.mm.yyyy hh:mm"},
}


class Book:
    """A workbook in a file; use as a context manager.

    :param target: path or writable binary file
    """

    def __init__(self, target: str | PathLike[str] | IO[bytes]) -> None:
        self._book = xlsxwriter.Workbook(
            target,
            {
                "constant_memory": True,
                # a text beginning with = + - @ stays a text
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self._head = self._book.add_format(
            {"bold": True, "bg_color": "#E7EDF3", "border": 1, "text_wrap": True, "valign": "top"}
        )
        self._formats = {
            kind: self._book.add_format({**form, "valign": "top"})
            for kind, form in _FORMATS.items()
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._book.close()

    def write_table(
        self, name: str, columns: Sequence[tuple[str, float, str]], rows: Iterable[Sequence[Any]]
    ) -> int:
        """Write one sheet: frozen header, filter, widths; return the number of rows.

        :param name: of the sheet
        :param columns: list of ``(header, width in characters, kind)`` with kind ``text``, ``int``,
            ``number``, ``money``, ``percent``, ``date`` or ``moment``
        :param rows: iterable of lists; None and an empty text leave the cell empty. Moments are
            naive datetimes of the zone they are to be read in
        :raise ValueError: when there are more rows than a sheet holds
        """
        sheet = self._book.add_worksheet(name[:31])
        sheet.freeze_panes(1, 0)
        for number, (header, width, _kind) in enumerate(columns):
            sheet.set_column(number, number, width)
            sheet.write_string(0, number, header, self._head)
        count = 0
        for count, row in enumerate(rows, start=1):
            if count > ROWS_LIMIT:
                raise ValueError("too many rows")
            for number, value in enumerate(row):
                self._write(sheet, count, number, value, columns[number][2])
        sheet.autofilter(0, 0, max(count, 1), len(columns) - 1)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        return count

    def _write(self, sheet: Any, row: int, column: int, value: Any, kind: str) -> None:
        if value is None or value == "" or value is False:
            return
        form = self._formats[kind]
        if kind == "text":
            sheet.write_string(row, column, str(value), form)
        elif kind in ("date", "moment"):
            sheet.write_datetime(row, column, value, form)
        else:
            sheet.write_number(row, column, value, form)
