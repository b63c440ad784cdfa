"""The methods of the classic API. Assumptions about what the vendor does not say are settings."""

import json
import random
import re
import threading
import urllib.parse
import urllib.request

from . import fates
from .store import stamp


class ApiError(Exception):
    """An answer ``{"error": …, "code": …}``."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code
        self.text = text


DEFAULTS = {
    "per_minute": 60,
    "calls_per_minute": 1200,
    "per_day": 1000,
    "address_seconds": 60,
    "letter_bytes": 2**20,
    "speed": 1.0,
    # assumptions, see the reference of the API: how the real service does it is not documented
    "ref_key_unique": True,
    "failed_ids_inside": True,
    "metadata_inside": True,
    "flat_events": False,
    "events_key": "events",
    # what a client would see as the vendor's mood; the texts of the codes are ours
    "api_off": False,  # access_denied: the API is switched off in the cabinet
    "empty_account": False,  # not_enough_money
    "ip_limit": False,  # the limit of calls is told as that of the address, not of the key
    # webhook: «every 10 minutes for 24 hours», shortened
    "hook_paused": False,
    "hook_repeat": False,
    "hook_shuffle": False,
    "hook_retry_seconds": 600,
    "hook_stop_seconds": 86400,
    "hook_must_answer": False,  # assumption: setHook takes a URL that does not answer the GET
}
LETTER_FACTS = "id, email, subject, metadata, track_read, track_links, received, status_at, next_at"


class Service:
    """State and behaviour of the sandbox, apart from HTTP.

    :param store: ``store.Store``
    :param api_key: the only key that is right
    :param sender: the only confirmed sender
    """

    def __init__(self, store, api_key="demo-key", sender="noreply@uk-demo.example.com", **settings):
        self.store = store
        self.api_key = api_key
        self.sender = sender
        self.settings = {**DEFAULTS, **settings}
        self.faults = []
        self.balance = "1000.00"
        self.events = []  # (letter, moment, status) that no webhook has been told of yet
        self._lock = threading.RLock()

    # --- calls ---------------------------------------------------------------------------------

    def call(self, method, args):
        """Answer one call; ``args`` is {name: bytes}. Return the ``result``.

        :raise ApiError: refused as a whole
        """
        if _text(args, "api_key") != self.api_key:
            raise ApiError("invalid_api_key", "SZ010126-01 [Invalid API key]")
        if self.settings["api_off"]:
            raise ApiError("access_denied", "SZ010126-04 [API is switched off]")
        handler = getattr(self, "do_" + method, None)
        if handler is None:
            raise ApiError("unknown_method", f"SZ010126-02 [Unknown method {method}]")
        # one after the other: limits are looked at and used up in one step
        with self._lock:
            self._count_call(method)
            return handler(args)

    def _count_call(self, method):
        now = self.store.now()
        self.store.run("DELETE FROM call WHERE at < ?", now - 86400)
        limits = (("%", "calls_per_minute", 60), ("sendEmail", "per_minute", 60))
        for pattern, name, seconds in limits:
            if pattern == "sendEmail" and method != "sendEmail":
                continue
            limit = self.settings[name]
            count = (
                limit
                and self.store.rows(
                    "SELECT count(*) AS n FROM call WHERE method LIKE ? AND at > ?",
                    pattern,
                    now - seconds,
                )[0]["n"]
            )
            if limit and count >= limit:
                whose = "ip" if self.settings["ip_limit"] else "api_key"
                raise ApiError(f"api_call_limit_exceeded_for_{whose}", "Too many calls")
        self.store.run("INSERT INTO call VALUES (?, ?)", now, method)

    def do_sendEmail(self, args):
        """One letter; both shapes of the answer by ``error_checking``."""
        for name in ("email[]", "email[0]"):  # the form of old docs
            if name in args:
                args.setdefault("email", args[name])
        for name in ("email", "sender_name", "sender_email", "subject", "body", "list_id"):
            if name not in args:
                raise ApiError("invalid_arg", f"SZ010126-03 [{name} is required]")
        email = _address(_text(args, "email"))
        checking = _text(args, "error_checking") == "1"
        error = self._refuse(email, args)
        if error:
            code, message = error
            if not checking:
                raise ApiError(code, message)
            return [{"index": 0, "email": email, "errors": [{"code": code, "message": message}]}]
        headers = _text(args, "headers")
        letter = {
            "email": email,
            "subject": _text(args, "subject"),
            "body": _text(args, "body"),
            "sender": f"{_text(args, 'sender_name')} <{_text(args, 'sender_email')}>",
            "reply_to": headers.partition("Reply-To:")[2].strip(),
            "list_id": _text(args, "list_id"),
            "metadata": json.dumps(_nested(args, "metadata"), ensure_ascii=False),
            "ref_key": _text(args, "ref_key"),
            "track_read": int(_text(args, "track_read") or 0),
            "track_links": int(_text(args, "track_links") or 0),
        }
        files = [(key[12:-1], args[key]) for key in args if key.startswith("attachments[")]
        letter_id = str(self.store.add_letter(letter, files))
        if checking:
            return [{"index": 0, "email": email, "id": letter_id}]
        return {"email_id": letter_id}

    def _refuse(self, email, args):
        """Return (code, message) of a refusal of this letter, or None."""
        settings, now = self.settings, self.store.now()
        if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+", email):
            return "invalid_email", "Неверный адрес"
        if _text(args, "sender_email") != self.sender:
            return "unchecked_sender_email", "Неподтвержденный Email отправителя"
        for name, code in (
            ("sender_name", "empty_sender_name"),
            ("subject", "empty_subject"),
            ("body", "body_empty"),
        ):
            if not _text(args, name).strip():
                return code, f"Пустое поле {name}"
        if _text(args, "cc").count("@") > 1:
            return "cc_exceeded", "Слишком много копий"
        for header in filter(None, _text(args, "headers").splitlines()):
            if header.partition(":")[0].strip() not in ("Reply-To", "Priority"):
                return "header_not_allowed", header
        files = sum(len(args[key]) for key in args if key.startswith("attachments["))
        if settings["letter_bytes"] and files * 1.37 + len(args["body"]) > settings["letter_bytes"]:
            return "attachment_quota_error", "Слишком большое письмо"
        scripted = fates.REFUSALS.get(fates.script_of(email))
        if scripted:
            return scripted, "По сценарию песочницы"
        if settings["address_seconds"] and self.store.rows(
            "SELECT 1 FROM letter WHERE email = ? AND received > ? LIMIT 1",
            email,
            now - settings["address_seconds"],
        ):
            return "has_been_sent", "Письмо на этот адрес отправлено меньше минуты назад"
        if settings["per_day"] and (
            self.store.rows("SELECT count(*) AS n FROM letter WHERE received > ?", now - 86400)[0][
                "n"
            ]
            >= settings["per_day"]
        ):
            # assumption: the vendor does not say what the letter over the day's number is told
            raise ApiError("api_call_limit_exceeded_for_api_key", "Daily limit")
        if settings["empty_account"]:
            raise ApiError("not_enough_money", "SZ010126-05 [Not enough money]")
        ref_key = _text(args, "ref_key")
        if (
            ref_key
            and settings["ref_key_unique"]
            and self.store.rows("SELECT 1 FROM letter WHERE ref_key = ?", ref_key)
        ):
            raise ApiError("invalid_arg", "ref_key is not unique")
        return None

    def do_checkEmail(self, args):
        """Statuses of at most 500 ids; unknown and month-old ones fail."""
        ids = [part.strip() for part in _text(args, "email_id").split(",") if part.strip()]
        if not ids or len(ids) > 500:
            raise ApiError("invalid_arg", "1 to 500 ids are expected")
        self.advance()
        statuses, failed, oldest = [], [], self.store.now() - fates.MONTH
        marks = ",".join("?" * len(ids))
        known = {
            str(row["id"]): row
            for row in self.store.rows(
                f"SELECT id, received, status FROM letter WHERE id IN ({marks})", *ids
            )
        }
        for letter_id in ids:
            row = known.get(letter_id)
            if row and row["received"] > oldest:
                statuses.append({"id": letter_id, "status": row["status"]})
            else:
                failed.append({letter_id: "not found"})
        answer = {"statuses": statuses}
        if len(ids) == 1 and statuses:
            answer["status"] = statuses[0]["status"]
        if failed and self.settings["failed_ids_inside"]:
            answer["failed_email_id"] = failed
        elif failed:
            return {"__top__": {"failed_email_id": failed}, **answer}
        return answer

    def do_getContact(self, args):
        """The contact of an address with the times of his last letter (UTC)."""
        email = _text(args, "email").lower()
        self.advance()
        rows = self.store.rows("SELECT * FROM letter WHERE email = ? ORDER BY received", email)
        if not rows:
            raise ApiError("invalid_arg", "The contact is not found")
        last = rows[-1]
        times = {
            status: last["received"] + at / self.settings["speed"]
            for at, status in fates.steps_of(last)
        }
        now = self.store.now()

        def when(status):
            moment = times.get(status)
            return stamp(moment) if moment and moment <= now else None

        return {
            "email": {
                "email": email,
                "added_at": stamp(rows[0]["received"]),
                "status": "active",
                "availability": "available",
                "last_send_datetime": stamp(last["received"]),
                "last_delivery_datetime": when("ok_delivered"),
                "last_read_datetime": when("ok_read"),
                "last_click_datetime": when("ok_link_visited"),
            }
        }

    def do_getLists(self, _args):
        """All lists."""
        return self.store.rows("SELECT id, title FROM list ORDER BY id")

    def do_createList(self, args):
        """A new list; its title is unique."""
        title = _text(args, "title")
        if not title or self.store.rows("SELECT 1 FROM list WHERE title = ?", title):
            raise ApiError("invalid_arg", "title is empty or not unique")
        return {"id": self.store.run("INSERT INTO list (title) VALUES (?)", title)}

    def do_getUserInfo(self, _args):
        """The account: log-in and balance."""
        return {
            "login": "uk-demo",
            "email": "office@uk-demo.example.com",
            "balance": self.balance,
            "currency": "RUB",
        }

    def do_getCheckedEmail(self, args):
        """Whether a sender is confirmed."""
        email = _text(args, "email")
        return [{"email": email, "name": "", "is_checked": email == self.sender}]

    def do_setHook(self, args):
        """Register a webhook on this machine, or switch it on again; its address gets a GET."""
        url = _text(args, "hook_url")
        host = urllib.parse.urlsplit(url).hostname
        if host not in ("127.0.0.1", "localhost", "::1"):
            raise ApiError("invalid_arg", "The sandbox calls back this machine only")
        status = _text(args, "status") or "active"
        form = _text(args, "event_format") or "json_post"
        events = _nested(args, "events").get("email_status", "")
        if form not in ("json_post", "json_post_gzip") or status not in ("active", "disabled"):
            raise ApiError("invalid_arg", "event_format or status")
        if not events:
            raise ApiError("invalid_arg", "events[email_status] is expected")
        if self.settings["hook_must_answer"] and not self.check_hook(url):
            raise ApiError("invalid_arg", "The URL does not answer 200")
        self.store.run(
            "INSERT OR REPLACE INTO hook VALUES (?, ?, ?, ?, ?, NULL)",
            url,
            form,
            int(_text(args, "single_event") or 0),
            status,
            events,
        )
        if status == "active" and not self.settings["hook_must_answer"]:
            # in its own time: the caller may serve one request at a time
            threading.Thread(target=self._note_check, args=(url,), daemon=True).start()
        return {"hook_url": url}

    @staticmethod
    def check_hook(url):
        """Ask a webhook's address by GET; True when it answers 200."""
        try:
            with urllib.request.urlopen(url, timeout=3) as answer:
                return answer.status == 200
        except OSError:
            return False

    def _note_check(self, url):
        self.store.run("UPDATE hook SET checked = ? WHERE url = ?", int(self.check_hook(url)), url)

    def do_listHooks(self, _args):
        """All webhooks."""
        return self.store.rows("SELECT url AS hook_url, format AS event_format, status FROM hook")

    def do_removeHook(self, args):
        """Forget a webhook."""
        self.store.run("DELETE FROM hook WHERE url = ?", _text(args, "hook_url"))
        return {}

    # --- time ----------------------------------------------------------------------------------

    def advance(self):
        """Bring the statuses up to the sandbox's clock; what passed on the way waits in ``events``."""
        with self._lock:
            now, changes = self.store.now(), []
            heard = bool(self.store.rows("SELECT 1 FROM hook LIMIT 1"))
            for letter in self.store.rows(
                f"SELECT {LETTER_FACTS} FROM letter WHERE next_at <= ?", now
            ):
                path = [
                    (letter["received"] + at / self.settings["speed"], status)
                    for at, status in fates.steps_of(letter)
                ]
                due = [step for step in path if letter["status_at"] < step[0] <= now]
                later = [moment for moment, _status in path if moment > now]
                if heard:
                    self.events += [(letter, moment, status) for moment, status in due]
                moment, status = due[-1] if due else (letter["status_at"], None)
                changes.append((status, moment, later[0] if later else None, letter["id"]))
            if changes:
                self.store.run_many(
                    "UPDATE letter SET status = coalesce(?, status), status_at = ?, next_at = ? "
                    "WHERE id = ?",
                    changes,
                )

    def count(self):
        """Return how many letters were taken in, and how many calls a day by method."""
        rows = self.store.rows("SELECT method, count(*) AS n FROM call GROUP BY method")
        letters = self.store.rows("SELECT count(*) AS n FROM letter")[0]["n"]
        return {"letters": letters, "calls": {row["method"]: row["n"] for row in rows}}

    def take_events(self):
        """Return, once, what the webhooks are to be told."""
        self.advance()
        with self._lock:
            events, self.events = self.events, []
        return events

    def set_status(self, letter_id, status):
        """Give a letter a status by order, and its last one; the webhooks are told."""
        with self._lock:
            self.advance()
            now = self.store.now()
            self.store.run(
                "UPDATE letter SET status = ?, status_at = ?, next_at = NULL WHERE id = ?",
                status,
                now,
                letter_id,
            )
            for letter in self.store.rows(
                f"SELECT {LETTER_FACTS} FROM letter WHERE id = ?", letter_id
            ):
                self.events.append((letter, now, status))

    def change_settings(self, changes):
        """Take over settings; a name that is not known is refused.

        :raise ApiError: unknown name
        """
        wrong = changes.keys() - self.settings.keys()
        if wrong:
            raise ApiError("invalid_arg", f"unknown settings: {', '.join(sorted(wrong))}")
        with self._lock:
            self.settings.update(changes)
            if "speed" in changes:  # moments of letters under way are others now
                self.store.run("UPDATE letter SET next_at = status_at WHERE next_at IS NOT NULL")

    def take_fault(self, method, args):
        """Return the fault to play on this call: scripted by address, or ordered beforehand."""
        with self._lock:
            for fault in self.faults:
                if fault.get("method", "sendEmail") != method or fault["times"] < 1:
                    continue
                if fault.get("email", "") not in _text(args, "email"):
                    continue
                if random.random() < fault.get("chance", 1):
                    fault["times"] -= 1
                    return fault
        if method == "sendEmail":
            kind = fates.FAULTS.get(fates.script_of(_address(_text(args, "email"))))
            return {"kind": kind, "seconds": 60} if kind else None
        return None


def _text(args, name):
    return args.get(name, b"").decode("utf-8", "replace")


def _address(text):
    return (re.findall(r"<([^>]*)>", text) or [text])[-1].strip().lower()


def _nested(args, name):
    return {
        key[len(name) + 1 : -1]: args[key].decode("utf-8", "replace")
        for key in args
        if key.startswith(name + "[")
    }
