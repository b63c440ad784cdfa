"""The figures of an account and a month, in ONE list: names, kinds, digits, what is printed of them.

The models (``epd.charge``, ``epd.account.balance``, ``epd.meter.reading``), the loaders of files and of
programs, the snapshot, the digest behind «changed after saving», the demo house and the tests of the
views all read it. A new column is entered here, and in the model; whatever misses it then fails a test.

Columns and precisions: the form of order 43/pr of Minstroy, 26.01.2018, and the schema of payment
documents of ГИС ЖКХ (``hcs-bills-types.xsd``, schema versions 10 to 12, as kept in
https://github.com/alexsep19/mosgis_2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from . import money

# kind → digits of the database (all, after the point); None: not a number. Money is roubles.
DIGITS: dict[str, tuple[int, int] | None] = {
    "money": (16, 2),
    "quantity": (22, 7),
    "norm": (20, 6),
    "tariff": (14, 6),
    "ratio": (5, 2),
    "text": None,
    "choice": None,
    "date": None,
}
QUANTITY, NORM, TARIFF, RATIO = (22, 7), (20, 6), (14, 6), (5, 2)
# kind → decimals in a snapshot; those of norms are of the first documents saved, and stay
SNAPSHOT_PLACES = {"money": 2, "quantity": 7, "norm": 7, "tariff": 6, "ratio": 2}


@dataclass(frozen=True, slots=True)
class Figure:
    """One column.

    :param name: of the field, and of the column in the contract for programs
    :param kind: key of :data:`DIGITS`
    :param is_printed: whether a receipt may say it; what is printed is in the digest
    :param is_computed: what the other columns add up to; a source may give it, to be checked
    :param only_if_any: a column that came later: snapshot and digest have it only where it is not zero, so
        that what was saved before it was known stays the same
    """

    name: str
    kind: str
    is_printed: bool = True
    is_computed: bool = False
    only_if_any: bool = False


@dataclass(frozen=True, slots=True)
class FigureSet:
    """The columns of one model.

    :param model: name of the Odoo model
    :param key: fields that tell a line from others of the account and the month
    :param figures: the columns themselves, in the order of the form
    """

    model: str
    key: tuple[str, ...]
    figures: tuple[Figure, ...]

    @property
    def table(self) -> str:
        """Name of the table."""
        return self.model.replace(".", "_")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns."""
        return tuple(figure.name for figure in self.figures)

    @property
    def digested(self) -> tuple[str, ...]:
        """Fields that the digest covers: the key and all that is printed.

        The order is part of the digest. A change of it, or of ``is_printed``, shows every saved
        document as «changed after saving», unless an update reckons the digests anew.
        """
        plain = (figure for figure in self.figures if figure.is_printed and not figure.only_if_any)
        return (*self.key, *(figure.name for figure in plain))

    @property
    def digested_if_any(self) -> tuple[str, ...]:
        """Fields that the digest covers in the lines where one of them is not zero."""
        return tuple(
            figure.name for figure in self.figures if figure.is_printed and figure.only_if_any
        )

    def of_kind(self, *kinds: str) -> tuple[str, ...]:
        """Return the names of the columns of these kinds."""
        return tuple(figure.name for figure in self.figures if figure.kind in kinds)


def _figures(kind: str, names: str) -> tuple[Figure, ...]:
    return tuple(Figure(name, kind) for name in names.split())


CHARGE = FigureSet(
    "epd.charge",
    ("service_id", "line_key"),
    (
        *_figures("quantity", "volume_individual volume_common"),
        Figure("volume_method", "choice"),
        Figure("tariff", "tariff"),
        *_figures("money", "amount_individual amount_common amount"),
        Figure("ratio", "ratio"),
        *_figures("money", "excess recalculation"),
        Figure("recalculation_reason", "text"),
        Figure("discount", "money"),
        Figure("vat_rate", "ratio", only_if_any=True),
        Figure("vat_amount", "money", only_if_any=True),
        Figure("total", "money", is_computed=True),
        *_figures("norm", "norm_individual norm_common"),
        *_figures("quantity", "house_reading house_volume_premises house_volume_common"),
        Figure("explanation", "text"),
        *_figures("money", "instalment_period instalment_past"),
        Figure("instalment_percent", "ratio"),
        *_figures("money", "instalment_interest instalment_total"),
    ),
)
BALANCE = FigureSet(
    "epd.account.balance",
    ("payee_id",),
    (
        *_figures("money", "opening paid"),
        *_figures("date", "paid_through last_payment_date"),
        *_figures("money", "charged penalty court_costs"),
    ),
)
READING = FigureSet(
    "epd.meter.reading",
    ("service_id", "meter_number", "zone"),
    (
        *_figures("quantity", "previous current consumption"),
        Figure("read_on", "date", is_printed=False),
        Figure("verify_by", "date"),
    ),
)
ALL = (CHARGE, BALANCE, READING)

#: columns that make the total of a charge, and what a balance owes, with their signs
TOTAL_SIGNS = {"amount": 1, "excess": 1, "recalculation": 1, "discount": -1}
DUE_SIGNS = {"opening": 1, "charged": 1, "paid": -1, "penalty": 1, "court_costs": 1}


class Line(Protocol):
    """Anything that gives a column by its name: a record, a dict."""

    def __getitem__(self, name: str, /) -> Any:
        """Return the value of a column; what is empty as nothing."""


def expected_total(line: Line) -> Decimal:
    """Return what the columns of a charge add up to, roubles with 2 decimals.

    :param line: anything that gives a column by its name (record, dict): amounts in roubles, what
        is missing as nothing. A discount has no minus.
    """
    return _add_up(line, TOTAL_SIGNS)


def expected_due(balance: Line) -> Decimal:
    """Return what an account owes a payee, roubles with 2 decimals; an advance is negative.

    :param balance: anything that gives a column by its name, as for :func:`expected_total`
    """
    return _add_up(balance, DUE_SIGNS)


def _add_up(line: Line, signs: Mapping[str, int]) -> Decimal:
    total = Decimal("0.00")
    for name, sign in signs.items():
        if value := line[name]:  # of most lines there is little
            amount = money.to_decimal(value)
            total += amount if sign > 0 else -amount
    return total


def snapshot_figures(line: Line, figures: FigureSet) -> dict[str, str]:
    """Return the numbers of a line as a snapshot keeps them: texts of decimals.

    :param line: anything that gives a column by its name
    """
    return {
        figure.name: str(money.to_decimal(line[figure.name], SNAPSHOT_PLACES[figure.kind]))
        for figure in figures.figures
        if figure.kind in SNAPSHOT_PLACES and (line[figure.name] or not figure.only_if_any)
    }
