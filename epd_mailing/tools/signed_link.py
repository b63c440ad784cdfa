"""Signed, expiring links to one document: nothing to guess, nothing to store."""

import base64
import hashlib
import hmac


class LinkError(ValueError):
    """The link is forged or has expired (``str`` says which)."""


def _sign(secret, text):
    mark = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()[:20]
    return base64.urlsafe_b64encode(mark).decode().rstrip("=")


def make(secret, document_id, letter_key, expires_at):
    """Return a token.

    :param expires_at: whole seconds since 1970, UTC
    """
    text = f"{int(document_id)}.{letter_key}.{int(expires_at)}"
    return f"{text}.{_sign(secret, text)}"


def read(secret, token, now):
    """Return ``(document_id, letter_key)`` of a genuine token that has not expired.

    :param now: seconds since 1970, UTC
    :raise LinkError: ``forged`` or ``expired``
    """
    text, _dot, mark = token.rpartition(".")
    parts = text.split(".")
    if not secret or len(parts) != 3 or not hmac.compare_digest(_sign(secret, text), mark):
        raise LinkError("forged")
    if int(parts[2]) < now:
        raise LinkError("expired")
    return int(parts[0]), parts[1]
