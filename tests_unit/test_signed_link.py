"""Links to receipts: signed and expiring."""

import pytest
from tools import signed_link


def test_a_link_opens_its_document_until_it_expires():
    token = signed_link.make("s", 17, "abc", 1000)
    assert signed_link.read("s", token, 999) == (17, "abc")
    with pytest.raises(signed_link.LinkError, match="expired"):
        signed_link.read("s", token, 1001)


@pytest.mark.parametrize("change", ["18.abc.1000", "17.abd.1000", "17.abc.9999", "", "x.y"])
def test_forged_links(change):
    mark = signed_link.make("s", 17, "abc", 1000).rpartition(".")[2]
    with pytest.raises(signed_link.LinkError, match="forged"):
        signed_link.read("s", f"{change}.{mark}", 0)


@pytest.mark.parametrize("token", ["", ".", "...", "17.abc.1000.", "17.abc.1000.ё", "\ud800.a.b.c"])
def test_nonsense_is_forged_not_a_fault(token):
    with pytest.raises(signed_link.LinkError, match="forged"):
        signed_link.read("s", token, 0)


def test_another_secret_or_none():
    token = signed_link.make("s", 17, "abc", 1000)
    for secret in ("t", ""):
        with pytest.raises(signed_link.LinkError, match="forged"):
            signed_link.read(secret, token, 0)
    with pytest.raises(ValueError):
        signed_link.make("", 17, "abc", 1000)


@pytest.mark.parametrize("key", ["", "a.b", "a/b", "ключ"])
def test_keys_that_a_token_cannot_carry(key):
    with pytest.raises(ValueError):
        signed_link.make("s", 17, key, 1000)
