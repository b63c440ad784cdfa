"""Typed client of Unisender Go's Web API. Takes the same ``Letter`` as the classic client."""

import base64
import json
import mimetypes
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.header import Header
from typing import Any
from urllib.parse import urlsplit

from ..unisender import errors, hosts, transport
from ..unisender.client import KEY_LENGTH, Letter, SendResult
from . import errors as go_errors

# the account's data centre: the host of its cabinet. Code 114 «user not found» means the other one.
HOSTS = {"go1": "https://go1.unisender.ru", "go2": "https://go2.unisender.ru"}
FILE_LIMIT = 7 * 2**20  # bytes of one attachment
REQUEST_LIMIT = 10 * 2**20  # bytes of a request
KEY_MINUTE = 60  # seconds in which a second request under one idempotence key is declined
RETRY_WITHIN = 40  # seconds from the first try; leaves the second time to arrive in the minute
ROWS_A_DUMP = 100_000  # rows a file of an event dump holds at the most
DUMP_LIMIT = 64 * 2**20  # bytes of such a file that are read at once
DUMP_FIELDS = (
    *("event_time", "job_id", "email", "status", "delivery_status", "metadata", "url"),
    "user_agent",
)
# rejections that the first, lost try would have met as well: they do not come of a letter that went
SURE_REJECTIONS = ("invalid_email", "attachment_quota_error", "bad_text")
METADATA_VALUE = 1024  # characters
# answers to the address of a dump's file that pass: too late, too early, too often
PASSING = (408, 425, 429)
TAG = "epd"


@dataclass(frozen=True)
class DomainState:
    """What the service knows of a sender's domain: it must be verified and signed before a letter goes.

    ``verification``, ``dkim_key``: what it wants in DNS, as it tells it.
    """

    domain: str
    verified: bool
    dkim: bool
    verification: str = ""
    dkim_key: str = ""


@dataclass(frozen=True)
class Dump:
    """An event dump: ``state`` is queued, in_process, ready or failed; ``urls`` of its CSV files."""

    dump_id: str
    state: str
    urls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suppression:
    """Why the service sends nothing to an address; ``created`` is aware UTC, or None."""

    email: str
    cause: str
    source: str = ""
    created: datetime | None = None
    deletable: bool = False


@dataclass(frozen=True)
class AccountInfo:
    """Who the key belongs to; letters of the tariff's period where the key may see them."""

    user_id: str
    email: str
    project: str = ""
    included: int | None = None
    sent: int | None = None
    raw: dict[str, Any] = field(default_factory=dict)


def letter_size(letter: Letter) -> int:
    """Return the bytes of the request a letter makes, near enough for the limit of 10 MB."""
    attached = sum(len(data) for _name, data in letter.attachments)
    return 2 * len(letter.body.encode()) + attached * 4 // 3 + 4096


class UniSenderGoClient:
    """Speaks to ``{base_url}/ru/transactional/api/v1/{method}.json``; the key travels in a header.

    Safe to share between threads. A letter whose answer was lost is asked for once more under the same
    idempotence key while the service still remembers it (one minute); nothing else is repeated.

    :param timeout: (connect, read) seconds
    :param clock: monotonic seconds; the tests set their own
    :param closed: nothing goes out, see ``transport.make_session``
    """

    def __init__(
        self,
        api_key: str,
        base_url: str = HOSTS["go1"],
        lang: str = "ru",
        timeout: tuple[float, float] = (5, 20),
        session: Any = None,
        pool_size: int = 10,
        clock: Callable[[], float] = time.monotonic,
        closed: bool = False,
    ) -> None:
        self._api_key = (api_key or "").strip()
        self._root = f"{base_url.rstrip('/')}/{lang}/transactional/api/v1/"
        self._timeout = timeout
        self._session = transport.make_session(session, self._root, pool_size, closed)
        self._clock = clock

    def __repr__(self) -> str:
        return f"<UniSenderGoClient {self._root}>"

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()

    # --- transport ---------------------------------------------------------------------------

    def call(self, method: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call a method and return its answer.

        :param method: without ``.json``, e.g. ``email/send``
        :param arguments: JSON object
        :raise UniSenderError: see ``tools.unisender.errors`` and ``errors`` beside
        """
        try:
            body = json.dumps(arguments or {}, ensure_ascii=False).encode()
        except (UnicodeError, ValueError, TypeError):
            body = b""
        if not body:
            raise errors.Rejected("bad_text", f"{method}: a character that cannot be sent")
        if len(body) > REQUEST_LIMIT:
            raise errors.Rejected("attachment_quota_error", f"{method}: over 10 MB")
        headers = {"Content-Type": "application/json", "X-API-KEY": self._api_key}
        found = transport.post(
            self._session, f"{self._root}{method}.json", body, self._timeout, headers
        )
        del headers  # holds the key, and reports of errors may show local variables
        if isinstance(found, errors.UniSenderError):
            raise found
        status, content = found
        if len(self._api_key) >= KEY_LENGTH:
            content = content.replace(self._api_key.encode(), b"***")
        return self._read_answer(method, status, content)

    def _read_answer(self, method: str, status: int, content: bytes) -> dict[str, Any]:
        if len(content) > transport.ANSWER_LIMIT:
            raise errors.ResultUnknown("too_long_answer", method)
        try:
            answer = transport.read_json(content)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            # a proxy or a page of the vendor answered, not the service
            if status == 429:
                raise errors.RateLimited("http_429", f"{method}: too many calls")
            if status == 413:
                raise errors.Rejected("attachment_quota_error", f"{method}: over 10 MB")
            raise errors.ResultUnknown(
                f"http_{status}" if status != 200 else "not_json",
                f"{method}: the answer is not understood",
            )
        if status == 200 and answer.get("status") == "success":
            return answer
        error = go_errors.from_code(
            go_errors.read_code(answer.get("code")),
            status,
            self._clean(answer.get("message") or f"{method}: HTTP {status}"),
        )
        error.answer = answer  # type: ignore[attr-defined]
        raise error

    def _clean(self, text: object) -> str:
        """Return a text of the service fit for logs and screens: short, one line, without the key."""
        line = " ".join(str(text).split())
        return (line.replace(self._api_key, "***") if self._api_key else line)[:500]

    def take_warnings(self) -> tuple[str, ...]:
        """Return nothing: answers of Go carry no warnings, unlike the classic ones."""
        return ()

    # --- letters -----------------------------------------------------------------------------

    def send_email(self, letter: Letter) -> SendResult:
        """Send one letter (``email/send``).

        :return: SendResult; an empty id when the service says that it took the letter by the first of two tries
        :raise UniSenderError: a rejection of this letter is ``Rejected`` or ``RetryLater``
        """
        message = self._message(letter)
        began = self._clock()
        try:
            return self._send(letter.email, message)
        except go_errors.AlreadyTaken as error:
            # nothing of ours was lost before: a try that was rejected may have left its key behind, or a
            # proxy repeated the call. Events tell by our key; nobody says «sent» until then.
            raise errors.ResultUnknown(error.code, error.message) from None
        except errors.ResultUnknown:
            # within the minute the key makes a second try safe: taken once, or declined with 1573.
            # Later it would be a second letter (Web API, ``idempotence_key``; read 2026-11-26).
            if not letter.ref_key or self._clock() - began > RETRY_WITHIN:
                raise
        try:
            return self._send(letter.email, message)
        except go_errors.AlreadyTaken:
            return SendResult("")
        except errors.UniSenderError as error:
            if isinstance(error, errors.Rejected) and error.code in SURE_REJECTIONS:
                raise
            # an address may be suppressed since the first try: by the bounce of that very letter
            # what hinders the second try says nothing of the first
            raise errors.ResultUnknown(error.code, error.message) from None

    def _send(self, email: str, message: dict[str, Any]) -> SendResult:
        try:
            answer = self.call("email/send", {"message": message})
        except errors.Rejected as error:
            answer = getattr(error, "answer", {})
            if error.code != f"go_{go_errors.NO_RECIPIENTS}":
                raise
            raise self._read_rejection(email, answer) or error from None
        rejection = self._read_rejection(email, answer)
        # taken, whatever case or coding of the address the service writes: there is one recipient
        if rejection and not answer.get("emails"):
            raise rejection
        job = str(answer.get("job_id") or "")
        if not job:
            raise errors.ResultUnknown("no_id", "email/send: the answer has no id")
        return SendResult(job)

    def _read_rejection(self, email: str, answer: dict[str, Any]) -> errors.UniSenderError | None:
        """Return why the recipient was not taken (``failed_emails``), or None."""
        failed = answer.get("failed_emails")
        # PHP writes an empty object as a list
        # https://notes.hamatti.org/Technology/Recipes/Force-empty-array-into-object-in-json_encode-in-PHP,
        # seen 2026-11-26
        if not isinstance(failed, dict) or not failed:
            return None
        reason = str(next((why for to, why in failed.items() if to.lower() == email.lower()), ""))
        reason = reason or str(next(iter(failed.values())))
        code = go_errors.RECIPIENT_CODES.get(reason, reason)
        return errors.Rejected(code[:100], self._clean(f"email/send: {reason}"))

    def _message(self, letter: Letter) -> dict[str, Any]:
        recipient: dict[str, Any] = {"email": letter.email}
        name = " ".join(re.sub(r'[<>",;]+', " ", letter.to_name).split())
        if name:
            recipient["substitutions"] = {"to_name": name[:78]}
        message: dict[str, Any] = {
            "recipients": [recipient],
            # braces would be read as fields of the template engine «simple»; ``none`` is allowed only with
            # tracking and the unsubscribe block off (unisender-go-api 0.3.0 docstring, read 2026-11-26)
            "body": {"html": neutralize(letter.body)},
            "template_engine": "simple",
            "subject": neutralize(letter.subject),
            "from_email": letter.sender_email,
            "from_name": letter.sender_name,
            "track_read": int(letter.track_read),
            "track_links": int(letter.track_links),
            "global_language": letter.lang,
            "global_metadata": {
                key: str(value)[:METADATA_VALUE] for key, value in letter.metadata.items()
            },
            "tags": [TAG],
        }
        if letter.reply_to:
            message["reply_to"] = " ".join(letter.reply_to.split())
        if letter.attachments:
            message["attachments"] = [_attachment(*one) for one in letter.attachments]
        if letter.ref_key:
            message["idempotence_key"] = letter.ref_key[:64]
        return message

    # --- events ------------------------------------------------------------------------------

    def create_dump(self, start: datetime, end: datetime) -> str:
        """Have the events of a span written into files; return the dump's id.

        :param start: aware; the service keeps 32 days
        """
        answer = self.call(
            "event-dump/create",
            {
                "start_time": _stamp(start),
                "end_time": _stamp(end),
                "limit": ROWS_A_DUMP,
                "dump_fields": list(DUMP_FIELDS),
                "delimiter": ";",
                "format": "csv",
            },
        )
        return str(answer.get("dump_id") or "")

    def get_dump(self, dump_id: str) -> Dump:
        """Return how far a dump is."""
        found = self.call("event-dump/get", {"dump_id": dump_id}).get("event_dump")
        found = found if isinstance(found, dict) else {}
        urls = tuple(str(one["url"]) for one in _objects(found.get("files")) if one.get("url"))
        return Dump(dump_id, str(found.get("dump_status") or "failed"), urls)

    def read_dump(self, url: str) -> bytes:
        """Return a file of a dump.

        :raise errors.DumpTooLong: it has more than ``DUMP_LIMIT`` bytes
        :raise errors.DumpMissing: there is no such file, or none for us
        :raise UniSenderError: not to be had
        """
        if hosts.is_loopback(_origin(url)) and not hosts.is_loopback(_origin(self._root)):
            raise errors.ForbiddenAddress("forbidden_address", "dump")
        try:
            with self._session.get(
                url, timeout=self._timeout, stream=True, allow_redirects=False
            ) as response:
                content = response.raw.read(DUMP_LIMIT + 1, decode_content=True)
                status, length = response.status_code, response.headers.get("Content-Length", "")
                # urllib3 1.26, which Odoo 19 pins for Debian 12, takes less than was announced for all
                is_cut = length.isdecimal() and response.raw.tell() < int(length)
        except Exception as error:
            raise errors.ConnectFailed("dump", type(error).__name__) from None
        if 400 <= status < 500 and status not in PASSING:
            raise go_errors.DumpMissing("dump_missing", f"HTTP {status}")
        if status != 200:
            raise errors.ConnectFailed("dump", f"HTTP {status}, {len(content)} bytes")
        if len(content) > DUMP_LIMIT:
            raise go_errors.DumpTooLong("dump_too_long", f"over {DUMP_LIMIT} bytes")
        if is_cut:
            raise errors.ConnectFailed("dump", f"cut off after {len(content)} bytes")
        return content

    def delete_dump(self, dump_id: str) -> None:
        """Free the place of a dump: ten at once are kept (``event-dump/delete``)."""
        self.call("event-dump/delete", {"dump_id": dump_id})

    # --- account -----------------------------------------------------------------------------

    def get_account(self) -> AccountInfo:
        """Return who the key belongs to (``system/info``)."""
        answer = self.call("system/info")
        accounting = answer.get("accounting") or answer.get("project_accounting")
        accounting = accounting if isinstance(accounting, dict) else {}
        return AccountInfo(
            user_id=str(answer.get("user_id") or ""),
            email=str(answer.get("email") or ""),
            project=str(answer.get("project_name") or answer.get("project_id") or ""),
            included=_number(accounting.get("emails_included")),
            sent=_number(accounting.get("emails_sent")),
            raw=answer,
        )

    def ping(self) -> str:
        """Return the user's id: the cheapest proof that key and host fit (``system/ping``)."""
        return str(self.call("system/ping").get("user_id") or "")

    def get_domain(self, domain: str) -> DomainState:
        """Return what the service knows of a sender's domain (``domain/list``)."""
        for entry in _objects(self.call("domain/list", {"domain": domain}).get("domains")):
            if str(entry.get("domain") or "").lower() == domain.lower():
                # one generation of the reference writes a hyphen, another an underscore
                proof = entry.get("verification-record") or entry.get("verification_record")
                return DomainState(
                    domain,
                    _value(proof, "status") == "confirmed",
                    _value(entry.get("dkim"), "status") == "active",
                    _value(proof, "value"),
                    _value(entry.get("dkim"), "key"),
                )
        return DomainState(domain, False, False)

    def register_domain(self, domain: str) -> DomainState:
        """Make a domain known to the service; return what it wants in DNS (``domain/get-dns-records``)."""
        answer = self.call("domain/get-dns-records", {"domain": domain})
        proof = answer.get("verification-record") or answer.get("verification_record")
        dkim = answer.get("dkim")
        return DomainState(
            domain,
            False,
            False,
            proof if isinstance(proof, str) else "",
            dkim if isinstance(dkim, str) else "",
        )

    def get_suppression(self, email: str) -> list[Suppression]:
        """Return why nothing is sent to an address (``suppression/get``)."""
        answer = self.call("suppression/get", {"email": email})
        return [_suppression(one, email) for one in _objects(answer.get("suppressions"))]

    def list_suppressions(
        self, start: datetime, cursor: str = "", limit: int = 50
    ) -> tuple[list[Suppression], str]:
        """Return a page of suppressed addresses since ``start`` and the cursor of the next, or ``""``."""
        arguments = {"start_time": start.strftime("%Y-%m-%d"), "cursor": cursor, "limit": limit}
        answer = self.call("suppression/list", arguments)
        return (
            [_suppression(one) for one in _objects(answer.get("suppressions"))],
            str(answer.get("cursor") or ""),
        )

    # --- webhook -----------------------------------------------------------------------------

    def set_hook(self, url: str) -> dict[str, Any]:
        """Have events of letters posted to ``url`` (``webhook/set``), with what tells a person from a machine."""
        answer = self.call(
            "webhook/set",
            {
                "url": url,
                "status": "active",
                "event_format": "json_post",
                "delivery_info": 1,
                "single_event": 0,
                "max_parallel": 5,
                "events": {"email_status": list(EVENTS)},
            },
        )
        found = answer.get("object")
        return found if isinstance(found, dict) else {}

    def list_hooks(self) -> list[dict[str, Any]]:
        """Return the webhooks of the account (``webhook/list``)."""
        return _objects(self.call("webhook/list", {"limit": 50, "offset": 0}).get("objects"))

    def remove_hook(self, url: str) -> None:
        """Remove the webhook of ``url`` (``webhook/delete``)."""
        self.call("webhook/delete", {"url": url})


EVENTS = (
    "sent",
    "delivered",
    "opened",
    "clicked",
    "unsubscribed",
    "subscribed",
    "soft_bounced",
    "hard_bounced",
    "spam",
)


def neutralize(text: str) -> str:
    """Return a text in which the service finds no field: ``{{`` is parted by an invisible word joiner."""
    return re.sub(r"\{(?=\{)|\}(?=\})", lambda found: f"{found[0]}\u2060", text)


def encode_header(value: str) -> str:
    """Return a header's value in RFC 2047: the service spoils what is not ASCII (django-anymail, 2026-07-30)."""
    line = " ".join(value.split())
    return line if line.isascii() else Header(line, "utf-8", maxlinelen=10_000).encode()


def _attachment(name: str, data: bytes) -> dict[str, Any]:
    if len(data) > FILE_LIMIT:
        raise errors.Rejected("attachment_quota_error", "email/send: a file over 7 MB")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    safe = re.sub(r"[/\x00-\x1f]", "_", name)
    return {"type": kind, "name": safe, "content": base64.b64encode(data).decode("ascii")}


def _origin(url: str) -> str:
    """Return scheme, host and port of an address, as ``hosts`` reads them."""
    parts = urlsplit(url)
    return hosts.normalize(f"{parts.scheme}://{parts.netloc}")


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _value(value: object, name: str) -> str:
    return str(value.get(name) or "") if isinstance(value, dict) else ""


def _number(value: object) -> int | None:
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _objects(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list; PHP writes a list with holes as an object."""
    if isinstance(value, dict):
        value = list(value.values())
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _suppression(entry: dict[str, Any], email: str = "") -> Suppression:
    try:
        created = datetime.strptime(str(entry.get("created")), "%Y-%m-%d %H:%M:%S")
    except ValueError:
        created = None
    return Suppression(
        email=str(entry.get("email") or email),
        cause=str(entry.get("cause") or ""),
        source=str(entry.get("source") or ""),
        created=created and created.replace(tzinfo=UTC),
        deletable=bool(entry.get("is_deletable")),
    )
