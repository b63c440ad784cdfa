"""A ZIP of receipts made by another program: read without trusting it. No Odoo inside.

``read_archive`` lists the entries and what is wrong with each by its head alone; ``read_entry``
unpacks one within its bounds; ``check_pdf`` looks into one; ``Pattern`` reads account and month out
of a file name.
"""

import io
import logging
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass
from typing import NamedTuple

import pypdf

# damaged files are told to the person who brought them, not to the server's log
logging.getLogger("pypdf").setLevel(logging.CRITICAL)
# what systems leave in archives by themselves
_LITTER = re.compile(r"(^|/)(__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
_CP437 = frozenset(bytes(range(256)).decode("cp437"))
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)


@dataclass(frozen=True)
class ArchiveLimits:
    """What is still taken; sizes in bytes."""

    entries: int = 5000
    entry_size: int = 3 * 2**20  # a letter with its attachment must pass mail servers
    unpacked: int = 2**30
    ratio: int = 200  # unpacked : packed of one entry, beyond the first 100 KB


class ArchiveError(ValueError):
    """The archive as a whole is not taken: ``not_zip``, ``damaged``, ``too_many``, ``bomb``, ``empty``."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Entry(NamedTuple):
    """One file of an archive. ``index`` in its directory, ``name`` as shown, ``problem`` a code or ''."""

    index: int
    name: str
    size: int
    problem: str


class PdfFacts(NamedTuple):
    """``problem``: ``not_pdf``, ``encrypted``, ``damaged``, ``active`` or ''; ``text`` of its pages."""

    problem: str
    pages: int = 0
    text: str = ""


def read_archive(stream, limits=None):
    """Return the entries of a ZIP, folders and litter left out.

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
    entries, seen = [], set()
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


def _decode_name(info):
    """Return the name: ZIPs of Windows Explorer hold Russian names in code page 866."""
    name = info.filename
    if not info.flag_bits & 0x800:
        # what code page 437 has no byte for was not read by it
        if all(ord(letter) < 128 or letter in _CP437 for letter in name):
            return name.encode("cp437").decode("cp866")
    return name


def _find_problem(info, name, limits):
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


def read_entry(archive, index, limits=None):
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


def check_pdf(data, max_pages=20):
    """Return what a PDF is: whole, not encrypted, nothing that acts by itself; and its text."""
    if not data[:1024].lstrip().startswith(b"%PDF-"):
        return PdfFacts("not_pdf")
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            return PdfFacts("encrypted")
        pages = len(reader.pages)
        if not pages or pages > max_pages:
            return PdfFacts("damaged" if not pages else "too_many_pages")
        if _acts_by_itself(reader):
            return PdfFacts("active", pages)
        text = "\n".join(page.extract_text() or "" for page in reader.pages)
    except RecursionError:
        return PdfFacts("damaged")
    except Exception:  # pypdf raises whatever a broken file makes it stumble over
        return PdfFacts("damaged")
    return PdfFacts("", pages, text)


def _acts_by_itself(reader):
    root = reader.trailer["/Root"].get_object()
    names = root.get("/Names", {}).get_object() if "/Names" in root else {}
    if "/JavaScript" in names or "/EmbeddedFiles" in names or "/AA" in root:
        return True
    action = root.get("/OpenAction")
    action = action.get_object() if action is not None else None
    return isinstance(action, dict) and action.get("/S") in ("/JavaScript", "/Launch", "/URI")


class Pattern:
    """How file names are built: ``{account}`` needed, ``{month}`` and ``*`` allowed.

    ``{account}_{month}.pdf`` reads «0100001_03.2026.pdf», «0100001_2026-03.pdf», «0100001_0326.pdf».
    Letters' case does not count; folders do not belong to the name.
    """

    def __init__(self, text):
        """:raise ValueError: when it has no ``{account}``, or something else in braces"""
        tokens = re.findall(r"\{[^{}]*\}|\*|[^{}*]+|[{}]", text.strip())
        if tokens.count("{account}") != 1 or tokens.count("{month}") > 1:
            raise ValueError(text)
        groups = {
            "{account}": r"(?P<account>.{1,40}?)",
            "{month}": r"(?P<month>\d{2}[._-]?\d{4}|\d{4}[._-]?\d{2}|\d{4})",
            "*": ".*?",
        }
        if any(token[0] in "{}" and token not in groups for token in tokens):
            raise ValueError(text)
        body = "".join(groups.get(token) or re.escape(token) for token in tokens)
        self._regex = re.compile(
            body if text.lower().strip().endswith(".pdf") else body + r"\.pdf", re.I
        )

    def match(self, name):
        """Return ``(account as written, month as (year, month) or None)``, or None."""
        found = self._regex.fullmatch(re.split(r"[/\\]", name)[-1])
        if not found:
            return None
        groups = found.groupdict()
        return groups["account"].strip(), _read_month(groups.get("month"))


def _read_month(text):
    digits = re.sub(r"\D", "", text or "")
    if len(digits) == 6:
        year, month = (
            (digits[2:], digits[:2]) if int(digits[:2]) <= 12 else (digits[:4], digits[4:])
        )
        return int(year), int(month)
    if len(digits) == 4:
        return 2000 + int(digits[2:]), int(digits[:2])
    return None


def name_key(number):
    """Return an account number as file names can hold it: «0100017/1» is «0100017_1» there."""
    return re.sub(r"[\W_]+", "_", number.casefold()).strip("_")
