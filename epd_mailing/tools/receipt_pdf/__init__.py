"""HTML of receipts → PDF files, each proved to be its own. See ``engine.Engine``."""

from typing import Any

from .engine import Engine, ReadyProblem, RenderJob, RenderResult
from .fed import FedEngine
from .plutoprint import PlutoprintEngine
from .proof import ProofError, check_html, check_pdf, make_token, token_html
from .wkhtmltopdf import WkhtmltopdfEngine

#: the quicker first: what «auto» takes is the first that is ready
ENGINES: dict[str, type[FedEngine]] = {
    "plutoprint": PlutoprintEngine,
    "wkhtmltopdf": WkhtmltopdfEngine,
}


def find_engine(choice: str = "auto", **options: Any) -> FedEngine:
    """Return the engine to use on this machine (ready or not: ask ``check_ready``).

    :param choice: ``auto``, or a name of ``ENGINES``
    """
    if choice != "auto":
        return ENGINES[choice](**options)
    for engine_class in ENGINES.values():
        engine = engine_class(**options)
        if not engine.check_ready():
            return engine
    return engine


__all__ = [
    "ENGINES",
    "Engine",
    "PlutoprintEngine",
    "ProofError",
    "ReadyProblem",
    "RenderJob",
    "RenderResult",
    "WkhtmltopdfEngine",
    "check_html",
    "check_pdf",
    "find_engine",
    "make_token",
    "token_html",
]
