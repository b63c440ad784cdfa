"""Personal accounts as a clerk looks for them: part of a number, payer, address in any order.

Two sides of one agreement. :func:`make_text` writes what is known of an account into one line, and
:func:`make_patterns` turns what a person typed into LIKE patterns over that line. Both fold alike:
small letters, «ё» as «е», no punctuation, Latin look-alikes of «12A» as Russian letters.

The line has words of payer and address first, then the parts of the address that are distinguished by a
mark (``#10`` a number of the house, ``=7`` the flat), then the numbers (``!0100007``), so that a
pattern may ask for «a house 10 and after it a flat 7», or for digits within a number alone::

    " иванов иван примерная #10 =7 !0100007 "
"""

import re
import unicodedata

MAX_QUERY = 200  # characters that are read
MAX_WORDS = 12  # words that are read

_APOSTROPHES = dict.fromkeys(map(ord, "'’ʼ`´\u00ad\u200b\u200c\u200d\ufeff"))
# Latin letters in the numbers of flats and houses are typed without a glance at the keyboard
_LOOKS_RUSSIAN = str.maketrans("abcehkmoptxy", "авсенкмортху")
_FLAT_WORDS = "квартира|кварт|помещение|помещ|пом|комната|комн|офис|оф|кв"
_HOUSE_WORDS = "домовладение|дом|д"
_BLOCK_WORDS = "корпус|корп|кор|строение|стр|литера|лит|к|с"
# words of an address or a number that tell nothing apart
_NOISE = frozenset(
    (
        *_FLAT_WORDS.split("|"),
        *_HOUSE_WORDS.split("|"),
        *_BLOCK_WORDS.split("|"),
        *("г", "гор", "город", "ул", "улица", "пр", "просп", "проспект", "пер", "переулок"),
        *("бул", "бульвар", "шоссе", "ш", "наб", "набережная", "пл", "площадь", "проезд"),
        *("мкр", "микрорайон", "обл", "область", "р", "н", "т", "лс", "л", "счет", "лицевой", "no"),
    )
)
_BEFORE = r"(?<![^\W_])"
_BLANK = r"[\s.,№:-]*"
_FLAT = re.compile(rf"{_BEFORE}(?:{_FLAT_WORDS}){_BLANK}(?=\d)")
_HOUSE = re.compile(rf"{_BEFORE}(?:{_HOUSE_WORDS}){_BLANK}(?=\d)")
_BLOCK = re.compile(rf"(?<=[\da-zа-я])[\s.,]*(?<![а-я])(?:{_BLOCK_WORDS})[\s.]*(?=\d)")
_ORDINAL = re.compile(r"(\d)-(?:ая|ый|ий|ой|го|я|й|е)(?![^\W_])")
_LETTER = re.compile(r"(\d)\s+([а-я])(?=[\s,.;]*(?:$|[\d=#]))")
_WORD = re.compile(r"[^\W_]+")


def make_text(numbers: list[str], building: str, premises: str, payer: str) -> str:
    """Return the line that an account is searched in.

    :param numbers: numbers of the account, the office's and the unified one; empty ones count not
    :param building: address of the house as stored
    :param premises: number of the flat as stored
    :param payer: name of the responsible person
    """
    words = [_fold_word(word) for word in _WORD.findall(_fold(payer))]
    address = _mark(_fold(building))
    address_words = [_fold_word(word) for word in _WORD.findall(address)]
    words += [word for word in address_words if not word[0].isdigit()]
    words += [f"#{word}" for word in address_words if word[0].isdigit()]
    flat = _compact(_FLAT.sub("", _fold(premises)))
    if flat:
        words.append(f"={flat}")
    for number in filter(None, numbers):
        parts = [_fold_word(word) for word in _WORD.findall(_fold(number))]
        forms = dict.fromkeys(("-".join(parts), _compact(_fold(number))))
        words += [f"!{form}" for form in forms if form]
    return f" {' '.join(words)} "


def make_patterns(query: str) -> list[list[str]] | None:
    """Return LIKE patterns for what a person typed: each list holds alternatives, all must have one.

    :return: nothing to look for (blanks alone) is an empty list; a text without a letter or digit,
        which no account has, is None
    """
    query = query[:MAX_QUERY]
    if not query.strip():
        return []
    text = _mark(_FLAT.sub(" =", _fold(query)))
    chunks = [chunk for chunk in re.split(r"[\s,;]+", text) if _WORD.search(chunk)][:MAX_WORDS]
    if not chunks:
        return None
    wanted = _Wanted(chunks)
    for chunk in chunks:
        wanted.take(chunk)
    # «кв», «ул» alone: they are looked for as they stand
    groups = wanted.groups or [[f"% {word}%"] for chunk in chunks for word in _WORD.findall(chunk)]
    groups = list(map(list, dict.fromkeys(map(tuple, groups))))
    whole = _compact(text)
    if whole.isdigit() and len(whole) >= 5 and len(chunks) > 1:
        # a number typed in groups; within AND of ORs it is one more alternative of each
        groups = [[*group, f"%!%{whole}%"] for group in groups]
    return groups


class _Wanted:
    """The groups of patterns, chunk after chunk of what was typed."""

    def __init__(self, chunks: list[str]):
        self.groups: list[list[str]] = []
        words = [word for chunk in chunks for word in _WORD.findall(chunk)]
        self.alone = all(word in _NOISE for word in words if word.isalpha())
        self.digits = [_fold_word(word) for word in words if not word.isalpha()]

    def take(self, chunk: str) -> None:
        """Add what a piece between blanks asks for."""
        parts = [_fold_word(word) for word in _WORD.findall(chunk)]
        if chunk[0] == "=":
            self.groups.append([f"%={_compact(chunk)} %"])
        elif chunk[0] == "#":
            self._read_house(parts)
        elif not any(char.isdigit() for char in chunk) or any(
            part.isalpha() and len(part) > 1 for part in parts
        ):
            for part in parts:
                self._read_part(part)
        elif len(parts) == 1:
            self._read_part(parts[0])
        else:
            self._read_joined(parts)

    def _read_part(self, part: str) -> None:
        if not part.isalpha():
            self.groups.append(self._number(part))
        elif part not in _NOISE:
            # a short piece begins a word: initials, «Ли»
            self.groups.append([f"% {part}%" if len(part) < 3 else f"%{part}%"])

    def _read_house(self, parts: list[str]) -> None:
        """«д. 10-7»: the house, and what follows it is the flat or a part of the house's number."""
        self.groups.append([f"% #{parts[0]} %"])
        for part in parts[1:]:
            self.groups.append([f"% #{part} %", f"%={part} %"])

    def _number(self, part: str) -> list[str]:
        """A number that nobody said what it is of: house, flat, account, or word of a name."""
        if self.digits.count(part) > 1:
            return [f"% #{part} %={part} %"]
        found = [f"% #{part} %", f"%={part} %", f"% {part} %", f"%!{part} %"]
        only = self.alone and len(self.digits) == 1
        # short ones stand in nearly every number, and numbers often end with that of the flat
        if len(part) >= (3 if only else 4):
            found.append(f"%!%{part}%")
        elif only and len(part) == 2:
            found.append(f"%!%{part} %")
        return found

    def _read_joined(self, parts: list[str]) -> None:
        """«10-7», «10/2», «0100017/1»: house and flat, a house, a flat, or a number."""
        whole = "".join(parts)
        found = [f"% {' '.join(f'#{part}' for part in parts)} %", f"%={whole} %"]
        found.append(f"% {' '.join(f'#{part}' for part in parts[:-1])} %={parts[-1]} %")
        found.append(f"%!%{'-'.join(parts)}%")
        if len(whole) >= 5:
            found.append(f"%!%{whole}%")
        self.groups.append(found)


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKC", (text or "").replace("№", " ").translate(_APOSTROPHES))
    text = text.lower().replace("ё", "е")
    return _ORDINAL.sub(r"\1", text)


def _mark(text: str) -> str:
    """Mark numbers of houses and blocks, and join «10 А»."""
    return _LETTER.sub(r"\1\2", _BLOCK.sub(" #", _HOUSE.sub(" #", text)))


def _fold_word(word: str) -> str:
    if any(char.isdigit() for char in word):
        return word.translate(_LOOKS_RUSSIAN)
    return word


def _compact(text: str) -> str:
    return _fold_word("".join(_WORD.findall(text)))
