"""Private temporary folders that are gone even after the process that made them was killed."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

PREFIX = "epd_receipts_"
SECONDS_YOUNG = 60


class NoRoomError(Exception):
    """No private folder can be made; the text says why."""


def base_directory(wanted=None):
    """Return the folder for temporary files (memory before disk), or None when none is writable."""
    for candidate in filter(None, (wanted, "/dev/shm", tempfile.gettempdir())):
        path = Path(candidate)
        if path.is_dir() and os.access(path, os.W_OK):
            return path
    return None


def _sweep(base):
    """Remove folders whose owner is dead: the lock is free only when its process has ended."""
    for folder in base.glob(PREFIX + "*"):
        with contextlib.suppress(OSError):
            state = folder.stat()
            # a new one may not hold its lock yet
            if state.st_uid != os.getuid() or time.time() - state.st_mtime < SECONDS_YOUNG:
                continue
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


@contextlib.contextmanager
def private_directory(wanted=None):
    """Give a folder of mode 0700, removed at the end; sweep those of dead processes first.

    :raise NoRoomError: when no folder can be made
    """
    base = base_directory(wanted)
    if base is None:
        raise NoRoomError("no writable temporary folder")
    try:
        _sweep(base)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise NoRoomError(error.strerror) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(descriptor)
        shutil.rmtree(folder, ignore_errors=True)
