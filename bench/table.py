"""The one place of what is measured and what it shall come to: works, their targets, and the table of them.

Nothing here measures. A part records figures (``bench.figures``), this lays them side by side.
"""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

OURS, BEFORE, ODOO, LIMIT = "ours", "last release", "Odoo", "limit"
COLUMNS = (OURS, BEFORE, ODOO, LIMIT)
FAILED = "FAILED"
WIDTHS = (47, 14, 13, 11, 12, 22, 34)
HEADS = ("work", "ours", "last release", "Odoo's own", "the limit", "ratio: r · O · l", "target")


@dataclass(frozen=True)
class Target:
    """What a figure shall come to.

    :param least: ours is that much or more, in the unit of its work
    :param most: ours is that much or less
    :param times_odoo: ours is that many times as good as Odoo's own in the same run
    :param times_before: ours is that many times as good as the last release in the same run
    :param count: of how many things this is asked; measured with others it is not judged. 0: any
    """

    least: float | None = None
    most: float | None = None
    times_odoo: float | None = None
    times_before: float | None = None
    count: int = 0

    def describe(self, unit: str) -> str:
        """Return the target in words."""
        said = []
        if self.least is not None:
            said.append(f"≥ {number(self.least)} {unit}")
        if self.most is not None:
            said.append(f"≤ {number(self.most)} {unit}")
        if self.times_odoo is not None:
            said.append(f"≥ ×{number(self.times_odoo)} Odoo")
        if self.times_before is not None:
            said.append(f"≥ ×{number(self.times_before)} release")
        return ", ".join(said) + (f" at {self.count}" if self.count else "")


@dataclass(frozen=True)
class Work:
    """A row of the table.

    :param key: name by which its part records figures, ``part.what``
    :param title: what is done
    :param unit: of its figures
    :param more: whether more is better
    :param odoo: Odoo's own way that it is held against, where there is one
    :param limit: what nothing can pass, where it is measured
    """

    key: str
    title: str
    unit: str
    more: bool = False
    odoo: str = ""
    limit: str = ""
    target: Target | None = None

    @property
    def part(self) -> str:
        """The part that measures it."""
        return self.key.partition(".")[0]


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    :param key: of its work
    :param column: one of ``COLUMNS``
    :param value: in the unit of the work
    :param count: of how many things
    :param note: what else there is to say of it, in a few words
    """

    key: str
    column: str
    value: float
    count: int = 0
    note: str = ""


@dataclass(frozen=True)
class Failure:
    """A part that did not come to its end: ``column`` is whose code it ran."""

    part: str
    column: str


def _engine(name: str, title: str, fast: Target | None) -> tuple[Work, ...]:
    """Return the works of one print engine."""
    key = f"receipts.{name}"
    return (
        Work(
            f"{key}.all",
            f"documents, {title}, a converter a core",
            "/s",
            more=True,
            odoo="its report, one by one",
            limit="the converters alone on the finished HTML",
            target=fast,
        ),
        Work(
            f"{key}.one",
            f"documents, {title}, one converter",
            "/s",
            more=True,
            limit="one converter alone on the finished HTML",
        ),
        Work(f"{key}.size", f"size of a document, {title}", "KB", target=Target(most=45)),
        Work(
            f"{key}.many",
            f"dearer at many than at few, {title}",
            "%",
            target=Target(most=5, count=20_000),
        ),
    )


def _service(key: str, title: str) -> tuple[Work, ...]:
    """Return the works of statuses for one kind of the service."""
    return (
        Work(
            f"statuses.{key}.asked",
            f"statuses asked of {title}",
            "s",
            target=Target(most=10, count=50_000),
        ),
        Work(
            f"statuses.{key}.statements",
            f"statements for the statuses of {title}",
            "",
            target=Target(most=1000, count=50_000),
        ),
        Work(
            f"statuses.{key}.told",
            f"events told by {title}'s webhook",
            "s",
            target=Target(most=3, count=10_000),
        ),
        Work(
            f"statuses.{key}.slowest",
            f"slowest answer to {title}'s webhook",
            "s",
            target=Target(most=0.2, count=10_000),
        ),
    )


WORKS: tuple[Work, ...] = (
    Work(
        "codes.one",
        "payment code with its picture",
        "ms",
        limit="zxing-cpp, which writes another code",
        target=Target(most=1),
    ),
    *_engine("plutoprint", "plutoprint", Target(least=105, times_odoo=135)),
    *_engine("wkhtmltopdf", "wkhtmltopdf", Target(times_before=0.95)),
    Work(
        "proof.right",
        "documents read back that are right",
        "%",
        more=True,
        target=Target(least=100),
    ),
    Work("letters.classic", "letters, classic UniSender", "/s", more=True, odoo="mail.mail"),
    Work("letters.go", "letters, Unisender Go", "/s", more=True, odoo="mail.mail"),
    Work("imports.new", "lines of a file checked and loaded", "/s", more=True, odoo="load()"),
    Work("imports.again", "lines of the same file again", "/s", more=True),
    Work("payments.new", "rows of a register checked and loaded", "/s", more=True),
    Work("payments.back", "payments taken back", "/s", more=True),
    Work(
        "rate.classic",
        "letters a minute kept, classic UniSender",
        "/min",
        more=True,
        limit="that of the account",
    ),
    Work(
        "rate.go",
        "letters a minute kept, Unisender Go",
        "/min",
        more=True,
        limit="that of the account",
    ),
    *_service("classic", "classic UniSender"),
    *_service("go", "Unisender Go"),
    Work("memory.growth", "sender's memory over nine tenths of a mailing", "MB"),
    Work(
        "writing.write",
        "letters of a mailing written",
        "s",
        limit="COPY of the same rows",
        target=Target(most=40, count=100_000),
    ),
    Work(
        "writing.cancel",
        "mailing cancelled, on the screen",
        "s",
        target=Target(most=1, count=100_000),
    ),
    Work("writing.withdraw", "its letters withdrawn in the background", "s"),
    Work(
        "screens.slowest",
        "slowest screen",
        "s",
        target=Target(most=0.4, count=100_000),
    ),
    Work("screens.first", "slowest screen, opened first", "s"),
    Work("screens.sorted", "slowest list sorted by one of its columns", "s"),
    Work(
        "screens.letters",
        "slowest screen among letters of a year",
        "s",
        target=Target(most=1, count=1_000_000),
    ),
    Work("screens.letters_first", "slowest screen among them, opened first", "s"),
    Work("screens.letters_sorted", "slowest list among them, sorted by a column", "s"),
    Work(
        "outlook.saving",
        "«who gets what» before saving",
        "s",
        target=Target(most=2, count=100_000),
    ),
    Work(
        "outlook.mailing",
        "«who gets what» before mailing",
        "s",
        target=Target(most=2, count=100_000),
    ),
    Work("paper.join", "receipts joined for the printer", "/s", more=True),
    Work(
        "efficiency.crons",
        "two workers ÷ sum of each alone, crons",
        "",
        more=True,
        target=Target(least=0.9),
    ),
    Work(
        "efficiency.crons.cpu",
        "the same by CPU of a document",
        "",
        more=True,
        target=Target(least=0.9),
    ),
    Work(
        "efficiency.queue",
        "two workers ÷ sum of each alone, queue_job",
        "",
        more=True,
        target=Target(least=0.9),
    ),
    Work(
        "efficiency.queue.cpu",
        "the same by CPU of a document",
        "",
        more=True,
        target=Target(least=0.9),
    ),
    Work("growth.account", "database: an account with its address", "bytes"),
    Work("growth.figures", "database: an account's charges of a month", "bytes"),
    Work("growth.document", "database: a document with its note of the file", "bytes"),
    Work("growth.file", "disk: the file of a document", "bytes"),
    Work("growth.letter", "database: a letter", "bytes"),
    Work("growth.event", "database: an event of a letter", "bytes"),
    Work("demo_again.demo", "`make demo` again", "s", target=Target(most=40)),
    Work("whole_test.test", "`make test`", "s", target=Target(most=600)),
)
BY_KEY = {work.key: work for work in WORKS}
# Whole commands, run where they are named alone: they end a demo that is shown, restart PostgreSQL and remove kept
# databases, and so the house that any other part works in. There is no last release's way of them.
COMMANDS = ("demo_again", "whole_test")
# in the order of the table
PARTS = tuple(dict.fromkeys(work.part for work in WORKS if work.part not in COMMANDS))


def number(value: float) -> str:
    """Return a figure as short as it may be: three digits that mean something."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def times(work: Work, ours: float, other: float) -> float | None:
    """Return how many times as good as another figure ours is; None where that says nothing."""
    good, bad = (ours, other) if work.more else (other, ours)
    return good / bad if good > 0 and bad > 0 else None


def judge(work: Work, found: dict[str, Figure]) -> str:
    """Return ``met``, ``MISSED``, or nothing where it cannot be said.

    :param found: figures of the work by their columns
    """
    target, ours = work.target, found.get(OURS)
    if not target or not ours or (target.count and ours.count != target.count):
        return ""
    if target.least is not None and ours.value < target.least:
        return "MISSED"
    if target.most is not None and ours.value > target.most:
        return "MISSED"
    for column, wanted in ((ODOO, target.times_odoo), (BEFORE, target.times_before)):
        if wanted is None:
            continue
        ratio = times(work, ours.value, found[column].value) if column in found else None
        if ratio is None:
            return ""
        if ratio < wanted:
            return "MISSED"
    return "met"


def lay_out(
    figures: Iterable[Figure], failures: Iterable[Failure] = (), parts: Iterable[str] = PARTS
) -> str:
    """Return the table of the works of ``parts``."""
    by_work: dict[str, dict[str, Figure]] = {}
    for figure in figures:
        by_work.setdefault(figure.key, {})[figure.column] = figure
    failed, wanted = set(failures), set(parts)
    lines = [_line(HEADS), "  ".join("-" * width for width in WIDTHS)]
    for work in WORKS:
        if work.part in wanted:
            lines += _lay_out_work(work, by_work.get(work.key, {}), failed)
    return "\n".join(lines)


def _lay_out_work(work: Work, found: dict[str, Figure], failed: set[Failure]) -> list[str]:
    """Return the lines of one work: the row, and its notes below."""

    def cell(column: str) -> str:
        if column in found:
            return f"{number(found[column].value)} {work.unit}".rstrip()
        return FAILED if Failure(work.part, column) in failed else "–"

    ours = found.get(OURS)
    ratios = []
    for column in (BEFORE, ODOO, LIMIT):
        ratio = times(work, ours.value, found[column].value) if ours and column in found else None
        ratios.append("–" if ratio is None else f"×{number(ratio)}")
    title = f"{work.title} ({ours.count})" if ours and ours.count else work.title
    target = work.target.describe(work.unit).strip() if work.target else ""
    verdict = judge(work, found)
    row = (
        title,
        *(cell(column) for column in COLUMNS),
        " · ".join(ratios),
        f"{target}: {verdict}" if verdict else target,
    )
    first, *more = textwrap.wrap(title, WIDTHS[0]) or [""]
    lines = [_line((first, *row[1:])), *more]
    notes = [f"{f.column}: {f.note}" for c in COLUMNS if (f := found.get(c)) and f.note]
    return lines + [f"    {note}" for note in notes]


def _line(cells: tuple[str, ...]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True))
    return "  ".join(padded).rstrip()
