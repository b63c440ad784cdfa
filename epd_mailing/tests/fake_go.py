"""A small Unisender Go inside the test process, on a free port of this machine.

The product's own client speaks to it over a real socket; it answers like the sandbox of the repository, to which
``tests_unit`` compares it. What becomes of a letter is said by the first word of its address.
"""

import base64
import csv
import hashlib
import io
import json

from .fake_service import FakeHandler, FakeService, first_word, stamp

KEY = "test-go-key-0123456789"
DOMAIN = "uk-demo.example.com"
DELIVERED = ((2, "sent", ""), (10, "delivered", "ok_delivered"))
# seconds after the letter was taken, status and its detail
FATES = {
    "read": (*DELIVERED, (600, "opened", "")),
    "click": (*DELIVERED, (600, "opened", ""), (900, "clicked", "")),
    "unknown": ((2, "sent", ""), (10, "hard_bounced", "err_user_unknown")),
    "retry": (
        (2, "sent", ""),
        (10, "soft_bounced", "err_mailbox_full"),
        (1800, "delivered", "ok_delivered"),
    ),
    "giveup": ((2, "sent", ""), (10, "soft_bounced", ""), (1800, "hard_bounced", "err_giveup")),
    "silent": (),
}
REJECTIONS = {
    "unsubscribed": "unsubscribed",
    "invalid": "invalid",
    "later": "temporary_unavailable",
    "dead": "permanent_unavailable",
    "complained": "complained",
    "blocked": "blocked",
}


class _Handler(FakeHandler):
    def do_GET(self):
        """Answer the address of a dump's file."""
        self.send(200, "text/csv", self.server.fake.read_dump(self.path.rpartition("/")[2]))

    def do_POST(self):
        """Answer ``/ru/transactional/api/v1/<method>.json``."""
        data = json.loads(self.read_body())
        method = self.path.partition("/v1/")[2].removesuffix(".json")
        kind, status, answer = self.server.fake.call(method, data, self.headers["X-API-KEY"])
        if kind.startswith("drop"):
            self.drop()
        elif kind == "http_502":
            self.send(502, "text/html", b"<html></html>")
        else:
            self.send(status, "application/json", json.dumps(answer).encode())


class FakeGo(FakeService):
    """The service, with a domain that is verified."""

    handler = _Handler

    def reset(self):
        """Forget all; the clock is right again."""
        with self.lock:
            super().reset()
            self._dumps, self._keys, self.suppressions = {}, {}, []
            self.wrong_server = False
            self.verified = self.dkim = True
            self.dump_state, self.dump_limit = "ready", 100000
            self.agent = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"

    # --- for tests -------------------------------------------------------------------------------

    def fail(self, kind, times=1, method="email/send", email="", code=0, status=400):
        """Answer the next calls wrongly: ``drop_after``, ``drop_before``, ``http_502``, ``code``."""
        with self.lock:
            self._faults.append([times, method, email, kind, code, status])

    def events(self):
        """Return the events that have happened: list of dicts as in a dump."""
        found = []
        for letter in self._letters:
            for seconds, status, detail in letter["steps"]:
                at = letter["received"] + seconds / self.speed
                if at <= self._now() and (letter["tracked"] or status != "clicked"):
                    found.append(
                        {
                            "event_time": stamp(at),
                            "job_id": letter["job_id"],
                            "email": letter["email"],
                            "status": status,
                            "delivery_status": detail,
                            "metadata": json.dumps(letter["metadata"]),
                            "url": "",
                            "user_agent": self.agent if status in ("opened", "clicked") else "",
                            "at": at,
                        }
                    )
        return sorted(found, key=lambda event: event["at"])

    # --- calls -----------------------------------------------------------------------------------

    def call(self, method, data, key):
        """Return (kind of fault or "", HTTP status, answer) of a call."""
        with self.lock:
            self.calls.append(method)
            fault = self._take_fault(method, json.dumps(data))
            if fault and fault[0] == "code":
                return "", fault[2], _error(fault[1], "on order")
            if fault and fault[0] == "drop_before":
                return "drop_before", 0, {}
            kind = fault[0] if fault else ""
            if self.wrong_server:
                return kind, 401, _error(114, "User not found")
            if key != KEY:
                return kind, 401, _error(102, "Invalid API key")
            handler = getattr(self, "_do_" + method.replace("/", "_").replace("-", "_"), None)
            status, answer = handler(data) if handler else (404, _error(104, method))
            return kind, status, {"status": "success", **answer} if status == 200 else answer

    def _do_email_send(self, data):
        message = data["message"]
        email = message["recipients"][0]["email"]
        if message["from_email"].rpartition("@")[2] != DOMAIN or not (self.verified and self.dkim):
            return 400, _error(206, "Sender's domain is not verified")
        key = message.get("idempotence_key")
        if key and self._now() - self._keys.get(key, -1e9) < 60:
            return 400, _error(1573, "received already")
        reason = REJECTIONS.get(first_word(email))
        if reason:
            return 400, {**_error(204, "No valid recipients"), "failed_emails": {email: reason}}
        self._keys[key] = self._now()
        job = f"{len(self._letters):06x}-{id(self) % 0xFFFFFF:06x}-go"
        self._letters.append(
            {
                "job_id": job,
                "email": email,
                "subject": message["subject"],
                "body": message["body"]["html"],
                "reply_to": message.get("reply_to", ""),
                "key": key,
                "metadata": message.get("global_metadata", {}),
                "tracked": bool(message.get("track_links")),
                "received": self._now(),
                "steps": FATES.get(first_word(email), DELIVERED),
                "attachments": [
                    {
                        "name": one["name"],
                        "sha256": hashlib.sha256(base64.b64decode(one["content"])).hexdigest(),
                    }
                    for one in message.get("attachments", ())
                ],
            }
        )
        return 200, {"job_id": job, "emails": [email]}

    def _do_event_dump_create(self, data):
        if len(self._dumps) >= 10:
            return 400, _error(3310, "Too many dumps")
        dump = f"{len(self.calls):032x}"
        self._dumps[dump] = data
        return 200, {"dump_id": dump}

    def _do_event_dump_get(self, data):
        if data["dump_id"] not in self._dumps:
            return 400, _error(3305, "Dump is not found")
        files = [{"url": f"{self.url}/dump/{data['dump_id']}", "size": 1}]
        ready = self.dump_state == "ready"
        return 200, {
            "event_dump": {
                "dump_id": data["dump_id"],
                "dump_status": self.dump_state,
                "files": files if ready else [],
            }
        }

    def _do_event_dump_delete(self, data):
        self._dumps.pop(data["dump_id"], None)
        return 200, {}

    def read_dump(self, dump_id):
        """Return the CSV file of a dump as bytes."""
        with self.lock:
            wanted = self._dumps[dump_id]
            stream = io.StringIO()
            writer = csv.DictWriter(
                stream, wanted["dump_fields"], delimiter=";", extrasaction="ignore"
            )
            writer.writeheader()
            inside = [
                event
                for event in self.events()
                if wanted["start_time"] <= event["event_time"] <= wanted["end_time"]
            ]
            writer.writerows(inside[: min(int(wanted["limit"]), self.dump_limit)])
            return stream.getvalue().encode()

    def _do_suppression_list(self, data):
        start = int(data.get("cursor") or 0)
        page = self.suppressions[start : start + 2]
        more = start + 2 < len(self.suppressions)
        return 200, {"suppressions": page, **({"cursor": str(start + 2)} if more else {})}

    def suppress(self, email, cause):
        """Put an address on the suppression list."""
        self.suppressions.append(
            {"email": email, "cause": cause, "source": "subscriber", "created": stamp(self._now())}
        )

    def _do_domain_list(self, data):
        entry = {
            "domain": DOMAIN,
            "verification-record": {
                "value": "unisender-go-validate-hash=0123456789abcdef",
                "status": "confirmed" if self.verified else "unconfirmed",
            },
            "dkim": {"key": "MIGfMA0G", "status": "active" if self.dkim else "inactive"},
        }
        return 200, {"domains": [entry] if data.get("domain") in (None, "", DOMAIN) else []}

    def _do_domain_get_dns_records(self, data):
        return 200, {
            "domain": data["domain"],
            "verification-record": "unisender-go-validate-hash=0123456789abcdef",
            "dkim": "k=rsa; p=MIGfMA0G",
        }

    def _do_system_info(self, _data):
        accounting = {"emails_included": 100000, "emails_sent": len(self._letters)}
        return 200, {"user_id": 11344, "email": "office@go.example.com", "accounting": accounting}

    def _do_system_ping(self, _data):
        return 200, {"user_id": 11344}

    def _do_webhook_set(self, data):
        self._hooks[data["url"]] = data
        return 200, {"object": {"id": 1, **data}}

    def _do_webhook_list(self, _data):
        return 200, {"objects": list(self._hooks.values())}

    def _do_webhook_delete(self, data):
        self._hooks.pop(data["url"], None)
        return 200, {}


def encode(payload, api_key=KEY):
    """Sign a body as Go does: compact JSON with escaped slashes, MD5 over the bytes."""
    draft = json.dumps({"auth": api_key, **payload}, separators=(",", ":")).replace("/", "\\/")
    mark = hashlib.md5(draft.encode()).hexdigest()
    return draft.replace(f'"auth":"{api_key}"', f'"auth":"{mark}"', 1).encode()


def _error(code, text):
    return {"status": "error", "code": code, "message": text}
