"""UniSender's webhook: bytes → verified events. Body formats and ``auth``: its docs and captures."""

import gzip
import hashlib
import hmac
import io
import json
import re
from collections import namedtuple
from datetime import UTC, datetime

HookEvent = namedtuple(
    "HookEvent", "event_name provider_id email status event_time event_at metadata"
)
_AUTH = re.compile(rb'"auth"\s*:\s*"([0-9a-fA-F]{32})"')
UNPACKED_LIMIT = 16 * 2**20


class WebhookError(ValueError):
    """The body is not an event message of UniSender."""


def unpack(raw):
    """Return the body, unpacked when it is gzip; at most 16 MB.

    :raise WebhookError: damaged or too large
    """
    if not raw.startswith(b"\x1f\x8b"):
        return raw
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
            data = stream.read(UNPACKED_LIMIT + 1)
    except (OSError, EOFError) as error:
        raise WebhookError("damaged gzip") from error
    if len(data) > UNPACKED_LIMIT:
        raise WebhookError("too large")
    return data


def verify(raw, api_key):
    """Tell whether ``auth`` is the MD5 of the raw body with the key in its place.

    Raw bytes: UniSender escapes «/», a body dumped again would never match. Fails closed.
    """
    if not api_key:
        return False
    found = list(_AUTH.finditer(raw))
    if len(found) != 1 or raw.count(b'"auth"') != 1:
        return False
    start, end = found[0].span(1)
    expected = hashlib.md5(raw[:start] + api_key.encode() + raw[end:]).hexdigest()
    return hmac.compare_digest(expected, found[0].group(1).decode().lower())


def parse(raw):
    """Return the events of a body (batch or flat), unordered as they came.

    :return: list of HookEvent; ids as text, ``event_at`` aware UTC (our assumption) or None
    :raise WebhookError: not JSON, or not of the known shapes
    """
    try:
        data = json.loads(raw)
    except ValueError as error:
        raise WebhookError("not JSON") from error
    if not isinstance(data, dict):
        raise WebhookError("not an object")
    if "events_by_user" not in data:
        return [_event(data, data)] if data.get("event_name") else []
    events = []
    for user in data["events_by_user"] or ():
        for entry in (user or {}).get("events") or (user or {}).get("Events") or ():
            if isinstance(entry, dict):
                events.append(_event(entry, entry.get("event_data") or {}))
    return events


def _event(entry, data):
    time = str(data.get("event_time") or entry.get("event_time") or "")
    metadata = data.get("metadata") or entry.get("metadata") or {}
    return HookEvent(
        event_name=str(entry.get("event_name") or ""),
        provider_id=str(data.get("email_id") or ""),
        email=str(data.get("email") or ""),
        status=str(data.get("status") or ""),
        event_time=time,
        event_at=_utc(time),
        metadata={str(key): str(value) for key, value in metadata.items()}
        if isinstance(metadata, dict)
        else {},
    )


def _utc(text):
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
