"""Private temporary folders that are gone even after the process that made them was killed."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = "epd_receipts_"


class NoRoomError(Exception):
    """No private folder can be made; the text says why."""


def base_directory(wanted: str | None = None) -> Path | None:
    """Return the folder for temporary files (memory before disk), or None when none is writable."""
    for candidate in filter(None, (wanted, "/dev/shm", tempfile.gettempdir())):
        path = Path(candidate)
        if path.is_dir() and os.access(path, os.W_OK):
            return path
    return None


def _sweep(base: Path) -> None:
    """Remove folders whose owner is dead: the lock is free only when its process has ended."""
    for folder in base.glob(PREFIX + "*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid != os.getuid():
                continue
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


def _make_locked(base: Path) -> tuple[Path, int]:
    """Return a new folder and the descriptor that holds its lock while this process lives."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:  # swept by another process before it was locked
            continue
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if folder.exists():
            return folder, descriptor
        os.close(descriptor)


@contextlib.contextmanager
def private_directory(wanted: str | None = None) -> Iterator[Path]:
    """Give a folder of mode 0700, removed at the end; sweep those of dead processes first.

    :raise NoRoomError: when no folder can be made
    """
    base = base_directory(wanted)
    if base is None:
        raise NoRoomError("no writable temporary folder")
    try:
        _sweep(base)
        folder, descriptor = _make_locked(base)
    except OSError as error:
        raise NoRoomError(error.strerror) from error
    try:
        yield folder
    finally:
        # still locked: nobody sweeps a folder that is being removed
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)
