"""Links of letters sent before 19.0.1.1.0: still read, and nothing forged is."""

import base64
import hashlib
import hmac

import pytest
from tools import signed_link

# made by the version that wrote such links: secret «s», document 17, letter «abc», until 1000
TOKEN = "17.abc.1000.TVkYuRlOqAf6l77mK2VJ3LnyhLM"


def old_token(secret, text):
    """Sign as that version did."""
    mark = hmac.new(secret.encode(), b"epd_mailing.receipt\0" + text.encode(), hashlib.sha256)
    return f"{text}.{base64.urlsafe_b64encode(mark.digest()[:20]).rstrip(b'=').decode()}"


def test_a_link_opens_its_document_until_it_expires():
    assert old_token("s", "17.abc.1000") == TOKEN
    assert signed_link.read("s", TOKEN, 999) == (17, "abc")
    with pytest.raises(signed_link.LinkError, match="expired"):
        signed_link.read("s", TOKEN, 1001)


@pytest.mark.parametrize("change", ["18.abc.1000", "17.abd.1000", "17.abc.9999", "", "x.y"])
def test_forged_links(change):
    mark = TOKEN.rpartition(".")[2]
    with pytest.raises(signed_link.LinkError, match="forged"):
        signed_link.read("s", f"{change}.{mark}", 0)


@pytest.mark.parametrize("token", ["", ".", "...", "17.abc.1000.", "17.abc.1000.ё", "\ud800.a.b.c"])
def test_nonsense_is_forged_not_an_error(token):
    with pytest.raises(signed_link.LinkError, match="forged"):
        signed_link.read("s", token, 0)


@pytest.mark.parametrize("secret", ["t", ""])
def test_another_secret_or_none(secret):
    with pytest.raises(signed_link.LinkError, match="forged"):
        signed_link.read(secret, TOKEN, 0)
