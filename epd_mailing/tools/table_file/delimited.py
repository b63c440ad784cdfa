"""CSV in whatever encoding and with whatever delimiter, read from any row on by its byte offset."""

import codecs
import csv
import re
import tempfile

from .errors import TableError
from .reader import Row

ENCODINGS = ("utf-8-sig", "cp1251", "cp866", "koi8-r", "utf-16")
DELIMITERS = (";", "\t", "|", ",")
SAMPLE = 256 * 1024
LINE = 2**20
# what Russian text is made of most; the wrong code page shows capitals and rare letters instead
_COMMON = "оеаинтсрвлкмдпу"


class DelimitedTable:
    """A text table; positions are byte offsets of rows."""

    format = "csv"
    sheets = ()

    def __init__(self, stream, limits, encoding="", delimiter=""):
        self.limits = limits
        sample = stream.read(SAMPLE)
        if _looks_binary(sample):
            raise TableError("not_table")
        self.encoding = encoding or detect_encoding(sample)
        self._copy = None
        if self.encoding == "utf-16":
            self._copy = stream = _to_utf8(stream)
            sample = stream.read(SAMPLE)
        self._codec = "utf-8-sig" if self.encoding == "utf-16" else self.encoding
        self._stream = stream
        self.size = stream.seek(0, 2)
        self.delimiter = delimiter or detect_delimiter(_decode_sample(sample, self._codec))

    def close(self):
        """Let go what is ours; the stream is the caller's."""
        if self._copy:
            self._copy.close()

    def rows(self, position=0, number=0):
        """Yield rows from byte ``position`` on, whose first has ``number + 1``."""
        self._stream.seek(position)
        self._end = position
        reader = csv.reader(self._lines(number), delimiter=self.delimiter, strict=True)
        while True:
            number += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise TableError("quotes", number, str(error)) from error
            if len(cells) > self.limits.columns:
                raise TableError("many_columns", number, str(self.limits.columns))
            if any(len(cell) > self.limits.cell for cell in cells):
                raise TableError("long_row", number)
            yield Row(number, cells, self._end)

    def _lines(self, number):
        codec = self._codec
        while line := self._stream.readline(LINE + 1):
            if len(line) > LINE:
                raise TableError("long_row", number)
            start, self._end = self._end, self._end + len(line)
            try:
                text = line.decode(codec if start == 0 else codec.removesuffix("-sig"))
            except UnicodeDecodeError as error:
                raise TableError("encoding", detail=self.encoding) from error
            # a lone carriage return ends a row for Excel, and is an error for the parser
            yield text.replace("\r\n", "\n").replace("\r", " ").replace("\0", "")


def _looks_binary(sample):
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    odd = sum(sample.count(bytes([code])) for code in (*range(9), *range(14, 32)) if code != 26)
    return odd > len(sample) // 100


def _decode_sample(sample, encoding):
    return codecs.getincrementaldecoder(encoding)("replace").decode(sample)


def detect_encoding(sample):
    """Return the encoding of the first bytes of a file, one of ``ENCODINGS``."""
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if _is_utf8(sample):
        return "utf-8-sig"

    def score(encoding):
        text = sample.decode(encoding, "replace")
        common = sum(text.count(letter) for letter in _COMMON)
        return common - 5 * len(re.findall(r"[^\w\s\x21-\x7e«»№–—°²³]", text))

    return max(("cp1251", "cp866", "koi8-r"), key=score)


def _is_utf8(sample):
    try:
        codecs.getincrementaldecoder("utf-8-sig")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def detect_delimiter(text):
    """Return the delimiter under which the first rows have most equally many cells."""
    # other signs that Python takes for ends of lines may stand in cells
    lines = [line for line in re.split(r"\r\n|\r|\n", text)[:60] if line.strip()][:40]

    def score(delimiter):
        try:
            counts = [len(cells) for cells in csv.reader(lines, delimiter=delimiter)]
        except csv.Error:
            return 0, 0
        wide = [count for count in counts if count > 1]
        if not wide:
            return 0, 0
        mode = max(set(wide), key=wide.count)
        return wide.count(mode), mode

    return max(DELIMITERS, key=score)


def _to_utf8(stream):
    """Return the text as UTF-8 in a temporary file: rows of UTF-16 have no findable byte ends."""
    stream.seek(0)
    copy = tempfile.TemporaryFile()
    decoder = codecs.getincrementaldecoder("utf-16")()
    try:
        while block := stream.read(2**20):
            copy.write(decoder.decode(block).encode())
        copy.write(decoder.decode(b"", final=True).encode())
    except UnicodeError as error:
        raise TableError("encoding", detail="utf-16") from error
    copy.seek(0)
    return copy
