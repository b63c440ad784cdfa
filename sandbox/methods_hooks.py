"""setHook, listHooks, removeHook."""

import threading
import urllib.parse
import urllib.request

from .errors import ApiError
from .forms import nested, number, text


class HookMethods:
    """Webhooks: who is told of events."""

    def do_setHook(self, args):
        """Register a webhook on this machine, or switch it on again; its address gets a GET."""
        url = text(args, "hook_url")
        host = urllib.parse.urlsplit(url).hostname
        if host not in ("127.0.0.1", "localhost", "::1"):
            raise ApiError("invalid_arg", "The sandbox calls back this machine only")
        status = text(args, "status") or "active"
        form = text(args, "event_format") or "json_post"
        events = nested(args, "events").get("email_status", "")
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
            number(args, "single_event"),
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
        self.store.run("DELETE FROM hook WHERE url = ?", text(args, "hook_url"))
        return {}
