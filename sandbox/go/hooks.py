"""Posts the events of Go's letters to its webhooks, as the service does."""

import json
import random
import threading

from ..hooks import Parcel, encode, post
from .service import stamp

PERIOD = 0.5


class GoHookSender(threading.Thread):
    """Goes round the hooks: batches of up to 100, again after failures, ``stopped`` after too many."""

    def __init__(self, service):
        super().__init__(daemon=True)
        self.service = service
        self.stopped = threading.Event()
        self.waiting = {}

    def run(self):
        """Go round until stopped."""
        while not self.stopped.wait(PERIOD):
            self.turn()

    def turn(self):
        """One look: what has happened since the last one goes to every active hook."""
        store = self.service.store
        hooks = store.rows("SELECT * FROM go_hook")
        if not hooks:
            return
        events = store.events("e.due = 1")
        for event in events:
            store.run("UPDATE go_event SET due = 0 WHERE id = ?", event["id"])
        for hook in hooks:
            if hook["status"] != "active":
                continue
            queue = self.waiting.setdefault(hook["url"], [])
            queue += [Parcel(body) for body in self._bodies(json.loads(hook["settings"]), events)]
            if not self.service.settings["hook_paused"]:
                self._post(hook, queue)

    def _bodies(self, wanted, events):
        settings = self.service.settings
        names = (wanted.get("events") or {}).get("email_status") or []
        kept = [self._event(event, wanted) for event in events if event["status"] in names]
        if settings["hook_repeat"]:
            kept = kept + kept
        if settings["hook_shuffle"]:
            random.shuffle(kept)
        if settings["hook_flat"] or wanted.get("single_event"):
            for event in kept:
                yield {"event_name": event["event_name"], "user_id": 11344, **event["event_data"]}
            return
        project = {"project_id": "6123", "project_name": "УК"} if settings["hook_project"] else {}
        for start in range(0, len(kept), 100):
            part = kept[start : start + 100]
            yield {"events_by_user": [{"user_id": 11344, **project, "events": part}]}

    def _event(self, event, wanted):
        data = {
            "job_id": event["job_id"],
            "metadata": json.loads(event["metadata"]),
            "email": event["email"],
            "status": event["status"],
            "event_time": stamp(event["at"]),
        }
        if event["url"]:
            data["url"] = event["url"]
        if wanted.get("delivery_info"):
            data["delivery_info"] = {
                "delivery_status": event["delivery_status"],
                "traffic_type": event["traffic"] or "unknown",
            }
        return {"event_name": "transactional_email_status", "event_data": data}

    def _post(self, hook, queue):
        settings, now = self.service.settings, self.service.store.now()
        packed = settings["hook_gzip"] or '"json_post_gzip"' in hook["settings"]
        while queue and queue[0].next_at <= now:
            parcel = queue[0]
            payload = dict(parcel.payload)
            if parcel.retries:
                payload["retry_count"] = parcel.retries
            if post(hook["url"], encode(payload, settings["api_key"]), packed):
                queue.pop(0)
                continue
            parcel.retries += 1
            parcel.next_at = now + settings["hook_retry_seconds"]
            if parcel.retries >= settings["hook_stop_failures"]:
                self.service.store.run(
                    "UPDATE go_hook SET status = 'stopped' WHERE url = ?", hook["url"]
                )
            return
