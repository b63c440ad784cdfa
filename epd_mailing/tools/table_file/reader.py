"""Which kind of file it is, and what the readers of all kinds have in common.

===============  ========================  ================================================
``format``       module                    files
===============  ========================  ================================================
``csv``          ``delimited``             texts with delimiters, with and without headings
``bank``         ``bank_register``         a bank's register with ``[!]`` marks and readings
``hash``         ``hash_register``         a register with ``#`` lines above its rows
``client_bank``  ``client_bank``           ``1CClientBankExchange`` (kl_to_1c)
``xlsx``         ``workbook``              XLSX, read as a stream
``gis``          ``gis_workbook``          templates of ГИС ЖКХ: sheets joined by their numbers
``xls`` …        ``old_workbook``          XLS, XLSB, ODS
``dbf``          ``dbase``                 dBase and FoxPro
``json``         ``json_rows``             lists of objects
``xml``          ``xml_rows``              exports of settlement centres, by a mapping
===============  ========================  ================================================

A ZIP with one file is that file (``zipped``).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple

from .control import Control
from .encoding import EncodingGuess
from .errors import TableError


@dataclass(frozen=True)
class Limits:
    """What is still read; sizes in bytes."""

    file_size: int = 96 * 2**20
    unpacked: int = 2**30
    strings: int = 256 * 2**20  # texts of a workbook; many of them wait on the disk
    ratio: int = 200  # unpacked : packed, beyond the first megabytes
    columns: int = 300
    cell: int = 32_767  # what a cell of Excel holds
    held: int = 64 * 2**20  # of files that are read into memory as a whole
    cells: int = 20_000_000  # of such a file


class Row(NamedTuple):
    """``number`` from 1, ``cells``: values of the table, ``end``: where to go on reading."""

    number: int
    cells: list[Any]
    end: int


@dataclass
class Table:
    """A file as rows. ``size`` is in the units of ``Row.end``.

    ``headings``: those that the format itself gives; None where they stand in a row, or nowhere.
    ``controls``: sums that the file tells outside of its rows. ``guess``: how the text was read.
    ``payee``: the payee's account as the file or its name tells it. ``name``: of the file within a ZIP.
    """

    format: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheets: tuple[str, ...] = ()
    size: int = 0
    headings: list[str] | None = None
    controls: list[Control] = field(default_factory=list)
    guess: EncodingGuess | None = None
    payee: str = ""
    name: str = ""

    def rows(self, position: int = 0, number: int = 0) -> Iterator[Row]:
        """Yield rows from ``position`` on; ``number`` is that of the row before it."""
        raise NotImplementedError

    def suggest(self, kind: str) -> list[tuple[str, str]] | None:
        """Return ``[(field, service)]`` a column where the format knows, for a kind of loading."""
        return None

    def close(self) -> None:
        """Let go what the reader opened; the stream is the caller's."""


def open_table(
    stream: BinaryIO,
    sheet: str = "",
    encoding: str = "",
    delimiter: str = "",
    limits: Limits | None = None,
    kind: str = "",
    name: str = "",
) -> Table:
    """Return a reader of a binary seekable ``stream``.

    :param sheet: name of the sheet of a workbook; empty: the first visible one
    :param encoding: of a text; empty: found out
    :param delimiter: of a text; empty: found out
    :param kind: what is to be loaded (a key of ``KINDS``), where a file holds several things
    :param name: of the file, which may tell the payee's account
    :raise TableError: when it is no table, or one that must not be opened
    """
    from . import kinds_of_files

    limits = limits or Limits()
    size = stream.seek(0, 2)
    stream.seek(0)
    if not size:
        raise TableError("empty")
    if size > limits.file_size:
        raise TableError("too_big", detail=str(limits.file_size // 2**20))
    wanted = kinds_of_files.Wanted(limits, sheet, encoding, delimiter, kind, name)
    return kinds_of_files.open_by_content(stream, wanted)
