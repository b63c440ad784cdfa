"""Which column holds what, by its header; and by what a layout is known again."""

import hashlib
import re

from .kinds import KINDS
from .values import clean_text

LOOK_AT = 25  # rows among which the header is looked for


def normalise(text):
    """Return a header as compared: lower case, single spaces, ё as е, no marks at its end."""
    text = clean_text(text).casefold().replace("ё", "е")
    return re.sub(r"\s+", " ", text).strip(" :*.,;№")


def _words(kind):
    known = {}
    for code, field in KINDS[kind].items():
        for word in (code, *field.words):
            known.setdefault(normalise(word), code)
    return known


def find_header(kind, rows):
    """Return the index (in ``rows``) of the header: the row with most known words, or the first."""
    known = _words(kind)
    best, best_score = 0, 1
    for index, cells in enumerate(rows[:LOOK_AT]):
        score = sum(normalise(cell) in known for cell in cells)
        if score > best_score:
            best, best_score = index, score
    if best_score == 1:
        filled = (i for i, cells in enumerate(rows) if any(clean_text(cell) for cell in cells))
        return next(filled, 0)
    return best


def guess_columns(kind, header, services=()):
    """Return ``[(field code or "", service text or "")]``, one a column.

    :param services: names and codes of services: a column headed by one (also «Отопление, тариф»)
        holds that figure of that service, «amount» when nothing more is said
    """
    known, fields = _words(kind), KINDS[kind]
    names = {normalise(name): name for name in services if name} if kind == "charge" else {}
    guessed, taken = [], set()
    for cell in header:
        word = normalise(cell)
        code, service = known.get(word, ""), ""
        if word in names and (not code or not fields[code].required):
            code, service = "amount", names[word]
        elif not code:
            code, service = _split(word, known, names, fields)
        if (code, service) in taken:
            code, service = "", ""
        if code:
            taken.add((code, service))
        guessed.append((code, service))
    return guessed


def _split(word, known, names, fields):
    for match in re.finditer(r"\s*[,:;/(|–—-]\s*", word):
        left, right = word[: match.start()], word[match.end() :].strip(" )")
        for name, figure in ((left, right), (right, left)):
            code = known.get(normalise(figure))
            if name in names and code and fields[code].across:
                return code, names[name]
    return "", ""


def signature(kind, header):
    """Return by what a layout is known again: a hash of the kind and the headers in their order."""
    words = [normalise(cell) for cell in header]
    while words and not words[-1]:
        words.pop()
    return hashlib.sha256("\n".join([kind, *words]).encode()).hexdigest()
