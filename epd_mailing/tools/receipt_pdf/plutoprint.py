"""plutoprint as an engine: the same HTML, in Python processes of their own; needs no program on the machine.

Prints with the fonts that lie beside (subset without hints: a receipt of 28 KB instead of 56); letters they lack
come from the machine's fonts. Source: plutoprint 0.23.0 (https://github.com/plutoprint/plutoprint, MIT), seen and tried
2026-11-26.
"""

import contextlib
import functools
import importlib.metadata
import io
import os
import sys
from pathlib import Path

import pikepdf

from ..payment_qr import CodeStyle
from . import workdir
from .engine import ReadyProblem, RenderJob
from .fed import FedEngine
from .proof import ProofError, make_token, read_marks, token_html

FONTS = Path(__file__).parent / "fonts"
WORKER = Path(__file__).parent / "plutoprint_worker.py"
SELF_CHECK_SECONDS = 20
_FONTCONFIG = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
  <match target="pattern">
    <test qual="any" name="family"><string>Liberation Sans</string></test>
    <edit name="family" mode="prepend" binding="same"><string>EPD Sans</string></edit>
  </match>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
</fontconfig>
"""


class PlutoprintEngine(FedEngine):
    """See the module; the arguments are those of ``FedEngine``."""

    name = "plutoprint"

    @property
    def version(self) -> str:
        """See ``Engine``."""
        return _version() or ""

    @property
    def code_style(self) -> CodeStyle:
        """See ``Engine``.

        Few pixels, none of them transparent: with the usual look two codes take 40 % of the time of a receipt, as
        cairo packs a picture and its mask in full colour first (measured with plutoprint 0.23.0, 2026-11-26).
        """
        return CodeStyle(module_pixels=2, transparent=False)

    def is_there(self) -> bool:
        """See ``FedEngine``."""
        return _version() is not None

    def check_ready(self) -> list[ReadyProblem]:
        """See ``Engine``: the library renders one page as it should, and there is room for files."""
        problems = self.check_room()
        if not self.is_there():
            problems.append(ReadyProblem("library_missing", "plutoprint"))
        elif not problems and (error := _check_itself(self.base_dir)):
            problems.append(ReadyProblem("library_fails", error))
        return problems

    def make_command(self, folder: Path) -> list[str]:
        """See ``FedEngine``."""
        return [sys.executable, "-I", str(WORKER)]

    def make_environment(self, folder: Path) -> dict[str, str]:
        """See ``FedEngine``."""
        conf = folder / "fonts.conf"
        if not conf.exists():
            conf.write_text(_FONTCONFIG.format(fonts=FONTS, cache=_font_cache(folder)))
        return {**super().make_environment(folder), "FONTCONFIG_FILE": str(conf)}

    def check_pdf(self, pdf: bytes, token: str) -> int:
        """See ``FedEngine``; the objects of the file are compressed, so they are read, not searched."""
        if not pdf:
            raise ProofError("no file")
        if not pdf.startswith(b"%PDF-") or not pdf.rstrip().endswith(b"%%EOF"):
            raise ProofError("the file is cut")
        try:
            with pikepdf.open(io.BytesIO(pdf)) as document:
                found = read_marks(_addresses(document))
                pages = len(document.pages)
        except pikepdf.PdfError as error:
            raise ProofError("the file is damaged") from error
        if found != {token}:
            raise ProofError("the file does not carry its own mark alone")
        if pages < 1:
            raise ProofError("the file has no pages")
        return pages


def _addresses(document: pikepdf.Pdf) -> list[str]:
    """Return the addresses of all links of a document, page by page."""
    found = []
    for page in document.pages:
        for note in page.get("/Annots") or ():
            action = note.get("/A")
            address = action.get("/URI") if action is not None else None
            if address is not None:
                found.append(str(address))
    return found


def _font_cache(folder: Path) -> Path:
    """Return the folder where fontconfig keeps what it knows of the machine's fonts.

    One for all runs of this user: reading the fonts anew costs each process a second. A folder that is not ours
    alone is not used.
    """
    base = workdir.base_directory()
    if base is not None:
        cache: Path = base / f"epd_fontcache_{os.getuid()}"
        with contextlib.suppress(OSError):
            cache.mkdir(mode=0o700, exist_ok=True)
            state = cache.lstat()
            if (
                state.st_uid == os.getuid()
                and state.st_mode & 0o077 == 0
                and not cache.is_symlink()
            ):
                return cache
    return folder / "fontcache"


@functools.lru_cache(maxsize=1)
def _version() -> str | None:
    try:
        return importlib.metadata.version("plutoprint")
    except importlib.metadata.PackageNotFoundError:
        return None


@functools.lru_cache(maxsize=4)
def _check_itself(base_dir: str | None) -> str | None:
    """Render one page as a start of the server's process; return what went wrong, or None."""
    token = make_token(0)
    html = (
        f"<html><head><meta charset='utf-8'></head><body>Квитанция{token_html(token)}</body></html>"
    )
    engine = PlutoprintEngine(processes=1, base_dir=base_dir)
    result = engine.render([RenderJob(0, html, token, 1)], timeout=SELF_CHECK_SECONDS)[0]
    return result.error
