"""The first bytes of a file → its reader, or the word for what it is instead of a table."""

import re
import zipfile
import zlib
from dataclasses import dataclass, replace
from typing import BinaryIO

from .errors import TableError
from .reader import Limits, Table

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADS = (
    (b"%PDF", "pdf"),
    (b"{\\rtf", "word"),
    (b"\x1f\x8b", "archive"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"II*\0", "image"),
    (b"MM\0*", "image"),
    (b"\0\1\0\0Standard", "access"),
)
# the first byte of dBase III–7 and of FoxPro, with and without memo fields
_DBF = frozenset(b"\x02\x03\x04\x30\x31\x32\x43\x63\x83\x8b\x8c\xcb\xf5\xfb")
_LITTER = re.compile(r"(^|/)(__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)


@dataclass(frozen=True)
class Wanted:
    """How a file is to be opened, as ``open_table`` was called."""

    limits: Limits
    sheet: str = ""
    encoding: str = ""
    delimiter: str = ""
    kind: str = ""
    name: str = ""
    packed: bool = False  # it came out of an archive


def open_by_content(stream: BinaryIO, wanted: Wanted) -> Table:
    """Return the reader of a file.

    :raise TableError: when it is no table, by its kind
    """
    head = stream.read(4096)
    stream.seek(0)
    if head.startswith(b"PK"):
        return _open_zip(stream, wanted)
    if head.startswith(_OLE[:4]):
        return _open_ole(stream, wanted)
    for start, code in _HEADS:
        if head.startswith(start):
            raise TableError(code)
    if _is_dbf(head):
        from .dbase import DbaseTable

        return DbaseTable(stream, wanted)
    return _open_text(stream, wanted, head)


def _open_zip(stream: BinaryIO, wanted: Wanted) -> Table:
    try:
        with zipfile.ZipFile(stream) as archive:
            infos = archive.infolist()
            names = {info.filename for info in infos}
            mimetype = archive.read("mimetype")[:100] if "mimetype" in names else b""
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError) as error:
        raise TableError("damaged", detail=type(error).__name__) from error
    except RuntimeError as error:  # how the library tells a password
        raise TableError("encrypted") from error
    stream.seek(0)
    if "[Content_Types].xml" in names:
        if any(name.startswith(("word/", "ppt/", "visio/")) for name in names):
            raise TableError("word")
        if any(name.lower().endswith(".bin") and "workbook" in name.lower() for name in names):
            from .old_workbook import OldWorkbookTable

            return OldWorkbookTable(stream, wanted, "xlsb")
        from .gis_workbook import open_workbook

        return open_workbook(stream, wanted)
    if mimetype.startswith(b"application/vnd.oasis.opendocument"):
        if b"spreadsheet" not in mimetype:
            raise TableError("word")
        from .old_workbook import OldWorkbookTable

        return OldWorkbookTable(stream, wanted, "ods")
    if wanted.packed:
        raise TableError("archive")
    files = [info for info in infos if not info.is_dir() and not _LITTER.search(info.filename)]
    return _open_packed(stream, wanted, files)


def _open_packed(stream: BinaryIO, wanted: Wanted, files: list[zipfile.ZipInfo]) -> Table:
    from .zipped import decode_name, unpack

    names = [decode_name(info) for info in files]
    if not files:
        raise TableError("no_file")
    if all(name.lower().endswith(".pdf") for name in names):
        raise TableError("receipts", detail=str(len(names)))
    if len(files) > 1:
        raise TableError("many_files", detail=", ".join(sorted(names)[:5]))
    inner = unpack(stream, files[0], wanted.limits)
    try:
        name = re.split(r"[/\\]", names[0])[-1]
        table = open_by_content(inner, replace(wanted, packed=True, name=name))
    except BaseException:
        inner.close()
        raise
    table.name = name
    _close_with(table, inner)
    return table


def _close_with(table: Table, inner: BinaryIO) -> None:
    """Let the unpacked file go with its reader."""
    close = table.close

    def close_both() -> None:
        close()
        inner.close()

    table.close = close_both  # type: ignore[method-assign]


def _open_ole(stream: BinaryIO, wanted: Wanted) -> Table:
    data = stream.read(2**20)
    stream.seek(0)
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise TableError("encrypted")
    if "WordDocument".encode("utf-16-le") in data:
        raise TableError("word")
    from .old_workbook import OldWorkbookTable

    return OldWorkbookTable(stream, wanted, "xls")


def _is_dbf(head: bytes) -> bool:
    """Tell a dBase file: its first byte, a date, a length of the head that ends with a mark."""
    if len(head) < 65 or head[0] not in _DBF or not (1 <= head[2] <= 12 and 1 <= head[3] <= 31):
        return False
    length, record = int.from_bytes(head[8:10], "little"), int.from_bytes(head[10:12], "little")
    return length >= 65 and record >= 2 and head[32:33].isalpha() and b"\0" in head[32:43]


def _open_text(stream: BinaryIO, wanted: Wanted, head: bytes) -> Table:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    lowered = start[:1000].lower()
    if re.match(rb"<(!doctype html|html|table|head|meta)\b", lowered):
        raise TableError("html")
    if start.startswith(b"<") and not wanted.delimiter:
        from .xml_rows import XmlTable

        return XmlTable(stream, wanted)
    if re.match(rb"[\[{]\s*[\[{\"\]}\d]", start) and not wanted.delimiter:
        from .json_rows import JsonTable

        return JsonTable(stream, wanted)
    from .delimited import open_text

    return open_text(stream, wanted)
