"""A server on this machine that answers as a test tells it, down to the raw bytes."""

import socket
import threading
import time
from urllib.parse import unquote_to_bytes


class Server:
    """Takes connections; ``script`` gets (request number, socket) after a whole request came in."""

    def __init__(self, script, read_body=True):
        self.script = script
        self.read_body = read_body
        self.requests = []  # (request line, headers, {name: bytes})
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.closing = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_args):
        self.closing.set()
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _peer = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with connection, connection.makefile("rb") as stream:
            while not self.closing.is_set():
                try:
                    line = stream.readline().decode("latin-1").strip()
                    if not line:
                        return
                    headers = {}
                    while header := stream.readline().decode("latin-1").strip():
                        name, _colon, value = header.partition(":")
                        headers[name.lower()] = value.strip()
                    body = b""
                    if self.read_body:
                        body = stream.read(int(headers.get("content-length", 0)))
                    self.requests.append((line, headers, self._form(body)))
                    if self.script(len(self.requests), connection) is False:
                        return
                except OSError:
                    return

    @staticmethod
    def _form(body):
        pairs = (pair.partition(b"=") for pair in body.split(b"&") if pair)
        return {
            unquote_to_bytes(name).decode(): unquote_to_bytes(value) for name, _, value in pairs
        }


def answer(body, status=200, headers=()):
    """Return a script that always gives one whole answer."""
    body = body if isinstance(body, bytes) else body.encode()

    def script(_number, connection):
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers, "", ""]
        connection.sendall("\r\n".join(lines).encode() + body)

    return script


def raw(data, then_wait=0.0):
    """Return a script that sends bytes as they are and hangs up, perhaps after a while."""

    def script(_number, connection):
        connection.sendall(data)
        if then_wait:
            time.sleep(then_wait)
        return False

    return script
