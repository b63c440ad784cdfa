"""Registers of payments: which payments of a file are new, and which stand already.

One payment comes in several files: the bank's register of a day and its register of the month, a
register that is sent again, one with a corrected sum. It must count once.
"""

from collections import defaultdict
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


class Settlement(NamedTuple):
    """What a file says of one account and payee, beside what is recorded.

    * ``new``: payments to record;
    * ``changed``: ``[(key of the recorded one, payment)]``: the number is known, day or sum differ;
    * ``gone``: keys of recorded payments that the file, which holds all of them, does not have;
    * ``same``: keys of those that stand already;
    * ``repeated``: of these, the keys of payments of **another** file that have no number: taken
      for the same by day and sum alone, which a person should see.
    """

    new: list
    changed: list
    gone: list
    same: list
    repeated: list


def settle(given, known, whole):
    """Compare the payments of a file with the recorded ones.

    Payments are the same when number, day and sum are. Equal ones are counted: two in the file and
    one recorded are one known and one new. Without a number **and** a day only the file itself tells
    payments apart, so they are the same in the same file only.

    :param given: iterable of :class:`Payment`, of one account and payee
    :param known: ``{key: Payment}``, the recorded ones
    :param whole: whether the file holds all payments of the period, or further ones
    :return: :class:`Settlement`
    """
    left = defaultdict(list)
    for key, payment in known.items():
        left[_identity(payment)].append(key)
    fresh, same, repeated = [], [], []
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
    rest = [key for keys in left.values() for key in keys]
    by_number = defaultdict(list)
    for key in rest:
        if known[key].number:
            by_number[known[key].number].append(key)
    new, changed = [], []
    for payment in fresh:
        keys = by_number.get(payment.number)
        if keys:
            changed.append((keys.pop(), payment))
        else:
            new.append(payment)
    renewed = {key for key, _payment in changed}
    gone = [key for key in rest if key not in renewed] if whole else []
    return Settlement(new, changed, gone, same, repeated)


def _identity(payment):
    alone = not payment.number and not payment.paid_on
    return payment.number, payment.paid_on, payment.amount, payment.source if alone else ""
