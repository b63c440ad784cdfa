"""How files of receipts are named: account and month read out of a name, in linear time.

A user writes the pattern and a stranger may have named the files, so no expression is built of the
pattern that could try its stars against each other: for each part it is noted once from which
places the rest of the pattern fits, and the way is then walked without a step back.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Protocol

PATTERN_LENGTH = 120
STARS = 5
NAME_LENGTH = 255  # of file systems; an archive may hold longer ones
ACCOUNT_LENGTH = 40

# where a starred account ends or begins: «12» is not read out of «112», «12-1», «12_1», «12 - 1»,
# «12 А»; a date may follow or precede: «12_03.2026», «12 2026-03», «03.2026_12»
_DATE = (
    r"(?:(?:\d\d\.)?[01]\d\.20\d\d|(?:\d\d-)?[01]\d-20\d\d|[01]\d_?20\d\d"
    r"|20\d\d[._-]?[01]\d(?:[.-]?\d\d)?)(?!\d)"
)
_JOINT = r"(?:[^\w\s()\[\]]|_)"
_ENDS = re.compile(
    rf"(?:(?=\.pdf\Z|(?:_|\s(?:[-–—]\s)?){_DATE})"
    rf"|(?![^\W_]|{_JOINT}{{1,3}}[^\W_]|(?:{_JOINT}|\s){{1,4}}(?:\d|[^\W\d_](?![^\W_]))))",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    r"(?:(?<=\d\d[._-]20\d\d[_ ])|(?<=\d\d[._-]20\d\d - )|(?<=20\d\d[._-]\d\d[_ ])"
    r"|(?<![^\W_])(?<![^\W_][^\w\s()\[\]№#])(?<!\d[^\W\d_][\W_])"
    r"(?<!\d[\W_])(?<!\d[\W_]{2})(?<!\d[\W_]{3}))"
)
_MONTHS = tuple(
    map(re.compile, (r"\d{2}[._-]?\d{4}", r"\d{4}[._-]?\d{2}", r"\d{4}"))
)  # in this order


class _Part(Protocol):
    """A part of a pattern."""

    def find_ends(self, name: str, start: int) -> Iterable[int]:
        """Return where the part may end when it begins at ``start``, the preferred place first."""


class _Text:
    """A text that stands in the name as it is; capitals do not count."""

    def __init__(self, text: str) -> None:
        self._regex = re.compile(re.escape(text), re.IGNORECASE)

    def find_ends(self, name: str, start: int) -> Iterable[int]:
        found = self._regex.match(name, start)
        return (found.end(),) if found else ()


class _Star:
    """Anything; ``longest``: the longest rather than the shortest."""

    def __init__(self, longest: bool) -> None:
        self._longest = longest

    def find_ends(self, name: str, start: int) -> Iterable[int]:
        ends = range(start, len(name) + 1)
        return reversed(ends) if self._longest else ends


class _Month:
    """A month in figures."""

    def find_ends(self, name: str, start: int) -> Iterable[int]:
        return [found.end() for regex in _MONTHS if (found := regex.match(name, start))]


class _Account:
    """A number of an account, the shortest rather than the longest.

    Beside a star it begins and ends with a letter or a figure and has a figure near; towards the
    star it must not be cut out of something longer.
    """

    def __init__(self, after_star: bool, before_star: bool) -> None:
        self._after_star, self._before_star = after_star, before_star

    def find_ends(self, name: str, start: int) -> Iterable[int]:
        ends = range(start + 1, min(start + ACCOUNT_LENGTH, len(name)) + 1)
        if not self._after_star and not self._before_star:
            return ends
        near = name[start : start + ACCOUNT_LENGTH]
        if not near[:1].isalnum() or not re.search(r"\d", near):
            return ()
        if self._after_star and not _BEGINS.match(name, start):
            return ()
        return (
            end
            for end in ends
            if name[end - 1].isalnum() and (not self._before_star or _may_end(name, end))
        )


@lru_cache(maxsize=NAME_LENGTH + 1)  # the places of one name
def _may_end(name: str, end: int) -> bool:
    return _ENDS.match(name, end) is not None


class Pattern:
    """How file names are built: ``{account}`` needed, ``{month}`` and a few ``*`` allowed.

    ``{account}_{month}.pdf`` reads «0100001_03.2026.pdf», «0100001_2026-03.pdf», «0100001_0326.pdf».
    Beside a ``*`` an account is taken whole; where its end is not known, not at all or with what
    is joined to it. Letters' case does not count; folders do not belong to the name.
    """

    def __init__(self, text: str) -> None:
        """:raise ValueError: without ``{account}``, with something else in braces, too long"""
        text = text.strip()
        tokens = re.findall(r"\{[^{}]*\}|\*|[^{}*]+|[{}]", text)
        if tokens.count("{account}") != 1 or tokens.count("{month}") > 1:
            raise ValueError(text)
        known = ("{account}", "{month}", "*")
        if any(token[0] in "{}" and token not in known for token in tokens):
            raise ValueError(text)
        if len(text) > PATTERN_LENGTH or tokens.count("*") > STARS:
            raise ValueError(text)
        if not text.lower().endswith(".pdf"):
            tokens.append(".pdf")
        place = tokens.index("{account}")
        before, after = tokens[place - 1 : place] == ["*"], tokens[place + 1] == "*"
        # between two stars the last place and the first must give the same account
        kinds = (True, False) if before and after else (before,)
        self._ways = [_build(tokens, place, longest) for longest in kinds]

    def match(self, name: str) -> tuple[str, tuple[int, int] | None] | None:
        """Return ``(account as written, month as (year, month) or None)``, or None."""
        name = re.split(r"[/\\]", name)[-1]
        if len(name) > NAME_LENGTH or "\n" in name:
            return None
        found = [_walk(parts, name) for parts in self._ways]
        if len({each and each[0] for each in found}) > 1 or found[0] is None:
            return None
        account, month = found[0]
        return account.strip(), _read_month(month)


def _build(tokens: Sequence[str], place: int, longest: bool) -> list[_Part]:
    """Return the parts; ``longest``: what a ``*`` before the account prefers."""
    parts: list[_Part] = []
    for at, token in enumerate(tokens):
        if token == "*":
            parts.append(_Star(longest and at < place))
        elif token == "{account}":
            parts.append(_Account(tokens[at - 1 : at] == ["*"], tokens[at + 1] == "*"))
        elif token == "{month}":
            parts.append(_Month())
        else:
            parts.append(_Text(token))
    return parts


def _walk(parts: Sequence[_Part], name: str) -> tuple[str, str] | None:
    """Return the texts of account and month of the first way through the name, or None."""
    size = len(name)
    # fits[n]: places from which parts[n:] reach the end of the name
    fits = [frozenset({size})]
    for part in reversed(parts):
        fits.append(frozenset(_find_starts(part, name, fits[-1])))
    fits.reverse()
    if 0 not in fits[0]:
        return None
    account, month, start = "", "", 0
    for part, rest in zip(parts, fits[1:], strict=True):
        end = next(end for end in part.find_ends(name, start) if end in rest)
        if isinstance(part, _Account):
            account = name[start:end]
        elif isinstance(part, _Month):
            month = name[start:end]
        start = end
    return account, month


def _find_starts(part: _Part, name: str, rest: frozenset[int]) -> Iterable[int]:
    """Return the places from which a part reaches one of the places in ``rest``."""
    if isinstance(part, _Star):
        return range(max(rest, default=-1) + 1)
    return [
        start
        for start in range(len(name) + 1)
        if any(end in rest for end in part.find_ends(name, start))
    ]


def _read_month(text: str) -> tuple[int, int] | None:
    digits = re.sub(r"\D", "", text)
    if len(digits) == 6:
        year, month = (
            (digits[2:], digits[:2]) if int(digits[:2]) <= 12 else (digits[:4], digits[4:])
        )
        return int(year), int(month)
    if len(digits) == 4:
        return 2000 + int(digits[2:]), int(digits[:2])
    return None
