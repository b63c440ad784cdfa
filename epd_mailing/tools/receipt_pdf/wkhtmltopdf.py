"""wkhtmltopdf as an engine: few processes, each fed many receipts by ``--read-args-from-stdin``.

Each line of its input is an invocation of its own (https://wkhtmltopdf.org/usage/wkhtmltopdf.txt, as
quoted in https://github.com/jhonnymertz/java-wkhtmltopdf-wrapper/issues/23, seen 2026-11-26).

pdfkit builds the command. Works with patched and unpatched Qt builds; their difference is the zoom.
"""

import functools
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pdfkit

from .engine import ReadyProblem
from .fed import FedEngine
from .proof import check_pdf

# those before print millimetres a third too large
# https://github.com/wkhtmltopdf/wkhtmltopdf/issues/3241, seen 2026-11-26
OLDEST_PATCHED = (0, 12, 4)
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


@functools.lru_cache(maxsize=8)
def _version(binary: str) -> str | None:
    """Return the version text of the binary, or None when it does not run."""
    try:
        answer = subprocess.run(
            [binary, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None


def _version_numbers(binary: str) -> tuple[int, ...]:
    """Return the version as a tuple of numbers, e.g. (0, 12, 6)."""
    found = re.search(r"(?<!\d)\d++(?:\.\d+)+", _version(binary) or "")
    return tuple(int(part) for part in found.group().split(".")) if found else ()


def find_binary(binary: str | None = None) -> str | None:
    """Return the path of wkhtmltopdf: the argument, ``$WKHTMLTOPDF``, or the one on PATH."""
    wanted = binary or os.environ.get("WKHTMLTOPDF") or "wkhtmltopdf"
    return shutil.which(wanted)


class WkhtmltopdfEngine(FedEngine):
    """See the module; the arguments are those of ``FedEngine`` and the binary."""

    name = "wkhtmltopdf"

    def __init__(self, binary: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.binary = find_binary(binary)

    @property
    def version(self) -> str:
        """See ``Engine``."""
        return " ".join((self.binary and _version(self.binary) or "").split()[1:])

    @property
    def patched(self) -> bool:
        """Tell whether the binary is built with patched Qt."""
        return "with patched qt" in (self.binary and _version(self.binary) or "")

    @property
    def zoom(self) -> float:
        """Unpatched builds shrink everything to 0.75 (smart shrinking cannot be switched off in them,
        https://github.com/wkhtmltopdf/wkhtmltopdf/issues/3972, seen 2026-11-26); CSS zoom takes it back.
        """
        return 1.0 if self.patched else 1.3333

    def check_ready(self) -> list[ReadyProblem]:
        """See ``Engine``: binary, a Cyrillic font, room for temporary files."""
        problems = []
        version = self.binary and _version(self.binary)
        if not self.binary or not version:
            problems.append(ReadyProblem("binary_missing", self.binary or "wkhtmltopdf"))
        elif self.patched and _version_numbers(self.binary) < OLDEST_PATCHED:
            problems.append(ReadyProblem("binary_old", version))
        if not _has_cyrillic_font():
            problems.append(ReadyProblem("font_missing", "fonts-dejavu-core"))
        return problems + self.check_room()

    def make_command(self, folder: Path) -> list[str]:
        """See ``FedEngine``; pdfkit builds it."""
        options = dict(_OPTIONS, allow=str(folder))
        if self.patched:
            options["disable-smart-shrinking"] = ""
        configuration = pdfkit.configuration(wkhtmltopdf=(self.binary or "").encode())
        command = pdfkit.PDFKit(
            "x", "string", options=options, configuration=configuration
        ).command()
        return [*command[:-2], "--read-args-from-stdin"]

    def make_environment(self, folder: Path) -> dict[str, str]:
        """See ``FedEngine``."""
        return {
            **super().make_environment(folder),
            "FONTCONFIG_PATH": os.environ.get("FONTCONFIG_PATH", "/etc/fonts"),
            "QT_QPA_PLATFORM": "offscreen",
        }

    def is_there(self) -> bool:
        """See ``FedEngine``."""
        return bool(self.binary and _version(self.binary))

    def check_pdf(self, pdf: bytes, token: str) -> int:
        """See ``FedEngine``; the marks lie uncompressed in the file."""
        return check_pdf(pdf, token)


@functools.lru_cache(maxsize=1)
def _has_cyrillic_font() -> bool:
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
