"""The interface of a rendering engine, so that another one can be plugged in."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ..payment_qr import CodeStyle


class ReadyProblem(NamedTuple):
    """What would stop any rendering: a code of ours, and what it concerns."""

    code: str
    detail: str


@dataclass(frozen=True)
class RenderJob:
    """One receipt to render.

    :param key: the caller's own key (hashable), unique within a call
    :param html: a whole self-contained document that holds ``token`` exactly once
    :param token: from :func:`proof.make_token`, written into the HTML by the template
    :param pages: pages that the HTML was laid out on; a file with another number is rejected, so
        nothing printed runs over an edge. None: any number
    """

    key: Hashable
    html: str
    token: str
    pages: int | None = None


@dataclass(frozen=True)
class RenderResult:
    """The proved file, or why there is none (``error``: code and detail, English).

    ``engine``: name and version of what rendered it. ``overflow``: it came out on another number of
    pages than it was laid out on.
    """

    pdf: bytes | None = None
    error: str | None = None
    pages: int = 0
    overflow: bool = False
    engine: str = ""


class Engine:
    """Renders receipts. One HTML makes one file; no file is ever split or guessed."""

    #: the engine's name, as in the setting and on the document
    name = ""

    @property
    def version(self) -> str:
        """Version of what renders, as it says it itself."""
        return ""

    @property
    def zoom(self) -> float:
        """CSS zoom of the document that gives true millimetres with this engine."""
        return 1.0

    @property
    def code_style(self) -> CodeStyle:
        """How the picture of a payment code is given to this engine."""
        return CodeStyle()

    def render(
        self, jobs: Iterable[RenderJob], *, timeout: float | None = None
    ) -> dict[Hashable, RenderResult]:
        """Render all ``jobs`` and return ``{key: RenderResult}``, one for each key.

        :param jobs: iterable of ``RenderJob``; may be lazy, the work begins with the first one
        :param timeout: seconds for a single receipt at most; None for the engine's default
        """
        raise NotImplementedError

    def check_ready(self) -> list[ReadyProblem]:
        """Return a list of ``ReadyProblem`` that would stop any rendering (empty: ready)."""
        raise NotImplementedError
