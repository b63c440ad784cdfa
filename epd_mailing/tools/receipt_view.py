"""A snapshot as strings on pages: everything the QWeb template prints, already formatted.

wkhtmltopdf on unpatched Qt neither repeats a table's head nor keeps rows whole, so the pages are laid
out here: rows are grouped into pages by their estimated height (millimetres on paper).
"""

from decimal import Decimal

from . import money

PAGE_MM = 271
HEAD_MM = 47
SLIP_MM = 50
TABLE_HEAD_MM = 15
GROUP_MM = 4.9
LINE_MM = 3.3
ROW_PADDING_MM = 1.6
TITLE_MM = 8
NAME_CHARS = 34
ADDRESS_CHARS = 52
ADDRESS_LINE_MM = 3.8
TEXT_CHARS = 118

FORM_TITLES = {
    "receipt": "Квитанция на оплату жилищно-коммунальных услуг",
    "epd": "Единый платёжный документ",
    "capital_repair": "Взнос на капитальный ремонт",
}
METHODS = {"norm": "норматив", "meter": "прибор учёта", "other": "иное"}
METHODS_SHORT = {"norm": "Н", "meter": "П", "other": "И"}
# optional columns of the table of services: shown when some line has a value
OPTIONAL = ("volume_common", "excess", "recalculation", "discount")


def view(snapshot, sample=False):
    """Return the values for the template of a receipt.

    :param snapshot: dict of ``receipt_data``
    :param sample: True prints «ОБРАЗЕЦ» across each page
    :return: dict with ``head``, ``slips`` (rows of two), ``pages`` (lists of sections), ``sample``
    """
    columns = _columns(snapshot)
    sections = [
        *_service_rows(snapshot, columns),
        *_readings(snapshot),
        *_recalculations(snapshot),
        *_instalments(snapshot),
        *_reference(snapshot),
        *_info(snapshot),
    ]
    slips = [_slip(snapshot, block) for block in snapshot["blocks"]]
    rows = [slips[place : place + 2] for place in range(0, len(slips), 2)]
    address_mm = (len(snapshot["premises"]["address"]) // ADDRESS_CHARS) * ADDRESS_LINE_MM
    pages = _paginate(sections, PAGE_MM - HEAD_MM - address_mm - SLIP_MM * len(rows))
    return {
        "head": _head(snapshot),
        "slips": rows,
        "pages": pages,
        "columns": columns,
        "foot": _foot(snapshot),
        "sample": sample,
    }


def _columns(snapshot):
    lines = [line for block in snapshot["blocks"] for line in block["lines"]]
    return {name: any(Decimal(line[name]) for line in lines) for name in OPTIONAL}


def _head(snapshot):
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
        ("Площадь", money.format_number(premises["area"], 2) + " м²"),
        ("Проживает", str(premises["residents"]) if premises["residents"] else ""),
        ("Площадь дома", _unit(premises["building_area"], "м²")),
        ("Общее имущество", _unit(premises["common_area"], "м²")),
    ]
    contacts = [
        issuer["address"],
        issuer["phone"] and f"тел. {issuer['phone']}",
        issuer["dispatch_phone"] and f"диспетчерская {issuer['dispatch_phone']}",
        issuer["email"],
        issuer["website"],
    ]
    requisites = [
        issuer["inn"] and f"ИНН {issuer['inn']}",
        issuer["kpp"] and f"КПП {issuer['kpp']}",
        issuer["ogrn"] and f"ОГРН {issuer['ogrn']}",
    ]
    due = Decimal(snapshot["total"]["due"])
    return {
        "title": FORM_TITLES[snapshot["form"]],
        "month": money.month_name(period["start"]),
        "number": snapshot["number"],
        "account": account["number"],
        "facts": facts,
        "identifiers": [pair for pair in identifiers if pair[1]],
        "figures": [pair for pair in figures if pair[1]],
        "issuer": issuer["name"],
        "requisites": ", ".join(filter(None, requisites)),
        "contacts": " · ".join(filter(None, contacts)),
        "due": money.format_money(due),
        "nothing_due": not due,
        "several": len(snapshot["blocks"]) > 1,
        "pay_by": money.format_date(period["pay_by"]),
        "present_by": money.format_date(period["present_by"]),
    }


def _legal(payer):
    if not payer["is_company"]:
        return ""
    parts = [payer["inn"] and f"ИНН {payer['inn']}", payer["kpp"] and f"КПП {payer['kpp']}"]
    parts = ", ".join(filter(None, parts))
    return f" ({parts})" if parts else ""


def _unit(value, unit):
    return f"{money.format_number(value, 2)} {unit}" if value and Decimal(value) else ""


def _slip(snapshot, block):
    """Return one payee's slip: what is owed and how to pay it."""
    payee, balance = block["payee"], block["balance"]
    opening = Decimal(balance["opening"])
    opening_label = "Долг на начало периода" if opening >= 0 else "Аванс на начало периода"
    paid_label = "Оплачено"
    if balance["paid_through"]:
        paid_label += f" (учтено по {money.format_date(balance['paid_through'])} включительно)"
    rows = [
        (opening_label, abs(opening)),
        (paid_label, -Decimal(balance["paid"])),
        ("Начислено за период", Decimal(block["totals"]["total"])),
        ("Пени", Decimal(balance["penalty"])),
        ("Судебные расходы", Decimal(balance["court_costs"])),
    ]
    kept = [(label, money.format_money(value)) for label, value in rows if value]
    return {
        "name": payee["name"],
        "purpose": block["title"],
        "bank": [
            ("ИНН / КПП", " / ".join(filter(None, (payee["payee_inn"], payee["kpp"])))),
            ("Счёт", payee["personal_acc"]),
            ("", payee["bank_name"]),
            ("БИК / корр. счёт", f"{payee['bic']} / {payee['corresp_acc']}"),
        ],
        "rows": kept or [("Начислено за период", money.format_money(0))],
        "due": money.format_money(block["due"]),
        "advance": money.format_money(block["advance"]) if Decimal(block["advance"]) else "",
        "account": snapshot["account"]["number"],
        "qr": block["qr"],
    }


def _service_rows(snapshot, columns):
    """Return the rows of the table of services: a heading, lines and a subtotal per payee."""
    for block in snapshot["blocks"]:
        if not block["lines"]:
            continue
        yield {"table": "services", "kind": "group", "mm": GROUP_MM, "text": _group_title(block)}
        for line in block["lines"]:
            name = line["service"]
            height = -(-len(name) // NAME_CHARS) * LINE_MM + ROW_PADDING_MM
            yield {"table": "services", "kind": "line", "mm": height, **_line(line)}
        yield {"table": "services", "kind": "total", "mm": GROUP_MM, **_totals(block["totals"])}
    if len([block for block in snapshot["blocks"] if block["lines"]]) > 1:
        total = money.format_money(snapshot["total"]["charged"])
        yield {"table": "services", "kind": "grand", "mm": GROUP_MM, "total": total}


def _group_title(block):
    providers = []
    for line in block["lines"]:
        if line["provider"] and line["provider"] not in providers:
            providers.append(line["provider"])
    title = f"{block['title']} — получатель {block['payee']['name']}"
    if providers and providers != [block["payee"]["name"]]:
        title += f", исполнитель {', '.join(providers)}"
    return title


def _blank(value, formatted):
    return formatted if Decimal(value) else ""


def _line(line):
    excess = _blank(line["excess"], money.format_money(line["excess"]))
    if excess and Decimal(line["ratio"]):
        excess = f"{excess} (×{money.format_number(line['ratio'], 2)})"
    return {
        "service": line["service"],
        "uom": line["uom"],
        "volume": _blank(
            line["volume_individual"], money.format_number(line["volume_individual"])
        ),
        "volume_common": _blank(
            line["volume_common"], money.format_number(line["volume_common"])
        ),
        "method": METHODS_SHORT.get(line["method"], ""),
        "tariff": _blank(line["tariff"], money.format_tariff(line["tariff"])),
        "amount": money.format_money(line["amount"]),
        "excess": excess,
        "recalculation": _blank(line["recalculation"], money.format_money(line["recalculation"])),
        "discount": _blank(line["discount"], money.format_money(line["discount"])),
        "total": money.format_money(line["total"]),
    }


def _totals(totals):
    return {
        name: _blank(value, money.format_money(value)) if name in OPTIONAL else
        money.format_money(value)
        for name, value in totals.items()
    }


def _table(name, title, head, rows):
    """Return rows of a small reference table; the first brings title and head along."""
    for number, row in enumerate(rows):
        mm = LINE_MM + ROW_PADDING_MM + (TITLE_MM + GROUP_MM if not number else 0)
        yield {"table": name, "kind": "row", "mm": mm, "title": title, "head": head, "cells": row}


def _readings(snapshot):
    rows = [
        (
            reading["service"],
            reading["meter"],
            money.format_number(reading["previous"]),
            money.format_number(reading["current"]),
            money.format_number(reading["consumption"]),
            money.format_date(reading["verify_by"]),
        )
        for reading in snapshot["readings"]
    ]
    head = ("Услуга", "Прибор учёта №", "Предыдущее", "Текущее", "Расход", "Поверить до")
    return _table("readings", "Показания индивидуальных приборов учёта", head, rows)


def _lines(snapshot):
    return [line for block in snapshot["blocks"] for line in block["lines"]]


def _recalculations(snapshot):
    rows = [
        (line["service"], money.format_money(line["recalculation"]), line["recalculation_reason"])
        for line in _lines(snapshot)
        if Decimal(line["recalculation"])
    ]
    head = ("Услуга", "Сумма, ₽", "Основание")
    return _table("recalculations", "Перерасчёты", head, rows)


def _instalments(snapshot):
    names = (
        "instalment_period",
        "instalment_past",
        "instalment_interest",
        "instalment_total",
    )
    rows = [
        (line["service"], *(money.format_money(line[name]) for name in names))
        for line in _lines(snapshot)
        if any(Decimal(line[name]) for name in names)
    ]
    head = ("Услуга", "За период, ₽", "За прошлые, ₽", "Проценты, ₽", "К оплате, ₽")
    return _table("instalments", "Рассрочка", head, rows)


def _reference(snapshot):
    names = (
        "norm_individual",
        "norm_common",
        "house_reading",
        "house_volume_premises",
        "house_volume_common",
    )
    rows = [
        (line["service"], *(_blank(line[name], money.format_number(line[name])) for name in names))
        for line in _lines(snapshot)
        if any(Decimal(line[name]) for name in names)
    ]
    head = (
        "Услуга",
        "Норматив в помещении",
        "Норматив на СОИ",
        "Показание ОДПУ",
        "Объём в помещениях",
        "Объём на СОИ",
    )
    return _table("reference", "Справочная информация", head, rows)


def _info(snapshot):
    texts = list(snapshot["info"])
    index = snapshot["period"]["limit_index"]
    if Decimal(index or 0):
        texts.insert(0, f"Предельный индекс изменения платы: {money.format_number(index, 2)} %.")
    texts.append(
        "Способ определения объёма: П — прибор учёта, Н — норматив, И — иное. "
        "СОИ — содержание общего имущества."
    )
    for number, text in enumerate(texts):
        lines = sum(-(-len(part) // TEXT_CHARS) or 1 for part in text.split("\n"))
        mm = lines * LINE_MM + ROW_PADDING_MM + (0 if number else TITLE_MM)
        yield {"table": "info", "kind": "text", "mm": mm, "text": text}


def _foot(snapshot):
    account, premises = snapshot["account"], snapshot["premises"]
    parts = (
        f"Лицевой счёт {account['number']}",
        snapshot["payer"]["name"],
        premises["address"],
        money.month_name(snapshot["period"]["start"]),
    )
    return " · ".join(filter(None, parts))


def _paginate(rows, first_mm):
    """Group rows into pages, and the rows of a page into consecutive tables.

    :return: list of pages; a page is a list of ``{"table": name, "rows": […]}``
    """
    pages, room = [[]], first_mm
    for row in rows:
        tables = pages[-1]
        opening = not tables or tables[-1]["table"] != row["table"]
        mm = row["mm"] + (TABLE_HEAD_MM if opening and row["table"] == "services" else 0)
        if mm > room:
            pages.append([])
            tables, room, opening = pages[-1], PAGE_MM, True
            if row["table"] == "services":
                mm = row["mm"] + TABLE_HEAD_MM
            elif row["kind"] == "row":
                mm = LINE_MM + ROW_PADDING_MM + TITLE_MM + GROUP_MM
        if opening:
            tables.append({"table": row["table"], "rows": []})
        tables[-1]["rows"].append(row)
        room -= mm
    return pages
