"""wkhtmltopdf as an engine: few processes, each fed many receipts by ``--read-args-from-stdin``.

pdfkit builds the command. Works with patched and unpatched Qt builds; their difference is the zoom.
"""

import contextlib
import functools
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections import namedtuple
from pathlib import Path

import pdfkit

from . import workdir
from .engine import Engine, ReadyProblem, RenderJob, RenderResult
from .process import FedProcess
from .proof import ProofError, check_html, check_pdf

SECONDS_PATIENCE = 20  # without a new file
SECONDS_AGAIN = 60  # for all that is rendered again, should the machine itself hang
FREE_MEGABYTES = 64
OLDEST_PATCHED = (0, 12, 4)  # those before print millimetres a third too large
_OPTIONS = {
    "quiet": "",
    "encoding": "utf-8",
    "page-size": "A4",
    "margin-top": "7mm",
    "margin-bottom": "6mm",
    "margin-left": "9mm",
    "margin-right": "9mm",
    "disable-javascript": "",
    "javascript-delay": "0",
    "disable-local-file-access": "",
    # nothing is fetched: every address goes to a closed port of this machine
    "proxy": "http://127.0.0.1:9",
    "load-error-handling": "ignore",
    "load-media-error-handling": "ignore",
}


_Line = namedtuple("_Line", "process jobs")


@functools.lru_cache(maxsize=8)
def _version(binary):
    """Return the version text of the binary, or None when it does not run."""
    try:
        answer = subprocess.run(
            [binary, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None


def _version_numbers(binary):
    """Return the version as a tuple of numbers, e.g. (0, 12, 6)."""
    found = re.search(r"\d+(?:\.\d+)+", _version(binary) or "")
    return tuple(int(part) for part in found.group().split(".")) if found else ()


def find_binary(binary=None):
    """Return the path of wkhtmltopdf: the argument, ``$WKHTMLTOPDF``, or the one on PATH."""
    wanted = binary or os.environ.get("WKHTMLTOPDF") or "wkhtmltopdf"
    return shutil.which(wanted)


def find_engine(binary=None, **options):
    """Return the engine to use on this machine (ready or not: ask ``check_ready``)."""
    return WkhtmltopdfEngine(binary, **options)


def _page_fault(job):
    try:
        check_html(job.html, job.token)
    except ProofError as error:
        return f"page: {error}"
    return None


class WkhtmltopdfEngine(Engine):
    """See the module. ``processes`` run side by side, ``lines_per_process`` receipts each."""

    def __init__(
        self,
        binary=None,
        processes=None,
        lines_per_process=200,
        memory_limit_mb=1024,
        base_dir=None,
    ):
        self.binary = find_binary(binary)
        self.processes = processes or os.cpu_count() or 1
        self.lines_per_process = lines_per_process
        self.memory_limit_mb = memory_limit_mb
        self.base_dir = base_dir

    @property
    def patched(self):
        """Tell whether the binary is built with patched Qt."""
        return "with patched qt" in (self.binary and _version(self.binary) or "")

    @property
    def zoom(self):
        """Unpatched builds shrink everything to 0.75; CSS zoom takes it back."""
        return 1.0 if self.patched else 1.3333

    def check_ready(self):
        """See ``Engine``: binary, a Cyrillic font, room for temporary files."""
        problems = []
        if not self.binary or not _version(self.binary):
            problems.append(ReadyProblem("binary_missing", self.binary or "wkhtmltopdf"))
        elif self.patched and _version_numbers(self.binary) < OLDEST_PATCHED:
            problems.append(ReadyProblem("binary_old", _version(self.binary)))
        if not _has_cyrillic_font():
            problems.append(ReadyProblem("font_missing", "fonts-dejavu-core"))
        base = workdir.base_directory(self.base_dir)
        if base is None:
            problems.append(ReadyProblem("no_temp_dir", tempfile.gettempdir()))
        elif shutil.disk_usage(base).free < FREE_MEGABYTES * 2**20:
            problems.append(ReadyProblem("no_space", str(base)))
        return problems

    def render(self, jobs, *, timeout=None):
        """See ``Engine``. What a shared process leaves missing or doubtful is rendered alone."""
        jobs, results = iter(jobs), {}
        if not (self.binary and _version(self.binary)):
            return {job.key: RenderResult(error="binary_missing") for job in jobs}
        try:
            with workdir.private_directory(self.base_dir) as folder:
                sound = self._render_shared(jobs, folder, timeout or SECONDS_PATIENCE, results)
                self._render_missing(sound, folder, timeout or SECONDS_PATIENCE, results)
        except workdir.NoRoomError as error:
            results |= {job.key: RenderResult(error=f"disk: {error}") for job in jobs}
        return results

    def _render_shared(self, jobs, folder, patience, results):
        """Feed the processes in turn while ``jobs`` are still being made; fill ``results``.

        :return: ``{key: job}`` of those whose page carries its own mark
        """
        sound, running = {}, [None] * self.processes
        with contextlib.ExitStack() as stack:

            def end(line):
                error = line.process.finish(patience)
                for job, target in zip(line.jobs, line.process.targets, strict=True):
                    results[job.key] = self._collect(target, job, error)

            for job in jobs:
                if error := _page_fault(job):
                    results[job.key] = RenderResult(error=error)
                    continue
                turn = len(sound) % self.processes
                if running[turn] and len(running[turn].jobs) >= self.lines_per_process:
                    end(running[turn])
                    running[turn] = None
                if not running[turn]:
                    running[turn] = _Line(stack.enter_context(self._start(folder)), [])
                self._feed(running[turn], job, folder / f"r{len(sound)}")
                sound[job.key] = job
            for line in filter(None, running):
                end(line)
        return sound

    def _render_missing(self, sound, folder, patience, results):
        """Render alone what has no proved file, within bounds: a fault may be the machine's."""
        until = time.monotonic() + SECONDS_AGAIN
        for number, (key, job) in enumerate(sound.items()):
            done = results[key].pdf is not None or results[key].overflow
            if done or time.monotonic() > until:
                continue
            with self._start(folder) as process:
                self._feed(line := _Line(process, []), job, folder / f"again{number}")
                results[key] = self._collect(line.process.targets[0], job, process.finish(patience))

    @staticmethod
    def _feed(line, job, path):
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

    def _command(self, folder):
        options = dict(_OPTIONS, allow=str(folder))
        if self.patched:
            options["disable-smart-shrinking"] = ""
        configuration = pdfkit.configuration(wkhtmltopdf=self.binary.encode())
        command = pdfkit.PDFKit(
            "x", "string", options=options, configuration=configuration
        ).command()
        return [*command[:-2], "--read-args-from-stdin"]

    def _start(self, folder):
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "FONTCONFIG_PATH": os.environ.get("FONTCONFIG_PATH", "/etc/fonts"),
            "QT_QPA_PLATFORM": "offscreen",
        }
        return FedProcess(self._command(folder), environment, folder, self.memory_limit_mb)

    @staticmethod
    def _collect(path, job, error):
        try:
            pdf = path.read_bytes()
        except OSError:
            return RenderResult(error=error or "no file")
        try:
            pages = check_pdf(pdf, job.token)
            if job.pages not in (None, pages):
                fault = f"laid out on {job.pages} page(s), came out on {pages}"
                return RenderResult(error=fault, overflow=True)
            return RenderResult(pdf=pdf, pages=pages)
        except ProofError as doubt:
            return RenderResult(error=f"{error + ': ' if error else ''}{doubt}")


@functools.lru_cache(maxsize=1)
def _has_cyrillic_font():
    try:
        answer = subprocess.run(
            ["fc-list", ":lang=ru", "family"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        # without fontconfig's tools: look where Debian puts fonts
        return any(Path("/usr/share/fonts").rglob("*.ttf"))
    return bool(answer.stdout.strip())


__all__ = ["RenderJob", "WkhtmltopdfEngine", "find_binary", "find_engine"]
