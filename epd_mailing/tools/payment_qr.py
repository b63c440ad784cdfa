"""The payment order of GOST R 56042-2014: its text, and the QR code that carries it.

Text: header ``ST0001`` + sign of the encoding + separator, then ``Key=Value`` pairs. UTF-8
(``ST00012``) as long as the five mandatory fields keep within 300 bytes, else Windows-1251
(``ST00011``) where it holds all letters, else the short name of the payee, else Windows-1251 without the
payer's name or address that it cannot hold: ``PersAcc`` says who pays.

Code: see ``qr_matrix``. Modules are printed at ``MODULE_MM``: measured on rasters of finished receipts,
half a millimetre is the smallest size at which all readers of ``make bench PARTS=codes`` read all codes from
150 dpi, grey or black and white, turned, scaled and blurred (at 0.42 mm OpenCV read none of them).
"""

import base64
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from . import qr_matrix

HEADER = "ST0001"
CODECS = {"1": "cp1251", "2": "utf-8"}  # sign of the encoding: Python's codec
SEPARATORS = "|#;:^_~{}!$%&()*+,/@"
MANDATORY_LIMIT = 300  # bytes of the mandatory block without the 8-byte header
# a longer text has its payer's address cut, then the payer's name omitted: version 20 at most (53 mm on paper)
CODE_LIMIT = 666
MODULE_MM = 0.5
QUIET_ZONE = 4  # modules; ISO/IEC 18004

# attribute, key of the standard, longest value in characters; the first five are mandatory
_FIELDS = (
    ("name", "Name", 160),
    ("personal_acc", "PersonalAcc", 20),
    ("bank_name", "BankName", 45),
    ("bic", "BIC", 9),
    ("corresp_acc", "CorrespAcc", 20),
    ("sum_kopecks", "Sum", 18),
    ("purpose", "Purpose", 160),
    ("payee_inn", "PayeeINN", 12),
    ("kpp", "KPP", 9),
    ("last_name", "LastName", 160),
    ("first_name", "FirstName", 160),
    ("middle_name", "MiddleName", 160),
    ("payer_address", "PayerAddress", 160),
    ("pers_acc", "PersAcc", 30),
    ("payment_period", "PaymPeriod", 10),
    ("category", "Category", 30),
    ("tech_code", "TechCode", 2),
    ("uin", "UIN", 25),
)
_LIMITS = {name: limit for name, _key, limit in _FIELDS}
_MANDATORY = tuple(name for name, _key, _limit in _FIELDS[:5])
_KEY_NAMES = {key: name for name, key, _limit in _FIELDS}
# free texts may be cut; anything else that is too long is an error
_CUT = ("purpose", "payer_address", "last_name", "first_name", "middle_name")
# whose data a field is: what is wrong with it is put right there
_PAYEE = (*_MANDATORY, "payee_inn", "kpp")
_NAME_KEYS = ("LastName", "FirstName", "MiddleName")
_PAYER = ("last_name", "first_name", "middle_name", "payer_address", "pers_acc", "uin")


class PaymentQrError(ValueError):
    """A payment code cannot be made.

    :ivar code: ``missing``, ``too_long``, ``format`` or ``separator``
    :ivar field: attribute of ``PaymentOrder`` that is to blame
    :ivar excess: how much too long, in ``unit`` (0: not a question of length)
    :ivar unit: ``characters`` of the field, or ``bytes`` of the five mandatory fields together
    """

    def __init__(
        self, code: str, field: str, message: str, excess: int = 0, unit: str = "characters"
    ):
        super().__init__(message)
        self.code = code
        self.field = field
        self.excess = excess
        self.unit = unit

    @property
    def party(self) -> str:
        """Whose data are to be put right: ``payee``, ``payer`` or ``office`` (its settings)."""
        if self.field in _PAYEE:
            return "payee"
        return "payer" if self.field in _PAYER else "office"


@dataclass(frozen=True)
class PaymentOrder:
    """What a payment code says. ``sum_kopecks`` None or <= 0 leaves ``Sum`` out.

    :ivar short_name: name of the payee where the full one is too long
    :ivar purpose_tail: end of the purpose that is never cut (identifier of ГИС ЖКХ)
    :ivar extra: further (key, value) pairs that a bank asks for
    """

    name: str
    personal_acc: str
    bank_name: str
    bic: str
    corresp_acc: str
    sum_kopecks: int | None = None
    purpose: str = ""
    payee_inn: str = ""
    kpp: str = ""
    last_name: str = ""
    first_name: str = ""
    middle_name: str = ""
    payer_address: str = ""
    pers_acc: str = ""
    payment_period: str = ""
    category: str = ""
    tech_code: str = ""
    uin: str = ""
    short_name: str = ""
    purpose_tail: str = ""
    extra: tuple[tuple[str, str], ...] = ()


def gis_identifier(identifier: str) -> str:
    """Return the end of the purpose by which ГИС ЖКХ knows what was paid.

    Order of Minkomsvyaz 589 and Minstroy 944/pr of 28.12.2015, letter of the Bank of Russia ИН-04-45/12 of
    22.02.2018: three slashes, «ЖКУ», the identifier. An empty identifier gives an empty text.
    """
    return f"///ЖКУ{identifier}" if identifier else ""


def build_payment_string(order: PaymentOrder) -> str:
    """Return the text of the payment code; its 7th character names the encoding.

    White space is folded, empty values are dropped, and another separator is taken (for all
    fields) when a value holds the present one. GOST R 56042-2014, fields as in its tables 1-2.

    :raise PaymentQrError: a mandatory value is missing or malformed, one is too long, or every
        separator occurs in some value
    """
    error = None
    names = [order.name, order.short_name] if _clean(order.short_name) else [order.name]
    for bare in (False, True):
        for name in names:
            try:
                return _build(replace(order, name=name), bare)
            except PaymentQrError as found:
                if (found.code, found.field) != ("too_long", "name"):
                    raise
                error = found  # of the shortest name: that is how much is left to cut
    raise error or AssertionError


def _build(order: PaymentOrder, bare: bool) -> str:
    """Return the text with this name; ``bare``: without what Windows-1251 cannot hold of the payer."""
    pairs = list(_pairs(order))
    if bare:
        pairs = _drop_foreign(pairs)
    sign = _encoding(pairs)
    pairs = _within_limit(pairs, CODECS[sign])
    separator = _separator(pairs)
    return f"{HEADER}{sign}{separator}{separator.join('='.join(pair) for pair in pairs)}"


# signs that are never seen: of control, of direction, of no width; a soft hyphen
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+")


def _clean(value: object) -> str:
    return _UNSEEN.sub("", re.sub(r"\s+", " ", str(value or ""))).strip()


def _drop_foreign(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Drop the payer's name or address where Windows-1251 lacks one of their letters."""

    def lacks(key: str, value: str) -> bool:
        try:
            value.encode(CODECS["1"])
        except UnicodeEncodeError:
            return key in (*_NAME_KEYS, "PayerAddress")
        return False

    out = {key for key, value in pairs if lacks(key, value)}
    if out.intersection(_NAME_KEYS):
        out.update(_NAME_KEYS)  # a part of a name is none
    return [pair for pair in pairs if pair[0] not in out]


def _pairs(order: PaymentOrder) -> Iterator[tuple[str, str]]:
    values = {name: _value(order, name) for name, _key, _limit in _FIELDS}
    _check_formats(values)
    for name, key, _limit in _FIELDS:
        if values[name]:
            yield key, values[name]
    for key, text in order.extra:
        if _clean(text):
            yield key, _clean(text)


def _value(order: PaymentOrder, name: str) -> str:
    if name == "sum_kopecks":
        kopecks = order.sum_kopecks
        value = str(kopecks) if kopecks and kopecks > 0 else ""
    else:
        value = _clean(getattr(order, name))
    if name in _MANDATORY and not value:
        raise PaymentQrError("missing", name, f"{name} is empty")
    limit = _LIMITS[name]
    tail = _clean(order.purpose_tail) if name == "purpose" else ""
    excess = len(value) + len(tail) - limit
    if excess > 0:
        if name not in _CUT:
            raise PaymentQrError(
                "too_long", name, f"{name} is longer than {limit} characters", excess
            )
        value = value[: limit - len(tail)].rstrip()
    return value + tail


def _check_formats(values: dict[str, str]) -> None:
    if not re.fullmatch(r"[1-9]\d{4}[0-9ABCEHKMPTX]\d{14}", values["personal_acc"]):
        raise PaymentQrError("format", "personal_acc", "the account must have 20 characters")
    if not re.fullmatch(r"\d{9}", values["bic"]):
        raise PaymentQrError("format", "bic", "the BIC must have 9 digits")
    if not re.fullmatch(r"0|\d{20}", values["corresp_acc"]):
        raise PaymentQrError("format", "corresp_acc", "the account must have 20 digits")


def _encoding(pairs: list[tuple[str, str]]) -> str:
    """Return the sign of the encoding in which the mandatory fields keep within their bytes."""
    mandatory = "|".join("=".join(pair) for pair in pairs[: len(_MANDATORY)])
    excess = 0
    for sign in ("2", "1"):
        try:
            "".join(value for _key, value in pairs).encode(CODECS[sign])
        except UnicodeEncodeError:
            break
        excess = len(mandatory.encode(CODECS[sign])) - MANDATORY_LIMIT
        if excess <= 0:
            return sign
    raise PaymentQrError(
        "too_long", "name", f"the mandatory fields exceed {MANDATORY_LIMIT} bytes", excess, "bytes"
    )


def _within_limit(pairs: list[tuple[str, str]], codec: str) -> list[tuple[str, str]]:
    """Cut the payer's address, then leave the payer's name out, where the code would be too large."""

    def get_excess() -> int:
        return 8 + len("|".join("=".join(pair) for pair in pairs).encode(codec)) - CODE_LIMIT

    excess = get_excess()
    address = dict(pairs).get("PayerAddress", "")
    if excess > 0 and address:
        whole = address.encode(codec)
        cut = whole[: max(len(whole) - excess, 0)].decode(codec, "ignore").rstrip(" ,.")
        pairs = [
            (key, cut if key == "PayerAddress" else value)
            for key, value in pairs
            if key != "PayerAddress" or cut
        ]
        excess = get_excess()
    if excess > 0:
        pairs = [pair for pair in pairs if pair[0] not in _NAME_KEYS]
    return pairs


def _separator(pairs: list[tuple[str, str]]) -> str:
    """Return the first sign that no value holds."""
    used = set("".join(value for _key, value in pairs))
    for sign in SEPARATORS:
        if sign not in used:
            return sign
    # the field that alone makes the difference is to blame, the payee's before the payer's
    held = {key: len(set(value) & set(SEPARATORS)) for key, value in pairs}
    key = max(held, key=lambda name: held[name])
    raise PaymentQrError("separator", _KEY_NAMES.get(key, key), "every separator occurs in a value")


def encode_text(text: str) -> bytes:
    """Return the bytes of a payment text in the encoding that its header names."""
    return text.encode(CODECS.get(text[6:7], "utf-8"))


@dataclass(frozen=True)
class CodeStyle:
    """How the picture of a code is given to a print engine.

    :param module_pixels: side of a module, pixels
    :param transparent: white lets through what lies behind
    """

    module_pixels: int = 4
    transparent: bool = True


def qr_size_mm(text: str) -> float:
    """Return the side of the printed code with its quiet zone, millimetres."""
    version = qr_matrix.smallest_version(len(encode_text(text)))
    return (qr_matrix.size_of(version) + 2 * QUIET_ZONE) * MODULE_MM


def payment_qr_png(text: str, style: CodeStyle | None = None) -> bytes:
    """Return the QR code of ``text`` as a 1-bit PNG.

    :param style: None: the usual one
    """
    style = style or CodeStyle()
    pixels = style.module_pixels
    matrix = qr_matrix.encode(encode_text(text))
    side = (matrix.size + 2 * QUIET_ZONE) * pixels
    dark, light = "0" * pixels, "1" * pixels
    margin = "1" * (QUIET_ZONE * pixels)
    spare = "1" * (-side % 8)
    width = (side + 7) // 8
    # a row is itself, or nothing else than the one above it (filter "up")
    same = b"\2" + bytes(width)
    blank = b"\0" + b"\xff" * width + same * (QUIET_ZONE * pixels - 1)
    lines = [blank]
    # "2" stands for dark while light is put in
    wide = matrix.modules.replace("1", "2").replace("0", light).replace("2", dark)
    step = matrix.size * pixels
    for place in range(0, len(wide), step):
        bits = margin + wide[place : place + step] + margin + spare
        lines += [b"\0", int(bits, 2).to_bytes(width, "big"), same * (pixels - 1)]
    lines.append(blank)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)),  # 1 bit, grey
        (b"IDAT", zlib.compress(b"".join(lines), 6)),
        (b"IEND", b""),
    ]
    if style.transparent:
        chunks.insert(1, (b"tRNS", b"\0\1"))  # white is transparent
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def payment_qr_data_uri(text: str, style: CodeStyle | None = None) -> str:
    """Return the QR code of ``text`` as a ``data:`` URI for an ``<img>``; see ``payment_qr_png``."""
    return "data:image/png;base64," + base64.b64encode(payment_qr_png(text, style)).decode()
