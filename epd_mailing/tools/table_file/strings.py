"""The texts of a workbook (``sharedStrings.xml``): few are held in memory, many lie on the disk.

openpyxl keeps all of them in a list, which grows with the file. Here they are read as a stream; once
there are many, they go to a temporary file in blocks, and only the blocks last used are held.
"""

import marshal
import os
import tempfile
from array import array
from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache
from typing import IO, NoReturn, cast
from xml.parsers import expat

from openpyxl.xml.constants import SHEET_MAIN_NS

from .errors import TableError

READ = 256 * 1024
# up to here all texts are held, as a list
HELD_TEXTS = 30_000
HELD_CHARACTERS = 2 * 2**20
# a block of the temporary file: small, since a sheet that was sorted asks for texts in any order
BLOCK_TEXTS = 16
BLOCK_CHARACTERS = 8 * 1024
CACHED_BLOCKS = 512


class StoredStrings:
    """Texts by their number, in blocks of a temporary file."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="epd_mailing")
        self._starts = array("Q")  # number of the first text of each block
        self._offsets = array("Q", [0])
        self._count = 0
        self._waiting: list[str] = []
        self._size = 0
        self._get_block = lru_cache(CACHED_BLOCKS)(self._read_block)

    def __len__(self) -> int:
        return self._count

    def append(self, text: str) -> None:
        """Add a text."""
        self._waiting.append(text)
        self._size += len(text)
        self._count += 1
        if len(self._waiting) >= BLOCK_TEXTS or self._size >= BLOCK_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        """Write the block begun; to be called after the last text."""
        if self._waiting:
            data = marshal.dumps(self._waiting)
            self._starts.append(self._count - len(self._waiting))
            self._offsets.append(self._offsets[-1] + len(data))
            self._file.write(data)
            self._waiting, self._size = [], 0
        self._file.flush()

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < self._count:
            raise IndexError(number)
        block = bisect_right(self._starts, number) - 1
        return self._get_block(block)[number - self._starts[block]]

    def _read_block(self, block: int) -> list[str]:
        begin, end = self._offsets[block], self._offsets[block + 1]
        return cast(list[str], marshal.loads(os.pread(self._file.fileno(), end - begin, begin)))

    def close(self) -> None:
        """Let the file go."""
        self._get_block.cache_clear()
        self._file.close()


def read_strings(stream: IO[bytes], limit: int, longest: int) -> list[str] | StoredStrings:
    """Return the shared strings of a workbook: a list, or :class:`StoredStrings` when they are many.

    :param limit: bytes of XML that are read at most
    :param longest: characters of one text; what is beyond is cut (a cell of Excel cannot hold it)
    :raise TableError: ``too_big``; ``unsafe_xml`` when a document type is declared
    """
    reader = _Reader(longest)
    left = limit
    try:
        while data := stream.read(READ):
            left -= len(data)
            if left < 0:
                raise TableError("too_big")
            reader.feed(data)
        return reader.finish()
    except BaseException:
        reader.drop()
        raise


class _Reader:
    """Takes the events of the parser: ``si`` (``t`` | ``r``/``t``)*, hints of pronunciation aside."""

    def __init__(self, longest: int) -> None:
        self.texts: list[str] | StoredStrings = []
        self._longest = longest
        self._characters = 0
        self._parts: list[str] = []
        self._length = 0
        self._in_item = self._in_hint = self._in_text = False
        self._parser = parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._read_text
        parser.StartDoctypeDeclHandler = self._reject

    def feed(self, data: bytes) -> None:
        self._parser.Parse(data, False)

    def finish(self) -> list[str] | StoredStrings:
        self._parser.Parse(b"", True)
        if isinstance(self.texts, StoredStrings):
            self.texts.flush()
        return self.texts

    def drop(self) -> None:
        if isinstance(self.texts, StoredStrings):
            self.texts.close()

    def _reject(self, *_doctype: object) -> NoReturn:
        raise TableError("unsafe_xml")

    def _start(self, name: str, _attributes: Mapping[str, str]) -> None:
        if name == _ITEM:
            self._in_item, self._parts, self._length = True, [], 0
        elif name == _HINT:
            self._in_hint = True
        elif name == _TEXT:
            self._in_text = self._in_item and not self._in_hint

    def _end(self, name: str) -> None:
        if name == _TEXT:
            self._in_text = False
        elif name == _HINT:
            self._in_hint = False
        elif name == _ITEM:
            # how openpyxl reads an escaped escape
            self._add("".join(self._parts).replace("x005F_", ""))
            self._in_item = False

    def _read_text(self, data: str) -> None:
        if self._in_text and self._length <= self._longest:
            data = data[: self._longest + 1 - self._length]
            self._parts.append(data)
            self._length += len(data)

    def _add(self, text: str) -> None:
        self.texts.append(text)
        if isinstance(self.texts, list):
            self._characters += len(text)
            if len(self.texts) > HELD_TEXTS or self._characters > HELD_CHARACTERS:
                held, self.texts = self.texts, StoredStrings()
                for each in held:
                    self.texts.append(each)


_ITEM, _HINT, _TEXT = (f"{SHEET_MAIN_NS}}}{name}" for name in ("si", "rPh", "t"))
