"""One PDF with the receipts of a whole house: which page is whose, and a PDF for each account.

A page belongs to an account when the account's number, and no other account's, stands on it by itself.
What is not proved so is reported and left to a person: nothing is guessed. No Odoo inside.
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import pikepdf

from . import receipt_archive
from .money import MONTHS_RU, MONTHS_RU_GENITIVE

MAX_PAGES = 20_000
# a number this short stands on a page by chance (a flat, a day); it counts after a word for «account» only
SHORT = 5
_DASHES = "‐‑–—−"
_TOKEN = re.compile(rf"[^\W_](?:[\w/\\\-{_DASHES}]|[.,](?=\d))*", re.UNICODE)
_LABEL = re.compile(
    r"(?:лиц(?:евой|евого|евому)?\.?\s*сч(?:[её]т[ау]?)?\.?|(?<!\w)л\s*[/.]\s*с(?:ч)?\.?(?!\w)"
    r"|(?<!\w)ЛС(?!\w)|(?<!\w)account(?!\w))[\s:№#Nn.]*$",
    re.I,
)


class BookError(ValueError):
    """The file as a whole is not taken; ``code`` as ``PdfFacts.problem``, or ``no_text``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class PageText:
    """What may be numbers of accounts on a page (from 1): after a word for it, and anywhere.

    ``months``: ``(year, month)`` that the page names in words («октябрь 2026»).
    """

    number: int
    labelled: frozenset[str]
    tokens: frozenset[str]
    has_text: bool = True
    months: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True)
class PageOwner:
    """Whose a page is; or why that is not known.

    ``problem``: ``no_text``, ``no_number`` (no account of ours stands on it), ``several`` (more than one
    does: ``numbers``), ``apart`` (the account's other pages stand elsewhere).
    """

    number: int
    account: str = ""
    problem: str = ""
    numbers: tuple[str, ...] = ()


class Book:
    """An opened PDF; pages are read one by one, so that a long one can be read in slices."""

    def __init__(self, data: bytes) -> None:
        """:raise BookError: when it is no PDF to be accepted"""
        problem, self._reader = receipt_archive.open_pdf(data, MAX_PAGES)
        if problem or self._reader is None:
            raise BookError(problem or "damaged")
        self.count = len(self._reader.pages)

    def read_page(self, number: int) -> PageText:
        """Return what stands on a page (from 1).

        :raise BookError: ``bomb`` or ``damaged``
        """
        assert self._reader is not None
        problem, text = receipt_archive.read_page(self._reader, number - 1)
        if problem:
            raise BookError(problem)
        return find_numbers(number, text)


def find_numbers(number: int, text: str) -> PageText:
    """Return what may be numbers of accounts in the text of a page."""
    labelled, tokens = set(), set()
    for match in _TOKEN.finditer(text):
        token = match[0].rstrip("-/\\" + _DASHES)
        if not any(letter.isdigit() for letter in token) or len(token) > 30:
            continue
        tokens.add(token)
        if _LABEL.search(text[max(0, match.start() - 40) : match.start()]):
            labelled.add(token)
    return PageText(
        number, frozenset(labelled), frozenset(tokens), bool(text.strip()), find_months(text)
    )


def find_months(text: str) -> frozenset[tuple[int, int]]:
    """Return the months that a text names in words: «октябрь 2026», «за октября 2026 г.»."""
    found = set()
    for word, year in re.findall(r"(?<![А-Яа-яЁё])([А-Яа-яЁё]++)\s+(20\d\d)(?!\d)", text):
        for names in (MONTHS_RU, MONTHS_RU_GENITIVE):
            if word.lower() in names:
                found.add((int(year), names.index(word.lower()) + 1))
    return frozenset(found)


def find_owners(
    pages: Sequence[PageText],
    find_accounts: Callable[[list[str]], Iterable[str]],
    apart: bool = True,
) -> list[PageOwner]:
    """Return the owner of each page, in their order.

    :param find_accounts: returns those of the texts that are numbers of our accounts
    :param apart: whether pages of one account that stand apart are reported; of a slice they cannot be
    """
    known = set(find_accounts(sorted({token for page in pages for token in page.tokens})))
    owners = [_find_owner(page, known) for page in pages]
    if not apart:
        return owners
    places: dict[str, list[int]] = {}
    for owner in owners:
        if owner.account:
            places.setdefault(owner.account, []).append(owner.number)
    gappy = {
        account for account, numbers in places.items() if numbers[-1] - numbers[0] >= len(numbers)
    }
    between = _find_gaps(owners, places, gappy)
    return [
        PageOwner(owner.number, "", "apart", (owner.account,))
        if owner.account in gappy - between
        else owner
        for owner in owners
    ]


def _find_gaps(
    owners: Sequence[PageOwner], places: dict[str, list[int]], apart: set[str]
) -> set[str]:
    """Return the accounts between whose pages only pages without an owner stand."""
    whose = {owner.number: owner.account for owner in owners}
    return {
        account
        for account in apart
        if all(
            whose[number] in ("", account)
            for number in range(places[account][0], places[account][-1] + 1)
        )
    }


def _find_owner(page: PageText, known: set[str]) -> PageOwner:
    if not page.has_text:
        return PageOwner(page.number, problem="no_text")
    found = {token for token in page.labelled if token in known}
    found |= {token for token in page.tokens if token in known and len(token) >= SHORT}
    if len(found) == 1:
        return PageOwner(page.number, next(iter(found)))
    if found:
        return PageOwner(page.number, problem="several", numbers=tuple(sorted(found)))
    return PageOwner(page.number, problem="no_number")


def split(data: bytes, groups: dict[str, list[int]]) -> Iterator[tuple[str, bytes]]:
    """Yield ``(account, PDF)`` of the pages (from 1) of each account.

    The same pages give the same bytes: nothing of the day or of chance is written.

    :raise BookError: ``damaged``
    """
    try:
        with pikepdf.open(io.BytesIO(data)) as book:
            for account, numbers in groups.items():
                with pikepdf.new() as part:
                    for number in numbers:
                        part.pages.append(book.pages[number - 1])
                    part.remove_unreferenced_resources()
                    out = io.BytesIO()
                    part.save(out, deterministic_id=True, compress_streams=True)
                yield account, out.getvalue()
    except (pikepdf.PdfError, IndexError, ValueError) as error:
        raise BookError("damaged") from error
