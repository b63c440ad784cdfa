"""The one reading of an e-mail address as a person, a file or a program writes it.

A receipt goes to whoever this module names, so it never guesses. Odoo's ``email_normalize`` and
``email_split`` look *for* an address in a text: «ivan petrov@mail.example» (a space for a dot) gives
them the stranger ``petrov@mail.example``. Here a text is a list of addresses from its first to its
last character, or it is no address at all and has a problem with a name.

Syntax is judged by ``email-validator`` (RFC 5321, 5322, 6531, IDNA 2008; no DNS look-up). What is
ours: the list, the one normal form, the letters of two alphabets, the name of the problem, the hint.

**The normal form** (:attr:`Address.normal`) is what the sending service is given and what tells one
mailbox from another:

* without invisible characters, in NFC, in small letters. RFC 5321 leaves the case of the local part
  to the receiving host; no provider tells ``Ivan`` from ``ivan``, and two letters to one mailbox is
  what must not happen;
* one dot at the end of the domain goes (the root of the DNS, or the end of a sentence);
* the domain is in ASCII (``xn--…``) while the local part is: that form passes every server. A local
  part with Russian letters needs SMTPUTF8 (RFC 6531), and there the domain stays readable;
* ``ivan+flat5@…`` and the dots of ``i.van@gmail.com`` stay: only the provider knows what they mean.

**A list** is parted by commas, semicolons and line breaks. It is good as a whole or not at all:
``ivan,petrov@mail.ru`` may be a comma for a dot, and then ``petrov`` is a stranger.
"""

import unicodedata
from collections.abc import Container, Iterator
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

MAX_TEXT = 2000  # characters of a text
MAX_ADDRESSES = 20  # addresses of a text
SEPARATORS = ",;\n\r\u2028\u2029\v\f\x1c\x1d\x1e\x85"

# What people cannot see and programs paste along: zero-width characters, the soft hyphen, the byte
# order mark, and the marks that iOS and macOS put around what is copied from Contacts.
INVISIBLE = dict.fromkeys(
    map(ord, "\u00ad\u200b\u200c\u200d\u200e\u2060\ufeff\u202a\u202c\u2066\u2068\u2069")
)

PROBLEM_CODES = (
    "too_long",
    "too_many",
    "several",
    "no_at",
    "many_at",
    "no_local",
    "no_domain",
    "space",
    "dots",
    "no_dot",
    "control",
    "characters",
    "look_alike",
    "quoted",
    "display_name",
    "literal",
    "special_domain",
    "syntax",
)

# Domains of the mailboxes that payers have; a domain one slip away from one of them gets a hint.
PROVIDERS = (
    "mail.ru",
    "bk.ru",
    "inbox.ru",
    "list.ru",
    "internet.ru",
    "yandex.ru",
    "yandex.com",
    "ya.ru",
    "gmail.com",
    "rambler.ru",
    "icloud.com",
    "outlook.com",
    "hotmail.com",
    "yahoo.com",
    "vk.com",
)
# Real mail domains one slip away from a provider's: of these nothing is said.
NO_SLIPS = frozenset(
    (
        *PROVIDERS,
        "mai.ru",
        "ymail.com",
        "email.com",
        "email.ru",
        "gmail.ru",
        "mail.com",
        "mail.rs",
        "mail.su",
        "hotmail.co",
        "yandex.by",
        "yandex.kz",
        "yandex.ua",
        "yandex.uz",
        "outlook.fr",
        "lit.ru",
        "live.ru",
    )
)
# A slip in a shorter domain makes another real one: bk.ru, vk.ru, ok.ru.
SHORTEST_SLIP = 7

# Russian letters that look like Latin ones, small and capital: «сор.ru» is not «cop.ru».
LOOKS_LATIN = str.maketrans(
    "авекмнорстухіјѕԁԛԝѵьзиАВЕКМНОРСТУХІЈЅԚԜ",
    "abekmhopctyxijsdqwvb3uABEKMHOPCTYXIJSQW",
)
# endings that are spelt in Russian rather than look alike
RUSSIAN_ENDINGS = ((".ру", ".ru"), (".ком", ".com"), (".орг", ".org"))
_LOOK_ALIKES = frozenset("авекмнорстухіјѕԁԛԝѵьз")
# Top-level domains written in Russian letters: https://data.iana.org/TLD/tlds-alpha-by-domain.txt
RUSSIAN_TOP = frozenset(
    (
        "рф",
        "рус",
        "дети",
        "москва",
        "онлайн",
        "сайт",
        "орг",
        "ком",
        "католик",
        "бел",
        "бг",
        "ею",
        "мкд",
        "мон",
        "срб",
        "укр",
        "қаз",
    )
)


@dataclass(frozen=True)
class Address:
    """One address of a text.

    :ivar normal: what the service is given, and the key of the mailbox (see the module)
    :ivar shown: the same with the domain in readable letters, for screens
    :ivar typed: the piece of the text that it was read from, as typed
    :ivar hint: the address that was probably meant (``…@gmial.com`` → ``…@gmail.com``), or empty.
        A person may take it; the program never does
    """

    normal: str
    shown: str
    typed: str
    hint: str = ""


@dataclass(frozen=True)
class Problem:
    """Why a piece of a text is no address.

    :ivar code: one of :data:`PROBLEM_CODES`
    :ivar typed: the piece as typed
    :ivar hint: the address that was probably meant, or empty
    """

    code: str
    typed: str
    hint: str = ""


@dataclass(frozen=True)
class Reading:
    """What a text came to: addresses, or problems, never both; neither for an empty text."""

    addresses: tuple[Address, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def normals(self) -> tuple[str, ...]:
        """The normal forms, each once, in the order of the text."""
        return tuple(address.normal for address in self.addresses)

    @property
    def normal(self) -> str:
        """The normal form of the only address; empty when there is none or several."""
        return self.addresses[0].normal if len(self.addresses) == 1 else ""

    @property
    def text(self) -> str:
        """The normal forms as one text, which reads as the same addresses."""
        return ", ".join(self.normals)

    @property
    def shown(self) -> dict[str, str]:
        """How each normal form is shown to people."""
        return {address.normal: address.shown for address in self.addresses}

    @property
    def hints(self) -> tuple[tuple[str, str], ...]:
        """Pairs ``(as typed, what was probably meant)``."""
        items: tuple[Address | Problem, ...] = (*self.addresses, *self.problems)
        return tuple((item.typed, item.hint) for item in items if item.hint)


class _Malformed(Exception):
    """A piece is no address."""

    def __init__(self, code: str, hint: str = ""):
        super().__init__(code)
        self.code = code
        self.hint = hint


def read_addresses(text: str | None) -> Reading:
    """Read a text as a list of addresses.

    :param text: as typed, from a form, a cell or a program; nothing and blanks mean no address
    :return: all addresses of the text, each mailbox once; or the problems of its pieces, and then
        no address at all: a part of a spoiled text may be a stranger's address
    """
    text = text or ""
    if len(text) > MAX_TEXT:
        return Reading(problems=(Problem("too_long", text.strip()[:200]),))
    found: dict[str, Address] = {}
    problems = []
    for piece in _split(text):
        try:
            address = _read_piece(piece)
        except _Malformed as wrong:
            problems.append(Problem(wrong.code, piece, wrong.hint))
        else:
            found.setdefault(address.normal, address)
    if not problems and len(found) > MAX_ADDRESSES:
        problems.append(Problem("too_many", text.strip()[:200]))
    return Reading(problems=tuple(problems)) if problems else Reading(tuple(found.values()))


def read_address(text: str | None) -> Reading:
    """Read a text that holds one address (a sender, a reply-to); several are a problem."""
    reading = read_addresses(text)
    if len(reading.addresses) > 1:
        return Reading(problems=(Problem("several", (text or "").strip()),))
    return reading


def is_text_of(text: str | None, normals: tuple[str, ...] | list[str]) -> bool:
    """Tell whether a text names just these mailboxes, in whatever order and way of writing."""
    reading = read_addresses(text)
    return not reading.problems and set(reading.normals) == set(normals)


def get_domain(text: str | None) -> str:
    """Return the domain of a text that holds one address (a sender's), as DNS knows it; else an empty text."""
    normals = read_address(text).normals
    return normals[0].rpartition("@")[2] if normals else ""


def take_hints(text: str | None, wanted: Container[str]) -> str:
    """Return a text with what was probably meant in place of what was typed (a person said so).

    :param wanted: the hints that the person was shown and took; the other pieces stay as typed
    """
    text = text or ""
    hints = {typed: hint for typed, hint in read_addresses(text).hints if hint in wanted}
    if not hints:
        return text
    return ", ".join(hints.get(piece, piece) for piece in _split(text))


# --- parting ---------------------------------------------------------------------------------------


def _split(text: str) -> Iterator[str]:
    """Yield the pieces of a list as typed, without the blanks around them; empty ones not.

    A separator inside quotes or angle brackets belongs to its piece. Where these do not close, the
    piece goes on to the end of the text and is no address.
    """
    piece, quoted, angled, escaped = "", False, False, False
    for char in text:
        if quoted:
            quoted = char != '"' or escaped
            escaped = char == "\\" and not escaped
        elif char == '"':
            quoted = True
        elif char == "<":
            angled = True
        elif char == ">":
            angled = False
        elif char in SEPARATORS and not angled:
            if _strip(piece):
                yield piece.strip()
            piece = ""
            continue
        piece += char
    if _strip(piece):
        yield piece.strip()


def _strip(text: str) -> str:
    """Return a text without what cannot be seen, and without blanks around it."""
    return text.translate(INVISIBLE).strip()


# --- one piece -------------------------------------------------------------------------------------


def _read_piece(typed: str) -> Address:
    text = unicodedata.normalize("NFC", _strip(typed))
    text = _take_out_of_brackets(text)
    for char in text:
        category = unicodedata.category(char)
        if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") and char != "\t":
            raise _Malformed("control")
    if text.count("@") > 1:
        raise _Malformed("quoted" if text.startswith('"') else "many_at")
    local, at, domain = text.partition("@")
    if not at:
        raise _Malformed("no_at")
    if not local or not domain:
        raise _Malformed("no_domain" if local else "no_local")
    if any(char.isspace() for char in text):
        raise _Malformed("quoted" if local.startswith('"') else "space")
    if local.startswith('"') or local.endswith('"'):
        raise _Malformed("quoted")
    if domain.startswith("["):
        raise _Malformed("literal")
    return _judge(typed, local, domain)


def _take_out_of_brackets(text: str) -> str:
    """Return the address of «Name <address>»; the name may not look like an address itself."""
    if "<" not in text and ">" not in text:
        return text
    name, opened, rest = text.rpartition("<")
    if not opened or not rest.endswith(">") or ">" in rest[:-1]:
        raise _Malformed("display_name")
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1]
    if any(char in '@<>"\\' or unicodedata.category(char)[0] == "C" for char in name):
        raise _Malformed("display_name")
    return rest[:-1].strip()


def _judge(typed: str, local: str, domain: str) -> Address:
    """Return the address of its two parts, which hold neither blanks nor a second @."""
    local = unicodedata.normalize("NFC", local.lower())
    domain = unicodedata.normalize("NFC", domain.lower()).removesuffix(".")
    if unicodedata.normalize("NFKC", local + domain) != local + domain:
        raise _Malformed("characters")
    for part in (local, domain):
        if part.startswith(".") or part.endswith(".") or ".." in part or not part:
            raise _Malformed("dots")
    if "." not in domain:
        raise _Malformed("no_dot")
    shown = _make_readable(domain)
    if _mixes_alphabets(local, shown):
        raise _Malformed("look_alike", _hint_look_alike(local, shown))
    try:
        valid = validate_email(f"{local}@{domain}", check_deliverability=False, strict=True)
    except EmailNotValidError as error:
        raise _Malformed(_name_problem(local, domain, str(error))) from error
    shown = valid.domain
    normal_domain = valid.ascii_domain if local.isascii() else shown
    hint = _guess_provider(shown)
    return Address(
        normal=f"{local}@{normal_domain}",
        shown=f"{local}@{shown}",
        typed=typed,
        hint=f"{local}@{hint}" if hint else "",
    )


def _make_readable(domain: str) -> str:
    """Return a domain with its ``xn--`` labels in letters; what cannot be read stays."""
    return ".".join(map(_read_label, domain.split(".")))


def _read_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError):
        return label


def _name_problem(local: str, domain: str, message: str) -> str:
    """Return the code of what ``email-validator`` rejected, by the parts rather than by its words."""
    if len(local) > 64 or len(domain) > 253 or "too long" in message or "so many" in message:
        return "too_long"
    if "special-use" in message:
        return "special_domain"
    if "invalid character" in message or "unsafe character" in message:
        return "characters"
    return "syntax"


# --- letters of two alphabets ----------------------------------------------------------------------


def _get_alphabets(text: str) -> set[str]:
    """Return the alphabets of the letters of a text, by their Unicode names (LATIN, CYRILLIC, …)."""
    found = set()
    for char in text:
        if unicodedata.category(char)[0] == "L":
            script = unicodedata.name(char, "").split(" ")[0].split("-")[0]
            # Japanese is written with three of them at once
            found.add("CJK" if script in ("HIRAGANA", "KATAKANA", "FULLWIDTH") else script)
    return found


def _mixes_alphabets(local: str, domain: str) -> bool:
    """Tell whether an address reads as another one: look-alike letters of a second alphabet.

    A part between dots (and the local part) is written in one alphabet. A part all of whose letters
    look Latin is rejected beside a Latin one: «уа.ru» and «хор@mail.ru» are read as Latin.
    """
    labels = domain.split(".")
    if any(len(_get_alphabets(part)) > 1 for part in (local, *labels)):
        return True
    russian_top = labels[-1] in RUSSIAN_TOP
    suspects = [local, *(labels[:-1] if russian_top else labels)]
    latin = any("LATIN" in _get_alphabets(label) for label in labels)
    return latin and any(_looks_latin(part) for part in suspects)


def _looks_latin(part: str) -> bool:
    letters = [char for char in part if char.isalpha()]
    return bool(letters) and all(char in _LOOK_ALIKES for char in letters)


def _hint_look_alike(local: str, domain: str) -> str:
    """Return the address with look-alikes exchanged for Latin letters, when that makes one."""
    for typed, meant in RUSSIAN_ENDINGS:
        if domain.endswith(typed):
            domain = domain.removesuffix(typed) + meant
    plain_local, plain_domain = local.translate(LOOKS_LATIN), domain.translate(LOOKS_LATIN)
    if not (plain_local + plain_domain).isascii():
        return ""
    try:
        found = _judge("", plain_local, _guess_provider(plain_domain) or plain_domain)
    except _Malformed:
        return ""
    return found.shown


# --- slips of the finger ---------------------------------------------------------------------------


def _guess_provider(domain: str) -> str:
    """Return the provider's domain that a domain misses by one slip, or an empty text."""
    if domain in NO_SLIPS or len(domain) < SHORTEST_SLIP - 1:
        return ""
    near = [name for name in PROVIDERS if len(name) >= SHORTEST_SLIP and _is_one_slip(domain, name)]
    return near[0] if len(near) == 1 else ""


def _is_one_slip(one: str, other: str) -> bool:
    """Tell whether two texts differ by one letter more, less or other, or by two exchanged."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    if len(one) == len(other):
        swapped = one[start : start + 2] == other[start : start + 2][::-1]
        return one[start + 1 :] == other[start + 1 :] or (
            swapped and one[start + 2 :] == other[start + 2 :]
        )
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer[start + 1 :] == shorter[start:]
