"""XLS, XLSB and ODS by ``python-calamine``: read as a whole, so in narrower bounds than XLSX.

The values of formulas are those that the program stored; these formats always store one.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from .errors import TableError
from .reader import Limits, Row, Table

if TYPE_CHECKING:
    from .kinds_of_files import Wanted

_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"


class OldWorkbookTable(Table):
    """A sheet; positions are numbers of rows."""

    def __init__(self, stream: BinaryIO, wanted: "Wanted", form: str) -> None:
        super().__init__(format=form)
        self.limits = wanted.limits
        if form != "xls":
            _check_archive(stream, wanted.limits, form)
        stream.seek(0)
        try:
            book = CalamineWorkbook.from_filelike(stream)
            shown = [
                sheet.name
                for sheet in book.sheets_metadata
                if sheet.visible == SheetVisibleEnum.Visible
            ]
            self.sheets = tuple(book.sheet_names)
            if not self.sheets:
                raise TableError("no_sheet")
            name = wanted.sheet if wanted.sheet in self.sheets else (shown or self.sheets)[0]
            sheet = book.get_sheet_by_name(name)
            self.size = sheet.height
            if sheet.width > wanted.limits.columns and self._is_wide(sheet):
                raise TableError("many_columns", detail=str(wanted.limits.columns))
            self._sheet = sheet
        except TableError:
            raise
        except BaseException as error:
            _raise_damaged(error, form)

    def _is_wide(self, sheet: Any) -> bool:
        columns = self.limits.columns
        return any(any(cell != "" for cell in row[columns:]) for row in sheet.iter_rows())

    def rows(self, position: int = 0, number: int = 0) -> Iterator[Row]:
        """Yield the rows from ``position`` on, numbered as the program shows them."""
        start = self._sheet.start[0] if self._sheet.start else 0
        indent = [None] * (self._sheet.start[1] if self._sheet.start else 0)
        for place, cells in enumerate(self._sheet.iter_rows()):
            if place < position:
                continue
            kept = [None if cell == "" else cell for cell in cells[: self.limits.columns]]
            if any(isinstance(cell, str) and len(cell) > self.limits.cell for cell in kept):
                raise TableError("long_row", start + place + 1)
            yield Row(start + place + 1, [*indent, *kept], place + 1)


def _raise_damaged(error: BaseException, form: str) -> None:
    # a panic of the library's Rust code is no Exception
    panic = type(error).__name__ == "PanicException"
    if not panic and not isinstance(error, CalamineError | Exception):
        raise error
    if "assword" in str(error):
        raise TableError("encrypted") from error
    raise TableError(
        "old_excel" if form == "xls" else "damaged", detail=str(error)[:100]
    ) from error


def _check_archive(stream: BinaryIO, limits: Limits, form: str) -> None:
    """Reject what unpacks to too much, is under a password, or repeats cells without end."""
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            if any(member.flag_bits & 1 for member in members):
                raise TableError("encrypted")
            unpacked = sum(member.file_size for member in members)
            packed = sum(member.compress_size for member in members) or 1
            if unpacked > 16 * 2**20 and unpacked / packed > limits.ratio:
                raise TableError("bomb")
            if unpacked > 4 * limits.held:
                raise TableError("too_big", detail=str(limits.held // 2**20))
            if form == "ods":
                manifest = archive.read("META-INF/manifest.xml")[:100_000]
                if re.search(rb"<\w*:?encryption-data\b", manifest):
                    raise TableError("encrypted")
                with archive.open("content.xml") as content:
                    _count_cells(content, limits)
    except (zipfile.BadZipFile, zlib.error, KeyError, OSError, NotImplementedError) as error:
        raise TableError("damaged", detail=type(error).__name__) from error
    except expat.ExpatError as error:
        raise TableError("damaged", detail="xml") from error


def _count_cells(content: Any, limits: Limits) -> None:
    """Reject a sheet whose repeated cells (one element may stand for a million) are too many."""
    counter = _Counter(limits.cells)
    while block := content.read(256 * 1024):
        counter.parser.Parse(block, False)
    counter.parser.Parse(b"", True)


class _Counter:
    """Counts the cells that hold something, with their repetitions."""

    def __init__(self, limit: int) -> None:
        self.left = limit
        self._times = self._filled = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._reject

    def _reject(self, *_doctype: Any) -> None:
        raise TableError("unsafe_xml")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == f"{_TABLE} table-row":
            self._times, self._filled = _times(attributes, "rows"), 0
        elif name == f"{_TABLE} table-cell" and any("value-type" in key for key in attributes):
            self._filled += _times(attributes, "columns")

    def _end(self, name: str) -> None:
        if name == f"{_TABLE} table-row":
            self.left -= self._filled * self._times
            if self.left < 0:
                raise TableError("bomb")


def _times(attributes: dict[str, str], what: str) -> int:
    text = attributes.get(f"{_TABLE} number-{what}-repeated", "1")
    return int(text) if text.isdigit() and len(text) < 10 else 1
