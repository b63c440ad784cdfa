"""What the small services of the tests have in common: a free port of this machine, faults to order."""

import socket
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeService:
    """A service inside the test process; each test begins with :meth:`reset`.

    ``url``: where it listens.
    """

    handler: type["FakeHandler"]

    def __init__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler)
        self.server.daemon_threads = True
        self.server.fake = self
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.lock = threading.RLock()
        self.reset()
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        """Close the port."""
        self.server.shutdown()
        self.server.server_close()

    def reset(self):
        """Forget letters, faults, webhooks and calls; the clock is right again."""
        with self.lock:
            self._letters, self._faults, self._hooks = [], [], {}
            self._offset = 0
            # how many times quicker all becomes of letters what is to become of them
            self.speed = 1.0
            self.calls = []  # names of the methods that were called

    def letters(self, email=None):
        """Return the letters that were taken, oldest first.

        :return: list of dicts: ``email``, ``subject``, ``body``, ``reply_to``, ``metadata``,
            ``attachments`` (``name``, ``sha256``), and what the service knows a letter by
        """
        with self.lock:
            return [x for x in self._letters if email in (None, x["email"])]

    def advance(self, seconds):
        """Let time pass for the service."""
        self._offset += seconds

    def _now(self):
        return time.time() + self._offset

    def _take_fault(self, method, text):
        """Return what was ordered for a call (a tuple that begins with its kind), or nothing.

        :param text: of the call; a fault may be meant for one address
        """
        for fault in self._faults:
            if fault[0] and fault[1] == method and fault[2] in text:
                fault[0] -= 1
                return fault[3:]
        return None


class FakeHandler(BaseHTTPRequestHandler):
    """Answers on the port of a :class:`FakeService`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        """Keep quiet."""

    def read_body(self):
        """Return the bytes of the call."""
        return self.rfile.read(int(self.headers["Content-Length"]))

    def drop(self):
        """Cut the connection without an answer."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def send(self, status, kind, data):
        """Answer with bytes of a kind (``Content-Type``)."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def first_word(email):
    """Return the word of an address that says what becomes of its letters."""
    return email.replace("@", ".").split(".")[0]


def stamp(moment):
    """Return a moment as the services write it: UTC, without a zone."""
    return moment and f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S}"
