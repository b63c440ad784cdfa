"""A snapshot of a payment document: its canonical text, its sums, and its view on paper.

The snapshot (schema 1) is a dict of JSON types, amounts and volumes as decimal strings, dates as
ISO text; it holds everything printed, and the PDF is made from it alone.

Where order 43/pr of Minstroy (26.01.2018) puts things, and where they stand here:

==============================================  =============================================
section of the form                             place in the snapshot → on paper
==============================================  =============================================
1 payer, premises, provider, ЕЛС/ИЖКУ/ИПД       account, payer, premises, issuer → head
1 month, present-by and pay-by dates            period → head
1 requisites and payment code of each payee     blocks[].payee, blocks[].qr → payment slips
2 individual meter readings                     readings → «Показания приборов учёта»
3 services: volumes, tariff, charge, total      blocks[].lines → «Расчёт размера платы»
3 raising coefficient and the excess            blocks[].lines[].ratio/excess → its column
3 debt/advance, payments taken, penalties       blocks[].balance → payment slips
4 norms, house meters, limit index              lines[].norm_*/house_*, period.limit_index
  recalculations with reasons                   lines[].recalculation(_reason) → its table
5 instalments                                   lines[].instalment_* → its table
==============================================  =============================================
"""

import hashlib
import json
from decimal import Decimal

from . import money

SCHEMA = 1
ZERO = Decimal("0.00")


class SumError(ValueError):
    """A document does not add up: ``figure`` says where, with both values (roubles)."""

    def __init__(self, figure, expected, found):
        super().__init__(f"{figure}: {expected} expected, {found} found")
        self.figure = figure
        self.expected = expected
        self.found = found


def canonical(snapshot):
    """Return the snapshot as canonical JSON: sorted keys, no spaces, UTF-8 characters as such."""
    return json.dumps(snapshot, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(text):
    """Return the SHA-256 of a canonical text (or of a file's bytes) in hex."""
    data = text.encode() if isinstance(text, str) else text
    return hashlib.sha256(data).hexdigest()


def block_due(block):
    """Return what a block says is owed to its payee (negative: an advance), roubles."""
    balance = block["balance"]
    total = sum((Decimal(line["total"]) for line in block["lines"]), ZERO)
    return (
        Decimal(balance["opening"])
        - Decimal(balance["paid"])
        + total
        + Decimal(balance["penalty"])
        + Decimal(balance["court_costs"])
    )


def fill_totals(snapshot):
    """Write the totals of each block and of the document, all of them sums of printed lines."""
    charged = due = ZERO
    for block in snapshot["blocks"]:
        names = ("amount", "excess", "recalculation", "discount", "total")
        block["totals"] = {
            name: str(sum((Decimal(line[name]) for line in block["lines"]), ZERO))
            for name in names
        }
        owed = block_due(block)
        block["due"] = str(max(owed, ZERO))
        block["advance"] = str(max(-owed, ZERO))
        charged += Decimal(block["totals"]["total"])
        due += max(owed, ZERO)
    snapshot["total"] = {"charged": str(charged), "due": str(due)}
    return snapshot


def check_sums(snapshot):
    """Check the invariant before a document is saved.

    Each line adds up; per payee, lines + balance = printed due = ``Sum`` of the payment code in
    kopecks, and no ``Sum`` where nothing is due; the totals are sums of what is printed.

    :raise SumError: naming the figure that differs
    """
    charged = due = ZERO
    for block in snapshot["blocks"]:
        payee = block["payee"]["name"]
        for line in block["lines"]:
            expected = (
                Decimal(line["amount"])
                + Decimal(line["excess"])
                + Decimal(line["recalculation"])
                - Decimal(line["discount"])
            )
            _same(f"{line['service']}, итого", expected, Decimal(line["total"]))
        total = sum((Decimal(line["total"]) for line in block["lines"]), ZERO)
        _same(f"{payee}, начислено", total, Decimal(block["totals"]["total"]))
        owed = block_due(block)
        _same(f"{payee}, к оплате", max(owed, ZERO), Decimal(block["due"]))
        _same(f"{payee}, QR", money.kopecks(block["due"]), qr_sum(block["qr"]))
        charged += total
        due += max(owed, ZERO)
    _same("Всего начислено", charged, Decimal(snapshot["total"]["charged"]))
    _same("Всего к оплате", due, Decimal(snapshot["total"]["due"]))


def qr_sum(text):
    """Return ``Sum`` of a payment code in kopecks (0: it has none)."""
    if len(text) < 8:
        return 0
    pairs = (part.partition("=") for part in text[8:].split(text[7]))
    return next((int(value) for key, _eq, value in pairs if key == "Sum"), 0)


def _same(figure, expected, found):
    if expected != found:
        raise SumError(figure, expected, found)


def compare(before, after):
    """Return what differs between two snapshots, field by field.

    :return: list of ``(path, old, new)``; a missing side is an empty text
    """
    old, new = dict(_leaves(before)), dict(_leaves(after))
    paths = [*old, *(path for path in new if path not in old)]
    return [
        (path, old.get(path, ""), new.get(path, ""))
        for path in paths
        if old.get(path) != new.get(path)
    ]


def _leaves(value, path=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            # lines are told apart by service, not by place
            label = number
            if isinstance(inner, dict):
                label = inner.get("service") or inner.get("meter") or number
                if isinstance(inner.get("payee"), dict):
                    label = inner["payee"].get("personal_acc", number)
            yield from _leaves(inner, f"{path}[{label}]")
    else:
        yield path, "" if value is None else str(value)
