"""wkhtmltopdf as an engine: few processes, each fed many receipts by ``--read-args-from-stdin``.

pdfkit builds the command. Works with patched and unpatched Qt builds; their difference is the zoom.
"""

import contextlib
import functools
import os
import resource
import shutil
import signal
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pdfkit

from . import workdir
from .engine import Engine, ReadyProblem, RenderJob, RenderResult
from .proof import ProofError, check_html, check_pdf

SECONDS_START = 20
SECONDS_EACH = 4
FREE_MEGABYTES = 64
_OPTIONS = {
    "quiet": "",
    "encoding": "utf-8",
    "page-size": "A4",
    "margin-top": "8mm",
    "margin-bottom": "8mm",
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


def find_binary(binary=None):
    """Return the path of wkhtmltopdf: the argument, ``$WKHTMLTOPDF``, or the one on PATH."""
    wanted = binary or os.environ.get("WKHTMLTOPDF") or "wkhtmltopdf"
    return shutil.which(wanted)


def find_engine(binary=None, **options):
    """Return the engine to use on this machine (ready or not: ask ``check_ready``)."""
    return WkhtmltopdfEngine(binary, **options)


class WkhtmltopdfEngine(Engine):
    """See the module. ``processes`` run side by side, ``lines_per_process`` receipts each."""

    def __init__(
        self,
        binary=None,
        processes=None,
        lines_per_process=50,
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
        results, sound = {}, []
        for job in jobs:
            try:
                check_html(job.html, job.token)
                sound.append(job)
            except ProofError as error:
                results[job.key] = RenderResult(error=f"page: {error}")
        if sound and not (self.binary and _version(self.binary)):
            return results | {job.key: RenderResult(error="binary_missing") for job in sound}
        try:
            with workdir.private_directory(self.base_dir) as folder:
                results |= self._render_shared(sound, folder, timeout)
                for number, job in enumerate(sound):
                    if results[job.key].pdf is None:
                        results |= self._run([(f"again{number}", job)], folder, timeout)
        except OSError as error:
            for job in sound:
                results.setdefault(job.key, RenderResult(error=f"disk: {error.strerror}"))
        return results

    def _render_shared(self, jobs, folder, timeout):
        named = [(f"r{number}", job) for number, job in enumerate(jobs)]
        # spread evenly, so that a short batch still uses every process
        share = min(self.lines_per_process, -(-len(named) // self.processes) or 1)
        batches = [named[start : start + share] for start in range(0, len(named), share)]
        results = {}
        with ThreadPoolExecutor(max_workers=self.processes) as pool:
            for part in pool.map(lambda batch: self._run(batch, folder, timeout), batches):
                results |= part
        return results

    def _run(self, named, folder, timeout):
        """Render the batch in one process and prove each file."""
        lines = []
        for name, job in named:
            try:
                (folder / f"{name}.html").write_text(job.html, encoding="utf-8")
                lines.append(f'"{folder}/{name}.html" "{folder}/{name}.pdf"')
            except OSError:
                continue  # no input, no file: proved to be missing below
        each = timeout or SECONDS_EACH
        seconds = SECONDS_START + each * len(lines) if timeout is None else each * len(lines)
        error = self._feed(folder, "\n".join(lines) + "\n", seconds)
        return {job.key: self._collect(folder / f"{name}.pdf", job, error) for name, job in named}

    def _command(self, folder):
        options = dict(_OPTIONS, allow=str(folder))
        if self.patched:
            options["disable-smart-shrinking"] = ""
        configuration = pdfkit.configuration(wkhtmltopdf=self.binary.encode())
        command = pdfkit.PDFKit(
            "x", "string", options=options, configuration=configuration
        ).command()
        return [*command[:-2], "--read-args-from-stdin"]

    def _feed(self, folder, text, seconds):
        """Run one process over the lines; return what went wrong (None: nothing known)."""
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "FONTCONFIG_PATH": os.environ.get("FONTCONFIG_PATH", "/etc/fonts"),
            "QT_QPA_PLATFORM": "offscreen",
        }
        process = subprocess.Popen(
            self._command(folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        self._limit(process)
        try:
            process.communicate(text.encode(), timeout=seconds)
        except subprocess.TimeoutExpired:
            return "timeout"
        finally:
            _kill(process)
        return None if process.returncode == 0 else f"exit {process.returncode}"

    def _limit(self, process):
        """Bound the memory of the child from outside: no code of ours runs after the fork."""
        limit = self.memory_limit_mb * 2**20
        try:
            resource.prlimit(process.pid, resource.RLIMIT_DATA, (limit, limit))
            resource.prlimit(process.pid, resource.RLIMIT_CORE, (0, 0))
        except (OSError, ValueError):
            return  # it has ended already

    @staticmethod
    def _collect(path, job, error):
        try:
            pdf = path.read_bytes()
        except OSError:
            return RenderResult(error=error or "no file")
        try:
            return RenderResult(pdf=pdf, pages=check_pdf(pdf, job.token))
        except ProofError as doubt:
            return RenderResult(error=f"{error + ': ' if error else ''}{doubt}")


def _kill(process):
    """End the process and its children, and take its exit status (no zombies)."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


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
