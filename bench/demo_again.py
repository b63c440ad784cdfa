"""``make demo`` a second time: what it makes once and keeps is there, and the demo is shown anew."""

from . import command
from .figures import record


def measure():
    """Record how long one waits for the demo that was shown before."""
    command.run("demo")
    seconds = command.run("demo")
    command.run("stop")
    record("demo_again.demo", seconds)
