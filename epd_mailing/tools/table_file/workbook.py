"""XLSX by openpyxl's streaming parser, fed in blocks of whole rows so that any row can be the first.

openpyxl itself begins at the first row each time. Here the sheet is unpacked from its start (some
hundred MB a second), but parsed from the wanted row on only.

Blocks that are written the way Excel and most programs write them are read by ``sheet_block``, several
times as fast; whatever it does not know is left to openpyxl. A formula without a stored value (the file
was made by a program and never opened in Excel) is a :class:`Formula`: no empty cell, and no zero.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, BinaryIO
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._reader import WorkSheetParser
from openpyxl.xml.constants import SHARED_STRINGS

from .errors import TableError
from .reader import Limits, Row, Table
from .sheet_block import BlockReader, find_formulas
from .strings import StoredStrings, read_strings

BLOCK = 512 * 1024
HEAD = 64 * 1024
# styles, relations and the like, which openpyxl reads whole: of real workbooks they have kilobytes
PART = 16 * 2**20
# what a broken or hostile file may raise inside the parsers
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    InvalidFileException,
    ParseError,
    expat.ExpatError,
    SyntaxError,  # of lxml
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    NotImplementedError,
    EOFError,
    OSError,
    RuntimeError,
    ArithmeticError,
)


class WorkbookTable(Table):
    """A sheet of a workbook; positions are offsets in the unpacked XML of the sheet."""

    def __init__(self, stream: BinaryIO, limits: Limits, sheet: str = "") -> None:
        super().__init__(format="xlsx")
        self.limits = limits
        try:
            _check_archive(stream, limits)
            stream.seek(0)
            reader = _BookReader(stream, limits)
            reader.read_parts()
            self._book, self._strings = reader.wb, reader.shared_strings
            self._archive = reader.archive
            self.sheets = tuple(reader.paths)
            path = reader.paths.get(sheet) or next(iter(reader.shown or reader.paths.values()), "")
            if not path:
                raise TableError("no_sheet")
            self._path = path
            self.size = self._archive.getinfo(self._path).file_size
            self._find_rows()
            # styles of dates and of spans of time: what openpyxl keeps for its own reader
            self._dates = self._book._date_formats  # type: ignore[attr-defined]
            self._spans = self._book._timedelta_formats  # type: ignore[attr-defined]
            self._fast = BlockReader(self._strings, self._book.epoch, self._dates, self._spans)
        except TableError:
            raise
        except DAMAGED as error:
            raise TableError("damaged", detail=type(error).__name__) from error

    def close(self) -> None:
        """Let the workbook go."""
        self._archive.close()
        if isinstance(self._strings, StoredStrings):
            self._strings.close()

    def _find_rows(self) -> None:
        """Find where the rows begin, and under which prefix the sheet writes its elements."""
        with self._archive.open(self._path) as member:
            head = member.read(HEAD)
        root = re.search(rb"<((?:\w+:)?)worksheet\b[^>]*>", head)
        data = root and re.search(rb"<" + root[1] + rb"sheetData\s*(/?)>", head)
        if not root or not data:
            raise TableError("damaged", detail="sheetData")
        prefix = root[1]
        self._start = self.size if data[1] else data.end()
        self._opening = root[0].rstrip(b"/>") + b"><" + prefix + b"sheetData>"
        self._closing = b"</" + prefix + b"sheetData></" + prefix + b"worksheet>"
        self._row_end = re.compile(
            rb"</" + prefix + rb"row\s*>|<" + prefix + rb"row(?:\s[^<>]*)?/>"
        )
        self._data_end = re.compile(rb"</" + prefix + rb"sheetData\s*>")

    def rows(self, position: int = 0, number: int = 0) -> Iterator[Row]:
        """Yield rows from ``position`` on; ``number`` is that of the row before it."""
        position = max(position, self._start)
        try:
            for block, offsets in self._blocks(position):
                rows = self._parse(block, number)
                for offset in offsets:
                    row = next(rows, None)
                    if row is None:
                        raise TableError("damaged", detail="rows")
                    number, cells = row
                    if len(cells) > self.limits.columns:
                        cells = self._cut(cells, number)
                    yield Row(number, cells, offset)
        except TableError:
            raise
        except DAMAGED as error:
            raise TableError("damaged", number, type(error).__name__) from error

    def _blocks(self, position: int) -> Iterator[tuple[bytes, list[int]]]:
        """Yield ``(bytes of whole rows, the offset after each of them)``."""
        if position >= self.size:  # an empty sheet
            return
        rest = b""
        with self._archive.open(self._path) as member:
            member.seek(position)
            while True:
                data = member.read(BLOCK)
                block = rest + data
                end = self._data_end.search(block)
                if end:
                    block = block[: end.start()]
                ends = [match.end() for match in self._row_end.finditer(block)]
                if ends:
                    yield block[: ends[-1]], [position + each for each in ends]
                    position += ends[-1]
                    rest = block[ends[-1] :]
                else:
                    rest = block
                if end:
                    return
                if not data:  # cut short
                    raise TableError("damaged", detail="end")
                if len(rest) > 16 * BLOCK:
                    raise TableError("long_row")

    def _parse(self, block: bytes, number: int) -> Iterator[tuple[int, list[Any]]]:
        """Yield ``(number, cells)`` of the rows of a block."""
        if self._opening.endswith(b"><sheetData>"):
            rows = self._fast.read_block(block, number)
            if rows is not None:
                return iter(rows)
        return self._parse_slowly(block, number)

    def _parse_slowly(self, block: bytes, number: int) -> Iterator[tuple[int, list[Any]]]:
        parser = WorkSheetParser(
            io.BytesIO(self._opening + block + self._closing),
            self._strings,
            data_only=True,
            epoch=self._book.epoch,
            date_formats=self._dates,
            timedelta_formats=self._spans,
        )
        parser.row_counter = number
        formulas = find_formulas(block)
        for at, cells in parser.parse():
            row: list[Any] = []
            for cell in cells:
                column, value = cell["column"], cell["value"]
                if value is None and formulas:
                    value = formulas.get((at, column))
                if column > self.limits.columns and value in (None, ""):
                    continue
                row.extend([None] * (min(column, self.limits.columns + 1) - len(row)))
                row[min(column, self.limits.columns + 1) - 1] = value
            yield at, row

    def _cut(self, cells: list[Any], number: int) -> list[Any]:
        """Return the cells within the limit of columns, when nothing stands beyond."""
        columns = self.limits.columns
        if any(cell not in (None, "") for cell in cells[columns:]):
            raise TableError("many_columns", number, str(columns))
        return cells[:columns]


class _BookReader(ExcelReader):
    """openpyxl's reader of a workbook, as far as rows need it, and in bounds.

    Texts lie on the disk. Sheets stay closed: openpyxl reads one through when it does not say its
    dimensions, only to count rows.
    """

    def __init__(self, stream: BinaryIO, limits: Limits) -> None:
        super().__init__(stream, read_only=True, data_only=True, keep_links=False)
        self.archive = _Archive(stream)
        self.limits = limits
        self.paths: dict[str, str] = {}  # name of a sheet → its part
        self.shown: list[str] = []

    def read_parts(self) -> None:
        """Read all but the sheets."""
        self.read_manifest()
        self.read_workbook()
        apply_stylesheet(self.archive, self.wb)
        for sheet, relation in self.parser.find_sheets():
            if relation.target in self.valid_files and "chartsheet" not in relation.Type:
                self.paths[sheet.name] = relation.target
                if sheet.state == "visible":
                    self.shown.append(relation.target)
        self.read_strings()

    def read_strings(self) -> None:
        """Read the texts as a stream."""
        part = self.package.find(SHARED_STRINGS)
        if part is not None:
            with self.archive.open(part.PartName[1:]) as source:
                # read by number alone, so they need not be a list
                self.shared_strings = read_strings(  # type: ignore[assignment]
                    source, self.limits.strings, self.limits.cell
                )


class _Archive(zipfile.ZipFile):
    """An archive whose parts are read whole only while they are small."""

    def read(self, name: str | zipfile.ZipInfo, pwd: bytes | None = None) -> bytes:
        """Return the bytes of a part.

        :raise TableError: ``too_big``
        """
        info = name if isinstance(name, zipfile.ZipInfo) else self.getinfo(name)
        if info.file_size > PART:
            raise TableError("too_big")
        return super().read(name, pwd)


def _check_archive(stream: BinaryIO, limits: Limits) -> None:
    """Reject what is no workbook, is encrypted, unpacks to too much, or brings a DTD along."""
    with zipfile.ZipFile(stream) as archive:
        members = archive.infolist()
        if not any(member.filename == "[Content_Types].xml" for member in members):
            raise TableError("not_table")
        if any(member.flag_bits & 1 for member in members):
            raise TableError("encrypted")
        unpacked = sum(member.file_size for member in members)
        packed = sum(member.compress_size for member in members) or 1
        strings = sum(m.file_size for m in members if "sharedstrings" in m.filename.lower())
        if unpacked > limits.unpacked or strings > limits.strings:
            raise TableError("too_big")
        if unpacked > 16 * 2**20 and unpacked / packed > limits.ratio:
            raise TableError("bomb")
        for member in members:
            if member.filename.lower().endswith((".xml", ".rels")):
                with archive.open(member) as part:
                    _check_prolog(part)


def _check_prolog(part: IO[bytes]) -> None:
    """Read an XML file up to its first element; reject a DTD, or a prolog that hides one far down."""
    parser = expat.ParserCreate()
    found: list[str] = []
    parser.StartDoctypeDeclHandler = lambda *_doctype: found.append("doctype")
    parser.StartElementHandler = lambda *_element: found.append("element")
    for _block in range(16):
        data = part.read(4096)
        try:
            parser.Parse(data, not data)
        except expat.ExpatError:
            return  # no XML: whoever reads it says so
        if found[:1] == ["doctype"]:
            raise TableError("unsafe_xml")
        if found or not data:
            return
    raise TableError("unsafe_xml")
