"""A small UniSender inside the test process, on a free port of this machine.

The product's own client speaks to it over a real socket. It knows what the tests of the addon need,
and answers like the sandbox of the repository, to which ``tests_unit`` compares it. What becomes of
a letter is said by the first word of its address: see ``FATES`` and ``REJECTIONS``.
"""

import hashlib
import json
from urllib.parse import parse_qsl

from .fake_service import FakeHandler, FakeService, first_word, stamp

KEY = "test-key"
LOGIN = "ID7208007"  # of the account; not the registration e-mail
SENDER = "noreply@uk-demo.example.com"
DELIVERED = ((2, "ok_sent"), (10, "ok_delivered"))
# seconds after the letter was taken, and its status from then on
FATES = {
    "read": (*DELIVERED, (600, "ok_read")),
    "click": (*DELIVERED, (600, "ok_read"), (900, "ok_link_visited")),
    "full": ((2, "ok_sent"), (20, "err_mailbox_full")),
    "unknown": ((2, "ok_sent"), (10, "err_user_unknown")),
    "retry": ((2, "ok_sent"), (10, "err_will_retry"), (1800, "ok_delivered"), (7200, "ok_read")),
}
REJECTIONS = {"unsubscribed": "unsubscribed_globally", "invalid": "invalid_email"}


class _Handler(FakeHandler):
    def do_POST(self):
        """Answer ``/ru/api/<method>``."""
        # files come as bytes: Latin-1 keeps each of them
        pairs = parse_qsl(
            self.read_body().decode("ascii"), keep_blank_values=True, encoding="latin-1"
        )
        values = {name: value.encode("latin-1") for name, value in pairs}
        kind, answer = self.server.fake.call(self.path.rpartition("/")[2], values)
        if kind.startswith("drop"):
            self.drop()
        elif kind:
            self.send(502 if kind == "http_502" else 200, "text/html", b"<html></html>")
        else:
            data = json.dumps(answer, ensure_ascii=False).encode()
            self.send(200, "application/json", data)


class FakeUniSender(FakeService):
    """The service, with one confirmed sender and one list."""

    handler = _Handler

    def reset(self):
        """Forget letters, faults, lists and webhooks; the clock is right again."""
        with self.lock:
            super().reset()
            self._lists = {"20547": "Плательщики"}
            # letters a day, and how the next one is rejected
            self.per_day, self.day_code, self.day_text = 0, "", "Daily limit"
            self.warning = ""  # in every answer
            self.takes_odd_ids = True  # False: an id that is no number rejects all of checkEmail
            self.login = LOGIN

    # --- for tests -------------------------------------------------------------------------------

    def fail(self, kind, times=1, method="sendEmail", email="", code=""):
        """Answer the next calls wrongly.

        :param kind: ``drop_after`` (the letter is taken, the connection cut), ``drop_before`` (it
            is not taken), ``http_502`` or ``non_json`` (taken, another answer), ``code`` (not
            taken, the error ``code``)
        :param email: only letters to addresses that hold this text
        """
        with self.lock:
            self._faults.append([times, method, email, kind, code])

    def take(self, email):
        """Take a letter to somebody that is not ours: a newsletter of the same account."""
        with self.lock:
            self._add(email, {"subject": "Новости", "body": "x", "track_links": "1"}, {})

    def set_status(self, letter_id, status):
        """Give a letter a status, and its last one."""
        with self.lock:
            letter = next(x for x in self._letters if x["id"] == int(letter_id))
            letter["steps"] = ((0, status),)

    # --- calls -----------------------------------------------------------------------------------

    def call(self, method, values):
        """Return (kind of fault or "", answer) of a call.

        :param values: ``{name: bytes}``
        """
        with self.lock:
            self.calls.append(method)
            kind, code = self._take_fault(method, values.get("email", b"").decode()) or ("", "")
            if kind == "code":
                return "", _error(code, "on order")
            if values.get("api_key", b"").decode() != KEY:
                return kind, _error("invalid_api_key", "Invalid API key")
            if kind == "drop_before":
                return kind, {}
            handler = getattr(self, f"_do_{method}", None)
            answer = handler(values) if handler else _error("unknown_method", method)
            return kind, {**answer, "warnings": [self.warning]} if self.warning else answer

    def _do_sendEmail(self, values):
        text = {name: value.decode() for name, value in values.items() if name[:4] != "atta"}
        email = text["email"].lower()
        code = REJECTIONS.get(first_word(email))
        if text["sender_email"] != SENDER:
            code = "unchecked_sender_email"
        if code:
            error = {"code": code, "message": "rejected"}
            return {"result": [{"index": 0, "email": email, "errors": [error]}]}
        if self.per_day and len(self._letters) >= self.per_day:
            return _error(self.day_code or "api_call_limit_exceeded_for_api_key", self.day_text)
        letter = self._add(email, text, values)
        return {"result": [{"index": 0, "email": email, "id": str(letter["id"])}]}

    def _add(self, email, text, values):
        letter = {
            "id": 100 + len(self._letters),
            "email": email,
            "subject": text["subject"],
            "body": text["body"],
            "reply_to": text.get("headers", "").partition("Reply-To:")[2].strip(),
            "metadata": {n[9:-1]: v for n, v in text.items() if n.startswith("metadata[")},
            "attachments": [
                {"name": name[12:-1], "sha256": hashlib.sha256(data).hexdigest()}
                for name, data in values.items()
                if name.startswith("attachments[")
            ],
            "tracked": text["track_links"] == "1",
            "received": self._now(),
            "steps": FATES.get(first_word(email), DELIVERED),
        }
        self._letters.append(letter)
        return letter

    def _do_checkEmail(self, values):
        known = {str(letter["id"]): letter for letter in self._letters}
        statuses, failed = [], []
        ids = values["email_id"].decode().split(",")
        if not self.takes_odd_ids and not all(map(str.isdigit, ids)):
            return _error("invalid_arg", "email_id is wrong")
        for letter_id in ids:
            if letter_id in known:
                passed = self._get_passed(known[letter_id])
                status = passed[-1][1] if passed else "not_sent"
                statuses.append({"id": letter_id, "status": status})
            else:
                failed.append({letter_id: "not found"})
        return {"result": {"statuses": statuses, **({"failed_email_id": failed} if failed else {})}}

    def _do_getContact(self, values):
        letters = self.letters(values["email"].decode().lower())
        if not letters:
            return _error("invalid_arg", "The contact is not found")
        moments = {status: moment for moment, status in self._get_passed(letters[-1])}
        return {
            "result": {
                "email": {
                    "email": letters[-1]["email"],
                    "status": "active",
                    "availability": "available",
                    "last_send_datetime": stamp(letters[-1]["received"]),
                    "last_delivery_datetime": stamp(moments.get("ok_delivered")),
                    "last_read_datetime": stamp(moments.get("ok_read")),
                    "last_click_datetime": stamp(moments.get("ok_link_visited")),
                }
            }
        }

    def _do_getLists(self, _values):
        return {"result": [{"id": int(key), "title": title} for key, title in self._lists.items()]}

    def _do_createList(self, values):
        key = str(max(map(int, self._lists)) + 1)
        self._lists[key] = values["title"].decode()
        return {"result": {"id": int(key)}}

    def _do_getUserInfo(self, _values):
        return {"result": {"login": self.login, "balance": "1000.00", "currency": "RUB"}}

    def _do_getCheckedEmail(self, values):
        email = values["email"].decode()
        if values["login"].decode() != self.login:
            return _error("invalid_arg", "OB13012016 [Can't find user by provided login]")
        return {"result": [{"email": email, "name": "", "is_checked": email == SENDER}]}

    def _do_setHook(self, values):
        url = values["hook_url"].decode()
        self._hooks[url] = {"hook_url": url, "event_format": "json_post", "status": "active"}
        return {"result": {"hook_url": url}}

    def _do_removeHook(self, values):
        self._hooks.pop(values["hook_url"].decode(), None)
        return {"result": {}}

    def _do_listHooks(self, _values):
        return {"result": list(self._hooks.values())}

    # --- time ------------------------------------------------------------------------------------

    def _get_passed(self, letter):
        """Return [(moment, status)] of what has become of a letter by now."""
        moments = [
            (letter["received"] + seconds / self.speed, status)
            for seconds, status in letter["steps"]
        ]
        return [
            (moment, status)
            for moment, status in moments
            if moment <= self._now() and (letter["tracked"] or status != "ok_link_visited")
        ]


def _error(code, text):
    return {"error": text, "code": code}
