"""Typed client of the classic UniSender API. One call, one HTTP request, no retries of its own."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote_from_bytes

import requests
from requests.adapters import HTTPAdapter

from . import errors

BASE64_GROWTH = 1.37  # MIME coding of attachments; our reading of the vendor's «1 MB»
ANSWER_LIMIT = 8 * 2**20
STATUS_BATCH = 500


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
    attachments: tuple = ()
    metadata: dict = field(default_factory=dict)
    ref_key: str | None = None
    reply_to: str | None = None
    track_read: bool = True
    track_links: bool = False
    lang: str = "ru"


@dataclass(frozen=True)
class SendResult:
    """The service took the letter under this id (text)."""

    provider_id: str


@dataclass(frozen=True)
class CheckResult:
    """``statuses``: {id: raw status}; ``failed``: {id: reason} of ids the service cannot tell."""

    statuses: dict
    failed: dict


@dataclass(frozen=True)
class ContactInfo:
    """A contact; times are aware UTC datetimes of his *last* letter, or None."""

    email: str
    status: str
    availability: str
    last_send: datetime | None
    last_delivery: datetime | None
    last_read: datetime | None
    last_click: datetime | None


def letter_size(letter):
    """Return the bytes a letter counts for against the limit (body + coded attachments)."""
    attached = sum(len(data) for _name, data in letter.attachments)
    return len(letter.body.encode()) + int(attached * BASE64_GROWTH)


class UniSenderClient:
    """Speaks to ``{base_url}/{lang}/api/{method}``; the key travels in the body alone.

    :param timeout: (connect, read) seconds
    """

    def __init__(
        self,
        api_key,
        base_url="https://api.unisender.com",
        lang="ru",
        timeout=(5, 30),
        session=None,
        pool_size=10,
    ):
        self._api_key = api_key or ""
        self._root = f"{base_url.rstrip('/')}/{lang}/api/"
        self._timeout = timeout
        self._session = session or requests.Session()
        self._session.trust_env = False
        self._session.headers["User-Agent"] = "epd_mailing"
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=pool_size, max_retries=0)
        self._session.mount(self._root, adapter)

    def __repr__(self):
        return f"<UniSenderClient {self._root}>"

    # --- transport ---------------------------------------------------------------------------

    def call(self, method, arguments=()):
        """Call a method and return its ``result``.

        :param arguments: pairs (name, str or bytes), names with PHP brackets where nested
        :raise UniSenderError: see ``errors``
        """
        pairs = [("format", "json"), ("api_key", self._api_key), *arguments]
        body = "&".join(f"{quote_from_bytes(_b(name))}={quote_from_bytes(_b(value), safe='')}"
                        for name, value in pairs)
        failure = None
        try:
            response = self._session.post(
                self._root + method,
                data=body.encode("ascii"),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
            with response:
                content = response.raw.read(ANSWER_LIMIT + 1, decode_content=True)
                status = response.status_code
        except (requests.exceptions.RequestException, OSError, ValueError) as error:
            failure = _read_failure(error)
        except Exception as error:  # urllib3's own errors while the answer is read
            failure = errors.ResultUnknown("broken_answer", type(error).__name__)
        if failure:
            # raised outside: the request in the original error holds the key
            raise failure
        return self._read_answer(method, status, content)

    @staticmethod
    def _read_answer(method, status, content):
        if status != 200:
            raise errors.ResultUnknown(f"http_{status}", f"{method}: HTTP {status}")
        if len(content) > ANSWER_LIMIT:
            raise errors.ResultUnknown("too_long_answer", method)
        try:
            answer = json.loads(content)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or not {"result", "error"} & set(answer):
            raise errors.ResultUnknown("not_json", f"{method}: the answer is not understood")
        if "error" in answer:
            raise errors.from_code(answer.get("code"), str(answer["error"])[:500])
        return answer["result"] if set(answer) <= {"result", "warnings"} else answer

    # --- letters -----------------------------------------------------------------------------

    def send_email(self, letter):
        """Send one letter (sendEmail, ``error_checking=1``).

        :return: SendResult
        :raise UniSenderError: a refusal of this letter is ``Rejected`` or ``RetryLater``
        """
        address = f"{letter.to_name} <{letter.email}>" if letter.to_name else letter.email
        arguments = [
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
        arguments += [(f"attachments[{name}]", data) for name, data in letter.attachments]
        arguments += [(f"metadata[{key}]", str(value)) for key, value in letter.metadata.items()]
        if letter.ref_key:
            arguments.append(("ref_key", letter.ref_key))
        if letter.reply_to:
            arguments.append(("headers", f"Reply-To: {letter.reply_to}"))
        return self._read_sent(self.call("sendEmail", arguments))

    @staticmethod
    def _read_sent(result):
        entry = result[0] if isinstance(result, list) and result else result
        if not isinstance(entry, dict):
            raise errors.ResultUnknown("no_id", "sendEmail: the answer has no id")
        if entry.get("errors"):
            first = entry["errors"][0]
            raise errors.from_code(first.get("code"), str(first.get("message", ""))[:500])
        if entry.get("error"):
            raise errors.Rejected("unspecified", str(entry["error"])[:500])
        provider_id = entry.get("id") or entry.get("email_id")
        if not provider_id:
            raise errors.ResultUnknown("no_id", "sendEmail: the answer has no id")
        return SendResult(str(provider_id))

    def check_email(self, ids):
        """Ask the statuses of at most 500 letters (checkEmail).

        :return: CheckResult with ids as text
        """
        if len(ids) > STATUS_BATCH:
            raise ValueError("at most 500 ids a call")
        answer = self.call("checkEmail", [("email_id", ",".join(map(str, ids)))])
        inner = answer.get("result", answer)
        entries = inner.get("statuses") or []
        statuses = {str(entry["id"]): str(entry["status"]) for entry in entries}
        # the docs leave open where the failed ids stand
        failed_list = inner.get("failed_email_id") or answer.get("failed_email_id") or []
        if isinstance(failed_list, dict):
            failed_list = [failed_list]
        failed = {str(key): str(why) for entry in failed_list for key, why in entry.items()}
        return CheckResult(statuses, failed)

    def get_contact(self, email):
        """Return the contact of an address (getContact), times in UTC."""
        result = self.call("getContact", [("email", email), ("include_details", "1")])
        data = result.get("email") or {}
        return ContactInfo(
            email=str(data.get("email", email)),
            status=str(data.get("status", "")),
            availability=str(data.get("availability", "")),
            last_send=_utc(data.get("last_send_datetime")),
            last_delivery=_utc(data.get("last_delivery_datetime")),
            last_read=_utc(data.get("last_read_datetime")),
            last_click=_utc(data.get("last_click_datetime")),
        )

    # --- account -----------------------------------------------------------------------------

    def get_lists(self):
        """Return the contact lists as [(id text, title)] (getLists)."""
        return [(str(entry["id"]), str(entry["title"])) for entry in self.call("getLists")]

    def create_list(self, title):
        """Make a contact list and return its id as text (createList)."""
        return str(self.call("createList", [("title", title)])["id"])

    def get_user_info(self):
        """Return the raw facts of the account, balance among them (getUserInfo)."""
        return dict(self.call("getUserInfo"))

    def get_checked_email(self, login, email):
        """Tell whether a sender is confirmed (getCheckedEmail)."""
        result = self.call("getCheckedEmail", [("login", login), ("email", email)])
        entries = result if isinstance(result, list) else [result]
        return any(
            str(entry.get("email", "")).lower() == email.lower() and bool(entry.get("is_checked"))
            for entry in entries
            if isinstance(entry, dict)
        )

    # --- webhook -----------------------------------------------------------------------------

    def set_hook(self, url):
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

    def list_hooks(self):
        """Return the webhooks of the account as dicts (listHooks)."""
        return list(self.call("listHooks") or [])

    def remove_hook(self, url):
        """Remove the webhook of ``url`` (removeHook)."""
        return self.call("removeHook", [("hook_url", url)])


def _b(value):
    return value if isinstance(value, bytes) else str(value).encode()


def _utc(text):
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except (TypeError, ValueError):
        return None


def _read_failure(error):
    """Tell «nothing went out» from «nobody knows». Names only: the request holds the key."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return errors.ConnectFailed("connect_timeout")
    if isinstance(error, requests.exceptions.ConnectionError) and _never_connected(error):
        return errors.ConnectFailed("connect_failed")
    if isinstance(error, requests.exceptions.Timeout):
        return errors.ResultUnknown("timeout")
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        return errors.ConnectFailed("bad_address")
    return errors.ResultUnknown("broken_connection", type(error).__name__)


def _never_connected(error):
    """Tell whether urllib3 never got a connection (it names that by the class)."""
    seen = {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"}
    pending = [error]
    while pending:
        current = pending.pop()
        if type(current).__name__ in seen:
            return True
        pending += [arg for arg in getattr(current, "args", ()) if isinstance(arg, Exception)]
        if isinstance(getattr(current, "reason", None), Exception):
            pending.append(current.reason)
    return False
