"""A ZIP of receipts made by another program: read without trusting it. No Odoo inside.

``read_archive`` lists the entries and what is wrong with each by its head alone; ``read_entry``
unpacks one within its bounds; ``check_pdf`` looks into one.
"""

import io
import logging
import re
import stat
import time
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

import pypdf
from pypdf.filters import ASCII85Decode
from pypdf.generic import StreamObject

from . import pdf_content

# damaged files are reported to the person who brought them, not to the server's log
logging.getLogger("pypdf").setLevel(logging.CRITICAL)
# what systems leave in archives by themselves
_LITTER = re.compile(r"(^|/)(__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
_CP437 = frozenset(bytes(range(256)).decode("cp437"))
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
PAGES_SIZE = 8 * 2**20  # unpacked drawing of all pages; a dense one of wkhtmltopdf has 0.25 MB
PDF_SECONDS = 30  # text of one receipt; usual ones take well under one


@dataclass(frozen=True)
class ArchiveLimits:
    """What is still taken; sizes in bytes."""

    entries: int = 5000
    entry_size: int = 3 * 2**20  # a letter with its attachment must pass mail servers
    unpacked: int = 2**30
    ratio: int = 200  # unpacked : packed of one entry, beyond the first 100 KB


class ArchiveError(ValueError):
    """The archive as a whole is not taken: ``not_zip``, ``damaged``, ``too_many``, ``bomb``, ``empty``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive. ``index`` in its directory, ``name`` as shown, ``problem`` a code or ''."""

    index: int
    name: str
    size: int
    problem: str


class PdfFacts(NamedTuple):
    """``problem`` a code or ''; ``text`` of its pages.

    Codes: ``not_pdf``, ``encrypted``, ``damaged``, ``active``, ``too_many_pages``, ``bomb``.
    """

    problem: str
    pages: int = 0
    text: str = ""


def read_archive(stream: BinaryIO, limits: ArchiveLimits | None = None) -> list[Entry]:
    """Return the entries of a ZIP, folders and litter skipped.

    Problems of an entry: ``path`` (absolute, upwards, a link), ``encrypted``, ``method``, ``too_big``,
    ``bomb``, ``same_name``, ``not_pdf`` (by its name), ``empty``.

    :raise ArchiveError: when nothing of it is taken
    """
    limits = limits or ArchiveLimits()
    stream.seek(0)
    if stream.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
        raise ArchiveError("not_zip")
    try:
        with zipfile.ZipFile(stream) as archive:
            infos = archive.infolist()
    except DAMAGED as error:
        raise ArchiveError("damaged") from error
    if len(infos) > 2 * limits.entries:
        raise ArchiveError("too_many")
    entries: list[Entry] = []
    seen: set[str] = set()
    for index, info in enumerate(infos):
        name = _decode_name(info)
        if info.is_dir() or _LITTER.search(name):
            continue
        problem = _find_problem(info, name, limits)
        if name.casefold() in seen:
            problem = problem or "same_name"
        seen.add(name.casefold())
        entries.append(Entry(index, name, info.file_size, problem))
    if len(entries) > limits.entries:
        raise ArchiveError("too_many")
    if sum(entry.size for entry in entries) > limits.unpacked:
        raise ArchiveError("bomb")
    if not entries:
        raise ArchiveError("empty")
    return entries


def _decode_name(info: zipfile.ZipInfo) -> str:
    """Return the name: ZIPs of Windows Explorer hold Russian names in code page 866."""
    name = info.filename
    if not info.flag_bits & 0x800:
        # what code page 437 has no byte for was not read by it
        if all(ord(letter) < 128 or letter in _CP437 for letter in name):
            return name.encode("cp437").decode("cp866")
    return name


def _find_problem(info: zipfile.ZipInfo, name: str, limits: ArchiveLimits) -> str:
    parts = re.split(r"[/\\]", name)
    mode = info.external_attr >> 16
    if (
        ".." in parts
        or name.startswith(("/", "\\"))
        or "\\" in name
        or re.match(r"[A-Za-z]:", name)
        or re.search(r"[\x00-\x1f]", name)
        or (mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG))
    ):
        return "path"
    if info.flag_bits & 1:
        return "encrypted"
    if info.compress_type not in _METHODS:
        return "method"
    if not info.file_size:
        return "empty"
    if info.file_size > limits.entry_size:
        return "too_big"
    if info.file_size > 100_000 and info.file_size > limits.ratio * max(info.compress_size, 1):
        return "bomb"
    if not name.lower().endswith(".pdf"):
        return "not_pdf"
    return ""


def read_entry(
    archive: zipfile.ZipFile, index: int, limits: ArchiveLimits | None = None
) -> tuple[bytes, str]:
    """Return ``(bytes, problem)`` of one entry of an open ``zipfile.ZipFile``, unpacked within bounds."""
    limits = limits or ArchiveLimits()
    try:
        with archive.open(archive.infolist()[index]) as member:
            data = member.read(limits.entry_size + 1)
            if len(data) <= limits.entry_size:
                member.read(1)  # the end brings the check sum
    except (*DAMAGED, NotImplementedError, IndexError):
        return b"", "damaged"
    if len(data) > limits.entry_size:
        return b"", "too_big"
    return data, ""


def check_pdf(data: bytes, max_pages: int = 20) -> PdfFacts:
    """Return what a PDF is: whole, not encrypted, nothing that acts by itself; and its text."""
    problem, reader = open_pdf(data, max_pages)
    if problem or reader is None:
        return PdfFacts(problem, len(reader.pages) if reader is not None else 0)
    try:
        _measure_pages(reader.pages)
        text = _extract_text(reader.pages)
    except _Overrun:
        return PdfFacts("bomb")
    except RecursionError:
        return PdfFacts("damaged")
    except Exception:  # pypdf raises whatever a broken file makes it stumble over
        return PdfFacts("damaged")
    return PdfFacts("", len(reader.pages), text)


def open_pdf(data: bytes, max_pages: int) -> tuple[str, pypdf.PdfReader | None]:
    """Return ``(problem code or "", reader)`` of a PDF, its pages not yet checked."""
    if not data[:1024].lstrip().startswith(b"%PDF-"):
        return "not_pdf", None
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            return "encrypted", None
        pages = len(reader.pages)
        if not pages or pages > max_pages:
            return "damaged" if not pages else "too_many_pages", None
        return ("active" if pdf_content.find_active(data) else ""), reader
    except Exception:  # pypdf raises whatever a broken file makes it stumble over
        return "damaged", None


def read_page(reader: pypdf.PdfReader, index: int) -> tuple[str, str]:
    """Return ``(problem code or "", text)`` of one page of an opened PDF."""
    try:
        pages = [reader.pages[index]]
        _measure_pages(pages)
        return "", _extract_text(pages)
    except _Overrun:
        return "bomb", ""
    except RecursionError:
        return "damaged", ""
    except Exception:  # pypdf raises whatever a broken file makes it stumble over
        return "damaged", ""


class _Overrun(BaseException):
    """More work than a receipt needs; pypdf swallows an ``Exception`` of a visitor."""


def _measure_pages(pages: Iterable[pypdf.PageObject]) -> None:
    """Raise when what the pages draw unpacks to more than ``PAGES_SIZE``; shared streams count anew."""
    left = PAGES_SIZE
    known: dict[int, tuple[int, StreamObject]] = {}
    for page in pages:
        for stream in _find_streams(page):
            if id(stream) not in known:
                known[id(stream)] = _measure(stream, PAGES_SIZE), stream  # kept, so is its id
            left -= known[id(stream)][0]
            if left < 0:
                raise _Overrun


def _find_streams(page: pypdf.PageObject) -> Iterator[StreamObject]:
    """Yield what is unpacked for the text of a page: its drawing, its forms, the tables of fonts."""
    contents = _resolve(page.get("/Contents"))
    for part in contents if isinstance(contents, list) else [contents]:
        if isinstance(_resolve(part), StreamObject):
            yield _resolve(part)
    waiting: list[Any] = [page]
    seen: dict[int, Any] = {}
    while waiting:
        holder = waiting.pop()
        resources = _resolve(holder.get("/Resources")) or {}
        for form in _list_values(resources.get("/XObject")):
            if id(form) in seen or form.get("/Subtype") == "/Image":
                continue
            seen[id(form)] = form
            waiting.append(form)
            yield from _list_streams([form])
        for font in _list_values(resources.get("/Font")):
            yield from _list_streams(_resolve(value) for value in font.values())


def _resolve(value: Any) -> Any:
    return value.get_object() if hasattr(value, "get_object") else value


def _list_values(folder: Any) -> list[Any]:
    """Return the dictionaries that a dictionary of resources holds."""
    folder = _resolve(folder)
    values = folder.values() if isinstance(folder, dict) else ()
    return [value for value in map(_resolve, values) if isinstance(value, dict)]


def _list_streams(values: Iterable[Any]) -> list[StreamObject]:
    return [value for value in values if isinstance(value, StreamObject)]


def _measure(stream: StreamObject, limit: int) -> int:
    """Return the unpacked size of a stream, or more than ``limit`` where it is not worth unpacking."""
    filters = _resolve(stream.get("/Filter")) or []
    filters = [_resolve(name) for name in (filters if isinstance(filters, list) else [filters])]
    data = stream._data
    for place, name in enumerate(filters):
        if name in ("/FlateDecode", "/Fl"):
            if place != len(filters) - 1:
                return limit + 1  # packed twice
            return len(zlib.decompressobj().decompress(data, limit + 1))
        if name not in ("/ASCII85Decode", "/A85"):
            break
        data = ASCII85Decode.decode(data)
    return len(stream.get_data()) if filters else len(data)


def _extract_text(pages: Iterable[pypdf.PageObject]) -> str:
    until = time.monotonic() + PDF_SECONDS

    def watch(*_state: object) -> None:
        if time.monotonic() > until:
            raise _Overrun

    return "\n".join(page.extract_text(visitor_operand_before=watch) or "" for page in pages)


def name_key(number: str) -> str:
    """Return an account number as file names can hold it: «0100017/1» is «0100017_1» there."""
    return re.sub(r"[\W_]+", "_", number.casefold()).strip("_")
