"""A snapshot of a payment document: its canonical text, its sums, and its view on paper.

The snapshot (schema 1) is a dict of JSON types, amounts and volumes as decimal strings, dates as
ISO text; it holds everything printed, and the PDF is made from it alone.

Where the facts of order 43/pr of Minstroy (26.01.2018, the form of the payment document) and of rules
354 (06.05.2011, para. 69-71) stand. What is empty or zero is not printed: neither its row, nor its
column, nor its table.

=============================================  ========================  ============================
fact                                           in the snapshot           on paper
=============================================  ========================  ============================
**1. Payer and provider**
month; form (квитанция, ЕПД, капремонт)        period.start, form        title, «за март 2026»
number of the document                         number                    beside the month
account number                                 account.number            head, right, large; each slip;
                                                                         foot of every page
ЕЛС, ИЖКУ, ИПД                                 account.unified_number,   head, right
                                               gis_service_id,
                                               gis_document_id
payer: a person, or a legal person with INN,   payer                     «Плательщик»
KPP
premises: address, area, people                premises                  «Адрес помещения», «Помещение»
areas of the house and its common property     premises.building_area,   «Помещение»
                                               common_area
provider: name, INN, KPP, OGRN, address,       issuer                    head, left
telephones, e-mail, site
presented by, pay by                           period.present_by,        under the title; in the frame
                                               pay_by                    of the sum
total to pay                                   total.due                 frame, right above
payee: name, INN, KPP, account, bank, BIC,     blocks[].payee            slip of the payee
correspondent account
payment code (GOST R 56042-2014)               blocks[].qr               slip, right; no ``Sum`` where
                                                                         nothing is owed
**2. Individual meters**
meter, zone, previous and present reading,     readings[]                «Показания индивидуальных
consumption, verification date                                           приборов учёта»
**3. Charges and totals**
service, unit                                  lines[].service, uom      first two columns
who provides the service                       lines[].provider          heading of the payee's lines
volume: individual, common property            volume_individual,        «Объём», «Объём на СОИ»
                                               volume_common
how the volume was found                       method                    «Способ»: Н, П, И; explained
                                                                         below the tables
tariff                                         tariff                    «Тариф»
charge; of it for common property              amount, amount_common     «Начислено», «в том числе на
                                                                         СОИ»
raising coefficient, excess it adds            ratio, excess             «Повышающий коэфф.»: sum (×k)
recalculation (absence, quality, provider's    recalculation,            column, and the table
fines) and its reason                          recalculation_reason      «Перерасчёты»
benefits, subsidies, discounts                 discount                  «Льготы»
VAT, part of the total: rate, amount           vat_rate, vat_amount      column «в т. ч. НДС»; slip and
                                                                         total, «в том числе НДС»
total of the line; of the payee; of all        total, totals, total.     «Итого», «Итого по
                                               charged                   получателю», «Всего начислено»
how it was calculated                          explanation               «Порядок расчётов»
debt or advance at the start                   balance.opening           slip
paid; payments taken up to which day           balance.paid,             slip, «Учтены платежи,
(inclusive); the last one                      paid_through,             поступившие по …»
                                               last_payment
penalties; court costs and state duty          balance.penalty,          slip
                                               court_costs
due to the payee; advance carried on           due, advance              slip, «К оплате», «Аванс на
                                                                         следующий период»
capital repair: contribution a m², charge,     lines of the payee that   block of its own; form
recalculation, discount, total                 takes nothing else        ``capital_repair`` alone
voluntary insurance, further services          lines[].kind              lines like others
**4. Reference**
norms: in premises, common property            norm_individual,          «Справочная информация»
                                               norm_common
house meter; volumes in all premises, for      house_reading,            «Справочная информация»
common property                                house_volume_premises,
                                               house_volume_common
limit index of the change of payment           period.limit_index        «Информация для потребителя»
**5. Instalments**
of the period, of past periods, interest (%    instalment_*              «Рассрочка»
and roubles), due with it
**Further**
information for the consumer: for all, the     info[]                    «Информация для потребителя»
house, the account (each ≤ 1000 characters)
advertising: forbidden                         has no place              has no place
large print: to whom, how much, by when, code  large_print               a further sheet in 16 points
whose page it is, «стр. i из n»                                          foot of every page
=============================================  ========================  ============================
"""

import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from . import figures, money

SCHEMA = 1
ZERO = Decimal("0.00")

Snapshot = dict[str, Any]
# a part of a snapshot: a block, a line
Part = dict[str, Any]


class SumError(ValueError):
    """A document does not add up: ``figure`` says where, with both values (roubles)."""

    def __init__(self, figure: str, expected: Decimal | int, actual: Decimal | int) -> None:
        super().__init__(f"{figure}: {expected} expected, {actual} found")
        self.figure = figure
        self.expected = expected
        self.actual = actual


def canonical(snapshot: Any) -> str:
    """Return the snapshot as canonical JSON: sorted keys, no spaces, UTF-8 characters as such."""
    return json.dumps(snapshot, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(text: str | bytes) -> str:
    """Return the SHA-256 of a canonical text (or of a file's bytes) in hex."""
    data = text.encode() if isinstance(text, str) else text
    return hashlib.sha256(data).hexdigest()


def block_due(block: Part) -> Decimal:
    """Return what a block says is owed to its payee (negative: an advance), roubles."""
    charged = sum((Decimal(line["total"]) for line in block["lines"]), ZERO)
    return figures.expected_due({**block["balance"], "charged": charged})


def fill_totals(snapshot: Snapshot) -> Snapshot:
    """Write the totals of each block and of the document, all of them sums of printed lines."""
    charged = due = ZERO
    for block in snapshot["blocks"]:
        names = (*figures.TOTAL_SIGNS, "total")
        block["totals"] = {
            name: str(sum((Decimal(line[name]) for line in block["lines"]), ZERO)) for name in names
        }
        owed = block_due(block)
        block["due"] = str(max(owed, ZERO))
        block["advance"] = str(max(-owed, ZERO))
        charged += Decimal(block["totals"]["total"])
        due += max(owed, ZERO)
    snapshot["total"] = {"charged": str(charged), "due": str(due)}
    return snapshot


def check_sums(snapshot: Snapshot) -> None:
    """Check the invariant before a document is saved.

    Each line adds up; per payee, lines + balance = printed due = ``Sum`` of the payment code in
    kopecks, and no ``Sum`` where nothing is due; the totals are sums of what is printed.

    :raise SumError: naming the figure that differs
    """
    charged = due = ZERO
    for block in snapshot["blocks"]:
        payee = block["payee"]["name"]
        for line in block["lines"]:
            expected = figures.expected_total(line)
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


def qr_sum(text: str) -> int:
    """Return ``Sum`` of a payment code in kopecks (0: it has none)."""
    if len(text) < 8:
        return 0
    pairs = (part.partition("=") for part in text[8:].split(text[7]))
    return next((int(value) for key, _eq, value in pairs if key == "Sum"), 0)


def _same(figure: str, expected: Decimal | int, actual: Decimal | int) -> None:
    if expected != actual:
        raise SumError(figure, expected, actual)


def compare(before: Snapshot, after: Snapshot) -> list[tuple[str, str, str]]:
    """Return what differs between two snapshots, field by field (payment codes skipped).

    :return: list of ``(path, old, new)``; a missing side is an empty text. Lines are distinguished by
        service, blocks by the payee's account, readings by meter, e.g.
        ``blocks[40702…].lines[Отопление].tariff``
    """
    old, new = dict(_leaves(before)), dict(_leaves(after))
    paths = [*old, *(path for path in new if path not in old)]
    return [
        (path, old.get(path, ""), new.get(path, ""))
        for path in paths
        if old.get(path, "") != new.get(path, "")
    ]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key != "qr":  # follows from the rest
                yield from _leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        seen: dict[str, int] = {}
        for number, inner in enumerate(value, 1):
            label = _label(inner) or str(number)
            seen[label] = seen.get(label, 0) + 1
            if seen[label] > 1:
                label += f" {seen[label]}"
            yield from _leaves(inner, f"{path}[{label}]")
    else:
        yield path, "" if value is None else str(value)


def _label(item: Any) -> str:
    if not isinstance(item, dict):
        return ""
    if isinstance(item.get("payee"), dict):
        return str(item["payee"].get("personal_acc") or "")
    return str(item.get("meter") or item.get("service") or "")


def explain(before: Snapshot, after: Snapshot) -> list[dict[str, Any]]:
    """Return why the sum of one document differs from that of another, service by service.

    :return: list of dicts ``what`` (service, or the name of a balance figure), ``kind``
        (``service``/``balance``), ``old``, ``new``, ``difference`` (decimal strings, roubles) and
        ``causes``: ``new``, ``gone``, ``tariff``, ``volume``, ``excess``, ``recalculation``,
        ``discount``, ``other``. The differences add up to that of the sums before advances are cut
        to nothing.
    """
    rows = []
    old_lines, new_lines = _by_service(before), _by_service(after)
    for service in [*old_lines, *(name for name in new_lines if name not in old_lines)]:
        old, new = old_lines.get(service, []), new_lines.get(service, [])
        totals = _total(old, "total"), _total(new, "total")
        if totals[0] != totals[1]:
            rows.append(_row(service, "service", *totals, _causes(old, new)))
    for name, sign in figures.DUE_SIGNS.items():
        if name == "charged":  # the lines above
            continue
        paid_before, paid_after = (
            sign * _total([block["balance"] for block in snapshot["blocks"]], name)
            for snapshot in (before, after)
        )
        if paid_before != paid_after:
            rows.append(_row(name, "balance", paid_before, paid_after, []))
    return rows


def _row(what: str, kind: str, old: Decimal, new: Decimal, causes: list[str]) -> dict[str, Any]:
    return {
        "what": what,
        "kind": kind,
        "old": str(old),
        "new": str(new),
        "difference": str(new - old),
        "causes": causes,
    }


def _by_service(snapshot: Snapshot) -> dict[str, list[Part]]:
    services: dict[str, list[Part]] = {}
    for block in snapshot["blocks"]:
        for line in block["lines"]:
            services.setdefault(line["service"], []).append(line)
    return services


def _total(items: list[Part], name: str) -> Decimal:
    return sum((Decimal(item[name]) for item in items), ZERO)


def _causes(old: list[Part], new: list[Part]) -> list[str]:
    if not old or not new:
        return ["new" if new else "gone"]
    found = []
    if {Decimal(line["tariff"]) for line in old} != {Decimal(line["tariff"]) for line in new}:
        found.append("tariff")
    names = ("volume_individual", "volume_common")
    if any(_total(old, name) != _total(new, name) for name in names):
        found.append("volume")
    found += [
        name
        for name in ("excess", "recalculation", "discount")
        if _total(old, name) != _total(new, name)
    ]
    return found or ["other"]
