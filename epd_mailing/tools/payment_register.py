"""Registers of payments: which payments of a file are new, and which stand already.

One payment comes in several files: the bank's register of a day and its register of the month, a
register that is sent again, one with a corrected sum. It must count once.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple


class Payment(NamedTuple):
    """One payment of an account to one payee.

    ``amount`` in roubles, negative for money given back; ``source`` tells the file (its SHA-256).
    """

    number: str
    paid_on: date | None
    amount: Decimal
    source: str
    paid_through: date | None = None


Key = int  # of a recorded payment


class Settlement(NamedTuple):
    """What a file says of one account and payee, beside what is recorded.

    * ``new``: payments to record;
    * ``changed``: ``[(key of the recorded one, payment)]``: the number is known, day or sum differs;
    * ``gone``: keys of recorded payments that the file, which holds all of them, does not have;
    * ``same``: keys of those that stand already;
    * ``repeated``: of these, the keys of payments of **another** file where one side or both have no
      number: taken for the same by day and sum alone, which a person should see.
    """

    new: list[Payment]
    changed: list[tuple[Key, Payment]]
    gone: list[Key]
    same: list[Key]
    repeated: list[Key]


def settle(given: Iterable[Payment], known: dict[Key, Payment], whole: bool) -> Settlement:
    """Compare the payments of a file with the recorded ones.

    Payments are the same when number, day and sum are. Equal ones are counted: two in the file and
    one recorded are one known and one new. A payment with a number and one without are the same by day
    and sum: the register of the day may have numbers, that of the month none. Without a number **and**
    a day only the file itself tells payments apart, so they are the same in the same file only. A
    number with another day **and** another sum is another payment: numbers begin anew each day.

    :param given: iterable of :class:`Payment`, of one account and payee
    :param known: ``{key: Payment}``, the recorded ones
    :param whole: whether the file holds all payments of the period, or further ones
    :return: :class:`Settlement`
    """
    left: dict[Hashable, list[Key]] = defaultdict(list)
    for key, payment in known.items():
        left[_identity(payment)].append(key)
    fresh: list[Payment] = []
    same: list[Key] = []
    repeated: list[Key] = []
    for payment in given:
        keys = left.get(_identity(payment))
        if not keys:
            fresh.append(payment)
            continue
        # the file's own first: what it brought itself is no coincidence
        keys.sort(key=lambda key: known[key].source == payment.source)
        key = keys.pop()
        same.append(key)
        if not payment.number and known[key].source != payment.source:
            repeated.append(key)
    rest = {key: known[key] for keys in left.values() for key in keys}
    changed, fresh = _pair(fresh, rest, _get_number, _is_corrected)
    # only then: whatever the order of the rows, the same file finds the same
    numbered, new = _pair(fresh, rest, _get_day, _is_numbered)
    same += [key for key, _payment in numbered]
    repeated += [key for key, _payment in numbered]
    return Settlement(new, changed, list(rest) if whole else [], same, repeated)


def _pair(
    payments: Iterable[Payment],
    rest: dict[Key, Payment],
    get_place: Callable[[Payment], Hashable],
    alike: Callable[[Payment, Payment], bool],
) -> tuple[list[tuple[Key, Payment]], list[Payment]]:
    """Pair payments with those of ``rest`` that are alike, and take these out of it.

    :return: ``([(key of the recorded one, payment)], payments without one)``
    """
    places: dict[Hashable, list[Key]] = defaultdict(list)
    pairs: list[tuple[Key, Payment]] = []
    alone: list[Payment] = []
    for key, other in rest.items():
        places[get_place(other)].append(key)
    for payment in payments:
        keys = places[get_place(payment)]
        found = [key for key in keys if key in rest and alike(payment, rest[key])][:1]
        if not found:
            alone.append(payment)
        for key in found:
            pairs.append((key, payment))
            del rest[key]
    return pairs, alone


def _get_number(payment: Payment) -> str:
    return payment.number


def _get_day(payment: Payment) -> tuple[date | None, Decimal]:
    return payment.paid_on, payment.amount


def _is_corrected(payment: Payment, other: Payment) -> bool:
    """Tell whether one number stands for one payment whose day or sum was put right."""
    alike = payment.paid_on == other.paid_on or payment.amount == other.amount
    return bool(payment.number) and alike


def _is_numbered(payment: Payment, other: Payment) -> bool:
    """Tell whether it is one payment by day and sum, of which one file gives the number."""
    return bool(payment.paid_on) and bool(payment.number) != bool(other.number)


def _identity(payment: Payment) -> tuple[str, date | None, Decimal, str]:
    alone = not payment.number and not payment.paid_on
    return payment.number, payment.paid_on, payment.amount, payment.source if alone else ""
