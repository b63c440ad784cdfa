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
    with pytest.raises(signed_link.LinkError, match="forged"):
        signed_link.read("", signed_link.make("", 1, "a", 9), 0)
