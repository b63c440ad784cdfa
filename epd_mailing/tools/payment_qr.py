"""The payment order string of GOST R 56042-2014 and its QR image."""

import base64
import io
import re
from dataclasses import dataclass

import zxingcpp
from PIL import Image

HEADER = "ST0001"
ENCODING_UTF8 = "2"
SEPARATORS = "|#;:^_~{}!$%&()*+,/@"
MANDATORY_LIMIT = 300  # bytes of the mandatory block without the 8-byte header
MODULE_PIXELS = 3  # with 2, one code in six could not be read from a raster of 150 dpi
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
)
_MANDATORY = tuple(name for name, _key, _limit in _FIELDS[:5])
# free texts may be cut; anything else that is too long is an error
_CUT = ("purpose", "payer_address", "last_name", "first_name", "middle_name")


class PaymentQrError(ValueError):
    """A payment code cannot be made: ``code`` says why, ``field`` where."""

    def __init__(self, code, field, message):
        super().__init__(message)
        self.code = code
        self.field = field


@dataclass(frozen=True)
class PaymentOrder:
    """What a payment code says. ``sum_kopecks`` None or <= 0 leaves ``Sum`` out."""

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
    extra: tuple = ()


def _clean(value):
    return re.sub(r"\s+", " ", str(value or "")).strip()


def _value(order, name, limit):
    if name == "sum_kopecks":
        kopecks = order.sum_kopecks
        value = str(kopecks) if kopecks and kopecks > 0 else ""
    else:
        value = _clean(getattr(order, name))
    if name in _MANDATORY and not value:
        raise PaymentQrError("missing", name, f"{name} is empty")
    if len(value) > limit:
        if name in _CUT:
            return value[:limit].rstrip()
        raise PaymentQrError("too_long", name, f"{name} is longer than {limit} characters")
    return value


def _check_formats(pairs):
    values = dict(pairs)
    if not re.fullmatch(r"[1-9]\d{4}[0-9ABCEHKMPTX]\d{14}", values["PersonalAcc"]):
        raise PaymentQrError("format", "personal_acc", "the account must have 20 characters")
    if not re.fullmatch(r"\d{9}", values["BIC"]):
        raise PaymentQrError("format", "bic", "the BIC must have 9 digits")
    if not re.fullmatch(r"0|\d{20}", values["CorrespAcc"]):
        raise PaymentQrError("format", "corresp_acc", "the account must have 20 digits")


def build_payment_string(order):
    """Return the text of the payment code, encoding UTF-8 (``ST00012``).

    White space is folded, empty values are dropped, and another separator is taken (for all
    fields) when a value holds the present one. GOST R 56042-2014, fields as in its tables 1-2.

    :raise PaymentQrError: a mandatory value is missing or malformed, one is too long, or every
        separator occurs in some value
    """
    pairs = [(key, _value(order, name, limit)) for name, key, limit in _FIELDS]
    _check_formats(pairs)
    pairs += [(key, _clean(value)) for key, value in order.extra]
    pairs = [(key, value) for key, value in pairs if value]
    mandatory = "|".join(f"{key}={value}" for key, value in pairs[:5])
    if len(mandatory.encode()) > MANDATORY_LIMIT:
        raise PaymentQrError(
            "too_long", "name", f"the mandatory fields exceed {MANDATORY_LIMIT} bytes"
        )
    used = set("".join(value for _key, value in pairs))
    separator = next((char for char in SEPARATORS if char not in used), None)
    if separator is None:
        raise PaymentQrError("separator", "name", "every separator occurs in a value")
    body = separator.join(f"{key}={value}" for key, value in pairs)
    return f"{HEADER}{ENCODING_UTF8}{separator}{body}"


def payment_qr_png(text):
    """Return the QR code of ``text`` (level M) as a 1-bit PNG with a transparent background.

    1-bit with transparency keeps a receipt near 40 KB: opaque images become JPEG in wkhtmltopdf.
    """
    # bytes, not str: with a str some readers cannot tell the encoding of Cyrillic
    barcode = zxingcpp.create_barcode(text.encode(), zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    modules = Image.fromarray(
        zxingcpp.write_barcode_to_image(barcode, scale=1, add_quiet_zones=False)
    )
    size = (modules.width + 2 * QUIET_ZONE) * MODULE_PIXELS
    image = Image.new("1", (size, size), 1)
    scaled = modules.convert("1").resize(
        (modules.width * MODULE_PIXELS, modules.height * MODULE_PIXELS), Image.Resampling.NEAREST
    )
    image.paste(scaled, (QUIET_ZONE * MODULE_PIXELS, QUIET_ZONE * MODULE_PIXELS))
    stream = io.BytesIO()
    image.save(stream, "PNG", transparency=1, optimize=False)
    return stream.getvalue()


def payment_qr_data_uri(text):
    """Return the QR code of ``text`` as a ``data:`` URI for an ``<img>``."""
    return "data:image/png;base64," + base64.b64encode(payment_qr_png(text)).decode()
