"""Texts in whatever encoding and with whatever delimiter, read from any row on by byte offset."""

import codecs
import csv
import re
import tempfile
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from .encoding import UTF8, UTF16, EncodingGuess, guess_encoding
from .errors import TableError
from .reader import Row, Table

if TYPE_CHECKING:
    from .kinds_of_files import Wanted

# a comma stands in sums and addresses too, so it is taken last
DELIMITERS = (";", "\t", "|", ",")
SAMPLE = 256 * 1024
LINE = 2**20
_ACCOUNT_IN_NAME = re.compile(r"(?<!\d)[1-9]\d{4}(?:810|643)\d{12}(?!\d)")


def open_text(stream: BinaryIO, wanted: "Wanted") -> Table:
    """Return the reader of a text: of its own format where it has one."""
    from .bank_register import BankRegister, is_bank_register
    from .client_bank import ClientBankTable, is_client_bank
    from .hash_register import HashRegister, is_hash_register

    sample = stream.read(SAMPLE)
    stream.seek(0)
    if _looks_binary(sample):
        raise TableError("not_table")
    if is_client_bank(sample):
        return ClientBankTable(stream, wanted)
    kind = DelimitedTable
    if is_hash_register(sample):
        kind = HashRegister
    elif is_bank_register(sample):
        kind = BankRegister
    return kind(stream, wanted)


class DelimitedTable(Table):
    """A text table; positions are byte offsets of rows."""

    note_mark = b""  # lines that begin so are no rows

    def __init__(self, stream: BinaryIO, wanted: "Wanted") -> None:
        super().__init__(format="csv")
        self.limits = wanted.limits
        self._copy: BinaryIO | None = None
        self.guess = EncodingGuess(wanted.encoding) if wanted.encoding else guess_encoding(stream)
        self.encoding = self.guess.encoding
        if self.encoding == UTF16:
            self._copy = stream = to_utf8(stream)
        if _has_lone_return(stream):
            copy = _break_at_returns(stream)
            self.close()
            self._copy = stream = copy
        self._codec = UTF8 if self.encoding == UTF16 else self.encoding
        self._stream = stream
        self.size = stream.seek(0, 2)
        stream.seek(0)
        sample = decode_sample(stream.read(SAMPLE), self._codec)
        self.delimiter = wanted.delimiter or detect_delimiter(sample, self.note_mark.decode())
        account = _ACCOUNT_IN_NAME.search(wanted.name)
        self.payee = account[0] if account else ""

    def close(self) -> None:
        """Let go what is ours; the stream is the caller's."""
        if self._copy:
            self._copy.close()

    def rows(self, position: int = 0, number: int = 0) -> Iterator[Row]:
        """Yield rows from byte ``position`` on, whose first has ``number + 1``."""
        self._stream.seek(position)
        self._end = position
        self._number = number
        widest, longest = self.limits.columns, self.limits.cell
        reader = csv.reader(self._lines(), delimiter=self.delimiter, strict=True)
        while True:
            self._number += 1
            start = self._end
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise TableError("quotes", self._number, str(error)) from error
            if len(cells) > widest:
                raise TableError("many_columns", self._number, str(widest))
            # a letter has a byte at least
            if self._end - start > longest and any(len(cell) > longest for cell in cells):
                raise TableError("long_row", self._number)
            yield Row(self._number, cells, self._end)

    def _lines(self) -> Iterator[str]:
        codec, mark, read = self._codec, self.note_mark, self._stream.readline
        first = codec
        codec = codec.removesuffix("-sig")
        while line := read(LINE + 1):
            if len(line) > LINE:
                raise TableError("long_row", self._number)
            start, self._end = self._end, self._end + len(line)
            if mark and line.startswith(mark):
                self._number += 1
                continue
            try:
                text = line.decode(codec if start else first)
            except UnicodeDecodeError as error:
                raise TableError("encoding", self._number, self.encoding) from error
            if "\r" in text:
                text = text.replace("\r", "")  # at its end only
            yield text.replace("\0", "") if "\0" in text else text


# what ends a row for Excel, and within a line for Python: of old Macs, and of some exports
_LONE_RETURN = re.compile(rb"\r(?!\r*\n)")


def _has_lone_return(stream: BinaryIO) -> bool:
    """Tell whether rows end with carriage returns alone, somewhere in the file."""
    stream.seek(0)
    rest = b""
    while block := stream.read(2**20):
        block = rest + block
        kept = block.rstrip(b"\r")  # what follows them is in the next block
        if b"\r" in kept and _LONE_RETURN.search(kept):
            return True
        rest = block[len(kept) :]
    return bool(rest)


def _break_at_returns(stream: BinaryIO) -> BinaryIO:
    """Return the text in a temporary file, with a line feed after each row."""
    stream.seek(0)
    copy = tempfile.TemporaryFile()
    rest = b""
    while block := stream.read(2**20):
        block = rest + block
        kept = block.rstrip(b"\r")
        copy.write(re.sub(rb"\r+\n|\r", b"\n", kept))
        rest = block[len(kept) :]
    copy.write(b"\n" * bool(rest))
    copy.seek(0)
    return copy


def _looks_binary(sample: bytes) -> bool:
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    odd = sum(sample.count(bytes([code])) for code in (*range(9), *range(14, 32)) if code != 26)
    return odd > len(sample) // 100


def decode_sample(sample: bytes, encoding: str) -> str:
    """Return the beginning of a text; what was cut in the middle of a letter is skipped."""
    return codecs.getincrementaldecoder(encoding)("replace").decode(sample)


def detect_delimiter(text: str, note_mark: str = "") -> str:
    """Return the delimiter under which the first rows have most equally many cells."""
    # other signs that Python takes for ends of lines may stand in cells
    lines = [line for line in re.split(r"\r\n|\r|\n", text)[:200] if line.strip()]
    if note_mark:
        lines = [line for line in lines if not line.startswith(note_mark)]
    lines = lines[:40]

    def score(delimiter: str) -> tuple[int, int, int]:
        try:
            counts = [len(cells) for cells in csv.reader(lines, delimiter=delimiter)]
        except csv.Error:
            return 0, 0, 0
        wide = [count for count in counts if count > 1]
        if not wide:
            return 0, 0, 0
        mode = max(set(wide), key=wide.count)
        usual = delimiter != "," and len(wide) >= 0.8 * len(lines)
        return int(usual), wide.count(mode), mode

    return max(DELIMITERS, key=score)


def to_utf8(stream: BinaryIO) -> BinaryIO:
    """Return the text as UTF-8 in a temporary file: rows of UTF-16 have no findable byte ends."""
    stream.seek(0)
    copy = tempfile.TemporaryFile()
    decoder = codecs.getincrementaldecoder("utf-16")()
    try:
        while block := stream.read(2**20):
            copy.write(decoder.decode(block).encode())
        copy.write(decoder.decode(b"", final=True).encode())
    except UnicodeError as error:
        copy.close()
        raise TableError("encoding", detail="utf-16") from error
    copy.seek(0)
    return copy


def first_lines(sample: bytes, count: int = 40) -> Iterable[bytes]:
    """Return the first lines of a text that say something."""
    lines = (line.strip() for line in sample.removeprefix(codecs.BOM_UTF8).splitlines())
    return [line for line in lines if line][:count]
