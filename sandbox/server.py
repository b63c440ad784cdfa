"""HTTP front of the sandbox: the API, the control API and the inbox pages."""

import contextlib
import hmac
import json
import socket
import time
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from . import faults, forms, pages
from .errors import ApiError
from .go import routes as go_routes
from .go.service import GoService

BODY_LIMIT = 32 * 2**20
LANGUAGES = ("ru", "en", "ua", "it")
OPEN = (*LANGUAGES, "api")  # what UniSender itself offers: its callers have the API key
COOKIE = "sandbox_token"


class SandboxServer(ThreadingHTTPServer):
    """The server; ``service`` is what it speaks for, ``go`` the same for Unisender Go."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address, service, go=None, token=""):
        """:param token: asked of whoever wants the inbox or the control API; nothing for none"""
        super().__init__(address, Handler)
        self.token = token
        self.service = service
        self.go = go or GoService(service.store)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    cookie = ""

    def handle(self):
        """Serve the connection; a client that goes away (a time-out, a kill) is no fault of ours."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def finish(self):
        """Close; what could not be written any more is dropped."""
        with contextlib.suppress(ConnectionError):
            super().finish()

    def log_message(self, *args):
        """Keep quiet: calls are to be seen in the inbox."""

    def do_GET(self):
        """Pages, the control API, and API calls with everything in the query."""
        self._answer(b"")

    def do_POST(self):
        """API calls and control calls."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_LIMIT:
            self.close_connection = True
            self.send(413, "text/plain", b"too large")
            return
        self._answer(self.rfile.read(length))

    def _answer(self, body):
        url = urlsplit(self.path)
        parts = url.path.strip("/").split("/")
        offered = parts[0] in OPEN or url.path.startswith("/sandbox/go/dump/")
        if not offered and not self._has_token(dict(parse_qsl(url.query))):
            self.send(403, "text/plain; charset=utf-8", "the token is missing: ?token=…".encode())
            return
        if go_routes.respond(self, url.path, dict(parse_qsl(url.query)), body):
            return
        method = self._find_method(parts)
        if method:
            self._api(method, url.query.encode(), body)
        elif parts[0] == "sandbox":
            try:
                self._control(parts[1:], dict(parse_qsl(url.query)), body)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                self.send(400, "text/plain; charset=utf-8", f"not understood: {error}".encode())
        else:
            status, kind, data = pages.respond(self.server.service, url, body)
            self.send(status, kind, data)

    def _has_token(self, query):
        """Tell whether the caller knows the token; given once in the query, a browser keeps it."""
        token = self.server.token
        jar = SimpleCookie(self.headers.get("Cookie") or "")
        known = [self.headers.get("X-Sandbox-Token"), query.get("token")]
        known.append(jar[COOKIE].value if COOKIE in jar else "")
        if token and hmac.compare_digest((query.get("token") or "").encode(), token.encode()):
            self.cookie = f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict"
        return not token or any(
            hmac.compare_digest(one.encode(), token.encode()) for one in known if one
        )

    # --- the service's API -----------------------------------------------------------------------

    def _find_method(self, parts):
        """Return the method of ``/{lang}/api/{method}``, or nothing for another page."""
        optional = self.server.service.settings["lang_optional"]
        if parts[0] in LANGUAGES and parts[1:2] == ["api"]:
            return "/".join(parts[2:])
        return "/".join(parts[1:]) if optional and parts[0] == "api" else ""

    def _api(self, method, query, body):
        service = self.server.service
        try:
            args = {**forms.parse(query), **self._read_form(forms.parse(query), body)}
        except ValueError as error:
            self._json({"error": str(error), "code": "invalid_arg"})
            return
        fault = service.take_fault(method, args) or {}
        kind = fault.get("kind", "")
        if kind == "slow_before":
            time.sleep(fault.get("seconds", 5))
        elif kind == "drop_before":
            self.drop()
            return
        elif kind in faults.REFUSED:
            # the server in front of the service speaks, so no JSON
            self.send(faults.REFUSED[kind], "text/html", b"<html>Try later</html>")
            return
        elif kind == "code":
            self._json({"error": "По заказу", "code": fault["code"]})
            return
        answer = self._call(method, args)
        if kind == "slow_after":
            time.sleep(fault.get("seconds", 5))
        if kind == "drop_after":
            self.drop()
        elif kind in faults.LOST:
            self.send(faults.LOST[kind], "text/html", "<html>Технические работы</html>".encode())
        else:
            self._json(answer)

    def _read_form(self, query, body):
        """Return the arguments of the body, unpacked as the header or the query says."""
        packing = self.headers.get("Content-Encoding") or forms.text(query, "request_compression")
        if packing and not self.server.service.settings["packed_bodies"]:
            packing = ""
        return forms.read_body(body, self.headers.get("Content-Type") or "", packing)

    def _call(self, method, args):
        try:
            result = self.server.service.call(method, args)
        except ApiError as error:
            return {"error": error.text, "code": error.code}
        top = result.pop("__top__", {}) if isinstance(result, dict) else {}
        if self.server.service.settings["warning"]:
            top = {**top, "warnings": [{"warning": self.server.service.settings["warning"]}]}
        return {"result": result, **top}

    def drop(self):
        """Cut the connection."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    # --- control ---------------------------------------------------------------------------------

    def _control(self, parts, query, body):
        service = self.server.service
        data = json.loads(body) if body else {}
        name = parts[0] if parts else ""
        if name == "letters":
            service.advance()
            where, args = ("email = ?", (query["email"],)) if "email" in query else ("1", ())
            self._json(service.store.letters(where, *args))
        elif name == "attachment":
            rows = service.store.rows("SELECT data FROM attachment WHERE rowid = ?", parts[1])
            self.send(200, "application/pdf", rows[0]["data"] if rows else b"")
        elif name == "status":
            service.set_status(data["id"], data["status"])
            self._json({})
        elif name == "clock":
            service.store.offset += float(data["advance"])
            self._json({"now": service.store.now()})
        elif name == "fault":
            service.faults.append({"times": 1, **data})
            self._json({})
        elif name == "faults":  # all of them are over
            service.faults.clear()
            self._json({})
        elif name == "confirm":  # the link of a confirmation letter
            service.confirm_sender(data["email"])
            self._json({})
        elif name == "count":
            self._json(service.count())
        elif name == "settings":
            try:
                service.change_settings(data)
            except ApiError as error:
                self.send(400, "text/plain; charset=utf-8", error.text.encode())
                return
            self._json(service.settings)
        elif name == "hooks":
            self._json(service.store.rows("SELECT * FROM hook"))
        elif name == "reset":
            service.faults.clear()
            service.events.clear()
            service.store.reset()
            self._json({})
        else:
            self.send(404, "text/plain", b"no such control")

    # --- answers ---------------------------------------------------------------------------------

    def _json(self, data):
        text = json.dumps(data, ensure_ascii=False).encode()
        self.send(200, "application/json; charset=utf-8", text)

    def send(self, status, kind, data):
        """Answer with ``data`` (bytes) of the content type ``kind``."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if self.cookie:
            self.send_header("Set-Cookie", self.cookie)
            self.cookie = ""
        self.end_headers()
        self.wfile.write(data)
