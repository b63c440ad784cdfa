"""The link of a letter to its own receipt: signed, expiring, nothing to guess and nothing to store."""

import time

from odoo.tools import hash_sign, verify_hash_signed

from ...tools import signed_link

LINK_PATH = "/epd_mailing/receipt/"
SCOPE = "epd_mailing.receipt"


class LinkError(ValueError):
    """The link is forged or has expired (``str`` says which)."""


def make_link(letter, days):
    """Return the address of the receipt of a letter.

    :param letter: ``epd.mailing.letter``
    :param days: how long it works
    """
    expires = int(time.time()) + max(1, days) * 86400
    # the moment is ours: Odoo answers forged and expired ones alike, and a payer is to read which
    token = hash_sign(letter.sudo().env, SCOPE, [letter.document_id.id, letter.letter_key, expires])
    return f"{letter.get_base_url()}{LINK_PATH}{token}"


def read_token(env, token):
    """Return ``(document id, letter key)`` of a genuine token that has not expired.

    :param env: superuser's environment
    :raise LinkError: ``forged`` or ``expired``
    """
    if "." in token:
        return _read_old_token(env, token)
    try:
        values = verify_hash_signed(env, SCOPE, token)
    except ValueError:
        values = None
    if not values:
        raise LinkError("forged")
    document_id, letter_key, expires = values
    if expires < time.time():
        raise LinkError("expired")
    return document_id, letter_key


def _read_old_token(env, token):
    """Read a token of letters sent before 19.0.1.1.0: they lie in mailboxes until they expire."""
    secret = env["ir.config_parameter"].get_param("database.secret")
    try:
        return signed_link.read(f"{SCOPE}:{secret}", token, time.time())
    except signed_link.LinkError as error:
        raise LinkError(str(error)) from error
