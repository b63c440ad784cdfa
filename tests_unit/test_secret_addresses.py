"""No log holds the token of a webhook or the link to a receipt."""

import io
import logging

import pytest
from tools import secret_addresses

TOKEN = "Zk3x-_9aQ.Qw~1"


@pytest.fixture
def log():
    """Yield (logger, what its handler has written)."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(secret_addresses.SecretAddresses())
    logger = logging.getLogger("test_secret_addresses")
    logger.propagate = False
    logger.addHandler(handler)
    yield logger, stream.getvalue
    logger.removeHandler(handler)


@pytest.mark.parametrize(
    "address",
    [
        f"/epd_mailing/webhook/{TOKEN}",
        f"/epd_mailing/receipt/{TOKEN}/newer",
        f"//epd_mailing//receipt//{TOKEN}?x=1",
        f"https://office.example/epd_mailing/webhook/{TOKEN}#x",
        f"/web/login?redirect=%2Fepd_mailing%2freceipt%2F{TOKEN}&lang=ru",
    ],
)
def test_an_address_is_hidden(log, address):
    logger, written = log
    logger.warning('"%s" %s %s', f"GET {address} HTTP/1.1", 200, "-")
    logger.warning("%s", address)
    logger.warning("%(url)s", {"url": address})
    try:
        raise ValueError(f"no such page: {address}")
    except ValueError:
        logger.exception("failed")
    assert TOKEN not in written()
    assert written().count(secret_addresses.HIDDEN) == 4
    assert "Traceback" in written() and '" 200 -' in written()


def test_what_holds_no_secret_stays_as_it_is(log):
    logger, written = log
    lines = ["GET /epd_mailing/document/7/receipt.pdf", "epd_mailing/receipts/7", "x % y"]
    for line in lines:
        logger.warning("%s", line)
    logger.warning("100 %")
    assert written() == "\n".join([*lines, "100 %", ""])


def test_it_is_put_once():
    root = logging.getLogger()
    before = {handler: len(handler.filters) for handler in root.handlers}
    secret_addresses.install()
    secret_addresses.install()
    for handler, count in before.items():
        assert len(handler.filters) == count + 1
        handler.filters.pop()
    logging.getLogger("werkzeug").filters.clear()
