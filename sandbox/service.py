"""The sandbox apart from HTTP: its clock, limits, faults and events. The methods of the API stand in
``methods_*.py``, what may be otherwise at the real service in ``behaviours.py``.
"""

import random
import threading

from . import fates
from .behaviours import DEFAULTS
from .errors import ApiError
from .forms import text
from .methods_account import AccountMethods
from .methods_contacts import ContactMethods
from .methods_hooks import HookMethods
from .methods_letters import LetterMethods, get_address

LETTER_FACTS = "id, email, subject, metadata, track_read, track_links, received, status_at, next_at"


class Service(LetterMethods, ContactMethods, AccountMethods, HookMethods):
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

        :raise ApiError: rejected as a whole
        """
        if text(args, "api_key") != self.api_key:
            raise ApiError("invalid_api_key", "SZ010126-01 [Invalid API key]")
        if self.settings["api_off"]:
            raise ApiError("access_denied", "SZ010126-04 [API is switched off]")
        handler = getattr(self, "do_" + method, None)
        if handler is None:
            raise ApiError("unknown_method", f"SZ010126-02 [Unknown method {method}]")
        # one after the other: limits are checked and used up in one step
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
        """Return how many letters were accepted, and how many calls a day by method."""
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
        """Take over settings; a name that is not known is rejected, and a speed that is none.

        :raise ApiError: unknown name, or not a speed
        """
        wrong = changes.keys() - self.settings.keys()
        if wrong:
            raise ApiError("invalid_arg", f"unknown settings: {', '.join(sorted(wrong))}")
        if not changes.get("speed", 1) > 0:
            raise ApiError("invalid_arg", "the speed is more than 0")
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
                if fault.get("email", "") not in text(args, "email"):
                    continue
                if random.random() < fault.get("chance", 1):
                    fault["times"] -= 1
                    return fault
        if method == "sendEmail":
            kind = fates.FAULTS.get(
                fates.script_of(get_address(text(args, "email") or text(args, "email[0]")))
            )
            return {"kind": kind, "seconds": 60} if kind else None
        return None
