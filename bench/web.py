"""A real Odoo web server beside the measurement: reports fetch their styles and fonts from it."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from odoo.tools import config

ROOT = Path(__file__).resolve().parent.parent
SECONDS_START = 60


def find_port():
    """Return a port of this machine that nobody listens at: another measurement may run beside this one."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


@contextlib.contextmanager
def web_server(database, port, cron_threads=0, log=None):
    """Give the address of an Odoo that serves ``database`` while the block runs.

    :param log: path of a file that gets a line for each request, with its time and queries
    """
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-W", "ignore", "-c", "import odoo.cli; odoo.cli.main()", "server"]
    command += ["-c", config["config"], "--addons-path", ",".join(config["addons_path"])]
    command += ["-d", database, f"--http-port={port}"]
    command += [f"--max-cron-threads={cron_threads}"]
    command += [f"--logfile={log}", "--log-level=info"] if log else ["--log-level=critical"]
    server = subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + SECONDS_START
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{url}/web/health", timeout=2)
                break
            time.sleep(0.2)
        yield url
    finally:
        server.terminate()
        server.wait()
