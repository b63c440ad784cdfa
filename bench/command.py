"""Time a command as whoever types it waits for it."""

import os
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# what the parts are told by their environment is none of the command's business
OURS_ALONE = ("BENCH_CODE", "BENCH_FIGURES", "EPD_ADDON", "MAKEFLAGS", "MAKELEVEL", "PARTS")


def run(*words, note=None):
    """Run a command of the Makefile from the top of the checkout, its words shown as they come.

    :param words: its targets
    :param note: called with each line that is printed
    :return: seconds by the clock
    :raises SystemExit: when it fails
    """
    environment = {name: text for name, text in os.environ.items() if name not in OURS_ALONE}
    start = time.monotonic()
    with subprocess.Popen(
        ["make", "--no-print-directory", *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as command:
        for line in command.stdout:
            print(f"  {line}", end="", flush=True)
            if note:
                note(line)
    if command.returncode:
        raise SystemExit(f"make {' '.join(words)} has failed")
    return time.monotonic() - start
