"""Where the API key may go: the service's own hosts, and a sandbox on this machine."""

import ipaddress
import re
from urllib.parse import urlsplit

# Classic: https://www.unisender.com/ru/support/api/common/request-response-format/ ; Go, by the data
# centre of the account: https://godocs.unisender.ru/web-api-ref (both read 2026-11-26)
HOSTS = {
    "classic": ("api.unisender.com",),
    "go": ("go1.unisender.ru", "go2.unisender.ru"),
}
SERVICE_HOSTS = (*HOSTS["classic"], *HOSTS["go"])
# where a new account of a kind speaks to; which server of Go, a person alone knows
HOME = {"classic": "https://api.unisender.com", "go": False}
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
# nothing but a scheme, a host and a port: no user, path or backslash that two parsers read differently
_LOOPBACK = re.compile(r"https?://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?")
# addresses of IPv4 inside IPv6 (RFC 6052, well-known prefix)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def normalize(url: str | None) -> str:
    """Return an address of the API in its one form: lower case, no slash at the end."""
    return (url or "").strip().lower().rstrip("/")


def is_service(url: str) -> bool:
    """Tell whether a normalized address is one of the service's own."""
    return url in {f"https://{host}" for host in SERVICE_HOSTS}


def is_of_kind(url: str | None, kind: str) -> bool:
    """Tell whether an address is not one of the service's other product.

    :param kind: a key of ``HOSTS``
    """
    known = normalize(url)
    return not is_service(known) or known.removeprefix("https://") in HOSTS[kind]


def is_loopback(url: str) -> bool:
    """Tell whether a normalized address is of this very machine."""
    return _LOOPBACK.fullmatch(url) is not None


def list_sandboxes(parameter: str | None) -> list[str]:
    """Return the normalized addresses that the system parameter names; those elsewhere do not count.

    :param parameter: addresses parted by spaces or commas, e.g. ``http://127.0.0.1:8025``
    """
    found = map(normalize, re.split(r"[\s,]+", parameter or ""))
    return [url for url in found if is_loopback(url)]


def is_allowed(url: str | None, parameter: str | None) -> bool:
    """Tell whether the key may go to an address.

    :param url: as stored, read in its normalized form
    :param parameter: the system parameter, see :func:`list_sandboxes`
    """
    url = normalize(url)
    return is_service(url) or url in list_sandboxes(parameter)


def may_connect(host: str, address: str) -> bool:
    """Tell whether a call to ``host`` may go to the IP address that its name led to.

    A name of this machine leads to this machine alone, any other name to public addresses alone: not
    to the office's network, not to the links of a cloud's metadata, whatever a name server says.

    :param host: of the URL
    :param address: numeric, of IPv4 or IPv6, perhaps with a scope (``fe80::1%eth0``)
    """
    try:
        ip = _embedded(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    name = host.strip("[]").rstrip(".").lower()
    if name in ("127.0.0.1", "localhost", "::1"):
        return ip.is_loopback
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _embedded(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the IPv4 address that an IPv6 address stands for, or the address itself."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1] or ip


def is_public(url: str) -> bool:
    """Tell whether a service in the internet may reach the address; names are not looked up."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(
            (".local", ".localhost", ".lan", ".internal", ".home.arpa", ".test", ".invalid")
        )
