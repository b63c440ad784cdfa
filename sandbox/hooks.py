"""Calls the webhooks back, as the service does: compact PHP-like JSON, MD5 over the raw bytes."""

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
    """Moves the statuses on and posts what happened to every active hook."""

    def __init__(self, service):
        super().__init__(daemon=True)
        self.service = service
        self.stopped = threading.Event()
        self.waiting = []

    def run(self):
        """Go round until stopped."""
        while not self.stopped.wait(PERIOD):
            self.turn()

    def turn(self):
        """One look: collect events, post them; what fails is posted again at the next look."""
        service = self.service
        events = [self._event(*event) for event in service.advance()]
        hooks = service.store.rows("SELECT * FROM hook WHERE status = 'active'")
        if not hooks:
            return
        self.waiting += events
        if service.settings["hook_paused"] or not self.waiting:
            return
        batch, self.waiting = self.waiting, []
        if service.settings["hook_shuffle"]:
            random.shuffle(batch)
        if service.settings["hook_repeat"]:
            batch = batch + batch
        for hook in hooks:
            flat = hook["single"] or service.settings["flat_events"]
            for payload in self._payloads(batch, flat):
                if not post(hook["url"], encode(payload, service.api_key)):
                    self.waiting = batch
                    break

    def _event(self, letter, moment, status):
        data = {
            "email": letter["email"],
            "status": status,
            "status_group": "success_pending_group",
            "email_id": letter["id"],  # a number here, a text in sendEmail
        }
        event = {"event_name": "email_status", "event_time": stamp(moment), "event_data": data}
        metadata = json.loads(letter["metadata"])
        if metadata:
            (data if self.service.settings["metadata_inside"] else event)["metadata"] = metadata
        return event

    def _payloads(self, events, flat):
        if flat:
            for event in events:
                head = {key: event[key] for key in ("event_name", "event_time")}
                yield {"login": "uk-demo", **head, **event["event_data"]}
            return
        for start in range(0, len(events), 100):
            inner = events[start : start + 100]
            yield {
                "events_by_user": [{"login": "uk-demo", self.service.settings["events_key"]: inner}]
            }


def post(url, body):
    """Post a body; True when the answer is 200 within three seconds."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
