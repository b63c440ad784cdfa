"""One running wkhtmltopdf: receipts are fed to it one after another while it works."""

import contextlib
import os
import resource
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

SECONDS_CPU = 600


class FedProcess:
    """A converter that reads "source target" lines from its input and writes the targets in order.

    It works while further lines are fed, so the caller prepares the next page meanwhile. Use it as
    a context manager: it never outlives the block, whatever happens in it.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        memory_limit_mb: int,
    ) -> None:
        self.targets: list[Path] = []
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        self._input = self._process.stdin
        self._limit(memory_limit_mb * 2**20)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.kill()

    def _limit(self, limit: int) -> None:
        """Bound memory and processor time of the child from outside: no code of ours runs after the fork."""
        try:
            resource.prlimit(self._process.pid, resource.RLIMIT_DATA, (limit, limit))
            resource.prlimit(self._process.pid, resource.RLIMIT_CORE, (0, 0))
            # ends one that spins on after its Odoo was killed
            resource.prlimit(self._process.pid, resource.RLIMIT_CPU, (SECONDS_CPU, SECONDS_CPU))
        except (OSError, ValueError):
            return  # it has ended already

    def feed(self, source: Path, target: Path) -> None:
        """Hand over one conversion; what a dead process does not take is found missing later.

        The lines of one process must stay below the 64 KB that its input holds unread.
        """
        self.targets.append(target)
        with contextlib.suppress(OSError):
            self._input.write(f'"{source}" "{target}"\n'.encode())
            self._input.flush()

    def skip(self, target: Path) -> None:
        """Note a target that will not be made: it is found missing like any other."""
        self.targets.append(target)

    def finish(self, patience: float) -> str | None:
        """Wait for the end of the work.

        :param patience: seconds without a new file after which it counts as hung
        :return: what went wrong, None when nothing is known
        """
        with contextlib.suppress(OSError):
            self._input.close()
        descriptor = os.pidfd_open(self._process.pid)
        try:
            done = self._count_files()
            while not select.select([descriptor], [], [], patience)[0]:
                if (count := self._count_files()) == done:
                    return "timeout"
                done = count
        finally:
            os.close(descriptor)
            self.kill()
        status = self._process.returncode
        return None if status == 0 else f"exit {status}"

    def _count_files(self) -> int:
        return sum(target.exists() for target in self.targets)

    def kill(self) -> None:
        """End the process and its children, and take its exit status (no zombies)."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        with contextlib.suppress(OSError):
            self._input.close()
