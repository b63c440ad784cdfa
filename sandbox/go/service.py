"""The methods of Unisender Go's Web API. Source: godocs.unisender.ru/web-api-ref and PyPI unione-sdk, 2026-11-26."""

import base64
import binascii
import csv
import io
import json
import random
import re
import threading
from datetime import UTC, datetime

from . import fates
from .store import GoStore

DEFAULTS = {
    "api_key": "demo-go-key-0123456789",
    "domain": "uk-demo.example.com",
    "domain_verified": True,
    "dkim_active": True,
    "speed": 1.0,
    "wrong_server": False,  # 114: the account lives on the other host
    "free_tariff": False,  # 903
    "no_money": False,  # 904
    "per_day": 0,  # 901 above; 0: no limit
    "skip_unsubscribe_allowed": False,
    "idempotence_seconds": 60,
    "empty_as_list": False,  # PHP writes an empty failed_emails as []
    "dump_seconds": 2,  # until a dump is ready
    "hook_gzip": False,
    "hook_flat": False,
    "hook_project": False,  # bodies of a project's key name the project
    "hook_repeat": False,
    "hook_shuffle": False,
    "hook_paused": False,
    "hook_retry_seconds": 600,
    "hook_stop_failures": 10,
}
REQUEST_LIMIT = 10 * 2**20
FILE_LIMIT = 9786710  # characters of base64: 7 MB
RECIPIENTS = 500
THREE_DAYS = 3 * 86400
FOOTER = '<p style="font-size:11px"><a href="{{UnsubscribeUrl}}">Отписаться</a> ({email})</p>'
DUMP_FIELDS = (
    "project_id event_time job_id from_email email status delivery_status metadata destination_response "
    "user_agent url ip tags"
).split()


class GoError(Exception):
    """An answer ``{"status": "error", "code", "message"}`` with its HTTP status."""

    def __init__(self, status, code, message, **more):
        super().__init__(message)
        self.status, self.code, self.message, self.more = status, code, message, more


class GoService:
    """State and behaviour of the Go side, apart from HTTP."""

    def __init__(self, store, **settings):
        self.store = GoStore(store)
        self.settings = {**DEFAULTS, **settings}
        self.faults = []
        self._dumps = {}  # {id: bytes of the file}
        self._lock = threading.RLock()

    # --- calls ---------------------------------------------------------------------------------

    def call(self, method, data, key):
        """Answer one call.

        :param method: e.g. ``email/send``
        :param data: the JSON object of the body
        :param key: of the header, or ""
        :raise GoError: rejected
        """
        key = key or data.get("api_key") or ""
        if not key:
            raise GoError(401, 101, "API key is required")
        if self.settings["wrong_server"]:
            raise GoError(401, 114, "User not found")
        if key != self.settings["api_key"]:
            raise GoError(401, 102, "Invalid API key")
        handler = getattr(self, "do_" + method.replace("/", "_").replace("-", "_"), None)
        if handler is None:
            raise GoError(404, 104, f"Unknown method {method}")
        with self._lock:
            self.store.run("INSERT INTO go_call VALUES (?, ?)", self.store.now(), method)
            return {"status": "success", **handler(data)}

    def do_email_send(self, data):
        """``email/send``: one message to up to 500 recipients."""
        message = data.get("message")
        if not isinstance(message, dict):
            raise GoError(400, 201, "Field 'message' is required")
        recipients = self._check_message(message)
        attachments = self._attachments(message)
        self._check_tariff(len(recipients))
        key = str(message.get("idempotence_key") or "")
        if len(key) > 64:
            raise GoError(400, 1572, "idempotence_key is longer than 64 characters")
        since = self.store.now() - self.settings["idempotence_seconds"]
        if key and self.store.rows(
            "SELECT 1 FROM go_letter WHERE idempotence_key = ? AND received > ? LIMIT 1", key, since
        ):
            raise GoError(400, 1573, "The request with this idempotence_key was received already")
        failed, taken, seen = {}, [], set()
        for recipient in recipients:
            email = str(recipient.get("email") or "").strip()
            reason = self._read_rejection(email)
            if email.lower() in seen:
                failed[email] = "duplicate"
            elif reason:
                failed[email] = reason
            else:
                taken.append((email, recipient))
            seen.add(email.lower())
        if not taken:
            raise GoError(400, 204, "No valid recipients", failed_emails=failed)
        job = self.store.add_letters(
            [self._letter(message, email, recipient, key) for email, recipient in taken],
            attachments,
            lambda letter: fates.events_of(letter, self.settings["speed"]),
        )
        answer = {"job_id": job, "emails": [email for email, _recipient in taken]}
        if failed or self.settings["empty_as_list"]:
            answer["failed_emails"] = failed or []
        return answer

    def _check_message(self, message):
        settings = self.settings
        recipients = message.get("recipients")
        if not isinstance(recipients, list) or not recipients:
            raise GoError(400, 204, "No valid recipients")
        if len(recipients) > RECIPIENTS:
            raise GoError(400, 1524, "Too many recipients")
        sender = str(message.get("from_email") or "")
        if not sender:
            raise GoError(400, 202, "Field 'from_email' is required")
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", sender):
            raise GoError(400, 205, "Invalid 'from_email'")
        confirmed = settings["domain_verified"] and settings["dkim_active"]
        if sender.rpartition("@")[2].lower() != settings["domain"] or not confirmed:
            raise GoError(400, 206, "Sender's domain is not verified or has no active DKIM record")
        if not str(message.get("subject") or "").strip():
            raise GoError(400, 203, "Field 'subject' is required")
        body = message.get("body")
        if not isinstance(body, dict) or not (body.get("html") or body.get("plaintext")):
            raise GoError(400, 201, "Field 'body' is required")
        if message.get("skip_unsubscribe") and not settings["skip_unsubscribe_allowed"]:
            raise GoError(400, 1588, "skip_unsubscribe is not allowed")
        for name in message.get("headers") or {}:
            if not re.match(r"(?i)x-|to$|cc$|bcc$", name):
                raise GoError(400, 1577, f"Header {name} is not allowed")
        metadata = message.get("global_metadata") or {}
        if len(metadata) > 10 or any(len(str(value)) > 1024 for value in metadata.values()):
            raise GoError(400, 1540, "Too much metadata")
        tags = message.get("tags") or []
        if len(tags) > 4 or len(set(tags)) != len(tags) or any(len(tag) > 50 for tag in tags):
            raise GoError(400, 1532, "Invalid tags")
        return recipients

    def _attachments(self, message):
        found, names = [], set()
        for entry in message.get("attachments") or []:
            name, content = str(entry.get("name") or ""), str(entry.get("content") or "")
            if not name or "/" in name or len(name.encode()) > 255 or name in names:
                raise GoError(400, 208, "Invalid attachment name")
            names.add(name)
            if len(content) > FILE_LIMIT:
                raise GoError(400, 1590, "Attachment is too large")
            try:
                data = base64.b64decode(content, validate=True)
            except (binascii.Error, ValueError) as error:
                raise GoError(400, 1592, "Attachment is not base64") from error
            found.append((name, str(entry.get("type") or ""), data))
        return found

    def _check_tariff(self, count):
        settings = self.settings
        if settings["no_money"]:
            raise GoError(403, 904, "Not enough money")
        if settings["free_tariff"]:
            raise GoError(403, 903, "free_tier: external domain(s) 'gmail.com' are not allowed")
        if settings["per_day"]:
            day = self.store.now() - 86400
            sent = self.store.rows("SELECT count(*) AS n FROM go_letter WHERE received > ?", day)
            if sent[0]["n"] + count > settings["per_day"]:
                raise GoError(403, 901, "Daily limit is exceeded")

    def _read_rejection(self, email):
        if not re.fullmatch(r"[^@\s<>]+@[^@\s<>.]+(\.[^@\s<>.]+)+", email):
            return "invalid"
        rows = self.store.rows(
            "SELECT cause FROM go_suppression WHERE email = ? AND coalesce(until, 1e15) > ?",
            email.lower(),
            self.store.now(),
        )
        return rows[0]["cause"] if rows else fates.rejection_of(email)

    def _letter(self, message, email, recipient, key):
        body = message["body"]
        html = body.get("html") or body.get("plaintext")
        engine = message.get("template_engine") or "simple"
        values = {
            **(message.get("global_substitutions") or {}),
            **(recipient.get("substitutions") or {}),
        }
        if engine == "simple":
            # a name the request does not give becomes nothing: braces in data have to be neutralised
            html = re.sub(r"\{\{(\w+)\}\}", lambda m: str(values.get(m[1], "")), html)
        if not message.get("skip_unsubscribe") and "UnsubscribeUrl" not in html:
            html += FOOTER.replace("{email}", email)
        metadata = {
            **(message.get("global_metadata") or {}),
            **(recipient.get("metadata") or {}),
        }
        return {
            "email": email,
            "sender": f"{message.get('from_name') or ''} <{message['from_email']}>",
            "reply_to": str(message.get("reply_to") or ""),
            "subject": message["subject"],
            "body": html,
            "metadata": json.dumps(metadata, ensure_ascii=False),
            "headers": json.dumps(message.get("headers") or {}, ensure_ascii=False),
            "track_read": int(message.get("track_read", 1)),
            "track_links": int(message.get("track_links", 1)),
            "idempotence_key": key,
        }

    # --- webhooks ------------------------------------------------------------------------------

    def do_webhook_set(self, data):
        """``webhook/set``: the URL is its identity; it is checked by a GET."""
        url = str(data.get("url") or "")
        if not re.match(r"https?://(127\.0\.0\.1|localhost)[:/]", url):
            raise GoError(400, 2700, "The sandbox calls back this machine only")
        status = data.get("status") or "active"
        if status not in ("active", "disabled"):
            raise GoError(400, 2704, "Invalid status")
        self.store.run(
            "INSERT OR REPLACE INTO go_hook VALUES (?, ?, ?, coalesce((SELECT max(id) FROM go_event WHERE at <= ?), 0))",
            *(url, json.dumps(data), status, self.store.now()),
        )
        return {"object": self._hook(url)}

    def _hook(self, url):
        rows = self.store.rows("SELECT rowid AS id, * FROM go_hook WHERE url = ?", url)
        if not rows:
            raise GoError(400, 2710, "Webhook is not found")
        settings = json.loads(rows[0]["settings"])
        return {
            "id": rows[0]["id"],
            "url": url,
            "status": rows[0]["status"],
            "event_format": settings.get("event_format") or "json_post",
            "delivery_info": int(settings.get("delivery_info") or 0),
            "single_event": int(settings.get("single_event") or 0),
            "max_parallel": int(settings.get("max_parallel") or 10),
            "updated_at": stamp(self.store.now()),
            "events": settings.get("events") or {},
        }

    def do_webhook_get(self, data):
        """``webhook/get``."""
        return {"object": self._hook(str(data.get("url") or ""))}

    def do_webhook_list(self, _data):
        """``webhook/list``."""
        return {
            "objects": [self._hook(r["url"]) for r in self.store.rows("SELECT url FROM go_hook")]
        }

    def do_webhook_delete(self, data):
        """``webhook/delete``."""
        self.store.run("DELETE FROM go_hook WHERE url = ?", str(data.get("url") or ""))
        return {}

    # --- event dumps -----------------------------------------------------------------------------

    def do_event_dump_create(self, data):
        """``event-dump/create``: at most ten at once."""
        try:
            datetime.strptime(str(data.get("start_time")), "%Y-%m-%d %H:%M:%S")
        except ValueError as error:
            raise GoError(400, 3300, "Invalid start_time") from error
        now = self.store.now()
        self.store.run("DELETE FROM go_dump WHERE made < ?", now - 8 * 3600)
        kept = {row["id"] for row in self.store.rows("SELECT id FROM go_dump")}
        self._dumps = {key: file for key, file in self._dumps.items() if key in kept}
        if len(self.store.rows("SELECT 1 FROM go_dump")) >= 10:
            raise GoError(400, 3310, "Too many dumps")
        dump_id = f"{random.getrandbits(128):032x}"
        self.store.run("INSERT INTO go_dump VALUES (?, ?, ?)", dump_id, json.dumps(data), now)
        return {"dump_id": dump_id}

    def do_event_dump_get(self, data):
        """``event-dump/get``: queued, in_process, ready."""
        rows = self.store.rows("SELECT * FROM go_dump WHERE id = ?", str(data.get("dump_id") or ""))
        if not rows:
            raise GoError(400, 3305, "Dump is not found")
        age, wait = self.store.now() - rows[0]["made"], self.settings["dump_seconds"]
        state = "ready" if age >= wait else "in_process" if age >= wait / 2 else "queued"
        files = []
        if state == "ready":
            content = self.dump_file(rows[0]["id"])
            files = [{"url": f"/sandbox/go/dump/{rows[0]['id']}.csv", "size": len(content)}]
        return {"event_dump": {"dump_id": rows[0]["id"], "dump_status": state, "files": files}}

    def do_event_dump_list(self, _data):
        """``event-dump/list``."""
        rows = self.store.rows("SELECT id FROM go_dump")
        return {
            "event_dumps": [
                self.do_event_dump_get({"dump_id": r["id"]})["event_dump"] for r in rows
            ]
        }

    def do_event_dump_delete(self, data):
        """``event-dump/delete``."""
        dump_id = str(data.get("dump_id") or "")
        self.store.run("DELETE FROM go_dump WHERE id = ?", dump_id)
        self._dumps.pop(dump_id, None)
        return {}

    def dump_file(self, dump_id):
        """Return the CSV of a dump as bytes; made once, it stays as it is."""
        rows = self.store.rows("SELECT request FROM go_dump WHERE id = ?", dump_id)
        with self._lock:
            if not rows:
                return self._make_dump({})
            if dump_id not in self._dumps:
                self._dumps[dump_id] = self._make_dump(json.loads(rows[0]["request"]))
            return self._dumps[dump_id]

    def _make_dump(self, request):
        end = request.get("end_time") or stamp(self.store.now() + 86400)
        names = request.get("dump_fields") or DUMP_FIELDS
        known = [name if name in DUMP_FIELDS else "" for name in names]
        delimiter = request.get("delimiter") or ","
        text = io.StringIO(newline="")
        text.write(delimiter.join(names) + "\r\n")
        rows = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        for event in self.store.events(
            "e.at >= ? AND e.at <= ?",
            *(moment(request.get("start_time")), moment(end)),
            limit=int(request.get("limit") or 50),
        ):
            event["event_time"] = stamp(event["at"])
            event["from_email"] = event["sender"].rpartition("<")[2].rstrip(">")
            rows.writerow([event.get(name, "") for name in known])
        return text.getvalue().encode()

    # --- account ---------------------------------------------------------------------------------

    def do_system_info(self, _data):
        """``system/info``."""
        sent = self.store.rows("SELECT count(*) AS n FROM go_letter")[0]["n"]
        return {
            "user_id": 11344,
            "email": "office@uk-demo.example.com",
            "accounting": {
                "period_start": stamp(self.store.now() - 86400),
                "period_end": stamp(self.store.now() + 29 * 86400),
                "emails_included": 100000,
                "emails_sent": sent,
            },
        }

    def do_system_ping(self, _data):
        """``system/ping``."""
        return {"user_id": 11344}

    def do_domain_list(self, data):
        """``domain/list``: the sender's domain with its records."""
        settings = self.settings
        wanted = str(data.get("domain") or "")
        entry = {
            "domain": settings["domain"],
            "verification-record": {
                "value": "unisender-go-validate-hash=0123456789abcdef",
                "status": "confirmed" if settings["domain_verified"] else "unconfirmed",
            },
            "dkim": {
                "key": "MIGfMA0G",
                "status": "active" if settings["dkim_active"] else "inactive",
            },
        }
        return {"domains": [entry] if wanted in ("", settings["domain"]) else []}

    def do_domain_get_dns_records(self, data):
        """``domain/get-dns-records``: what a domain needs in DNS; it is known from then on."""
        domain = str(data.get("domain") or "")
        if not domain:
            raise GoError(400, 1300, "Field 'domain' is required")
        return {
            "domain": domain,
            "verification-record": "unisender-go-validate-hash=0123456789abcdef",
            "dkim": "k=rsa; p=MIGfMA0G",
        }

    def do_suppression_set(self, data):
        """``suppression/set``."""
        self._suppress(
            str(data.get("email") or ""), str(data.get("cause") or "unsubscribed"), "user"
        )
        return {}

    def _suppress(self, email, cause, source):
        until = self.store.now() + THREE_DAYS if cause == "temporary_unavailable" else None
        self.store.run(
            "INSERT INTO go_suppression VALUES (?, ?, ?, ?, ?)",
            *(email.lower(), cause, source, self.store.now(), until),
        )

    def do_suppression_get(self, data):
        """``suppression/get``."""
        email = str(data.get("email") or "").lower()
        rows = self.store.rows("SELECT * FROM go_suppression WHERE email = ?", email)
        return {"email": email, "suppressions": [_suppression(row) for row in rows]}

    def do_suppression_list(self, data):
        """``suppression/list``: pages by a cursor."""
        start = int(data.get("cursor") or 0)
        limit = int(data.get("limit") or 50)
        rows = self.store.rows(
            "SELECT * FROM go_suppression ORDER BY rowid LIMIT ? OFFSET ?", limit, start
        )
        more = {"cursor": str(start + limit)} if len(rows) == limit else {}
        return {"suppressions": [_suppression(row) for row in rows], **more}

    def do_suppression_delete(self, data):
        """``suppression/delete``; 3003 where there is nothing."""
        email = str(data.get("email") or "").lower()
        if not self.store.rows("SELECT 1 FROM go_suppression WHERE email = ?", email):
            raise GoError(400, 3003, "Nothing to delete")
        self.store.run("DELETE FROM go_suppression WHERE email = ?", email)
        return {}

    # --- control ---------------------------------------------------------------------------------

    def change_settings(self, changes):
        """Take over settings.

        :raise GoError: a name that is not known
        """
        wrong = changes.keys() - self.settings.keys()
        if wrong:
            raise GoError(400, 0, f"unknown settings: {', '.join(sorted(wrong))}")
        self.settings.update(changes)

    def take_fault(self, method, data):
        """Return the fault to play on this call, or None."""
        with self._lock:
            for fault in self.faults:
                if fault.get("method", "email/send") != method or fault["times"] < 1:
                    continue
                if fault.get("email", "") not in json.dumps(data):
                    continue
                if random.random() < fault.get("chance", 1):
                    fault["times"] -= 1
                    return fault
        return None


def stamp(at):
    """Return a moment as the service writes it: UTC, no zone."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def moment(text):
    """Return the seconds since 1970 of a text of the service, or 0."""
    try:
        return datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0


def _suppression(row):
    return {
        "email": row["email"],
        "cause": row["cause"],
        "source": row["source"],
        "created": stamp(row["created"]),
        "is_deletable": True,
    }
