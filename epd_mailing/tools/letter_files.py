"""Files that go with every letter of a mailing (a notice of the house), beside each payer's own receipt. No Odoo inside."""

import re
from collections.abc import Iterable, Sequence

from .document_number import transliterate
from .receipt_book import SHORT, Book

MAX_FILES = 5
MAX_PAGES = 50  # of one PDF: it is read to its end before it may go
# what mail servers let through and any telephone opens
EXTENSIONS = ("pdf", "jpg", "jpeg", "png", "gif", "txt", "docx", "xlsx", "odt", "ods")


def get_extension(name: str) -> str:
    """Return what follows the last dot of a file's name, in small letters."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def name_files(receipt: str, names: Iterable[str]) -> list[str]:
    """Return the names under which files travel beside a receipt: ASCII, each once.

    The services key a letter's files by their names, so that a second file of one name would stand in
    the place of the first; and UniSender documents nothing about names that are not ASCII
    (https://www.unisender.com/ru/support/api/messages/sendemail/, seen 2026-11-26).

    :param receipt: name of the receipt, which is kept
    """
    taken, found = {receipt.lower()}, []
    for name in names:
        extension = get_extension(name)
        stem = name[: -len(extension) - 1] if extension else name
        plain = re.sub(r"[^A-Za-z0-9]+", "_", transliterate(stem)).strip("_")[:100] or "file"
        end = re.sub(r"[^a-z0-9]", "", extension)
        number, made = 1, ""
        while not made or made.lower() in taken:
            count = f"_{number}" if number > 1 else ""
            made = f"{plain}{count}.{end}" if end else f"{plain}{count}"
            number += 1
        taken.add(made.lower())
        found.append(made)
    return found


def find_number_candidates(data: bytes) -> frozenset[str]:
    """Return what may be numbers of personal accounts in a PDF: after a word for it, or long enough.

    :raise receipt_book.BookError: when it is no PDF to be accepted (damaged, with scripts, …)
    """
    book = Book(data)
    found: set[str] = set()
    for number in range(1, min(book.count, MAX_PAGES) + 1):
        page = book.read_page(number)
        found |= page.labelled | {token for token in page.tokens if len(token) > SHORT}
    return frozenset(found)


def count_pages(data: bytes) -> int:
    """Return how many pages a PDF has.

    :raise receipt_book.BookError: when it is no PDF to be accepted
    """
    return Book(data).count


def describe_size(count: int, units: Sequence[str]) -> str:
    """Return a number of bytes as people read it.

    :param units: words for kilobytes and megabytes
    """
    kilobytes, megabytes = units
    if count < 1024 * 1024:
        return f"{max(1, round(count / 1024))} {kilobytes}"
    return f"{count / 1024 / 1024:.1f} {megabytes}".replace(".", ",")
