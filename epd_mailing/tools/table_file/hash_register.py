"""Registers with lines of ``#`` above their rows: ``#FILESUM 3793.83``, ``#TYPE 7``, …

The rows have no headings. ``#FILESUM`` is the sum of all of them, in roubles.
"""

import re
from typing import TYPE_CHECKING, BinaryIO

from .control import Control
from .delimited import SAMPLE, DelimitedTable, decode_sample, first_lines
from .values import parse_number

if TYPE_CHECKING:
    from .kinds_of_files import Wanted

_SUM = re.compile(r"^#\s*(?:FILESUM|SUM|СУММА|ИТОГО)\b[\s:=;]*([-\d \u00a0.,]+)", re.I | re.M)
_COUNT = re.compile(r"^#\s*(?:COUNT|FILECOUNT|КОЛИЧЕСТВО|КОЛ-ВО)\b[\s:=;]*(\d+)", re.I | re.M)


def is_hash_register(sample: bytes) -> bool:
    """Tell whether the text begins with such lines and has rows after them."""
    lines = list(first_lines(sample))
    notes = [line for line in lines if line.startswith(b"#")]
    return bool(notes) and lines[0].startswith(b"#") and len(lines) > len(notes)


class HashRegister(DelimitedTable):
    """Its rows; the lines of ``#`` are counted as rows but not read as such."""

    note_mark = b"#"

    def __init__(self, stream: BinaryIO, wanted: "Wanted") -> None:
        super().__init__(stream, wanted)
        self.format = "hash"
        self._stream.seek(0)
        text = decode_sample(self._stream.read(SAMPLE), self._codec)
        found, count = _SUM.search(text), _COUNT.search(text)
        if found or count:
            total = parse_number(found[1].strip()) if found else None
            loose = (total,) if total is not None else ()
            self.controls = [Control(0, int(count[1]) if count else None, loose=loose)]
