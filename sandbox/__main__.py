"""Starts the sandbox: ``python -m sandbox --help``."""

import argparse
import contextlib
import os
import signal
import sys

from .go.hooks import GoHookSender
from .go.service import DEFAULTS as GO_DEFAULTS
from .go.service import GoService
from .hooks import HookSender
from .server import SandboxServer
from .service import Service
from .store import Store

EPILOG = """
Speaks the classic UniSender API at http://HOST:PORT/ru/api/METHOD; the inbox is http://HOST:PORT/.
The first (or last) word of a recipient's local part scripts its fate: full, unknown, inactive, retry,
giveup, lost, spam, fbl, unsub, new, noread, read, click; unsubscribed, invalid, later are rejected;
slow, drop, e502, nonjson break the answer after the letter was accepted.
Unisender Go: http://HOST:PORT/ru/transactional/api/v1/METHOD.json, its inbox /go/, its control /sandbox/go/…
Control, JSON: GET /sandbox/letters[?email=], GET /sandbox/attachment/ROWID,
GET /sandbox/hooks, /sandbox/count; POST /sandbox/faults (ends them all),
/sandbox/clock {"advance": s}, /sandbox/settings {…}, /sandbox/reset,
With EPD_SANDBOX_TOKEN in the environment the inbox and the control API ask for it: ?token=… or X-Sandbox-Token.
/sandbox/status {"id", "status"}, /sandbox/fault {"kind", "times", "chance", "method", "email",
"code", "seconds"} with kind slow_before, slow_after, drop_before, drop_after, non_json, code,
http_429, http_500, http_503 (not taken), http_502, http_504 (taken).
"""


def main():
    """Read the arguments and serve until told to end."""
    parser = argparse.ArgumentParser(
        prog="sandbox",
        description="A UniSender that runs on this machine.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8025, help="0 takes a free one")
    parser.add_argument("--db", default=":memory:", help="SQLite file")
    parser.add_argument("--api-key", default="demo-key")
    parser.add_argument("--go-key", default=GO_DEFAULTS["api_key"])
    parser.add_argument("--sender", default="noreply@uk-demo.example.com")
    parser.add_argument("--speed", type=float, default=1.0, help="of the statuses' progress")
    parser.add_argument("--no-limits", action="store_true", help="lift all limits but the size")
    args = parser.parse_args()
    settings = {"speed": args.speed}
    if args.no_limits:
        settings |= dict.fromkeys(
            ("per_minute", "calls_per_minute", "per_day", "address_seconds"), 0
        )
    service = Service(Store(args.db), args.api_key, args.sender, **settings)
    domain = args.sender.rpartition("@")[2]
    go = GoService(service.store, api_key=args.go_key, domain=domain, speed=args.speed)
    token = os.environ.get("EPD_SANDBOX_TOKEN", "")
    server = SandboxServer((args.host, args.port), service, go, token)
    senders = [HookSender(service), GoHookSender(go)]
    for sender in senders:
        sender.start()
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(0))
    print(f"ready http://{args.host}:{server.server_port}/", flush=True)
    with contextlib.suppress(KeyboardInterrupt, SystemExit):
        server.serve_forever()
    for sender in senders:
        sender.stopped.set()
    server.server_close()


if __name__ == "__main__":
    main()
