"""Links in letters sent before 19.0.1.1.0, ``<document>.<letter key>.<expires>.<mark>``: read only.

Newer ones are signed by Odoo (``odoo.tools.hash_sign``). This can go when the longest
``epd_link_days`` have passed since the last office updated.
"""

import base64
import hashlib
import hmac

_PURPOSE = b"epd_mailing.receipt\0"  # the same secret must not sign anything else this way


class LinkError(ValueError):
    """The link is forged or has expired (``str`` says which)."""


def _sign(secret: str, text: str) -> bytes:
    """Return the mark of a text as ASCII bytes: HMAC-SHA256, 160 bits of it."""
    mark = hmac.new(secret.encode(), _PURPOSE + text.encode("utf-8", "replace"), hashlib.sha256)
    return base64.urlsafe_b64encode(mark.digest()[:20]).rstrip(b"=")


def read(secret: str, token: str, now: float) -> tuple[int, str]:
    """Return ``(document_id, letter_key)`` of a genuine token that has not expired.

    :param now: seconds since 1970, UTC
    :raise LinkError: ``forged`` or ``expired``
    """
    text, _dot, mark = token.rpartition(".")
    parts = text.split(".")
    # bytes: a text with other than ASCII characters cannot be compared in constant time
    given = mark.encode("utf-8", "replace")
    if not secret or len(parts) != 3 or not hmac.compare_digest(_sign(secret, text), given):
        raise LinkError("forged")
    if int(parts[2]) < now:
        raise LinkError("expired")
    return int(parts[0]), parts[1]
