"""UniSender's webhook: bytes → verified events. Body formats and ``auth``: its docs and captures.

https://www.unisender.com/ru/support/api/common/sistema-uvedomlenij-o-sobytiyah-webhooks/
(seen 2026-11-26)
"""

import functools
import gzip
import hashlib
import hmac
import io
import json
import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .. import office_time

_AUTH = re.compile(rb'"auth"\s*:\s*"([0-9a-f]{32})"')
UNPACKED_LIMIT = 16 * 2**20


@dataclass(frozen=True, slots=True)
class HookEvent:
    """One event as texts; ``event_at``: aware UTC, None when ``event_time`` is not readable."""

    event_name: str
    provider_id: str
    email: str
    status: str
    event_time: str
    event_at: datetime | None
    metadata: dict[str, str]


class WebhookError(ValueError):
    """The body is not an event message of UniSender."""


def unpack(raw: bytes) -> bytes:
    """Return the body, unpacked when it is gzip; at most 16 MB.

    :raise WebhookError: damaged or too large
    """
    if not raw.startswith(b"\x1f\x8b"):
        return raw
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
            data = stream.read(UNPACKED_LIMIT + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise WebhookError("damaged gzip") from error
    if len(data) > UNPACKED_LIMIT:
        raise WebhookError("too large")
    return data


def verify(raw: bytes, api_key: str | None) -> bool:
    """Tell whether ``auth`` is the MD5 of the raw body with the key in its place.

    Raw bytes: UniSender escapes «/», a body dumped again would never match. Fails closed: without
    a key, with a missing, doubled, empty or odd ``auth``.

    :param bytes raw: the unpacked body
    """
    key = (api_key or "").strip()
    if not key:
        return False
    found = list(_AUTH.finditer(raw))
    if len(found) != 1 or raw.count(b'"auth"') != 1:
        return False
    start, end = found[0].span(1)
    # MD5 is the vendor's choice
    signed = hashlib.md5(raw[:start] + key.encode() + raw[end:], usedforsecurity=False)
    return hmac.compare_digest(signed.hexdigest(), found[0].group(1).decode())


def parse(raw: bytes, zone: str | None = office_time.UTC) -> list[HookEvent]:
    """Return the events of a body (batch or flat), unordered as they came.

    Parts of a shape that is not known are skipped: the service repeats what is rejected for a day
    and then stops the webhook, so one odd part must not cost the others.

    :param bytes raw: the unpacked, verified body
    :param zone: name of the time zone of ``event_time``: UTC is our reading, the vendor's page names none
    :return: list of HookEvent; ids as text, ``event_time`` as it came, ``event_at`` aware UTC or None
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
        return [_event(data, data, zone)] if data.get("event_name") else []
    if not isinstance(data["events_by_user"], (list, dict)):
        raise WebhookError("no list of events")
    events = []
    for user in _objects(data["events_by_user"]):
        for entry in _objects(user.get("events") or user.get("Events")):
            inner = entry.get("event_data")
            events.append(_event(entry, inner if isinstance(inner, dict) else entry, zone))
    return events


def _objects(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list (PHP writes a list with holes as an object)."""
    if isinstance(value, dict):
        value = list(value.values())
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _event(entry: dict[str, Any], data: dict[str, Any], zone: str | None) -> HookEvent:
    time = _text(data.get("event_time")) or _text(entry.get("event_time"))
    return HookEvent(
        event_name=_text(entry.get("event_name")),
        provider_id=_text(data.get("email_id")),
        email=_text(data.get("email")),
        status=_text(data.get("status")),
        event_time=time,
        event_at=_utc(time, zone),
        metadata=_metadata(data.get("metadata")) or _metadata(entry.get("metadata")),
    )


def _metadata(value: object) -> dict[str, str]:
    """Return our metadata as texts; an object, or one written into a string."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value, parse_int=str)
        except (ValueError, RecursionError):
            return {}
    if not isinstance(value, dict):
        return {}
    return {str(key): _text(inner) for key, inner in value.items()}


def _text(value: object) -> str:
    """Return a number or text as text fit for a database; anything else as nothing."""
    if type(value) is str and value.isascii() and "\x00" not in value:
        return value  # nearly all
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).replace("\x00", "").encode("utf-8", "replace").decode()


@functools.lru_cache(maxsize=1000)  # the events of a call are of the same few moments
def _utc(text: str, zone: str | None) -> datetime | None:
    try:
        stated = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
        return office_time.to_utc(stated, zone).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
