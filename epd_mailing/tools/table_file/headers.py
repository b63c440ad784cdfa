"""Which row heads the columns, if any does; what each column holds; by what a layout is known again."""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from .kinds import KINDS
from .reader import Row, Table
from .values import Formula, clean_text, parse_date, parse_number

ROWS_CHECKED = 25  # rows among which the headings are looked for
_UNITS = re.compile(
    r"[,.]?\s{0,3}\(?\b(руб\w*(?:\.?,? ?(?:и )?коп\w*)?|р|кв\.? ?м|м2|м²|м3|м³|чел\w*|шт|ед)\b\.?\)?$"
    r"|[,.]?\s{0,3}\(?₽\)?$|\s{0,3}\((?:руб|м²)\.?\)$"
)
# how meters are headed in sheets with readings across, and what the services are called
METERS = {
    "хвс": "Холодное водоснабжение", "холодная вода": "Холодное водоснабжение", "хв": "Холодное водоснабжение",
    "холодное водоснабжение": "Холодное водоснабжение", "гвс": "Горячее водоснабжение",
    "горячая вода": "Горячее водоснабжение", "гв": "Горячее водоснабжение",
    "горячее водоснабжение": "Горячее водоснабжение", "ээ": "Электроснабжение", "эл/эн": "Электроснабжение",
    "электроэнергия": "Электроснабжение", "электроснабжение": "Электроснабжение", "эл. энергия": "Электроснабжение",
    "газ": "Газоснабжение", "газоснабжение": "Газоснабжение", "отопление": "Отопление", "тепло": "Отопление",
}  # fmt: skip
_METER = re.compile(r"^(?P<name>.+?)\s{0,3}(?:[№n#]\s{0,3}|\s|\()?(?P<place>\d{1,2})?\)?$")
_TIME = re.compile(r"\d{1,2}[:\-]\d{2}([:\-]\d{2})?")
_MONEY = re.compile(r"-?\d[\d\s\u00a0]*[.,]\d{1,2}")
# sums without kopecks, by what is written around them: «1 500», «-50», «1500 руб.»
_WHOLE_MONEY = re.compile(
    r"-\d+|-?\d{1,3}(?:[ \u00a0\u202f]\d{3})+|-?\d[\d \u00a0\u202f]*+(?:[.,]\d{1,2})?\s*(?:руб\w*\.?|р\.|₽)",
    re.I,
)
# headings of money, whatever the figures under them
_OF_MONEY = re.compile(
    r"пен[ияюе]|сумм|начисл|сальдо|долг|оплат|оплач|аванс|перерасч|руб|льгот|плат[её]ж|штраф|госпошл",
    re.I,
)
_KOPECKS = re.compile(r"\bкоп(?:\b|е[ейк])")
_OF_TIME = re.compile(r"месяц|период|дата|год\b|номер|№|код\b|сч[её]т|инн", re.I)
_MARK = re.compile(r"[\[({]?[!*\-]+[\])}]?")


@dataclass(frozen=True)
class Layout:
    """How a file is laid out.

    ``header_row``: number of the last row of headings, 0 where there is none (all rows are data).
    ``headings``: one a column («» where it has none). ``columns``: ``(field or "", service)`` each.
    ``signature``: by what such a file is known again. ``guessed``: whether the columns were found by
    what they hold and not by headings: a person should look.
    """

    header_row: int
    headings: list[str]
    columns: list[tuple[str, str]]
    signature: str
    guessed: bool = False


def normalise(text: Any) -> str:
    """Return a heading as compared: lower case, single spaces, ё as е, no marks or units at its end."""
    text = clean_text(text).casefold().replace("ё", "е")
    text = " ".join(text.split()).strip(" :*.,;№")
    shorter = _UNITS.sub("", text).strip(" :*.,;№")
    return shorter or text


def is_in_kopecks(heading: str) -> bool:
    """Tell whether a heading says that sums under it are whole kopecks: «Сумма (коп.)»."""
    text = heading.casefold()
    return bool(_KOPECKS.search(text)) and "руб" not in text


def _words(kind: str) -> dict[str, str]:
    known: dict[str, str] = {}
    for code, field in KINDS[kind].items():
        for word in (code, *field.words):
            known.setdefault(normalise(word), code)
    return known


def understand(
    kind: str,
    table: Table,
    rows: Sequence[Row],
    services: Iterable[str] = (),
    header_row: int | None = None,
    find_accounts: Callable[[list[str]], set[str]] | None = None,
) -> Layout:
    """Return how a file is laid out, by its format, its headings or what its first rows hold.

    :param rows: the first rows of ``table`` (some 25)
    :param services: names and codes of known services, for columns across
    :param header_row: what a person chose: the number of the (last) row of headings, 0 for none
    :param find_accounts: returns those of the texts that are numbers of accounts: without headings
        only this tells an account from the number of an operation for sure
    """
    if table.headings is not None and header_row in (None, 0):
        suggested = table.suggest(kind)
        columns = suggested or guess_columns(kind, table.headings, services)
        return Layout(0, list(table.headings), columns, signature(kind, table.headings))
    found = _find_head(kind, rows, services) if header_row is None else _take_head(rows, header_row)
    if found is None:
        shape = [row for row in rows if not is_control(row.cells)]
        columns = guess_by_content(kind, [row.cells for row in shape], find_accounts)
        mark = sign_shape(kind, table, [row.cells for row in shape])
        return Layout(0, [""] * len(columns), columns, mark, guessed=True)
    number, headings = found
    if table.format != "csv":
        # of a sheet, what stands beyond the headings is shown too
        width = max((len(row.cells) for row in rows if row.number > number), default=0)
        headings = [*headings, *[""] * (width - len(headings))]
    columns = guess_columns(kind, headings, services)
    if header_row is None and _has_data_above(kind, columns, rows, number):
        number = 0  # the row of headings will be an error: what stands above it is not lost
    if kind == "balance":
        columns = _drop_closing_debt(columns, [row.cells for row in rows if row.number > number])
    return Layout(number, headings, columns, signature(kind, headings))


def is_control(cells: Sequence[Any]) -> bool:
    """Tell a row that says nothing of what the columns hold: a control row, a note, an empty one."""
    first = clean_text(cells[0]) if cells else ""
    return bool(re.match(r"=\s*\d|#", first)) or not any(map(clean_text, cells))


# ----------------------------------------------------------------------
# The row of headings
# ----------------------------------------------------------------------
def _score_rows(known: dict[str, str], rows: Sequence[Sequence[Any]]) -> list[int]:
    """Return how many different fields each row names; a row with numbers is no heading."""
    return [
        0
        if looks_like_data(cells)
        else len({known.get(normalise(cell), "") for cell in cells} - {""})
        for cells in rows[:ROWS_CHECKED]
    ]


def looks_like_data(cells: Sequence[Any]) -> bool:
    """Tell whether a row holds sums, days or long numbers: no row of headings does."""
    texts = [clean_text(cell) for cell in cells]
    if _is_numbering(texts):
        return False
    kinds = [cell_kind(cell) for cell in cells]
    return bool({"money", "date", "time"} & set(kinds)) or any(
        kind == "digits" and len(text) > 2 for kind, text in zip(kinds, texts, strict=True)
    )


def _is_numbering(texts: Sequence[str]) -> bool:
    """Tell a row of column numbers, as printed forms have under their headings: 1, 2, 3, …"""
    filled = [text for text in texts if text]
    return len(filled) >= 3 and filled == [str(n) for n in range(1, len(filled) + 1)]


def cell_kind(cell: Any) -> str:
    """Return what a cell holds: ``""``, ``money``, ``date``, ``time``, ``digits``, ``mark`` or ``text``."""
    if isinstance(cell, bool):
        return "text"
    if isinstance(cell, datetime | date):
        return "date"
    if isinstance(cell, float | Decimal):
        return "money" if cell != int(cell) else "digits"
    text = clean_text(cell)
    if not text:
        return ""
    if text.isdigit():
        return "digits"
    if _MARK.fullmatch(text):
        return "mark"
    if _MONEY.fullmatch(text) or _WHOLE_MONEY.fullmatch(text):
        return "money"
    if _TIME.fullmatch(text):
        return "time"
    try:
        return "date" if parse_date(text) else "text"
    except (ValueError, OverflowError):
        return "text"


def _take_head(rows: Sequence[Row], number: int) -> tuple[int, list[str]] | None:
    """Return the row of headings that a person chose."""
    row = next((row for row in rows if row.number == number), None)
    return (number, [clean_text(cell)[:200] for cell in row.cells]) if row else None


def _find_head(
    kind: str, rows: Sequence[Row], services: Iterable[str]
) -> tuple[int, list[str]] | None:
    """Return ``(number of the last row of headings, headings)``, or None where there are none."""
    known = _words(kind)
    if kind == "charge":
        known |= {normalise(name): "amount" for name in services if normalise(name) not in known}
    cells = [row.cells for row in rows]
    scores = _score_rows(known, cells)
    best = max(range(len(scores)), key=scores.__getitem__, default=0)
    best = _find_first_of_two(kind, known, cells, scores, best)
    if not scores or scores[best] == 0:
        place = _find_unknown_head(cells)
        if place is None:
            return None
        best = place
    elif scores[best] == 1 and not _may_head(cells, best, known):
        return None
    first, last = _find_both(cells, best, known)
    titles = _join_titles(cells[first], cells[last], known) if last > first else cells[first]
    headings = [clean_text(cell)[:200] for cell in titles]
    if last + 1 < len(rows) and _is_numbering([clean_text(c) for c in cells[last + 1]]):
        last += 1
    return rows[last].number, headings


def _find_first_of_two(
    kind: str,
    known: dict[str, str],
    rows: Sequence[Sequence[Any]],
    scores: Sequence[int],
    best: int,
) -> int:
    """Return the first of several rows of headings with rows of data between them.

    Two registers were put one below the other: what stands under the first headings is data.
    """
    needs_account = "account" in KINDS[kind]
    for place, score in enumerate(scores[:best]):
        if score < 2 or (
            needs_account and "account" not in {known.get(normalise(c)) for c in rows[place]}
        ):
            continue
        between = rows[place + 1 : best]
        if any(looks_like_data(row) and len(list(filter(clean_text, row))) > 1 for row in between):
            return place
    return best


def _has_data_above(
    kind: str, columns: Sequence[tuple[str, str]], rows: Sequence[Row], number: int
) -> bool:
    """Tell whether a row above the headings has an account and a sum under those very headings."""
    places = {code: place for place, (code, _service) in enumerate(columns) if code}
    sums = [place for code, place in places.items() if KINDS[kind][code].type == "money"]
    account = places.get("account")
    if account is None or not sums:
        return False
    for row in rows:
        cells = row.cells
        if row.number >= number or account >= len(cells) or cell_kind(cells[account]) != "digits":
            continue
        if any(place < len(cells) and cell_kind(cells[place]) == "money" for place in sums):
            return True
    return False


def _may_head(rows: Sequence[Sequence[Any]], place: int, known: dict[str, str]) -> bool:
    """Tell whether a row of one known word heads what follows."""
    cells = rows[place]
    codes = [known.get(normalise(cell), "") for cell in cells]
    if "account" not in codes and _has_number(cells):
        return False
    column = next(n for n, code in enumerate(codes) if code)
    below = rows[place + 1] if place + 1 < len(rows) else []
    # «Оплата» in each row is no heading
    if column < len(below) and normalise(below[column]) == normalise(cells[column]):
        return False
    return not looks_like_data(cells) and any(map(looks_like_data, rows[place + 1 :]))


def _has_number(cells: Sequence[Any]) -> bool:
    """Tell whether a row has a cell that is a number, however short: headings we do not know have none."""
    if _is_numbering([clean_text(cell) for cell in cells]):
        return False
    return any(cell_kind(cell) in ("digits", "money") for cell in cells)


def _find_unknown_head(rows: Sequence[Sequence[Any]]) -> int | None:
    """Return the first row of several texts above rows with numbers: headings we have no words for."""
    for place, cells in enumerate(rows[:ROWS_CHECKED]):
        texts = [text for text in map(clean_text, cells) if text]
        if not texts:
            continue
        if looks_like_data(cells) or _has_number(cells):
            return None
        later = [row for row in rows[place + 1 :] if looks_like_data(row)]
        if len(texts) >= 2 and later and len(texts) >= 0.6 * len(later[0]):
            return place
    return None


def _find_both(rows: Sequence[Sequence[Any]], best: int, known: dict[str, str]) -> tuple[int, int]:
    """Return the first and the last row of headings: two where services and figures stand apart."""

    def has_account(cells: Sequence[Any]) -> bool:
        return any(known.get(normalise(cell)) == "account" for cell in cells)

    def is_head(place: int) -> bool:
        filled = [cell for cell in rows[place] if clean_text(cell)]
        return len(filled) > 1 and not looks_like_data(rows[place])

    if best and not has_account(rows[best]) and has_account(rows[best - 1]) and is_head(best - 1):
        return best - 1, best
    if best + 1 < len(rows) and is_head(best + 1):
        place = next(
            (n for n, c in enumerate(rows[best]) if known.get(normalise(c)) == "account"), 0
        )
        below = rows[best + 1]
        free = place >= len(below) or not clean_text(below[place])
        if free and not _is_numbering([clean_text(cell) for cell in below]):
            return best, best + 1
    return best, best


def _join_titles(upper: Sequence[Any], lower: Sequence[Any], known: dict[str, str]) -> list[str]:
    """Return two rows of headings as one: «Начислено: Отопление»; a merged cell heads all below it."""
    titles, above = [], ""
    for place in range(max(len(upper), len(lower))):
        top = clean_text(upper[place]) if place < len(upper) else ""
        low = clean_text(lower[place]) if place < len(lower) else ""
        if top:
            above = top
        elif not low:
            above = ""
        if low and above and not (not top and _names_alone(low, above, known)):
            titles.append(f"{above}: {low}")
        else:
            titles.append(low or top)
    return titles


def _names_alone(low: str, above: str, known: dict[str, str]) -> bool:
    """Tell whether a lower heading says all by itself, and does not belong to the cell above left."""
    code = known.get(normalise(low), "")
    return code == "account" or bool(
        code and known.get(normalise(above)) and code != known[normalise(above)]
    )


# ----------------------------------------------------------------------
# What the columns hold
# ----------------------------------------------------------------------
def guess_columns(
    kind: str, header: Sequence[Any], services: Iterable[str] = ()
) -> list[tuple[str, str]]:
    """Return ``[(field code or "", service text or "")]``, one a column.

    :param services: names and codes of services: a column headed by one (also «Отопление, тариф»)
        holds that figure of that service, «amount» when nothing more is said
    """
    known, fields = _words(kind), KINDS[kind]
    names = {normalise(name): name for name in services if name} if kind == "charge" else {}
    guessed: list[tuple[str, str]] = []
    used = set()
    for cell in header:
        word = normalise(cell)
        code, service = known.get(word, ""), ""
        if word in names and (not code or not fields[code].required):
            code, service = "amount", names[word]
        elif not code and kind == "reading":
            code, service = _read_meter(cell)
        elif not code and word:
            code, service = _split(clean_text(cell), known, names, fields, kind)
        if (code, service) in used:
            code, service = "", ""
        if code:
            used.add((code, service))
        guessed.append((code, service))
    if any(service for _code, service in guessed):
        # a figure of the whole row would count once for each service
        guessed = [
            ("", "") if not service and code and fields[code].across else (code, service)
            for code, service in guessed
        ]
    return guessed


def _drop_closing_debt(
    columns: list[tuple[str, str]], rows: Sequence[Sequence[Any]]
) -> list[tuple[str, str]]:
    """Skip a «Долг» that already is what was charged without what was paid.

    As a debt at the start it would count twice.
    """
    places = {code: place for place, (code, _service) in enumerate(columns) if code}
    if not {"opening", "charged", "paid"} <= set(places):
        return columns

    def figures(cells: Sequence[Any]) -> tuple[Decimal, ...]:
        names = ("opening", "charged", "paid")
        return tuple(
            _to_number(cells[places[n]]) if places[n] < len(cells) else Decimal(0) for n in names
        )

    found = [figures(cells) for cells in rows]
    telling = [(debt, charged, paid) for debt, charged, paid in found if debt and paid]
    if telling and all(max(charged - paid, Decimal(0)) == debt for debt, charged, paid in found):
        columns[places["opening"]] = ("", "")
    return columns


def _to_number(cell: Any) -> Decimal:
    try:
        return parse_number(cell) or Decimal(0)
    except (ValueError, ArithmeticError):
        return Decimal(0)


def _split(
    text: str, known: dict[str, str], names: dict[str, str], fields: dict[str, Any], kind: str
) -> tuple[str, str]:
    """Return the figure and the service of «Отопление, тариф», «Начислено: Отопление»."""
    if kind not in ("charge", "balance"):
        return "", ""
    for match in re.finditer(r"\s{0,3}[,:;/(|–—]\s{0,3}|\s{1,3}-\s{1,3}", text):
        left, right = text[: match.start()], text[match.end() :].strip(" )")
        for name, figure in ((left, right), (right, left)):
            code = known.get(normalise(figure), "")
            if not code or not fields[code].across or not name:
                continue
            if normalise(name) in names:
                return code, names[normalise(name)]
            # two rows of headings: what stands beside a figure is a service, ours or a new one
            if ":" in match[0] and normalise(name) not in known:
                return code, name
    return "", ""


def _read_meter(cell: Any) -> tuple[str, str]:
    """Return what a heading such as «ХВС №2» stands for."""
    text = clean_text(cell)
    match = _METER.match(text.casefold().replace("ё", "е"))
    if match and match["name"].strip(" .,(") in METERS:
        return "current", text
    return "", ""


def split_meter(heading: str) -> tuple[str, str, int]:
    """Return of «ХВС №2»: the service as written, its usual full name, the meter's place (from 1)."""
    match = _METER.match(heading.replace("Ё", "Е").replace("ё", "е"))
    name = match["name"].strip(" .,(") if match else ""
    if name.casefold() not in METERS or match is None:
        return heading, METERS.get(heading.casefold(), ""), 1
    return name, METERS[name.casefold()], int(match["place"] or 1)


def guess_by_content(
    kind: str,
    rows: Sequence[Sequence[Any]],
    find_accounts: Callable[[list[str]], set[str]] | None = None,
) -> list[tuple[str, str]]:
    """Return ``[(field, "")]`` of a file without headings, by what its first rows hold."""
    width = max((len(cells) for cells in rows), default=0)
    columns = [
        [cells[place] if place < len(cells) else None for cells in rows] for place in range(width)
    ]
    kinds = [[cell_kind(cell) for cell in column] for column in columns]
    guessed = [("", "")] * width

    def usual(place: int) -> str:
        found = [each for each in kinds[place] if each]
        if set(found) == {"digits", "money"}:
            return "money"  # sums of which some have no kopecks
        return max(sorted(set(found)), key=found.count) if found else ""

    account = _find_account_column(columns, usual, find_accounts)
    money = [place for place in range(width) if usual(place) == "money"]
    days = [place for place in range(width) if usual(place) == "date"]
    if account is not None:
        guessed[account] = ("account", "")
    sums = {"payment": "paid", "balance": "opening", "charge": "total", "reading": "current"}
    total = _find_total_column(columns, money)
    if total is not None and kind in sums:
        guessed[total] = (sums[kind], "")
    if kind in ("payment", "reading") and days:
        guessed[days[0]] = ("last_payment_date" if kind == "payment" else "read_on", "")
    if kind == "payment":
        number = _find_number_column(columns, usual, {account})
        if number is not None:
            guessed[number] = ("payment_number", "")
    return guessed


def _find_account_column(
    columns: list[list[Any]],
    usual: Callable[[int], str],
    find_accounts: Callable[[list[str]], set[str]] | None,
) -> int | None:
    """Return the column of accounts: the one with most known ones, else the likeliest by its build."""
    texts = [[clean_text(cell) for cell in column] for column in columns]
    if find_accounts:
        known = find_accounts(sorted({text for column in texts for text in column if text}))
        hits = [sum(text in known for text in column) for column in texts]
        if any(hits):
            return hits.index(max(hits))
    likely = []
    for place, column in enumerate(texts):
        filled = [text for text in column if text]
        if usual(place) != "digits" or not filled or not all(3 <= len(t) <= 16 for t in filled):
            continue
        different = len(set(filled)) / len(filled)
        # numbers of operations are long; of offices and services always the same
        likely.append((different > 0.5 or len(filled) == 1, -abs(len(filled[0]) - 8), -place))
    return -max(likely)[2] if likely else None


def _find_total_column(columns: list[list[Any]], money: list[int]) -> int | None:
    """Return the column with what was paid: in each row the sum of two others, else the largest."""
    numbers = {place: [_to_number(cell) for cell in columns[place]] for place in money}
    for whole in money:
        for at, part in enumerate(money):
            for rest in money[at + 1 :]:
                if (
                    whole not in (part, rest)
                    and all(
                        a == b + c
                        for a, b, c in zip(*(numbers[p] for p in (whole, part, rest)), strict=True)
                    )
                    and any(numbers[rest])
                    and any(numbers[part])
                ):
                    return whole
    return max(money, key=lambda place: (sum(numbers[place]), -place), default=None)


def _find_number_column(
    columns: list[list[Any]], usual: Callable[[int], str], used: set[int | None]
) -> int | None:
    """Return the column with numbers of operations: long, and no two alike."""
    for place, column in enumerate(columns):
        texts = [text for text in map(clean_text, column) if text]
        if place in used or usual(place) != "digits" or len(texts) < len(column) or not texts:
            continue
        if all(8 <= len(text) <= 18 for text in texts) and len(set(texts)) == len(texts) > 1:
            return place
    return None


def unread_numbers(
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[Any]],
    headings: Sequence[str] = (),
) -> list[int]:
    """Return the columns that hold sums or formulas, and are not read.

    :param headings: a column headed as one of money («Пени прочие») holds sums in whole roubles too
    """
    found = []
    for place, (code, _service) in enumerate(columns):
        if code:
            continue
        heading = headings[place] if place < len(headings) else ""
        cells = [row[place] for row in rows if place < len(row) and not is_control(row)]
        if any(is_sum(cell, heading) for cell in cells):
            found.append(place)
    return found


def is_sum(cell: Any, heading: str = "") -> bool:
    """Tell whether a cell holds a sum or a formula, as :func:`unread_numbers` has it."""
    if cell is None or cell == "":
        return False
    if isinstance(cell, str) and not isinstance(cell, Formula) and cell[0].isalpha():
        return False  # most of what is not read, decided quickly
    kind = cell_kind(cell)
    if kind == "digits" and _OF_MONEY.search(heading) and not _OF_TIME.search(heading):
        return bool(clean_text(cell).strip("0"))
    return isinstance(cell, Formula) or kind == "money"


# ----------------------------------------------------------------------
# Known again
# ----------------------------------------------------------------------
def signature(kind: str, header: Sequence[Any]) -> str:
    """Return by what a layout is known again: a hash of the kind and the headers in their order."""
    words = [
        " ".join(clean_text(c).casefold().replace("ё", "е").split()).strip(" :*.,;№")
        for c in header
    ]
    while words and not words[-1]:
        words.pop()
    return hashlib.sha256("\n".join([kind, *words]).encode()).hexdigest()


def sign_shape(kind: str, table: Table, rows: Sequence[Sequence[Any]]) -> str:
    """Return by what a layout without headings is known again: source, delimiter, columns, days.

    Only what is alike every day counts: how many columns, and which of them hold days.
    """
    widths = [len(cells) for cells in rows] or [0]
    width = max(set(widths), key=widths.count)
    days = [
        "d"
        if any(cell_kind(cells[place]) == "date" for cells in rows if place < len(cells))
        else "x"
        for place in range(width)
    ]
    words = ["shape", kind, table.format, table.delimiter, str(width), "".join(days)]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()
