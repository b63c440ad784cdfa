"""What the real server writes of calls to addresses that are keys."""

import urllib.error
import urllib.request

from .server import wait_until

TOKEN = "a-token-that-nobody-is-to-read"


def test_no_token_stands_in_the_servers_log(office):
    """Whatever the call, its way of writing and its answer."""
    calls = (
        ("/epd_mailing/webhook/{}", None),
        ("/epd_mailing/webhook/{}", b"{}"),
        ("//epd_mailing/webhook/{}", b"{}"),
        ("/epd%5Fmailing/webhook/{}?x=1", b"{}"),
        ("/epd_mailing/receipt/{}", None),
        ("/epd_mailing/receipt/{}/newer", None),
        ("/epd_mailing/receipt/{}/elsewhere", None),
        ("/web/login?redirect=/epd_mailing/receipt/{}", None),
        ("/web/login?redirect=%2Fepd_mailing%2Freceipt%2F{}", None),
    )
    began = len(office.odoo.read_log())
    for number, (address, body) in enumerate(calls):
        url = office.odoo.url + address.format(f"{TOKEN}-{number}")
        try:
            urllib.request.urlopen(urllib.request.Request(url, body), timeout=30).close()
        except urllib.error.HTTPError as error:
            error.close()
    written = wait_until(
        lambda: (
            office.odoo.read_log().count("***", began) >= len(calls)
            and office.odoo.read_log()[began:]
        ),
        30,
        "each call stands in the log",
    )
    assert TOKEN not in written
    assert "/epd_mailing/webhook/***" in written and "/epd_mailing/receipt/***/newer" in written
