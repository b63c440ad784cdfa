"""In which encoding a text is written: found out, and reported when it is in doubt.

Files of Russian offices are UTF-8, UTF-16 or one of a few single-byte code pages. Windows-1251 in
capitals reads as KOI8-R in small letters and the other way about («ИВАНОВ» ↔ «хбюмнб»), so the letters
themselves have to be checked. ``charset-normalizer`` gives the second opinion.
"""

import codecs
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from charset_normalizer import from_bytes

UTF8, UTF16 = "utf-8-sig", "utf-16"
# how often offices' files come in each (natural logarithm): what decides where the letters do not
_USUAL = {"cp1251": 0.0, "cp866": -2.0, "koi8-r": -5.0, "mac-cyrillic": -18.0, "iso8859-5": -18.0}
CODE_PAGES = tuple(_USUAL)
ENCODINGS = (UTF8, UTF16, *CODE_PAGES)
BLOCK = 2**20
SAMPLE = 64 * 1024  # bytes of lines with Russian letters that are checked
OPINION = 4096  # bytes of them that the second opinion is asked about
SURE = 12.0  # how much more likely the best reading must be (natural logarithm) to be taken unasked
SURE_ALONE = 60.0  # as SURE, where the second opinion is another one

# letters of Russian running text in percent (common counts of the national corpus)
_SHARES = dict(
    zip(
        "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
        (10.97, 8.45, 8.01, 7.35, 6.70, 6.26, 5.47, 4.73, 4.54, 4.40, 3.49, 3.21, 2.98, 2.81, 2.62,
         2.01, 1.90, 1.74, 1.70, 1.65, 1.59, 1.44, 1.21, 0.97, 0.94, 0.73, 0.64, 0.48, 0.36, 0.32,
         0.26, 0.04, 0.04),
        strict=True,
    )
)  # fmt: skip
_LETTERS = {letter: math.log(share / 100) for letter, share in _SHARES.items()}
_LETTERS |= {letter.upper(): value for letter, value in _LETTERS.items()}
_SIGNS = dict.fromkeys("«»№–—°²³„“”’…\u00a0", math.log(0.002))
_OTHER = math.log(1e-6)  # a letter or sign that Russian tables do not have
_VOWELS = frozenset("аеёиоуыэюяАЕЁИОУЫЭЮЯ")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Reading:
    """One way to read the text: the encoding and a few lines as they look in it."""

    encoding: str
    sample: str


@dataclass(frozen=True)
class EncodingGuess:
    """The encoding found; ``readings`` (best first) has at least two where it is ``doubtful``."""

    encoding: str
    doubtful: bool = False
    readings: tuple[Reading, ...] = ()


def guess_encoding(stream: BinaryIO) -> EncodingGuess:
    """Return the encoding of a text file, checked from its beginning to its end.

    :param stream: binary and seekable; its position changes
    """
    stream.seek(0)
    head = stream.read(4)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return EncodingGuess(UTF16)
    if head.startswith(codecs.BOM_UTF8) or _is_utf8(stream):
        return EncodingGuess(UTF8)
    return guess_code_page(_collect_lines(stream))


def guess_code_page(lines: Iterable[bytes]) -> EncodingGuess:
    """Return the single-byte code page of lines that have Russian letters (UTF-8 where it is that)."""
    lines = list(lines)
    whole = sum(map(_is_valid_utf8, lines))
    if lines and whole > len(lines) * 0.9:
        return EncodingGuess(UTF8)  # a few broken lines: reading will stop there and say so
    data = b"\n".join(lines)
    ranked, seen = [], set()
    for score, page in sorted(
        ((_score(data, page) + usual, page) for page, usual in _USUAL.items()), reverse=True
    ):
        text = data.decode(page, "replace")
        if text not in seen:  # capitals are the same in DOS and on a Mac: nothing to choose
            ranked.append((score, page))
            seen.add(text)
    best = ranked[0][1]
    # a reading nearly as likely, or the one that the second opinion prefers
    rivals = [page for score, page in ranked[1:] if ranked[0][0] - score < SURE]
    if not rivals and ranked[1:] and ranked[0][0] - ranked[1][0] < SURE_ALONE:
        other = _ask_normalizer(data[:OPINION])
        rivals = [page for _score, page in ranked[1:] if page == other]
    readings = tuple(Reading(page, _show(lines, page)) for page in (best, *rivals))
    return EncodingGuess(best, bool(rivals), readings)


def _is_utf8(stream: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    stream.seek(0)
    try:
        while block := stream.read(BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_valid_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _collect_lines(stream: BinaryIO) -> list[bytes]:
    """Return lines that are not ASCII, from wherever in the file they stand."""
    stream.seek(0)
    lines, size = [], 0
    while block := stream.read(BLOCK):
        if block.isascii():
            continue
        for line in re.split(rb"[\r\n]+", block):
            if not line.isascii():
                lines.append(line[:2000])
                size += len(lines[-1])
                if size >= SAMPLE:
                    return lines
    return lines


def _score(data: bytes, page: str) -> float:
    """Return the log-likelihood of the text being Russian in this code page."""
    text = data.decode(page, "replace")
    total = 0.0
    for letter in text:
        if letter > "\x7f":
            total += _LETTERS.get(letter) or _SIGNS.get(letter, _OTHER)
    for word in _WORD.findall(text):
        if not word.isascii():
            total += _score_word(word)
    return total


def _score_word(word: str) -> float:
    """Return what the build of a word takes away: its case, its signs, heaps of consonants."""
    lost = 0.0
    if word[0] in "ьъыЬЪЫ":
        lost -= 5.0
    capital_in_it = any(letter.isupper() for letter in word[1:])
    if capital_in_it and not word.isupper():
        lost -= 2.0 * sum(a.islower() and b.isupper() for a, b in zip(word, word[1:], strict=False))
        lost -= 3.0
    if len(word) >= 4 and not _VOWELS.intersection(word):
        lost -= 3.0
    for before, after in zip(word, word[1:], strict=False):
        if after in "ьъЬЪ" and (before in _VOWELS or before in "ьъйЬЪЙ"):
            lost -= 4.0
        elif before in _VOWELS and after in _VOWELS:
            lost -= 0.7
    return lost


def _ask_normalizer(data: bytes) -> str:
    """Return the code page that ``charset-normalizer`` takes the text for, or an empty text."""
    found = from_bytes(
        data,
        cp_isolation=[page.replace("-", "_") for page in CODE_PAGES],
        preemptive_behaviour=False,
    ).best()
    return found.encoding.replace("_", "-") if found else ""


def _show(lines: list[bytes], page: str) -> str:
    text = "\n".join(line.decode(page, "replace").strip()[:120] for line in lines[:3])
    return re.sub(r"[\x00-\x09\x0b-\x1f]", " ", text)
