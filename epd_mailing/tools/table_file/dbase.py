"""DBF of banks and of offices of subsidies, by ``dbfread``; texts in DOS or Windows code pages."""

import contextlib
import itertools
import os
import struct
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from dbfread import DBF, FieldParser, InvalidValue
from dbfread.exceptions import DBFNotFound

from .encoding import EncodingGuess, guess_code_page
from .errors import TableError
from .reader import Row, Table

if TYPE_CHECKING:
    from .kinds_of_files import Wanted

SAMPLE_ROWS = 500
# language drivers that say nothing, or what is seldom true of Russian files
_UNSURE = (0x00, 0x01, 0x03, 0x57)
DAMAGED = (DBFNotFound, ValueError, LookupError, struct.error, OSError, EOFError, TypeError,
           NotImplementedError)  # fmt: skip


class _Parser(FieldParser):
    """Numbers stay as they are written; a field that cannot be read stays a text, to be reported."""

    def parseN(self, field: Any, data: bytes) -> str:
        return data.strip().strip(b"*\0 ").decode("ascii", "replace").replace(",", ".")

    parseF = parseN

    def parse(self, field: Any, data: bytes) -> Any:
        try:
            return super().parse(field, data)
        except DAMAGED:
            return InvalidValue(data).decode("ascii", "replace")


class _Raw(FieldParser):
    """Texts as bytes, to find their encoding."""

    def parse(self, field: Any, data: bytes) -> Any:
        return data if field.type in "CM" and isinstance(data, bytes) else b""


class DbaseTable(Table):
    """Its records; positions are their numbers, deleted ones skipped."""

    def __init__(self, stream: BinaryIO, wanted: "Wanted") -> None:
        super().__init__(format="dbf")
        self._path, self._is_ours = _get_path(stream)
        self._stack = contextlib.ExitStack()
        try:
            raw = self._open(_Raw, "latin-1")
            if len(raw.fields) > wanted.limits.columns:
                raise TableError("many_columns", detail=str(wanted.limits.columns))
            self.guess = self._find_encoding(raw, wanted.encoding)
            self.encoding = self.guess.encoding
            self._file = self._open(_Parser, self.encoding)
            self.headings = list(self._file.field_names)
            self.size = sum(1 for _record in raw._iter_records())
            head = raw.header
            needed = head.headerlen + head.numrecords * head.recordlen
            if os.path.getsize(self._path) < needed:
                raise TableError("damaged", self.size)  # cut short: payments would be missing
        except DAMAGED as error:
            self.close()
            if isinstance(error, TableError):
                raise
            raise TableError("damaged", detail=type(error).__name__) from error

    def _open(self, parser: type[FieldParser], encoding: str) -> DBF:
        return DBF(
            self._path,
            encoding=encoding,
            parserclass=parser,
            ignore_missing_memofile=True,
            char_decode_errors="replace",
        )

    def _find_encoding(self, raw: DBF, wanted: str) -> EncodingGuess:
        if wanted:
            return EncodingGuess(wanted)
        texts = [
            value
            for record in itertools.islice(raw, SAMPLE_ROWS)
            for value in record.values()
            if value and not value.isascii()
        ]
        driver = {0x26: "cp866", 0x65: "cp866", 0xC9: "cp1251"}.get(raw.header.language_driver)
        if not texts:
            return EncodingGuess(driver or "cp866")
        found = guess_code_page(texts)
        if driver and found.doubtful and driver in [each.encoding for each in found.readings]:
            return EncodingGuess(driver)
        return found

    def rows(self, position: int = 0, number: int = 0) -> Iterator[Row]:
        """Yield the records from ``position`` on."""
        try:
            records = itertools.islice(self._file, position, None)
            for place, record in enumerate(records, start=position + 1):
                yield Row(place, list(record.values()), place)
        except DAMAGED as error:
            raise TableError("damaged", detail=type(error).__name__) from error

    def close(self) -> None:
        """Remove the copy that was made for the library."""
        if self._is_ours:
            with contextlib.suppress(OSError):
                os.unlink(self._path)


def _get_path(stream: BinaryIO) -> tuple[str, bool]:
    """Return a path for the library, which opens files itself, and whether it is a copy."""
    name = getattr(stream, "name", None)
    if isinstance(name, str) and os.path.isfile(name):
        return name, False
    handle, path = tempfile.mkstemp(suffix=".dbf")
    stream.seek(0)
    with os.fdopen(handle, "wb") as copy:
        while block := stream.read(2**20):
            copy.write(block)
    return path, True
