"""Calls the webhooks back, as the service does: compact PHP-like JSON, MD5 over the raw bytes."""

import gzip
import hashlib
import json
import random
import threading
import urllib.error
import urllib.request

from .store import stamp

PERIOD = 0.5  # seconds between looks at the clock
TIMEOUT = 3


def encode(payload, api_key):
    """Return the body: ``/`` escaped, non-ASCII as \\uXXXX, ``auth`` over the raw bytes."""
    draft = json.dumps({"auth": api_key, **payload}, separators=(",", ":")).replace("/", "\\/")
    key_text = json.dumps(api_key)[1:-1].replace("/", "\\/")
    mark = hashlib.md5(draft.encode()).hexdigest()
    return draft.replace(f'"auth":"{key_text}"', f'"auth":"{mark}"', 1).encode()


class HookSender(threading.Thread):
    """Moves the statuses on and posts what happened to every active hook.

    What a hook does not take is posted again after ``hook_retry_seconds`` with ``retry_count``;
    after ``hook_stop_seconds`` of failures the hook is ``stopped``.
    """

    def __init__(self, service):
        super().__init__(daemon=True)
        self.service = service
        self.stopped = threading.Event()
        self.waiting = {}  # {url: [Parcel]}

    def run(self):
        """Go round until stopped."""
        while not self.stopped.wait(PERIOD):
            self.turn()

    def turn(self):
        """One look: collect events, post them to each hook, and again what failed."""
        service = self.service
        hooks = service.store.rows("SELECT * FROM hook")
        events = service.take_events()
        for url in self.waiting.keys() - {hook["url"] for hook in hooks}:
            del self.waiting[url]
        for hook in hooks:
            if hook["status"] == "disabled":
                continue
            queue = self.waiting.setdefault(hook["url"], [])
            wanted = [event for event in events if _is_wanted(hook, event[2])]
            batch = [self._event(*event) for event in wanted]
            if service.settings["hook_repeat"]:
                batch = batch + batch
            if service.settings["hook_shuffle"]:
                random.shuffle(batch)
            flat = hook["single"] or service.settings["flat_events"]
            queue += [Parcel(payload) for payload in self._payloads(batch, flat)]
            if not service.settings["hook_paused"]:
                self._post(hook, queue)

    def _post(self, hook, queue):
        """Post what is due; one failure ends this look, the rest waits for the next."""
        settings, now = self.service.settings, self.service.store.now()
        if hook["status"] == "stopped":
            return
        while queue and queue[0].next_at <= now:
            parcel = queue[0]
            payload = dict(parcel.payload)
            if parcel.retries:
                payload["retry_count"] = parcel.retries
            packed = hook["format"] == "json_post_gzip"
            if post(hook["url"], encode(payload, self.service.api_key), packed):
                queue.pop(0)
                continue
            parcel.first_at = parcel.first_at or now
            parcel.retries += 1
            parcel.next_at = now + settings["hook_retry_seconds"]
            if now - parcel.first_at >= settings["hook_stop_seconds"]:
                self.service.store.run(
                    "UPDATE hook SET status = 'stopped' WHERE url = ?", hook["url"]
                )
            return

    def _event(self, letter, moment, status):
        data = {
            "email": letter["email"],
            "status": status,
            "status_group": "success_pending_group",
            "email_id": letter["id"],  # a number here, a text in sendEmail
        }
        told = stamp(moment + self.service.settings["event_hours"] * 3600)
        event = {"event_name": "email_status", "event_time": told, "event_data": data}
        metadata = json.loads(letter["metadata"])
        if metadata:
            (data if self.service.settings["metadata_inside"] else event)["metadata"] = metadata
        return event

    def _payloads(self, events, flat):
        login = self.service.settings["login"]
        if flat:
            for event in events:
                head = {key: event[key] for key in ("event_name", "event_time")}
                yield {"login": login, **head, **event["event_data"]}
            return
        for start in range(0, len(events), 100):
            inner = events[start : start + 100]
            yield {"events_by_user": [{"login": login, self.service.settings["events_key"]: inner}]}


class Parcel:
    """One body on its way to a hook, and how often it failed."""

    def __init__(self, payload):
        self.payload, self.retries, self.next_at, self.first_at = payload, 0, 0.0, None


def _is_wanted(hook, status):
    return hook["events"] == "*" or status in hook["events"].split(",")


def post(url, body, packed=False):
    """Post a body, gzipped when ``packed``; True when the answer is 200 within three seconds."""
    headers = {"Content-Type": "application/json"}
    if packed:
        body = gzip.compress(body)
        headers["Content-Encoding"] = "gzip"
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
