"""Workbooks of ГИС ЖКХ whose sheets belong together: accounts with premises, documents with lines.

Sheets and columns are found by their headings, as the service changes its templates from time to time.
Documents name no account number but the identifier of housing services (ИЖКУ), which loading knows too.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from .errors import TableError
from .headers import normalise
from .reader import Row, Table
from .values import clean_text
from .workbook import WorkbookTable

if TYPE_CHECKING:
    from .kinds_of_files import Wanted

ROWS_CHECKED = 10
_PREMISES = ["Адрес помещения", "Помещение", "Тип помещения"]


@dataclass(frozen=True)
class _Rule:
    """A heading that matches ``pattern`` (normalised text) holds ``field``."""

    pattern: str
    field: str


def _rules(*pairs: tuple[str, str]) -> tuple[_Rule, ...]:
    return tuple(_Rule(pattern, field) for pattern, field in pairs)


_ACCOUNT_RULES = _rules(
    (r"номер лс", "account"),
    (r"номер (елс|единого лицевого счета)", "unified_number"),
    (r"идентификатор жку", "gis_service_id"),
    (r"фамилия", "payer_surname"),
    (r"имя", "payer_first_name"),
    (r"отчество", "payer_patronymic"),
    (r"общая площадь", "area"),
    (r"количество проживающих", "residents"),
    (r"адрес помещения", "building"),
    (r"помещение$", "premises"),
)
_BALANCE_RULES = _rules(
    (r"идентификатор жку", "account"),
    (r"расчетный период", "period"),
    (r"задолженность за предыдущие периоды", "opening"),
    (r"аванс на начало", "advance"),
    (r"сумма к оплате за расчетный период, руб", "charged"),
    (r"оплачено денежных средств", "paid"),
    (r"дата последней поступившей оплаты", "last_payment_date"),
    (r"итого к оплате по неустойкам", "penalty"),
    (r"итого к оплате за расчетный период [cс] учетом", "due"),
    (r"расчетный счет", "payee"),
)
_GIS_RULES = _rules(
    (r"идентификатор жку", "account"),
    (r"идентификатор платежного документа", "gis_document_id"),
)
_CHARGE_RULES = _rules(
    (r"идентификатор жку", "account"),
    (r"расчетный период", "period"),
    (r"услуга", "service"),
    (r"ед\w*ица измерения", "uom"),
    (r"объем услуг - индивидуальное потребление - способ", "volume_method"),
    (r"объем услуг - индивидуальное потребление - объем", "volume_individual"),
    (r"объем услуг - общедомовые нужды - объем", "volume_common"),
    (r"тариф", "tariff"),
    (r"размер платы за коммунальные услуги, руб\S* - индивидуальное", "amount_individual"),
    (r"размер платы за коммунальные услуги, руб\S* - потребление при содержании", "amount_common"),
    (r"всего на-?числено", "amount"),
    (r"размер повышающего коэффициента", "ratio"),
    (r"размер превышения платы", "excess"),
    (r"перерасчеты всего", "recalculation"),
    (r"основания перерасчетов", "recalculation_reason"),
    (r"льготы, субсидии", "discount"),
    (r"порядок расчетов", "explanation"),
    (r"итого к оплате за расчетный период.* всего", "total"),
)


def open_workbook(stream: BinaryIO, wanted: "Wanted") -> Table:
    """Return the reader of an XLSX: with its sheets joined where they belong together."""
    book = WorkbookTable(stream, wanted.limits, wanted.sheet)
    if wanted.sheet:
        return book
    if {"Основные сведения", "Помещения"} <= set(book.sheets):
        book.close()
        return _GisAccounts(stream, wanted)
    if "Разделы 1-2" in book.sheets and wanted.kind != "payment":
        book.close()
        if wanted.kind == "charge":
            return _GisCharges(stream, wanted)
        return _GisTable(stream, wanted, "Разделы 1-2", ("номер платежного документа",))
    return book


class _GisTable(Table):
    """One sheet whose headings are found; subclasses add columns of another sheet."""

    rules = {"balance": _BALANCE_RULES, "gis": _GIS_RULES}

    def __init__(
        self, stream: BinaryIO, wanted: "Wanted", sheet: str, words: tuple[str, ...]
    ) -> None:
        super().__init__(format="gis")
        self._stream, self._limits = stream, wanted.limits
        self._book = WorkbookTable(stream, wanted.limits, sheet)
        self.sheets, self.size = self._book.sheets, self._book.size
        head = _find_head(self._book, words)
        self._start, self._number = head.end, head.number
        self._own = [clean_text(cell) for cell in head.cells]
        self.headings = list(self._own)

    def rows(self, position: int = 0, number: int = 0) -> Iterator[Row]:
        """Yield the rows under the headings."""
        if position < self._start:
            position, number = self._start, self._number
        for row in self._book.rows(position, number):
            cells = [*row.cells, *[None] * (len(self._own) - len(row.cells))]
            if any(cell not in (None, "") for cell in cells):
                cells = self._complete(cells[: len(self._own)])
            yield row._replace(cells=cells)

    def _complete(self, cells: list[Any]) -> list[Any]:
        return cells

    def suggest(self, kind: str) -> list[tuple[str, str]] | None:
        """Return what the columns hold."""
        if kind not in self.rules:
            return None
        return _apply(self.rules[kind], self.headings or [])

    def close(self) -> None:
        """Close the workbook."""
        self._book.close()

    def _read_side(self, sheet: str, words: tuple[str, ...]) -> Iterator[dict[str, str]]:
        """Yield the rows of another sheet as ``{normalised heading: text}``."""
        if sheet not in self._book.sheets:
            raise TableError("no_sheet", detail=sheet)
        book = WorkbookTable(self._stream, self._limits, sheet)
        try:
            head = _find_head(book, words)
            names = [normalise(cell) for cell in head.cells]
            for row in book.rows(head.end, head.number):
                yield dict(zip(names, map(clean_text, row.cells), strict=False))
        finally:
            book.close()


class _GisAccounts(_GisTable):
    """Template of accounts: «Основные сведения» with «Помещения», joined by «№ записи»."""

    rules = {kind: _ACCOUNT_RULES for kind in ("account", "gis")}

    def __init__(self, stream: BinaryIO, wanted: "Wanted") -> None:
        super().__init__(stream, wanted, "Основные сведения", ("номер лс",))
        self._places: dict[str, list[str]] = {}
        for row in self._read_side("Помещения", ("адрес помещения",)):
            key = _get(row, "записи")
            number, room = _get(row, "номер помещения"), _get(row, "номер комнаты")
            premises = ", ".join(filter(None, (number, room and f"комн. {room}")))
            known = self._places.get(key)
            if not key:
                continue
            if known and premises:
                known[1] = ", ".join(filter(None, (known[1], premises)))
            elif not known:
                self._places[key] = [_get(row, "адрес"), premises, _get(row, "тип")]
        self.headings = [*self._own, *_PREMISES]
        words = [normalise(heading) for heading in self._own]
        self._key = next((n for n, word in enumerate(words) if "записи" in word), None)

    def _complete(self, cells: list[Any]) -> list[Any]:
        key = "" if self._key is None else clean_text(cells[self._key])
        return [*cells, *self._places.get(key, [None] * len(_PREMISES))]


class _GisCharges(_GisTable):
    """Lines of documents («Разделы 3-6») with the account and the month of «Разделы 1-2»."""

    rules = {"charge": _CHARGE_RULES}

    def __init__(self, stream: BinaryIO, wanted: "Wanted") -> None:
        super().__init__(stream, wanted, "Разделы 3-6", ("услуга", "номер платежного документа"))
        self._documents: dict[str, list[str]] = {}
        for row in self._read_side("Разделы 1-2", ("номер платежного документа",)):
            number = _get(row, "номер платежного документа")
            if number in self._documents:
                raise TableError("damaged", detail=number)
            if number:
                names = ("идентификатор жку", "расчетный период")
                self._documents[number] = [_get(row, name) for name in names]
        self.headings = ["Идентификатор ЖКУ", "Расчетный период", *self._own]
        words = [normalise(heading) for heading in self._own]
        self._key = next((n for n, w in enumerate(words) if "платежного документа" in w), 0)

    def _complete(self, cells: list[Any]) -> list[Any]:
        key = clean_text(cells[self._key])
        return [*self._documents.get(key, [None, None]), *cells]


def _find_head(book: WorkbookTable, words: tuple[str, ...]) -> Row:
    for row in itertools.islice(book.rows(), ROWS_CHECKED):
        texts = [normalise(cell) for cell in row.cells]
        if all(any(text.startswith(word) for text in texts) for word in words):
            return row
    raise TableError("no_headings", detail=words[0])


def _apply(rules: tuple[_Rule, ...], headings: list[str]) -> list[tuple[str, str]]:
    columns, taken = [], set()
    for heading in headings:
        word = normalise(heading)
        field = next(
            (r.field for r in rules if r.field not in taken and re.match(r.pattern, word)), ""
        )
        taken.add(field)
        columns.append((field, ""))
    return columns


def _get(row: dict[str, str], start: str) -> str:
    """Return the first cell whose heading has a word at its start (or, for «записи», within)."""
    inner = start == "записи"
    return next(
        (v for name, v in row.items() if (start in name if inner else name.startswith(start))), ""
    )
