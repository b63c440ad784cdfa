"""Which kind of table a file is, and what its readers have in common."""

from dataclasses import dataclass
from typing import NamedTuple

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


class Row(NamedTuple):
    """``number`` from 1, ``cells``: values of the table, ``end``: where to go on reading."""

    number: int
    cells: list
    end: int


def open_table(stream, sheet="", encoding="", delimiter="", limits=None):
    """Return a reader of a binary seekable ``stream``.

    :param sheet: name of the sheet of a workbook; empty: the first visible one
    :param encoding: of a text; empty: found out
    :param delimiter: of a text; empty: found out
    :return: an object with ``format`` (``xlsx``/``csv``), ``size`` (of the units of ``Row.end``),
        ``encoding``, ``delimiter``, ``sheets``, ``rows(position=0, number=0)`` and ``close()``
    :raise TableError: when it is no table, or one that must not be opened
    """
    from .delimited import DelimitedTable
    from .workbook import WorkbookTable

    limits = limits or Limits()
    size = stream.seek(0, 2)
    stream.seek(0)
    if not size:
        raise TableError("empty")
    if size > limits.file_size:
        raise TableError("too_big", detail=str(limits.file_size // 2**20))
    head = stream.read(8)
    stream.seek(0)
    if head.startswith(b"PK"):
        return WorkbookTable(stream, limits, sheet)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        # an old .xls, or a workbook under a password: both are OLE files
        code = "encrypted" if _is_encrypted_workbook(stream) else "old_excel"
        raise TableError(code)
    if head.startswith((b"%PDF", b"{\\rtf", b"\x1f\x8b", b"Rar!", b"7z")):
        raise TableError("not_table")
    return DelimitedTable(stream, limits, encoding, delimiter)


def _is_encrypted_workbook(stream):
    data = stream.read(2**20)
    stream.seek(0)
    return "EncryptedPackage".encode("utf-16-le") in data
