"""A snapshot as strings on pages: everything the QWeb template prints, already formatted."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from . import money, payment_qr, receipt_pages
from .document_number import FORMS
from .receipt_data import Part, Snapshot
from .receipt_pages import Row

WIDTH_MM = 192.0
HEAD_MM = 46.5
ADDRESS_CHARS = 56
ADDRESS_LINE_MM = 3.9
CONTACT_CHARS = 92
ISSUER_CHARS = 66
GROUP_CHARS = 115
FOOT_CHARS = 128
SLIP_MM = 90.7  # inside the frame of a slip
SLIP_CAPTION_MM = 7.6  # caption of the code and what is above it
SLIP_QR_MARGIN_MM = 1.5  # of the code's quiet zone, lies on the padding of the frame
SLIP_TITLE_CHARS_MM = 0.55  # characters of 8.6 pt, bold, in a millimetre
SLIP_TITLE_MM = 3.8
SLIP_BANK_CHARS_MM = 0.765  # characters of 6.6 pt in a millimetre
SLIP_FIGURE_MM = 16.0  # what the sums need beside their labels
SLIP_LABEL_CHARS_MM = 0.74
SLIP_GAP_MM = 2.5

METHODS = {"norm": "норматив", "meter": "прибор учёта", "other": "иное"}
METHODS_SHORT = {"norm": "Н", "meter": "П", "other": "И"}
# columns of the table of services: name, head, millimetres, always shown
COLUMNS = (
    ("uom", "Ед.", 11, True),
    ("volume", "Объём", 17, True),
    ("volume_common", "Объём\nна СОИ", 16, False),
    ("method", "Спо-\nсоб", 8, True),
    ("tariff", "Тариф,\nруб.", 17, True),
    ("amount", "Начислено,\nруб.", 20, True),
    ("amount_common", "в том числе\nна СОИ, руб.", 19, False),
    ("excess", "Повышающий\nкоэфф., руб.", 24, False),
    ("recalculation", "Перерасчёт,\nруб.", 19, False),
    ("discount", "Льготы,\nруб.", 18, False),
    ("vat_amount", "в т. ч. НДС,\nруб.", 21, False),
    ("total", "Итого,\nруб.", 21, True),
)
NAME_MM = 42.0
OPTIONAL = tuple(name for name, _head, _mm, always in COLUMNS if not always)
SUMMED = ("amount", "amount_common", "excess", "recalculation", "discount", "vat_amount", "total")
LARGE_EACH = 3  # payees on a sheet in large print
LARGE_LONG = 80  # characters of a payee's name that leave room for one less


def view(
    snapshot: Snapshot, sample: bool = False, rebuilt: str = "", spare: float = 0.0
) -> dict[str, Any]:
    """Return the values for the template of a receipt.

    :param snapshot: dict of ``receipt_data``
    :param sample: True prints «ОБРАЗЕЦ» across each page
    :param rebuilt: text in the foot of a file made anew from a saved snapshot
    :param spare: part of each page (0 to 1) to leave free, for texts that came out taller than
        reckoned
    :return: dict with ``head``, ``slips`` (rows of two, an odd last one alone and wide), ``pages``
        (lists of sections), ``columns``, ``foot``, ``foot_mm``, ``tight``, ``sample``
    """
    columns = _columns(snapshot)
    sections = [
        *_service_rows(snapshot, columns[0]["mm"]),
        *_readings(snapshot),
        *_recalculations(snapshot),
        *_instalments(snapshot),
        *_reference(snapshot),
        *_explanations(snapshot),
        *_info(snapshot),
    ]
    slips = [_slip(snapshot, block) for block in snapshot["blocks"]]
    pairs = [slips[place : place + 2] for place in range(0, len(slips), 2)]
    taken = _head_mm(snapshot)
    for pair in pairs:
        if len(pair) == 1:
            pair[0]["mm"] = _wide_mm(pair[0])
        tallest = max(slip["mm"] for slip in pair)
        taken += tallest + SLIP_GAP_MM
        for slip in pair:
            slip["mm"] = tallest
    foot = ", ".join(filter(None, (_foot(snapshot), rebuilt)))
    foot_lines = receipt_pages.count_wrapped(foot, FOOT_CHARS)
    pages, tight = receipt_pages.lay_out(sections, taken, foot_lines, spare)
    if snapshot.get("large_print"):
        pages += _large_pages(snapshot)
    return {
        "head": _head(snapshot),
        "slips": pairs,
        "pages": pages,
        "columns": columns,
        "foot": foot,
        "foot_mm": round(2.5 + foot_lines * receipt_pages.FOOT_LINE_MM, 1),
        "tight": tight,
        "sample": sample,
    }


def _head_mm(snapshot: Snapshot) -> float:
    """Return the height of the first page's head: long addresses and contacts make it taller."""
    address = len(snapshot["premises"]["address"]) // ADDRESS_CHARS
    payer = len(snapshot["payer"]["name"] + _legal(snapshot["payer"])) // ADDRESS_CHARS
    issuer = len(snapshot["issuer"]["name"]) // ISSUER_CHARS
    contacts = issuer + max(0, len(" ".join(_contacts(snapshot["issuer"]))) // CONTACT_CHARS - 1)
    return HEAD_MM + (address + payer) * ADDRESS_LINE_MM + contacts * 3


def _columns(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return the columns that have something to show, with their widths: the name comes first."""
    lines = _lines(snapshot)
    used = {name: any(Decimal(line.get(name, 0)) for line in lines) for name in OPTIONAL}
    shown = [column for column in COLUMNS if column[3] or used[column[0]]]
    taken = float(sum(mm for _name, _head, mm, _always in shown))
    share = min(1.0, (WIDTH_MM - NAME_MM) / taken) if taken else 1.0
    widths = [round(mm * share, 2) for _name, _head, mm, _always in shown]
    first = {"name": "service", "head": ["Услуга"], "mm": round(WIDTH_MM - sum(widths), 2)}
    return [
        first,
        *(
            {"name": name, "head": head.split("\n"), "mm": width}
            for (name, head, _mm, _always), width in zip(shown, widths, strict=True)
        ),
    ]


def _head(snapshot: Snapshot) -> dict[str, Any]:
    period, account, payer = snapshot["period"], snapshot["account"], snapshot["payer"]
    issuer, premises = snapshot["issuer"], snapshot["premises"]
    facts = [
        ("Плательщик", payer["name"] + _legal(payer)),
        ("Адрес помещения", premises["address"]),
    ]
    identifiers = [
        ("ЕЛС", account["unified_number"]),
        ("Идентификатор ЖКУ", account["gis_service_id"]),
        ("Идентификатор ПД", account["gis_document_id"]),
    ]
    figures = [
        ("Площадь", _unit(premises["area"], "м²")),
        ("Проживает", str(premises["residents"]) if premises["residents"] else ""),
        ("Дом", _unit(premises["building_area"], "м²")),
        ("Общее имущество", _unit(premises["common_area"], "м²")),
    ]
    requisites = [
        issuer["inn"] and f"ИНН {issuer['inn']}",
        issuer["kpp"] and f"КПП {issuer['kpp']}",
        issuer["ogrn"] and f"ОГРН {issuer['ogrn']}",
    ]
    due = Decimal(snapshot["total"]["due"])
    return {
        "title": FORMS[snapshot["form"]].title,
        "month": money.month_name(period["start"]),
        "number": snapshot["number"],
        "account": account["number"],
        "account_points": _account_points(account["number"]),
        "payer": payer["name"],
        "address": premises["address"],
        "facts": facts,
        "identifiers": [pair for pair in identifiers if pair[1]],
        "figures": [pair for pair in figures if pair[1]],
        "issuer": issuer["name"],
        "requisites": ", ".join(filter(None, requisites)),
        "contacts": _contacts(issuer),
        "due": money.format_money(due),
        "nothing_due": not due,
        "several": len(snapshot["blocks"]) > 1,
        "pay_by": money.format_date(period["pay_by"]),
        "present_by": money.format_date(period["present_by"]),
    }


def _account_points(number: str) -> int:
    """Return the size of the account number at the head, points: 30 characters have to fit, too."""
    return 14 if len(number) <= 10 else 10 if len(number) <= 15 else 7


def _contacts(issuer: Part) -> list[str]:
    """Return how to reach the issuer, part by part: a line ends between them, not inside."""
    said = (
        issuer["address"],
        issuer["phone"] and f"тел. {issuer['phone']}",
        issuer["dispatch_phone"] and f"диспетчерская {issuer['dispatch_phone']}",
        issuer["email"],
        issuer["website"],
    )
    parts = [part for part in said if part]
    return [f"{part}," for part in parts[:-1]] + parts[-1:]


def _legal(payer: Part) -> str:
    if not payer["is_company"]:
        return ""
    parts = [payer["inn"] and f"ИНН {payer['inn']}", payer["kpp"] and f"КПП {payer['kpp']}"]
    text = ", ".join(filter(None, parts))
    return f" ({text})" if text else ""


def _unit(value: str, unit: str) -> str:
    return f"{money.format_number(value, 2)}{money.NBSP}{unit}" if value and Decimal(value) else ""


def _slip(snapshot: Snapshot, block: Part) -> dict[str, Any]:
    """Return one payee's slip: what is owed and how to pay it."""
    payee, balance = block["payee"], block["balance"]
    opening = Decimal(balance["opening"])
    opening_label = "Долг на начало периода" if opening >= 0 else "Аванс на начало периода"
    rows = [
        (opening_label, abs(opening)),
        ("Оплачено", -Decimal(balance["paid"])),
        ("Начислено за период", Decimal(block["totals"]["total"])),
        ("в том числе НДС", _sum(block["lines"], "vat_amount")),
        ("Пени", Decimal(balance["penalty"])),
        ("Судебные расходы", Decimal(balance["court_costs"])),
    ]
    shown = [(label, money.format_money(value)) for label, value in rows if value]
    shown = shown or [("Начислено за период", money.format_money(0))]
    if Decimal(block["advance"]):
        shown.append(("Аванс на следующий период", money.format_money(block["advance"])))
    tax = [
        payee["payee_inn"] and f"ИНН {payee['payee_inn']}",
        payee["kpp"] and f"КПП {payee['kpp']}",
    ]
    bank = [
        payee["name"],
        ", ".join(filter(None, tax)),
        f"Счёт {payee['personal_acc']}",
        payee["bank_name"],
        f"БИК {payee['bic']}, к/с {payee['corresp_acc']}",
    ]
    bank = [text for text in bank if text]
    taken = _describe_paid_through(balance)
    qr_mm = payment_qr.qr_size_mm(block["qr"]) if block["qr"] else 0.0
    left_mm = SLIP_MM - (qr_mm and qr_mm - SLIP_QR_MARGIN_MM + 1)
    bank_chars = int(left_mm * SLIP_BANK_CHARS_MM)
    label_chars = int((left_mm - SLIP_FIGURE_MM) * SLIP_LABEL_CHARS_MM)
    title_lines = receipt_pages.count_wrapped(block["title"], int(left_mm * SLIP_TITLE_CHARS_MM))
    height = 13.0 + SLIP_TITLE_MM * (title_lines - 1)
    height += 2.75 * sum(receipt_pages.count_wrapped(text, bank_chars) for text in bank)
    height += 3.45 * sum(receipt_pages.count_wrapped(label, label_chars) for label, _value in shown)
    height += 2.6 * receipt_pages.count_wrapped(taken, bank_chars)
    return {
        "purpose": block["title"],
        "bank": bank,
        "rows": shown,
        "taken": taken,
        "due": money.format_money(block["due"]),
        "account": snapshot["account"]["number"],
        "caption": "Код для оплаты" if Decimal(block["due"]) else "Код без суммы",
        "qr": block["qr"],
        "qr_mm": qr_mm,
        "qr_cell_mm": round(qr_mm - SLIP_QR_MARGIN_MM + 1, 1) if qr_mm else 0,
        "mm": round(max(height, qr_mm + SLIP_CAPTION_MM), 1),
    }


def _large_pages(snapshot: Snapshot) -> list[receipt_pages.Page]:
    """Return the sheets in large print: to whom, how much, by when, and the code."""
    slips = [
        {
            "purpose": block["title"],
            "payee": block["payee"]["name"],
            "due": money.format_money(block["due"]),
            "nothing_due": not Decimal(block["due"]),
            "qr": block["qr"],
            "qr_mm": payment_qr.qr_size_mm(block["qr"]) if block["qr"] else 0,
        }
        for block in snapshot["blocks"]
    ]
    long = any(len(slip["payee"]) > LARGE_LONG for slip in slips)
    each = LARGE_EACH - long
    return [
        [{"table": "large", "rows": slips[place : place + each]}]
        for place in range(0, len(slips), each)
    ]


def _describe_paid_through(balance: Part) -> str:
    """Return up to which day payments are taken into account, and when the last one came."""
    through = money.format_date(balance["paid_through"])
    last = money.format_date(balance["last_payment"])
    parts = (
        through and f"Учтены платежи, поступившие по {through} включительно",
        last and f"последняя оплата {last}",
    )
    text = ", ".join(filter(None, parts))
    return text[:1].upper() + text[1:]


def _wide_mm(slip: dict[str, Any]) -> float:
    """Return the height of a slip that has its row for itself: requisites beside the figures."""
    bank = 6.5 + 2.75 * sum(receipt_pages.count_wrapped(text, 42) for text in slip["bank"])
    figures = 13.0 + 3.45 * len(slip["rows"]) + 2.6 * receipt_pages.count_wrapped(slip["taken"], 46)
    return float(round(max(bank, figures, slip["qr_mm"] + SLIP_CAPTION_MM), 1))


def _lines(snapshot: Snapshot) -> list[Part]:
    return [line for block in snapshot["blocks"] for line in block["lines"]]


def _service_rows(snapshot: Snapshot, name_mm: float) -> Iterator[Row]:
    """Return the rows of the table of services: a heading, lines and a subtotal per payee."""
    common = {"table": "services", "lines": 1, "head_lines": 2}
    charged = [block for block in snapshot["blocks"] if block["lines"]]
    for block in charged:
        title = _group_title(block)
        lines = receipt_pages.count_wrapped(title, GROUP_CHARS)
        yield {**common, "kind": "group", "text": title, "lines": lines}
        for line in block["lines"]:
            lines = receipt_pages.count_lines(line["service"], name_mm - 2)
            yield {**common, "kind": "line", **_line(line), "lines": lines}
        totals = {name: _blank(_sum(block["lines"], name)) for name in SUMMED}
        for name in ("amount", "total"):
            totals[name] = money.format_money(_sum(block["lines"], name))
        yield {**common, "kind": "total", **totals, "service": "Итого по получателю"}
    if len(charged) > 1:
        total = money.format_money(snapshot["total"]["charged"])
        name = "Всего начислено за период"
        vat = _sum(_lines(snapshot), "vat_amount")
        if vat:
            name += f", в том числе НДС {money.format_money(vat)}"
        yield {**common, "kind": "grand", "service": name, "total": total}


def _sum(lines: list[Part], name: str) -> Decimal:
    return sum((Decimal(line.get(name, 0)) for line in lines), Decimal(0))


def _group_title(block: Part) -> str:
    providers = []
    for line in block["lines"]:
        if line["provider"] and line["provider"] not in providers:
            providers.append(line["provider"])
    title = f"{block['title']} — получатель {block['payee']['name']}"
    if providers and providers != [block["payee"]["name"]]:
        title += f", исполнитель {', '.join(providers)}"
    return title


def _blank(value: money.Number, write: Callable[[Any], str] = money.format_money) -> str:
    return write(value) if value and Decimal(value) else ""


def _vat(line: Part) -> str:
    amount = _blank(line.get("vat_amount", 0))
    rate = line.get("vat_rate", 0)
    if not Decimal(rate):
        return amount
    return f"{amount or money.format_money(0)} ({money.format_number(rate, 2)}{money.NBSP}%)"


def _line(line: Part) -> dict[str, str]:
    excess = _blank(line["excess"])
    if excess and Decimal(line["ratio"]):
        excess = f"{excess} (×{money.format_number(line['ratio'], 2)})"
    return {
        "service": line["service"],
        "uom": line["uom"],
        "volume": _blank(line["volume_individual"], money.format_number),
        "volume_common": _blank(line["volume_common"], money.format_number),
        "method": METHODS_SHORT.get(line["method"], ""),
        "tariff": _blank(line["tariff"], money.format_tariff),
        "amount": money.format_money(line["amount"]),
        "amount_common": _blank(line["amount_common"]),
        "excess": excess,
        "recalculation": _blank(line["recalculation"]),
        "discount": _blank(line["discount"]),
        "vat_amount": _vat(line),
        "total": money.format_money(line["total"]),
    }


def _table(
    name: str,
    title: str,
    head: Sequence[str],
    widths: Sequence[float],
    rows: Iterable[Sequence[str]],
    texts: Sequence[int] = (0,),
) -> Iterator[Row]:
    """Return rows of a small table.

    :param widths: millimetres of each column
    :param texts: numbers of the columns that hold text (left), the others hold figures
    """
    columns: list[dict[str, Any]] = [
        {"head": text, "mm": mm, "num": number not in texts}
        for number, (text, mm) in enumerate(zip(head, widths, strict=True))
    ]
    for cells in rows:
        lines = max(
            receipt_pages.count_lines(cell, column["mm"] - 2)
            for cell, column in zip(cells, columns, strict=True)
        )
        yield {
            "table": name,
            "kind": "row",
            "title": title,
            "columns": columns,
            "cells": cells,
            "lines": lines,
            "head_lines": 1,
        }


def _readings(snapshot: Snapshot) -> Iterator[Row]:
    rows = [
        (
            reading["service"],
            reading["meter"] + (f" ({reading['zone']})" if reading["zone"] else ""),
            money.format_number(reading["previous"]),
            money.format_number(reading["current"]),
            money.format_number(reading["consumption"]),
            money.format_date(reading["verify_by"]),
        )
        for reading in snapshot["readings"]
    ]
    head = ("Услуга", "Прибор учёта №", "Предыдущее", "Текущее", "Расход", "Поверить до")
    title = "Показания индивидуальных приборов учёта"
    return _table("readings", title, head, (56, 42, 24, 24, 22, 24), rows, texts=(0, 1))


def _recalculations(snapshot: Snapshot) -> Iterator[Row]:
    rows = [
        (line["service"], money.format_money(line["recalculation"]), line["recalculation_reason"])
        for line in _lines(snapshot)
        if Decimal(line["recalculation"])
    ]
    head = ("Услуга", "Сумма, руб.", "Основание")
    return _table("recalculations", "Перерасчёты", head, (56, 26, 110), rows, texts=(0, 2))


def _instalments(snapshot: Snapshot) -> Iterator[Row]:
    names = ("instalment_period", "instalment_past", "instalment_interest", "instalment_total")
    rows = [
        (
            line["service"],
            *(money.format_money(line[name]) for name in names[:2]),
            _blank(line["instalment_percent"], money.format_number),
            *(money.format_money(line[name]) for name in names[2:]),
        )
        for line in _lines(snapshot)
        if any(Decimal(line[name]) for name in names)
    ]
    head = (
        "Услуга",
        "За период, руб.",
        "За прошлые, руб.",
        "%",
        "Проценты, руб.",
        "К оплате, руб.",
    )
    return _table("instalments", "Рассрочка", head, (56, 30, 30, 14, 31, 31), rows)


def _reference(snapshot: Snapshot) -> Iterator[Row]:
    names = (
        "norm_individual",
        "norm_common",
        "house_reading",
        "house_volume_premises",
        "house_volume_common",
    )
    rows = [
        (line["service"], *(_blank(line[name], money.format_number) for name in names))
        for line in _lines(snapshot)
        if any(Decimal(line[name]) for name in names)
    ]
    head = (
        "Услуга",
        "Норматив",
        "Норматив на СОИ",
        "Показание ОДПУ",
        "Объём в помещ.",
        "Объём на СОИ",
    )
    return _table("reference", "Справочная информация", head, (56, 25, 29, 28, 28, 26), rows)


def _explanations(snapshot: Snapshot) -> Iterator[Row]:
    rows = [
        (line["service"], line["explanation"])
        for line in _lines(snapshot)
        if line["explanation"].strip()
    ]
    head = ("Услуга", "Расчёт")
    return _table("explanations", "Порядок расчётов", head, (56, 136), rows, texts=(0, 1))


def _info(snapshot: Snapshot) -> Iterator[Row]:
    texts = []
    index = snapshot["period"]["limit_index"]
    if Decimal(index or 0):
        texts.append(f"Предельный индекс изменения платы: {money.format_number(index, 2)} %.")
    texts += snapshot["info"]
    for text in texts:
        yield {"table": "info", "kind": "text", "text": text, "head_lines": 1}
    notes = _notes(snapshot)
    if notes:
        yield {"table": "notes", "kind": "text", "text": notes, "head_lines": 1}


def _notes(snapshot: Snapshot) -> str:
    """Return what the short marks of the table mean, only those that stand there."""
    methods = sorted({line["method"] for line in _lines(snapshot)} & set(METHODS))
    marks = ", ".join(f"{METHODS_SHORT[name]} — {METHODS[name]}" for name in methods)
    notes = f"Способ определения объёма: {marks}. " if marks else ""
    if any(Decimal(line["volume_common"]) for line in _lines(snapshot)):
        notes += "СОИ — содержание общего имущества."
    return notes.strip()


def _foot(snapshot: Snapshot) -> str:
    account, premises = snapshot["account"], snapshot["premises"]
    parts = (
        f"Лицевой счёт {account['number']}",
        snapshot["payer"]["name"],
        premises["address"],
        money.month_name(snapshot["period"]["start"]),
    )
    return ", ".join(filter(None, parts))
