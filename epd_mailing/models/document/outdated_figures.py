"""What documents say that were changed after saving, beside what they would say now."""

from dataclasses import dataclass
from decimal import Decimal

from ...tools import money

LIMIT = 500  # documents whose sum is found anew while a page opens


@dataclass(frozen=True)
class OutdatedFigures:
    """
    :ivar count: documents
    :ivar printed: sum of what they say is due, roubles
    :ivar now: what they would say now; None where that takes too long or cannot be known
    """

    count: int
    printed: Decimal
    now: Decimal | None


def get_outdated_figures(documents):
    """Return the :class:`OutdatedFigures` of documents that were changed after saving.

    :param documents: ``epd.payment.document``, all of them outdated
    """
    printed = sum((money.to_decimal(document.total_due) for document in documents), Decimal(0))
    if len(documents) > LIMIT:
        return OutdatedFigures(len(documents), printed, None)
    now = Decimal(0)
    snapshots = documents.env["epd.document.snapshot"].sudo()
    for (period, form), group in documents.grouped(lambda d: (d.period_id, d.form)).items():
        for snapshot, problem in snapshots._build(group.account_id, period, form).values():
            if problem:
                return OutdatedFigures(len(documents), printed, None)
            now += Decimal(snapshot["total"]["due"])
    return OutdatedFigures(len(documents), printed, now)


def describe_outdated(documents):
    """Return a sentence with count and sums of documents that were changed after saving."""
    env, figures = documents.env, get_outdated_figures(documents)
    values = {
        "count": figures.count,
        "printed": money.format_money(figures.printed),
        "now": money.format_money(figures.now) if figures.now is not None else "",
    }
    if figures.now is None:
        return env._(
            "Changed after saving: %(count)s documents. They say that %(printed)s ₽ are due.",
            **values,
        )
    return env._(
        "Changed after saving: %(count)s documents. They say that %(printed)s ₽ are due; by the "
        "figures of now it is %(now)s ₽.",
        **values,
    )
