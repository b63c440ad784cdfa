"""What Unisender Go says of letters: webhook bodies and event dumps → the same events.

Source: docs of ``webhook/set`` and ``event-dump`` (godocs.unisender.ru/web-api-ref), a body captured 2024-09-08
(django-anymail's tests), read 2026-11-26. The signature is the classic one: ``tools.unisender.webhook.verify``.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..unisender.webhook import WebhookError

LETTER_EVENT = "transactional_email_status"
# what these do proves no person: Apple's and Google's image proxies, scanners of mail servers that load
# the images of a letter and follow its links
MACHINES = {"machine", "protected"}
# a dump does not tell the kind of traffic; in ``user_agent`` the proxies of Google and Yahoo name themselves, and
# Apple's says the bare first word
_PROXIES = re.compile(r"GoogleImageProxy|YahooMailProxy|^Mozilla/5\.0$", re.IGNORECASE)

# a whole number stays text: Python refuses one of 4 300 digits, and with it the call or the dump
_JSON = json.JSONDecoder(parse_int=str)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)


@dataclass(frozen=True)
class GoEvent:
    """One event of a letter.

    ``event_at``: aware UTC, or None; ``event_time``: as it came; ``traffic``: human, machine, protected, unknown.
    """

    job_id: str
    email: str
    status: str
    event_time: str
    event_at: datetime | None
    metadata: dict[str, str] = field(default_factory=dict)
    delivery_status: str = ""
    traffic: str = ""
    url: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What makes the event the same when it comes again: the service numbers none."""
        return (self.job_id, self.email.lower(), self.status, self.event_time, self.url)

    @property
    def raw_status(self) -> str:
        """One word for the log of events: the status, with what tells more of it."""
        if self.status in ("opened", "clicked") and self.traffic in MACHINES:
            return f"{self.status}_{self.traffic}"
        if self.status in ("soft_bounced", "hard_bounced") and self.delivery_status:
            return f"{self.status}:{self.delivery_status}"
        return self.status


def parse(raw: bytes) -> list[GoEvent]:
    """Return the events of letters in a verified body, batch or flat; other events are passed over.

    :raise WebhookError: not JSON, or not of the known shapes
    """
    try:
        # a whole number stays text: Python refuses one of 4 300 digits, and the call with it
        data = json.loads(raw, parse_int=str)
    except (ValueError, RecursionError) as error:
        raise WebhookError("not JSON") from error
    if not isinstance(data, dict):
        raise WebhookError("not an object")
    if "events_by_user" not in data:
        return [_event(data)] if data.get("event_name") == LETTER_EVENT else []
    if not isinstance(data["events_by_user"], (list, dict)):
        raise WebhookError("no list of events")
    return [
        _event(entry["event_data"])
        for user in _objects(data["events_by_user"])
        for entry in _objects(user.get("events"))
        if entry.get("event_name") == LETTER_EVENT and isinstance(entry.get("event_data"), dict)
    ]


def read_dump(content: bytes, skip: int = 0) -> Iterator[GoEvent | None]:
    """Yield the events of a CSV file of a dump (``;``, headings in the first row); of an empty one, none.

    :param skip: number of first rows that were read before: None instead of their events
    :raise WebhookError: not such a file
    """
    try:
        text = _decode(content)
        if not text.strip():
            return  # of a span without events
        # a quote that is never closed, or by another row, would swallow what lies between
        stream = io.StringIO(text, newline="")
        rows = csv.reader(stream, delimiter=";", strict=True)
        names = next(rows, [])
        if not {"job_id", "email", "status", "event_time"} <= set(names):
            raise WebhookError("not an event dump")
        is_closed = text.endswith(("\n", "\r"))
        for number, row in enumerate(filter(None, rows)):
            # a row may be shorter or longer than the headings, but for one that nothing ends: there the
            # text was cut off, and what tells whose the event is may be gone
            if len(row) < len(names) and not is_closed and stream.tell() == len(text):
                raise WebhookError("damaged dump")
            yield None if number < skip else _event(dict(zip(names, row, strict=False)))
    except csv.Error as error:
        raise WebhookError("damaged dump") from error


def _decode(content: bytes) -> str:
    """Return the text of a dump: a byte that is odd costs no event, an end that was cut off does.

    :raise WebhookError: cut off within a character
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            raise WebhookError("damaged dump") from error
        return content.decode("utf-8-sig", "replace")


def _event(data: dict[str, Any]) -> GoEvent:
    info = data.get("delivery_info")
    info = info if isinstance(info, dict) else {}
    time = _text(data.get("event_time"))
    return GoEvent(
        job_id=_text(data.get("job_id")),
        email=_text(data.get("email")),
        status=_text(data.get("status")),
        event_time=time,
        event_at=_utc(time),
        metadata=_metadata(data.get("metadata")),
        delivery_status=_text(info.get("delivery_status") or data.get("delivery_status")),
        traffic=_text(info.get("traffic_type") or data.get("traffic_type"))
        or ("protected" if _PROXIES.search(_text(data.get("user_agent"))) else ""),
        url=_text(data.get("url")),
    )


def _metadata(value: object) -> dict[str, str]:
    """Return our metadata as texts: an object, or one written into a string (a dump's column)."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = _JSON.decode(value)
        except (ValueError, RecursionError):
            return {}
    return {str(key): _text(one) for key, one in value.items()} if isinstance(value, dict) else {}


def _text(value: object) -> str:
    """Return a number or text as text fit for a database; anything else as nothing."""
    if type(value) is str and value.isascii() and "\x00" not in value:
        return value  # nearly all of a hundred thousand rows
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return ""
    return str(value).replace("\x00", "").encode("utf-8", "replace").decode()


def _objects(value: object) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        value = list(value.values())
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _utc(text: str) -> datetime | None:
    if not text:
        return None
    try:
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=UTC)  # ten times quicker
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
