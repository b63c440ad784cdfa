"""A sender's domain in DNS: is the service allowed to send in its name, and if not, what to put into DNS.

SPF: RFC 7208; DKIM: RFC 6376; DMARC: RFC 7489. The names and values that UniSender wants were seen in public
records and set-up notes of its customers (selector ``us``, ``include:spf.unisender.ru`` for Go and
``include:spf.unisender.com`` for the classic method, ``_dmarc`` its CNAME or an own record), read 2026-11-26.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import dns.exception
import dns.resolver

SPF_HOSTS = {"classic": "spf.unisender.com", "go": "spf.unisender.ru"}
SELECTOR = "us"
PATIENCE = 4.0  # seconds for each name
DMARC = "v=DMARC1; p=none"
OK, MISSING, WRONG, UNKNOWN = "ok", "missing", "wrong", "unknown"
WAITING = "waiting"  # it stands in DNS, and the service has not seen it yet


@dataclass(frozen=True)
class Wanted:
    """What the service wants of a domain.

    ``spf_host``: to be included in SPF; ``dkim``: the public key (base64), or an empty text where only the service's
    own page tells it; ``verification``: text of the record that confirms the domain, or an empty text;
    ``verified``, ``signed``: the service itself has seen these two records.
    """

    spf_host: str
    dkim: str = ""
    verification: str = ""
    verified: bool = True
    signed: bool = True


@dataclass(frozen=True)
class Record:
    """One record of DNS, judged.

    ``kind``: verification, dkim, spf or dmarc; ``host``: where it stands; ``put``: what to put there (TXT), empty where
    nothing is to be changed; ``present``: what stands there now; ``state``: ok, missing, wrong, unknown (DNS did not answer) or
    waiting (in DNS, not yet seen by the service).
    """

    kind: str
    host: str
    put: str
    present: tuple[str, ...]
    state: str


class NoAnswer(Exception):
    """DNS could not be asked: nothing is known of the record."""


def check_domain(
    domain: str, wanted: Wanted, resolver: dns.resolver.Resolver | None = None
) -> list[Record]:
    """Return the records that a sender's domain needs, as they are and as they should be.

    :param domain: of the sender's address, e.g. ``uk-demo.example.com``; may be Cyrillic
    :param resolver: of the tests; the system's own without one
    """
    try:
        domain = domain.strip().rstrip(".").encode("idna").decode().lower()
    except UnicodeError:
        domain = domain.strip().lower()
    reader = _TxtReader(resolver)
    records = []
    if wanted.verification:
        record = _check(reader, "verification", domain, wanted.verification, _is_same)
        records.append(_await(record, wanted.verified))
    if wanted.dkim:
        host, key = f"{SELECTOR}._domainkey.{domain}", read_dkim_key(wanted.dkim)
        record = _check(reader, "dkim", host, f"v=DKIM1; k=rsa; p={key}", _has_same_key)
        records.append(_await(record, wanted.signed))
    records.append(_check_spf(reader, domain, wanted.spf_host))
    records.append(_check_dmarc(reader, domain))
    return records


def read_dkim_key(text: str) -> str:
    """Return the public key of a DKIM record, or of the bare key as the service's API tells it."""
    found = re.search(r"(?:^|;)\s*p\s*=\s*([^;]*)", text)
    return re.sub(r"\s+", "", found[1] if found else text)


class _TxtReader:
    """Asks DNS for TXT records."""

    def __init__(self, resolver: dns.resolver.Resolver | None) -> None:
        self.resolver = resolver

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the TXT records of a name, the parts of each joined.

        :raise NoAnswer: DNS could not be asked
        """
        try:
            resolver = self.resolver or dns.resolver.get_default_resolver()
            answer = resolver.resolve(name, "TXT", lifetime=PATIENCE)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            raise NoAnswer(type(error).__name__) from error
        texts = (b"".join(one.strings).decode("utf-8", "replace") for one in answer)
        # a database takes no NUL
        return tuple(text.replace("\x00", "\ufffd") for text in texts)


def _is_same(present: str, put: str) -> bool:
    return present.strip() == put.strip()


def _has_same_key(present: str, put: str) -> bool:
    return read_dkim_key(present) == read_dkim_key(put)


def _check(
    reader: _TxtReader, kind: str, host: str, put: str, fits: Callable[[str, str], bool]
) -> Record:
    try:
        present = reader.texts(host)
    except NoAnswer:
        return Record(kind, host, put, (), UNKNOWN)
    if any(fits(one, put) for one in present):
        return Record(kind, host, "", present, OK)
    # at the domain itself stand records of others too
    stale = present if kind == "dkim" else _alike(present, put.partition("=")[0] + "=")
    return Record(kind, host, put, stale, WRONG if stale else MISSING)


def _await(record: Record, is_seen: bool) -> Record:
    """Return the record; in order in DNS alone, it is none that letters can go by."""
    return replace(record, state=WAITING) if record.state == OK and not is_seen else record


def _alike(present: Iterable[str], start: str) -> tuple[str, ...]:
    return tuple(one for one in present if one.strip().lower().startswith(start.lower()))


def _check_spf(reader: _TxtReader, domain: str, include: str) -> Record:
    fresh = f"v=spf1 include:{include} ~all"
    try:
        present = tuple(
            one
            for one in reader.texts(domain)
            if one.strip().lower() == "v=spf1" or one.strip().lower().startswith("v=spf1 ")
        )
    except NoAnswer:
        return Record("spf", domain, fresh, (), UNKNOWN)
    if not present:
        return Record("spf", domain, fresh, (), MISSING)
    terms = [term for one in present for term in one.split()[1:]]
    has = any(re.sub(r"^\+", "", term).lower() == f"include:{include}" for term in terms)
    if has and len(present) == 1:
        return Record("spf", domain, "", present, OK)
    # more than one record is an error of the whole (RFC 7208, 4.5): what they say goes into one
    return Record("spf", domain, _merge_spf(terms, include), present, WRONG)


def _merge_spf(terms: list[str], include: str) -> str:
    """Return one SPF record of all terms, the included one before the last word («all»)."""
    ends = [term for term in terms if re.fullmatch(r"[-~?+]?all", term, re.IGNORECASE)]
    # what a record redirects to holds only where it has no «all» (RFC 7208, 6.1)
    elsewhere = [term for term in terms if term.lower().startswith("redirect=")]
    own = f"include:{include}"
    kept = [
        term
        for term in dict.fromkeys(terms)
        if term not in ends + elsewhere and term.lstrip("+").lower() != own
    ]
    return " ".join(["v=spf1", *kept, own, *(ends[:1] or elsewhere[:1] or ["~all"])])


def _check_dmarc(reader: _TxtReader, domain: str) -> Record:
    host = f"_dmarc.{domain}"
    try:
        present = _alike(reader.texts(host), "v=DMARC1")
        labels = domain.split(".")
        while not present and len(labels) > 2:
            # the organisation's own record holds for its subdomains (RFC 7489, 6.6.3)
            labels = labels[1:]
            present = _alike(reader.texts("_dmarc." + ".".join(labels)), "v=DMARC1")
    except NoAnswer:
        return Record("dmarc", host, DMARC, (), UNKNOWN)
    if not present:
        return Record("dmarc", host, DMARC, (), MISSING)
    policy = re.search(r"(?:^|;)\s*p\s*=\s*(none|quarantine|reject)\s*(?:;|$)", present[0], re.I)
    if len(present) > 1 or not policy:
        return Record("dmarc", host, DMARC, present, WRONG)
    return Record("dmarc", host, "", present, OK)
