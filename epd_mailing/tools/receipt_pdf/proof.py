"""Proof that a PDF is the receipt it should be: a random token, found alone in the finished file.

The template writes the token as a link into the HTML of one receipt; both kinds of wkhtmltopdf keep
links uncompressed in the file, so the raw bytes are searched.
"""

import html
import re
import secrets
from collections.abc import Iterable

_ADDRESS = "http://epd.invalid/"
_IN_HTML = re.compile(r"http://epd\.invalid/([^\"'<>\s]*)")
_IN_PDF = re.compile(rb"/URI \(http://epd\.invalid/([^)]*)\)")
_PAGE_COUNT = re.compile(rb"/Count (\d+)")


class ProofError(Exception):
    """The file (or the HTML) is not provably the receipt it should be."""


def make_token(document_id: object) -> str:
    """Return a fresh token ``<document_id>-<random>``."""
    return f"{document_id}-{secrets.token_hex(8)}"


def token_html(token: str) -> str:
    """Return the markup that carries the token (unpatched Qt keeps only links with text)."""
    return (
        f'<a href="{_ADDRESS}{html.escape(token, quote=True)}" '
        'style="color:#fff;text-decoration:none;font-size:4px">.</a>'
    )


def read_marks(addresses: Iterable[str]) -> set[str]:
    """Return the set of marks among the addresses of links.

    :param addresses: iterable of str
    """
    return {one.removeprefix(_ADDRESS) for one in addresses if one.startswith(_ADDRESS)}


def check_html(source: str, token: str) -> None:
    """Check that the HTML carries ``token`` once and no other.

    :raise ProofError: otherwise
    """
    found = _IN_HTML.findall(source)
    if found != [token]:
        raise ProofError(f"the page carries {len(found)} marks, not just its own")


def check_pdf(pdf: bytes, token: str) -> int:
    """Check that the file is whole and carries ``token`` alone; return its number of pages.

    :raise ProofError: empty, cut, or with a missing, foreign or further token
    """
    if not pdf:
        raise ProofError("no file")
    if not pdf.startswith(b"%PDF-") or not pdf.rstrip().endswith(b"%%EOF"):
        raise ProofError("the file is cut")
    found = set(_IN_PDF.findall(pdf))
    if found != {token.encode()}:
        raise ProofError("the file does not carry its own mark alone")
    counts = [int(count) for count in _PAGE_COUNT.findall(pdf)]
    pages = max(counts, default=0)
    if pages < 1:
        raise ProofError("the file has no pages")
    return pages
