"""One client against two services: a small one of the addon's tests, and the sandbox."""

import importlib
import sys
import threading
import types
from pathlib import Path

from tools.unisender import errors

from sandbox.server import SandboxServer


def load_fake(name):
    """Return a module of the addon's tests, without the package it lies in: that would pull Odoo in."""
    if "addon_fakes" not in sys.modules:
        package = types.ModuleType("addon_fakes")
        package.__path__ = [str(Path(__file__).resolve().parents[1] / "epd_mailing/tests")]
        sys.modules["addon_fakes"] = package
    return importlib.import_module(f"addon_fakes.{name}")


class Sandbox:
    """A sandbox that listens, with verbs of the small services.

    :param services: of ``SandboxServer``
    """

    def __init__(self, *services):
        self.server = SandboxServer(("127.0.0.1", 0), *services)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def attempt(call):
    """Return what a call came to, in words that two services can be compared by."""
    try:
        return call()
    except errors.UniSenderError as error:
        return type(error).__name__, error.code
