"""Typed client of the classic UniSender API. One call, one HTTP request, no retries of its own."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import requests

from . import errors, transport

# MIME coding of attachments; our reading of the vendor's «1 MB»
# https://www.unisender.com/ru/support/api/messages/sendemail/, seen 2026-11-26
BASE64_GROWTH = 1.37
STATUS_BATCH = 500
HALVINGS = 64  # calls at most to find the ids that make the service reject a batch
SAMPLES = 16  # of them for single ids, when no part was answered
KEY_LENGTH = 12  # the service's keys are far longer

# pairs of an argument, names with PHP's brackets where nested
Arguments = Iterable[tuple[str, str | bytes]]


@dataclass(frozen=True)
class Letter:
    """One letter for :meth:`UniSenderClient.send_email`; ``attachments`` are (name, bytes)."""

    email: str
    sender_name: str
    sender_email: str
    subject: str
    body: str
    list_id: str
    to_name: str = ""
    attachments: tuple[tuple[str, bytes], ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    ref_key: str | None = None
    reply_to: str | None = None
    track_read: bool = True
    track_links: bool = False
    lang: str = "ru"


@dataclass(frozen=True)
class SendResult:
    """The service took the letter under this id (text); ``warnings`` are its texts, if any."""

    provider_id: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    """``statuses``: {id: raw status}; ``failed``: {id: reason} of ids the service cannot tell.

    ``warnings`` are the service's texts, if any.
    """

    statuses: dict[str, str]
    failed: dict[str, str]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class ContactInfo:
    """A contact; times are aware UTC datetimes of their *last* letter, or None."""

    email: str
    status: str
    availability: str
    last_send: datetime | None
    last_delivery: datetime | None
    last_read: datetime | None
    last_click: datetime | None


def letter_size(letter: Letter) -> int:
    """Return the bytes a letter counts for against the limit (body + coded attachments)."""
    attached = sum(len(data) for _name, data in letter.attachments)
    return len(letter.body.encode()) + int(attached * BASE64_GROWTH)


class UniSenderClient:
    """Speaks to ``{base_url}/{lang}/api/{method}``; the key travels in the body alone.

    Safe to share between threads. No retries, no redirects: one call is one request.

    :param timeout: (connect, read) seconds
    :param pool_size: connections kept open, best the number of parallel calls
    :param closed: nothing goes out, see ``transport.make_session``
    """

    def __init__(
        self,
        api_key: str | None,
        base_url: str = "https://api.unisender.com",
        lang: str = "ru",
        timeout: tuple[float, float] = (5, 30),
        session: requests.Session | None = None,
        pool_size: int = 10,
        closed: bool = False,
    ) -> None:
        self._api_key = (api_key or "").strip()
        self._root = f"{base_url.rstrip('/')}/{lang}/api/"
        self._timeout = timeout
        self._session = transport.make_session(session, self._root, pool_size, closed)
        self._warnings: list[str] = []

    def __repr__(self) -> str:
        return f"<UniSenderClient {self._root}>"

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()

    # --- transport ---------------------------------------------------------------------------

    def call(self, method: str, arguments: Arguments = ()) -> Any:
        """Call a method and return its ``result``.

        :param arguments: pairs (name, str or bytes), names with PHP brackets where nested
        :raise UniSenderError: see ``errors``
        """
        answer = self._ask(method, arguments)
        self._warnings += self._get_warnings(answer)
        return answer["result"]

    def take_warnings(self) -> tuple[str, ...]:
        """Return, once, what the service warned of in the answers of :meth:`call`."""
        warnings, self._warnings = self._warnings, []
        return tuple(dict.fromkeys(warnings))

    def _ask(self, method: str, arguments: Arguments = ()) -> dict[str, Any]:
        """Call a method and return the whole answer, which has a ``result``."""
        try:
            body: bytes | None = _encode(arguments, self._api_key)
        except UnicodeError:
            body = None
        if body is None:
            raise errors.Rejected("bad_text", f"{method}: a character that cannot be sent")
        found = transport.post(self._session, self._root + method, body, self._timeout)
        del body  # it holds the key, and reports of errors may show local variables
        if isinstance(found, errors.UniSenderError):
            raise found
        status, content = found
        if len(self._api_key) >= KEY_LENGTH:  # a short one might be a part of an id
            content = content.replace(self._api_key.encode(), b"***")
        del found
        return self._read_answer(method, status, content)

    def _read_answer(self, method: str, status: int, content: bytes) -> dict[str, Any]:
        if len(content) > transport.ANSWER_LIMIT:
            raise errors.ResultUnknown("too_long_answer", method)
        try:
            answer = transport.read_json(content)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            answer = {}
        if answer.get("error") and (status == 200 or (400 <= status < 500 and answer.get("code"))):
            raise errors.from_code(answer.get("code"), self._clean(answer["error"]))
        # by HTTP these two say that the request was not accepted
        if status == 429:
            raise errors.RateLimited("http_429", f"{method}: too many calls")
        if status == 413:
            raise errors.Rejected("http_413", f"{method}: the letter is too large")
        if status != 200:
            raise errors.ResultUnknown(f"http_{status}", f"{method}: HTTP {status}")
        if "result" not in answer:
            raise errors.ResultUnknown("not_json", f"{method}: the answer is not understood")
        return answer

    def _clean(self, text: object) -> str:
        """Return a text of the service fit for logs and screens: short, one line, without the key."""
        line = " ".join(str(text).split())
        if self._api_key:
            line = line.replace(self._api_key, "***")
        return line[:500]

    # --- letters -----------------------------------------------------------------------------

    def send_email(self, letter: Letter) -> SendResult:
        """Send one letter (sendEmail, ``error_checking=1``).

        :return: SendResult
        :raise UniSenderError: a rejection of this letter is ``Rejected`` or ``RetryLater``
        """
        name = re.sub(r'[<>",;\s]+', " ", letter.to_name).strip()
        address = f"{name} <{letter.email}>" if name else letter.email
        arguments: list[tuple[str, str | bytes]] = [
            ("email", address),
            ("sender_name", letter.sender_name),
            ("sender_email", letter.sender_email),
            ("subject", letter.subject),
            ("body", letter.body),
            ("list_id", str(letter.list_id)),
            ("lang", letter.lang),
            ("error_checking", "1"),
            ("track_read", str(int(letter.track_read))),
            ("track_links", str(int(letter.track_links))),
        ]
        arguments += [(f"attachments[{_key(name)}]", data) for name, data in letter.attachments]
        arguments += [(f"metadata[{_key(key)}]", str(x)) for key, x in letter.metadata.items()]
        if letter.ref_key:
            arguments.append(("ref_key", letter.ref_key))
        if letter.reply_to:
            # one line: a line break would begin a header of its own
            arguments.append(("headers", f"Reply-To: {' '.join(letter.reply_to.split())}"))
        answer = self._ask("sendEmail", arguments)
        return self._read_sent(answer["result"], answer)

    def _read_sent(self, result: Any, answer: dict[str, Any]) -> SendResult:
        """Read the answer of sendEmail: a list of recipients, or one object."""
        entry = result[0] if isinstance(result, list) and result else result
        if not isinstance(entry, dict):
            raise errors.ResultUnknown("no_id", "sendEmail: the answer has no id")
        provider_id = entry.get("id") or entry.get("email_id")
        rejections = entry.get("errors") or entry.get("error")
        if rejections and not provider_id:
            if isinstance(rejections, dict) and "code" not in rejections:
                # PHP writes a list with holes as an object
                # https://m.php.cn/faq/1796695258.html, seen 2026-11-26
                rejections = list(rejections.values())
            first = rejections[0] if isinstance(rejections, list) else rejections
            if not isinstance(first, dict):
                first = {"code": entry.get("code"), "message": first}
            raise errors.from_code(first.get("code"), self._clean(first.get("message") or ""))
        if not provider_id:
            raise errors.ResultUnknown("no_id", "sendEmail: the answer has no id")
        return SendResult(str(provider_id), self._get_warnings(answer, entry))

    def _get_warnings(self, *places: dict[str, Any]) -> tuple[str, ...]:
        """Return the warnings of an answer as short texts: a list of texts or of objects."""
        found = []
        for place in places:
            stated = place.get("warnings")
            stated = list(stated.values()) if isinstance(stated, dict) else stated
            for one in stated if isinstance(stated, list) else [stated] if stated else []:
                one = " ".join(map(str, one.values())) if isinstance(one, dict) else one
                found.append(self._clean(one))
        return tuple(dict.fromkeys(filter(None, found)))

    def check_email(self, ids: Sequence[str]) -> CheckResult:
        """Ask the statuses of at most 500 letters (checkEmail); a rejected batch is halved.

        The ids that the service rejects by themselves are among ``failed``, so that one odd id
        costs the others nothing. When no part at all is answered, the rejection is not about ids.

        :return: CheckResult with ids as text; ids that could not be asked are in neither part
        :raise UniSenderError: the service rejected all, or did not answer
        """
        try:
            return self._check_batch(ids)
        except errors.Rejected as error:
            if len(ids) < 2:
                return CheckResult({}, {str(one): str(error) for one in ids})
            return self._check_halves(list(ids), error)

    def _check_halves(self, ids: list[str], rejection: errors.Rejected) -> CheckResult:
        """Ask the halves of a rejected batch, and theirs, depth first: each round finds odd ids.

        :param rejection: of the whole
        :raise Rejected: no part was answered, not even single ids from here and there
        """
        middle, answered = len(ids) // 2, False
        parts = [ids[:middle], ids[middle:]]
        # asked last of all, when nothing was answered: whether it is about ids at all
        samples = [[one] for one in ids[:: max(1, len(ids) // SAMPLES)]][::-1]
        failed: dict[str, str] = {}
        statuses: dict[str, str] = {}
        warnings: dict[str, None] = {}
        for call in range(HALVINGS):
            if not answered and call >= HALVINGS - SAMPLES:
                parts, samples = samples or parts, []
            if not parts:
                break
            part = parts.pop()
            try:
                found = self._check_batch(part)
            except errors.Rejected as error:
                if len(part) == 1:
                    failed[str(part[0])] = str(error)
                else:
                    middle = len(part) // 2
                    parts += [part[:middle], part[middle:]]
            else:
                answered = True
                statuses |= found.statuses
                failed |= found.failed
                warnings |= dict.fromkeys(found.warnings)
        if not answered:
            raise rejection
        return CheckResult(statuses, failed, tuple(warnings))

    def _check_batch(self, ids: Sequence[str]) -> CheckResult:
        if len(ids) > STATUS_BATCH:
            raise ValueError("at most 500 ids a call")
        answer = self._ask("checkEmail", [("email_id", ",".join(map(str, ids)))])
        inner = _dict(answer["result"])
        statuses = {
            str(entry["id"]): str(entry["status"])
            for entry in _entries(inner.get("statuses"))
            if entry.get("id") and entry.get("status")
        }
        # the docs leave open where the failed ids stand
        # https://www.unisender.com/ru/support/api/messages/check-email/, seen 2026-11-26
        failed: dict[str, str] = {}
        for place in (inner, answer):
            failed |= _failed_ids(place.get("failed_email_id"))
        return CheckResult(statuses, failed, self._get_warnings(inner, answer))

    def get_contact(self, email: str) -> ContactInfo:
        """Return the contact of an address (getContact), times in UTC."""
        result = _dict(self.call("getContact", [("email", email), ("include_details", "1")]))
        data = _dict(result.get("email"))
        return ContactInfo(
            email=str(data.get("email") or email),
            status=str(data.get("status") or ""),
            availability=str(data.get("availability") or ""),
            last_send=_utc(data.get("last_send_datetime")),
            last_delivery=_utc(data.get("last_delivery_datetime")),
            last_read=_utc(data.get("last_read_datetime")),
            last_click=_utc(data.get("last_click_datetime")),
        )

    # --- account -----------------------------------------------------------------------------

    def get_lists(self) -> list[tuple[str, str]]:
        """Return the contact lists as [(id text, title)] (getLists)."""
        return [
            (str(entry["id"]), str(entry.get("title") or entry["id"]))
            for entry in _entries(self.call("getLists"))
            if entry.get("id")
        ]

    def create_list(self, title: str) -> str:
        """Make a contact list and return its id as text (createList)."""
        found = _dict(self.call("createList", [("title", title)])).get("id")
        if not found:
            raise errors.ResultUnknown("no_id", "createList: the answer has no id")
        return str(found)

    def get_user_info(self) -> dict[str, Any]:
        """Return the raw facts of the account, balance among them (getUserInfo)."""
        return dict(_dict(self.call("getUserInfo")))

    def get_checked_email(self, login: str, email: str) -> bool | None:
        """Tell whether a sender is confirmed (getCheckedEmail).

        :param login: of the account, as getUserInfo tells it (not the registration e-mail)
        :return: True or False as the service says; None when it says nothing of the address,
            which may be of a confirmed domain
        """
        result = self.call("getCheckedEmail", [("login", login), ("email", email)])
        stated = [
            str(entry.get("is_checked")).lower() in ("true", "1")
            for entry in _entries(result)
            if str(entry.get("email") or "").lower() == email.lower()
        ]
        return any(stated) if stated else None

    # --- webhook -----------------------------------------------------------------------------

    def set_hook(self, url: str) -> Any:
        """Have events of letters posted to ``url`` (setHook, batches of JSON)."""
        return self.call(
            "setHook",
            [
                ("hook_url", url),
                ("event_format", "json_post"),
                ("events[email_status]", "*"),
                ("single_event", "0"),
                ("status", "active"),
            ],
        )

    def list_hooks(self) -> list[dict[str, Any]]:
        """Return the webhooks of the account as dicts (listHooks)."""
        return _entries(self.call("listHooks"))

    def remove_hook(self, url: str) -> Any:
        """Remove the webhook of ``url`` (removeHook)."""
        return self.call("removeHook", [("hook_url", url)])


def _encode(arguments: Arguments, api_key: str) -> bytes:
    """Return the urlencoded body.

    Values go as «%XX» throughout: files grow by a fifth against escaping byte by byte, and it is 20
    times quicker.
    """
    parts = []
    for name, value in (("format", "json"), ("api_key", api_key), *arguments):
        data = value if isinstance(value, bytes) else str(value).encode()
        coded = "%" + data.hex("%") if data else ""
        parts.append(f"{quote(name)}={coded}")
    return "&".join(parts).encode("ascii")


def _key(name: object) -> str:
    """Return a name fit to stand inside PHP's brackets."""
    return re.sub(r"[\[\]/\\\x00-\x1f]", "_", str(name))


def _dict(value: object) -> dict[str, Any]:
    """Return an object of the answer; PHP writes an empty one as a list."""
    return value if isinstance(value, dict) else {}


def _entries(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list; PHP writes one entry as an object, a list with holes too."""
    if isinstance(value, dict):
        inner = list(value.values())
        value = inner if inner and all(isinstance(one, dict) for one in inner) else [value]
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _failed_ids(value: object) -> dict[str, str]:
    """Return {id: reason}: of objects ``{id: reason}``, or of bare ids without a reason."""
    if isinstance(value, str):
        value = value.split(",")
    if isinstance(value, list):
        bare = [one for one in value if isinstance(one, (int, str)) and str(one).strip()]
        return {str(one).strip(): "" for one in bare} | {
            str(key): str(why) for entry in _entries(value) for key, why in entry.items()
        }
    return {str(key): str(why) for entry in _entries(value) for key, why in entry.items()}


def _utc(text: Any) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except (TypeError, ValueError):
        return None
