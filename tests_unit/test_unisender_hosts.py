"""Where the API key may go: allow-list, sandbox on this machine, and what a name leads to."""

import ast
import socket
from pathlib import Path

import pytest
from tools.unisender import errors, hosts, pool, transport
from tools.unisender.client import Letter, UniSenderClient
from tools.unisender_go.client import UniSenderGoClient

KEY = "0123456789abcdef-secret"
LETTER = Letter("a@example.com", "УК", "b@example.com", "s", "b", "1")
SANDBOX = "http://127.0.0.1:8025"

FINE = [
    "https://api.unisender.com",
    "https://API.unisender.com/",
    " https://go1.unisender.ru",
    "https://go2.unisender.ru",
    SANDBOX,
    "http://127.0.0.1:8025/",
]
WRONG = [
    "",
    None,
    "api.unisender.com",
    "http://api.unisender.com",
    "https://api.unisender.com:8443",
    "https://api.unisender.com.evil.example",
    "https://evil.example/api.unisender.com",
    "https://api.unisender.com@evil.example",
    "https://evil.example\\@api.unisender.com",
    "https://evil.example#@api.unisender.com",
    "https://evil.example?@api.unisender.com",
    "https://api.unisender.com/../evil",
    "https://api.unisender.com/ru",
    "https://api.unisender.com\n.evil.example",
    "https://аpi.unisender.com",  # a Cyrillic letter
    "https://ａpi.unisender.com",
    "https://user:password@api.unisender.com",
    "http://127.0.0.1:8026",
    "http://127.0.0.1",
    "http://localhost:8025",
    "http://127.0.0.1:8025/path",
    "http://169.254.169.254",
    "http://10.0.0.1:8025",
    "ftp://127.0.0.1:8025",
]


@pytest.mark.parametrize("url", FINE)
def test_what_the_key_may_go_to(url):
    assert hosts.is_allowed(url, SANDBOX)


@pytest.mark.parametrize("url", WRONG)
def test_what_the_key_may_not_go_to(url):
    assert not hosts.is_allowed(url, SANDBOX)


@pytest.mark.parametrize(
    "named",
    [
        "http://10.0.0.5:80",
        "https://evil.example",
        "http://127.0.0.1.nip.io:80",
        "http://0.0.0.0:80",
    ]
    + [
        "http://127.0.0.1:80@evil.example",
        "http://2130706433",
        "http://127.0.0.1:99999999",
        "True",
    ],
)
def test_the_parameter_opens_this_machine_alone(named):
    assert hosts.list_sandboxes(named) == []
    assert not hosts.is_allowed(named, named)


def test_several_sandboxes():
    assert hosts.list_sandboxes("http://127.0.0.1:1,\n http://[::1]:2/ https://example.com") == [
        "http://127.0.0.1:1",
        "http://[::1]:2",
    ]


PRIVATE = [
    "10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "100.64.0.1",
    "0.0.0.0", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::a00:1", "2002:a00:1::", "ff02::1", "nonsense", "",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
@pytest.mark.parametrize("kind", [UniSenderClient, UniSenderGoClient])
def test_a_name_that_leads_into_an_inner_network(monkeypatch, address, kind):
    """Whatever the name server answers, nothing is connected to."""
    tried = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: [(0, 0, 0, "", (address, 443))])
    monkeypatch.setattr(socket.socket, "connect", lambda _self, to: tried.append(to))
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(errors.ForbiddenAddress) as caught:
        kind(KEY, "https://api.unisender.com").send_email(LETTER)
    assert not tried and KEY not in str(caught.value)


def test_one_inner_address_among_public_ones_is_enough(monkeypatch):
    rows = [(0, 0, 0, "", (one, 443)) for one in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: rows)
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(errors.ForbiddenAddress):
        UniSenderClient(KEY, "https://api.unisender.com").get_lists()


def test_the_addresses_looked_at_are_those_connected_to(monkeypatch):
    """A second answer of the name server (DNS rebinding) is not asked for."""
    asked, tried = [], []

    def look_up(host, *_args, **_kwargs):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("93.184.216.34", 443))]

    def connect(_self, to):
        tried.append(to[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket.socket, "connect", connect)
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(errors.ConnectFailed) as caught:
        UniSenderClient(KEY, "https://api.unisender.com").get_lists()
    assert caught.value.code == "connect_failed"
    assert tried == ["93.184.216.34"]
    assert set(asked[1:]) <= {"93.184.216.34"}, "the name itself is asked once"


@pytest.mark.parametrize("address", ["10.0.0.1", "93.184.216.34", "169.254.169.254"])
def test_the_name_of_this_machine_leads_to_it_alone(address):
    assert not hosts.may_connect("localhost", address)
    assert hosts.may_connect("localhost", "127.0.0.1") and hosts.may_connect("[::1]", "::1")


@pytest.mark.parametrize("kind", [UniSenderClient, UniSenderGoClient])
def test_a_closed_client_calls_nobody(kind):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        client = kind(KEY, f"http://127.0.0.1:{listener.getsockname()[1]}", closed=True)
        with pytest.raises(errors.ForbiddenAddress):
            client.send_email(LETTER)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_the_queue_stops_there():
    client = UniSenderClient(KEY, "https://api.unisender.com", closed=True)
    outcomes = pool.send_many(client, [(1, LETTER), (2, LETTER)], 1)
    assert [outcomes[1].kind, outcomes[2].kind] == ["stop", "not_tried"]


# of what the addon takes from urllib3, all that urllib3 1.26.20 has: Odoo 19 pins it for Python 3.11
# (github.com/odoo/odoo/blob/19.0/requirements.txt, seen 2026-11-26)
IN_URLLIB3_1 = {
    "ConnectTimeoutError",
    "HTTPConnection",
    "HTTPConnectionPool",
    "HTTPSConnection",
    "HTTPSConnectionPool",
    "NewConnectionError",
    "ProxyManager",
    "create_connection",
}


def test_the_urllib3_that_odoo_pins_is_enough():
    """With a name of urllib3 2 the addon could not be installed beside Odoo's own requirements."""
    tools = Path(transport.__file__).parents[1]
    taken = {
        name.name
        for file in tools.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "urllib3"
        for name in node.names
    }
    assert taken <= IN_URLLIB3_1
