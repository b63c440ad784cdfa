"""What in the HTML of a letter does not work for its payer: what mail programs remove, and addresses nobody opens.

Read from the source of a template, so that every branch is seen and lines are those of the author.
"""

import ipaddress
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from urllib.parse import urlsplit

from lxml import etree
from lxml.html import fragment_fromstring, tostring

# What acts, asks or leads away. Mail programs and services remove it, filters take it for an attack:
# https://www.caniemail.com/features/html-form/, https://www.caniemail.com/features/html-base/, seen 2026-11-26
ACTIVE_TAGS = frozenset(
    "applet base button embed fieldset form frame frameset iframe input object option script select "
    "textarea".split()
)
_ACTIVE_SCHEMES = ("javascript:", "vbscript:", "data:text/html", "data:image/svg")
_LINKS = frozenset(("href", "action", "formaction", "xlink:href"))
_PICTURES = frozenset(("src", "background", "poster"))
_CSS_URL = re.compile(r"url\(\s*[\"']?([^\"')]*)", re.IGNORECASE)
_CSS_IMPORT = re.compile(r"@import\s+(?:url\(\s*)?[\"']?([^\"');\s]+)", re.IGNORECASE)
# stands where a field of the template stands: what it holds is not known here
_FIELD = "\ue001"
_TAG = re.compile(r"\{\{[^{}]*\}\}|\{%[^{}]*%\}|\{#[^{}]*#\}")
_INSIDE = ("local", "localhost", "lan", "internal", "intranet", "home", "corp", "arpa")
_SHOWN = 60  # characters of an address
_CSS_LIMIT = 200  # addresses of one style sheet


@dataclass(frozen=True)
class Finding:
    """A thing in a letter that does not work.

    :param kind: ``active`` (mail programs remove it), ``picture``, ``link`` or ``style`` (an address
        that a payer cannot open), ``deep`` (nested so deep that nobody reads what follows)
    :param line: from 1
    :param what: the tag, attribute or address
    """

    kind: str
    line: int
    what: str


def is_public(address: str, is_link: bool = False) -> bool:
    """Tell whether an address can be opened from everywhere, as far as its text says.

    :param address: of a picture or, with ``is_link``, of a link: there other schemes do as well
    """
    text = re.sub(r"[\s\x00-\x1f]", "", address)
    if not text or text[0] in ("#", _FIELD):
        return True
    try:
        parts = urlsplit(f"https:{text}" if text.startswith(("//", "\\\\")) else text)
        host = parts.hostname or ""
    except ValueError:  # brackets of an address that is none
        return False
    if parts.scheme not in ("http", "https"):
        closed = ("", "file", "data", "blob", "cid", "about")
        # «c:\picture.png» is a disk
        return is_link and len(parts.scheme) > 1 and parts.scheme not in closed
    return _FIELD in host or _is_public_host(host.rstrip("."))


def _is_public_host(host: str) -> bool:
    ip = _read_ip(host)
    if ip:
        return ip.is_global
    return "." in host and host.rpartition(".")[2] not in _INSIDE


def _read_ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:  # «127.1» is an address too
            return ipaddress.ip_address(socket.inet_aton(host))
        except (OSError, UnicodeError):
            return None


class _Reader:
    """Collects the findings of a letter."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._line = 0

    def collect(self, tree: etree._Element) -> None:
        """Read a whole letter, element by element."""
        for element in tree.iter(etree.Element):
            self._line = element.sourceline or 0
            self._check_element(str(element.tag), {str(k): str(v) for k, v in element.items()})
            if element.tag == "style":
                self._check_css(element.text or "")

    def _add(self, kind: str, what: str, lines: int = 0) -> None:
        text = what.replace(_FIELD, "{{…}}")
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        self.findings.append(Finding(kind, self._line + lines, shown))

    def _check_element(self, tag: str, values: dict[str, str]) -> None:
        if tag in ACTIVE_TAGS:
            self._add("active", f"<{tag}>")
        elif tag == "meta" and values.get("http-equiv", "").strip().lower() == "refresh":
            self._add("active", "<meta refresh>")
        elif tag == "link" and "stylesheet" in values.get("rel", "").lower():
            self._add("style", values.get("href", ""))
        for name, value in values.items():
            self._check_attribute(tag, name, value)

    def _check_attribute(self, tag: str, name: str, value: str) -> None:
        plain = re.sub(r"[\s\x00-\x1f]", "", value).lower()
        if re.fullmatch(r"on[a-z]+", name):
            self._add("active", name)
        elif name in _LINKS | _PICTURES and plain.startswith(_ACTIVE_SCHEMES):
            self._add("active", plain)
        elif name in _PICTURES and not is_public(value):
            self._add("picture", value)
        elif name == "srcset":
            self._check_srcset(value)
        elif tag == "image" and name in _LINKS and not is_public(value):
            self._add("picture", value)
        elif name == "href" and tag in ("a", "area") and not is_public(value, is_link=True):
            self._add("link", value)
        elif name == "style":
            self._check_css(value)

    def _check_srcset(self, value: str) -> None:
        for candidate in value.split(", "):
            address = (candidate.split() or [""])[0]
            if not is_public(address):
                self._add("picture", address)

    def _check_css(self, css: str) -> None:
        imported = set()
        for found in islice(_CSS_IMPORT.finditer(css), _CSS_LIMIT):
            imported.add(found.start(1))
            self._add("style", found.group(1), css.count("\n", 0, found.start()))
        for found in islice(_CSS_URL.finditer(css), _CSS_LIMIT):
            if found.start(1) not in imported and not is_public(found.group(1)):
                self._add("picture", found.group(1), css.count("\n", 0, found.start()))


def _mask(source: str) -> str:
    """Return a template without its tags, each line where it was."""

    def mask(tag: re.Match[str]) -> str:
        kept = "\n" * tag.group().count("\n")
        return (_FIELD if tag.group().startswith("{{") else "") + kept

    return _TAG.sub(mask, source)


@lru_cache(maxsize=64)
def find_all(source: str) -> tuple[Finding, ...]:
    """Return what does not work in a template of HTML, in the order of its lines; each once.

    :param source: with the tags of the template
    """
    # bytes, since a text may begin with a declaration of its encoding; any depth, or what is below is not seen
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    text = _mask(source).encode("utf-8", "replace")
    reader = _Reader()
    if text.strip():
        tree = etree.fromstring(text, parser)
        if tree is not None:
            reader.collect(tree)
        # behind what is nested too deep the parser reads nothing more
        if broken := parser.error_log.filter_from_fatals():
            reader.findings.append(Finding("deep", broken[0].line, ""))
    return tuple(dict.fromkeys(reader.findings))


def find_active(source: str) -> Finding | None:
    """Return the first thing in a template that acts instead of being read, or that hides such things."""
    return next((found for found in find_all(source) if found.kind in ("active", "deep")), None)


def find_closed(source: str) -> tuple[Finding, ...]:
    """Return the addresses of a template that its payers cannot open."""
    return tuple(found for found in find_all(source) if found.kind not in ("active", "deep"))


def find_closed_in_text(source: str, pattern: re.Pattern[str]) -> Iterator[Finding]:
    """Yield the addresses of a template in plain text that its payers cannot open.

    :param pattern: what of the text becomes a link
    """
    text = _mask(source)
    for found in pattern.finditer(text):
        if not is_public(found.group(), is_link=True):
            yield Finding("link", text.count("\n", 0, found.start()) + 1, found.group()[:_SHOWN])


def drop_closed(html: str) -> str:
    """Return the HTML of a letter without the addresses that its payer cannot open.

    A page of ours that shows a letter would open them: those of this database with the reader's
    own rights.

    :param html: as it goes out, cleaned of what acts
    """
    if not html.strip():
        return html
    tree = fragment_fromstring(html, create_parent="div")
    for element in tree.iter(etree.Element):
        for name, value in dict(element.attrib).items():
            if _is_closed(str(name), str(value)):
                del element.attrib[name]
    text = tostring(tree, encoding="unicode")
    return str(text)


def _is_closed(name: str, value: str) -> bool:
    if name in _PICTURES:
        return not is_public(value)
    if name == "srcset":
        return not all(is_public((one.split() or [""])[0]) for one in value.split(", "))
    return name == "style" and not all(is_public(one) for one in _CSS_URL.findall(value))
