"""What the engines share: few processes, each fed many receipts line by line, every file proved.

A process reads lines ``"source.html" "target.pdf"`` from its input and writes the targets in order.
"""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from . import workdir
from .engine import Engine, ReadyProblem, RenderJob, RenderResult
from .process import FedProcess
from .proof import ProofError, check_html

SECONDS_PATIENCE = 20.0  # without a new file
SECONDS_AGAIN = 60  # for all that is rendered again, should the machine itself hang
FREE_MEGABYTES = 64

Results = dict[Hashable, RenderResult]


@dataclass
class _Line:
    process: FedProcess
    jobs: list[RenderJob] = field(default_factory=list)


def _page_error(job: RenderJob) -> str | None:
    try:
        check_html(job.html, job.token)
    except ProofError as error:
        return f"page: {error}"
    return None


class FedEngine(Engine):
    """An engine whose converter is a program fed through its input.

    ``processes`` run side by side, ``lines_per_process`` receipts each.
    """

    def __init__(
        self,
        processes: int | None = None,
        lines_per_process: int = 200,
        memory_limit_mb: int = 1024,
        base_dir: str | None = None,
    ) -> None:
        # not those of the machine: a container or a worker may be kept to a few
        self.processes = processes or len(os.sched_getaffinity(0))
        self.lines_per_process = lines_per_process
        self.memory_limit_mb = memory_limit_mb
        self.base_dir = base_dir

    def is_there(self) -> bool:
        """Tell whether the converter runs at all."""
        raise NotImplementedError

    def make_command(self, folder: Path) -> list[str]:
        """Return the command of one process that works in ``folder``."""
        raise NotImplementedError

    def make_environment(self, folder: Path) -> dict[str, str]:
        """Return what a process sees of the environment: nothing of ours that it does not need."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
        }

    def check_pdf(self, pdf: bytes, token: str) -> int:
        """Return the number of pages of a file that is whole and carries ``token`` alone.

        :raise ProofError: otherwise
        """
        raise NotImplementedError

    def check_room(self) -> list[ReadyProblem]:
        """Return what hinders temporary files."""
        base = workdir.base_directory(self.base_dir)
        if base is None:
            return [ReadyProblem("no_temp_dir", tempfile.gettempdir())]
        if shutil.disk_usage(base).free < FREE_MEGABYTES * 2**20:
            return [ReadyProblem("no_space", str(base))]
        return []

    def render(
        self, jobs: Iterable[RenderJob], *, timeout: float | None = None
    ) -> dict[Hashable, RenderResult]:
        """See ``Engine``. What a shared process leaves missing or doubtful is rendered alone."""
        results: Results = {}
        if not self.is_there():
            return {job.key: RenderResult(error="binary_missing") for job in jobs}
        try:
            with workdir.private_directory(self.base_dir) as folder:
                sound = self._render_shared(jobs, folder, timeout or SECONDS_PATIENCE, results)
                self._render_missing(sound, folder, timeout or SECONDS_PATIENCE, results)
        except workdir.NoRoomError as error:
            results |= {job.key: RenderResult(error=f"disk: {error}") for job in jobs}
        return results

    def _render_shared(
        self, jobs: Iterable[RenderJob], folder: Path, patience: float, results: Results
    ) -> dict[Hashable, RenderJob]:
        """Feed the processes in turn while ``jobs`` are still being made; fill ``results``.

        :return: ``{key: job}`` of those whose page carries its own mark
        """
        sound: dict[Hashable, RenderJob] = {}
        running: list[_Line | None] = [None] * self.processes
        with contextlib.ExitStack() as stack:

            def end(line: _Line) -> None:
                error = line.process.finish(patience)
                for job, target in zip(line.jobs, line.process.targets, strict=True):
                    results[job.key] = self._collect(target, job, error)

            for job in jobs:
                if error := _page_error(job):
                    results[job.key] = RenderResult(error=error)
                    continue
                turn = len(sound) % self.processes
                line = running[turn]
                if line and len(line.jobs) >= self.lines_per_process:
                    end(line)
                    line = None
                if not line:
                    line = running[turn] = _Line(stack.enter_context(self._start(folder)))
                self._feed(line, job, folder / f"r{len(sound)}")
                sound[job.key] = job
            for last in filter(None, running):
                end(last)
        return sound

    def _render_missing(
        self,
        sound: dict[Hashable, RenderJob],
        folder: Path,
        patience: float,
        results: Results,
    ) -> None:
        """Render alone what has no proved file, within bounds: an error may be the machine's."""
        until = time.monotonic() + SECONDS_AGAIN
        for number, (key, job) in enumerate(sound.items()):
            done = results[key].pdf is not None or results[key].overflow
            if done or time.monotonic() > until:
                continue
            with self._start(folder) as process:
                self._feed(line := _Line(process), job, folder / f"again{number}")
                results[key] = self._collect(line.process.targets[0], job, process.finish(patience))

    @staticmethod
    def _feed(line: _Line, job: RenderJob, path: Path) -> None:
        """Hand over one page; one that the disk took only a part of is no page."""
        source = path.with_suffix(".html")
        line.jobs.append(job)
        try:
            source.write_text(job.html, encoding="utf-8")
        except OSError:
            # a cut page could still carry its mark; without a target the file is found missing
            with contextlib.suppress(OSError):
                source.unlink()
            line.process.skip(path.with_suffix(".pdf"))
        else:
            line.process.feed(source, path.with_suffix(".pdf"))

    def _start(self, folder: Path) -> FedProcess:
        return FedProcess(
            self.make_command(folder), self.make_environment(folder), folder, self.memory_limit_mb
        )

    def _collect(self, path: Path, job: RenderJob, error: str | None) -> RenderResult:
        try:
            pdf = path.read_bytes()
        except OSError:
            return RenderResult(error=error or "no file")
        try:
            pages = self.check_pdf(pdf, job.token)
            if job.pages not in (None, pages):
                reason = f"laid out on {job.pages} page(s), came out on {pages}"
                return RenderResult(error=reason, overflow=True)
            return RenderResult(pdf=pdf, pages=pages, engine=f"{self.name} {self.version}")
        except ProofError as doubt:
            return RenderResult(error=f"{error + ': ' if error else ''}{doubt}")
