"""HTML of receipts → PDF files, each proved to be its own. See ``engine.Engine``."""

from .engine import Engine, ReadyProblem, RenderJob, RenderResult
from .proof import ProofError, check_html, check_pdf, make_token, token_html
from .wkhtmltopdf import WkhtmltopdfEngine, find_engine

__all__ = [
    "Engine",
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
