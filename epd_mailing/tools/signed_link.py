"""Signed, expiring links to one document: nothing to guess, nothing to store."""

import base64
import hashlib
import hmac
import re

_PURPOSE = b"epd_mailing.receipt\0"  # the same secret must not sign anything else this way
_KEY = re.compile(r"[0-9A-Za-z_-]{1,64}")


class LinkError(ValueError):
    """The link is forged or has expired (``str`` says which)."""


def _sign(secret, text):
    """Return the mark of a text as ASCII bytes: HMAC-SHA256, 160 bits of it."""
    mark = hmac.new(secret.encode(), _PURPOSE + text.encode("utf-8", "replace"), hashlib.sha256)
    return base64.urlsafe_b64encode(mark.digest()[:20]).rstrip(b"=")


def make(secret, document_id, letter_key, expires_at):
    """Return a token.

    :param letter_key: Latin letters, digits, «-» and «_»
    :param expires_at: whole seconds since 1970, UTC
    :raise ValueError: no secret, or a key that a token cannot carry
    """
    if not secret:
        raise ValueError("no secret to sign with")
    if not _KEY.fullmatch(letter_key):
        raise ValueError("the letter's key has other characters than a link may have")
    text = f"{int(document_id)}.{letter_key}.{int(expires_at)}"
    return f"{text}.{_sign(secret, text).decode()}"


def read(secret, token, now):
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
