"""A row of a table → records with typed values, and problems with row and column."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from .. import figures
from .control import Control, Running, is_total, read_control
from .errors import Problem
from .headers import is_sum, split_meter
from .kinds import KINDS, OPERATIONS, Field
from .values import Formula, clean_text, parse_choice, parse_date, parse_month, parse_number

PLACES = {"money": 2, "ratio": 2, "quantity": 7, "tariff": 6, "whole": 0}
# digits before the point that the database's columns and the form 43/pr take
LIMITS = {"money": 11, "ratio": 3, "quantity": 15, "tariff": 8, "whole": 9}
CACHED = 20_000  # texts of a column whose values are remembered
_QUANTA = {kind: Decimal(1).scaleb(-places) for kind, places in PLACES.items()}
_LARGEST = {kind: Decimal(10) ** digits for kind, digits in LIMITS.items()}
_SIMPLE_NUMBER = re.compile(r"-?\d{1,9}(?:([.,])\d{1,6})?")
# «1,500»: one rouble and a half, or one thousand and five hundred
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}[.,]\d{3}")
_AROUND = re.compile(r"[^\d.,]|[.,]$|(?<=[^\d])[.,](?!\d)")
# «1,00001E+11»: what Excel makes of a long number
_EXPONENT = re.compile(r"\d[.,]\d+E\+\d+", re.I)
_ZERO = Decimal(0)
# the figure whose sum counts most, by kind; then the others of money
_MAIN = {"charge": ("total", "amount"), "balance": ("opening", "charged"), "payment": ("paid",)}
# kinds whose rows are figures of accounts
_OF_MONTHS = ("charge", "balance", "payment", "reading")
_NAMES = ("payer_surname", "payer_first_name", "payer_patronymic")
_IN_WORDS = re.compile(
    r"^(?P<house>.+?),?\s{1,3}(?:кв|квартира|пом|помещение)\b\.?\s{0,3}№?\s{0,3}(?P<premises>[^,]{1,200})$",
    re.I,
)

Converted = tuple[Any, str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is read: its place from 0, the field, the service if it stands across.

    Services «#1», «#2» … stand for groups of columns that name their service themselves.
    """

    index: int
    field: str
    service: str = ""


class Record(NamedTuple):
    """What a row (or one service of it) says. ``columns``: field → place, for problems.

    ``cells``: the row as it stands in the file; none where the record came another way.
    """

    row: int
    values: dict[str, Any]
    columns: dict[str, int]
    cells: Sequence[Any] = ()

    def blame(
        self,
        name: str | None,
        code: str,
        value: str = "",
        severity: str = "error",
        detail: str = "",
    ) -> Problem:
        """Return a problem of this record, with the cell's own text beside what is reported of it.

        :param name: field whose column is shown; None for the whole row
        :param value: what the message tells; shown in the cell's place where there is no cell
        :param detail: what the message tells instead
        """
        place = self.columns.get(name) if name else None
        text = value
        if place is not None and place < len(self.cells):
            text = clean_text(self.cells[place])[:100]
        return Problem(self.row, place, code, text, severity, detail or value)


class _Reader(NamedTuple):
    """How one column is read."""

    place: int
    code: str
    required: bool
    convert: Callable[[Any], Converted]
    cache: dict[str | float, Converted]
    adds: bool


def column_letter(index: int) -> str:
    """Return the letters of a column (0 → A)."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


class RowParser:
    """Reads rows by a layout, and adds up what they hold.

    Problems: ``required``, ``number``, ``date``, ``month``, ``other_month``, ``choice``, ``too_large``,
    ``too_long``, ``lost_digits``, ``formula`` (without a value), ``negative_discount``, ``no_reason``,
    ``not_total``, ``no_amount`` (an empty one beside volume and tariff), ``not_due``, ``of_all`` (a figure
    of the whole row beside services across), ``control_count``, ``control_sum``; warnings: ``rounded``,
    ``refund``, ``outgoing``, ``note`` (words without a figure). ``thousands``: «1,500» may be two sums; ``extra_cells``: more of them
    than headings.

    :ivar running: counts and sums of the rows read so far; to be kept where reading stops
    """

    def __init__(
        self,
        kind: str,
        columns: Sequence[Column],
        choices: dict[str, dict[str, Iterable[str]]] | None = None,
        decimal: str = "",
        month: date | None = None,
        watch: Iterable[int] = (),
        headings: Sequence[str] = (),
        width: int = 0,
        running: Running | None = None,
        controls: Iterable[Control] = (),
    ) -> None:
        """:param choices: ``{field: {key: words}}``
        :param decimal: «,» or «.» where a file says; empty: by each number
        :param month: first day of the month loaded
        :param watch: columns that are not read and whose numbers are added up to be reported
        :param headings: of all columns: one that is not read and turns out to hold sums, is watched
            from there on
        :param width: how many columns have a heading, where a row may not have more cells; 0: any
        :param running: what was read of the file before
        :param controls: sums that the file tells outside of its rows, see :meth:`check_end`
        """
        self.kind = kind
        self.fields = KINDS[kind]
        self.columns = list(columns)
        self.choices: dict[str, dict[str, Iterable[str]]] = {
            "operation": dict(OPERATIONS),
            **(choices or {}),
        }
        self.decimal = decimal
        self.month = month
        self.watch = list(watch)
        self.width = width
        read = {column.index for column in self.columns}.union(self.watch)
        self._spot = {n: title for n, title in enumerate(headings) if n not in read}
        self.running = running or Running()
        self.controls = tuple(controls)
        self.across: dict[str, list[Column]] = {}
        for column in self.columns:
            if column.service:
                self.across.setdefault(column.service, []).append(column)
        self.common = [column for column in self.columns if not column.service]
        self._common = [self._get_reader(column) for column in self.common]
        self._across = {
            service: [self._get_reader(column) for column in found]
            for service, found in self.across.items()
        }
        # field → place, of each group of columns: the same for all rows
        self._places = {
            service: {reader.code: reader.place for reader in readers}
            for service, readers in (("", self._common), *self._across.items())
        }
        self._account = next((c.index for c in self.common if c.field == "account"), None)
        self._last_account: Any = None
        self.money = self._get_money()

    def _get_reader(self, column: Column) -> _Reader:
        field = self.fields[column.field]
        return _Reader(
            column.index,
            column.field,
            field.required,
            self._get_converter(column.field, field),
            {},
            field.type in ("money", "quantity"),
        )

    def _get_money(self) -> list[int]:
        """Return the columns of money, the one that counts most first."""
        of_money = [c for c in self.columns if self.fields[c.field].type == "money"]
        main = _MAIN.get(self.kind, ())
        order = {code: place for place, code in enumerate(main)}
        return [c.index for c in sorted(of_money, key=lambda c: order.get(c.field, len(order)))]

    def missing_fields(self) -> list[str]:
        """Return the codes of required fields that no column holds."""
        held = {column.field for column in self.columns}
        if self.across:
            held.add("service")
            if self.kind == "reading":
                held.add("meter_number")
        return [code for code, field in self.fields.items() if field.required and code not in held]

    def get_account(self, cells: Sequence[Any]) -> str:
        """Return the account that a row names, as text; also when the row cannot be read."""
        place = self._account
        return clean_text(cells[place]) if place is not None and place < len(cells) else ""

    # ------------------------------------------------------------------
    # A row
    # ------------------------------------------------------------------
    def parse(self, number: int, cells: Sequence[Any]) -> tuple[list[Record], list[Problem]]:
        """Return ``(records, problems)``; an empty row gives neither, a row of totals is compared."""
        first = cells[0] if cells else None
        if not self._is_account_row(cells) or (type(first) is str and first[:1] == "="):
            account = self.get_account(cells)
            if not any(map(clean_text, cells)):
                return [], []
            control = read_control(number, cells, account)
            if control:
                return [], self.running.compare(control, self.money)
            if not account and (note := self._get_note(cells)):
                return [], [Problem(number, None, "note", note[:100], "warning")]
        elif len(cells) == 1 or not any(cells[1:]):
            if note := self._get_note(cells):
                return [], [Problem(number, None, "note", note[:100], "warning")]
        problems: list[Problem] = []
        sums: list[tuple[int, Decimal]] = []
        if self.width and len(cells) > self.width:
            problems += self._check_width(number, cells)
        values = self._read(number, cells, self._common, problems, sums)
        places = self._places[""]
        if self._across:
            records = self._read_across(number, cells, values, places, problems, sums)
        else:
            self._finish(number, cells, values, places, problems)
            records = [Record(number, values, places, cells)]
        if values.get("operation") == "outgoing":
            return [], [p for p in problems if p.code == "outgoing"]
        if self._spot:
            self._find_sums(cells)
        for place in self.watch:
            if place < len(cells) and (watched := _find_number(cells[place])) is not None:
                sums.append((place, watched))
        self.running.add(sums)
        if problems:
            if any(problem.severity == "error" for problem in problems):
                records = []
            # one and the same problem of the row's common part is reported once
            problems = list(dict.fromkeys(problems))
        return records, problems

    def _is_account_row(self, cells: Sequence[Any]) -> bool:
        """Tell whether a row names an account, and is no row of totals."""
        place = self._account
        if place is None or place >= len(cells):
            return False
        cell = cells[place]
        # rows of one account mostly stand together
        if type(cell) is str and cell == self._last_account:
            return True
        account = clean_text(cell)
        if not account or is_total(account):
            return False
        self._last_account = cell
        return True

    def _get_note(self, cells: Sequence[Any]) -> str:
        """Return the words of a row that can hold no figure of an account: «Исполнитель: …»."""
        if self._account is None or self.kind not in _OF_MONTHS:
            return ""
        texts = [text for text in map(clean_text, cells) if text]
        if any(text.startswith("=") for text in texts):  # a formula
            return ""
        if not any(map(str.isdigit, "".join(texts))):
            return " ".join(texts)
        alone = len(texts) == 1 and not self._is_account_row(cells)
        return (
            texts[0] if alone and any(map(str.isalpha, texts[0])) and not is_sum(texts[0]) else ""
        )

    def check_end(self) -> list[Problem]:
        """Return what is wrong with the sums that the file tells outside of its rows."""
        found = [p for control in self.controls for p in self.running.compare(control, self.money)]
        return found + self.running.check_end(self.money)

    def _find_sums(self, cells: Sequence[Any]) -> None:
        """Watch the columns from now on in which the row has sums, as none of the rows before it had."""
        count = len(cells)
        found = [n for n, title in self._spot.items() if n < count and is_sum(cells[n], title)]
        for place in found:
            del self._spot[place]
            self.watch.append(place)

    def _check_width(self, number: int, cells: Sequence[Any]) -> list[Problem]:
        """Return an error for a number beyond the headings: «10,50» divided by its comma, say."""
        beyond = " ".join(filter(None, map(clean_text, cells[self.width :])))
        if any(letter.isdigit() for letter in beyond):
            return [Problem(number, self.width, "extra_cells", beyond[:100])]
        return []

    def _read_across(
        self,
        number: int,
        cells: Sequence[Any],
        values: dict[str, Any],
        places: dict[str, int],
        problems: list[Problem],
        sums: list[tuple[int, Decimal]],
    ) -> list[Record]:
        """Return a record for each service of the row; for balances one, of their sums."""
        if self.kind == "charge":
            for reader in self._common:
                if self.fields[reader.code].across and values.get(reader.code):
                    text = clean_text(cells[reader.place])[:100]
                    problems.append(Problem(number, reader.place, "of_all", text))
        records = []
        places = dict(places)
        for service, readers in self._across.items():
            if not any(
                reader.place < len(cells) and clean_text(cells[reader.place]) for reader in readers
            ):
                continue
            own = self._read(number, cells, readers, problems, sums)
            own_places = self._places[service]
            if self.kind == "balance":
                for code, figure in own.items():
                    values[code] = (values.get(code) or _ZERO) + (figure or _ZERO)
                    places.setdefault(code, own_places[code])
                continue
            merged, merged_places = {**values, **own}, {**places, **own_places}
            if not service.startswith("#"):
                self._name_service(service, readers[0].place, merged, merged_places)
            elif self.kind == "reading":
                merged["service_hint"] = split_meter(merged.get("service") or "")[1]
            self._finish(number, cells, merged, merged_places, problems)
            records.append(Record(number, merged, merged_places, cells))
        if self.kind == "balance":
            self._finish(number, cells, values, places, problems)
            records.append(Record(number, values, places, cells))
        return records

    def _name_service(
        self, service: str, place: int, values: dict[str, Any], places: dict[str, int]
    ) -> None:
        """Say whose figures a group of columns holds; of a meter, which of the account's."""
        values["service"] = service
        places["service"] = place
        if self.kind == "reading":
            name, hint, place_of_meter = split_meter(service)
            values.update(service=name, service_hint=hint, meter_place=place_of_meter)
            values.setdefault("meter_number", service)
            places.setdefault("meter_number", place)

    def _read(
        self,
        number: int,
        cells: Sequence[Any],
        readers: Sequence[_Reader],
        problems: list[Problem],
        sums: list[tuple[int, Decimal]],
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        count = len(cells)
        for index, code, required, convert, cache, adds in readers:
            cell = cells[index] if index < count else None
            # exactly these: what is derived from them is read anew each time
            if type(cell) is str or type(cell) is float:
                found = cache.get(cell)
                if found is None:
                    found = convert(cell)
                    if len(cache) >= CACHED:
                        cache.clear()
                    cache[cell] = found
            else:
                found = convert(cell)
            value, wrong, severity = found
            values[code] = value
            if wrong:
                text = clean_text(cell)[:100]
                problems.append(Problem(number, index, wrong, text, severity))
            elif required and (value is None or value == ""):
                problems.append(Problem(number, index, "required"))
            if adds and value is not None:
                sums.append((index, value))
        return values

    # ------------------------------------------------------------------
    # A cell
    # ------------------------------------------------------------------
    def _get_converter(self, name: str, field: Field) -> Callable[[Any], Converted]:
        """Return what turns a cell of a field into ``(value, problem code or "", severity)``."""
        kind = field.type
        if kind in PLACES:
            return lambda cell: self._convert_number(kind, cell)
        if kind in ("date", "month"):
            return lambda cell: self._convert_day(kind, cell)
        if kind == "choice":
            options = self.choices.get(name, {})
            return lambda cell: _convert_choice(cell, options)
        limit = 30 if kind == "account" else 4000 if name == "explanation" else 500
        return lambda cell: _convert_text(kind, cell, limit)

    def _convert_day(self, kind: str, cell: Any) -> Converted:
        if isinstance(cell, Formula):
            return None, "formula", "error"
        try:
            value = parse_date(cell) if kind == "date" else parse_month(cell)
        except (ValueError, OverflowError, AttributeError):
            return None, kind, "error"
        if kind == "month" and value and self.month and value != self.month:
            return value, "other_month", "error"
        return value, "", ""

    def _convert_number(self, kind: str, cell: Any) -> Converted:
        if cell is None or cell == "":
            return None, "", ""
        if type(cell) is str and (match := _SIMPLE_NUMBER.fullmatch(cell)):
            mark = match[1]
            if not mark or not self.decimal or mark == self.decimal:
                if mark and kind == "money" and not self.decimal and _THOUSANDS.fullmatch(cell):
                    return None, "thousands", "error"
                number: Decimal | None = Decimal(cell.replace(",", ".") if mark == "," else cell)
                return self._fit(kind, number)
        if type(cell) is int:
            return self._fit(kind, Decimal(cell))
        if isinstance(cell, Formula):
            return None, "formula", "error"
        try:
            number = parse_number(cell, self.decimal)
        except (ValueError, ArithmeticError):
            return None, "number", "error"
        if kind == "money" and not self.decimal and type(cell) is str and _is_doubtful(cell):
            return None, "thousands", "error"
        return self._fit(kind, number)

    @staticmethod
    def _fit(kind: str, number: Decimal | None) -> Converted:
        """Return the number as it is kept: rounded, rejected when it is too large."""
        if number is None:
            return None, "", ""
        if abs(number) >= _LARGEST[kind]:
            return None, "too_large", "error"
        rounded = number.quantize(_QUANTA[kind], rounding=ROUND_HALF_UP)
        if kind == "whole":
            if rounded != number or number < 0:
                return None, "number", "error"
            return int(rounded), "", ""
        code = "rounded" if kind == "money" and rounded != number else ""
        return rounded, code, "warning"

    # ------------------------------------------------------------------
    # What the figures of a row must hold together
    # ------------------------------------------------------------------
    def _finish(
        self,
        number: int,
        cells: Sequence[Any],
        values: dict[str, Any],
        places: dict[str, int],
        problems: list[Problem],
    ) -> None:
        """Check a record and bring it to the form that is kept."""

        def report(name: str, code: str, detail: str = "", severity: str = "error") -> None:
            place = places.get(name)
            text = "" if place is None or place >= len(cells) else clean_text(cells[place])[:100]
            problems.append(Problem(number, place, code, text, severity, detail))

        if self.kind == "charge":
            check_charge(values, places, report)
        elif self.kind == "balance":
            _check_balance(values, places, report)
        elif self.kind == "payment" and "operation" in places:
            _check_operation(values, report)
        if "payer_surname" in places or "payer_first_name" in places:
            parts = [values.pop(name, None) for name in _NAMES]
            values["payer"] = " ".join(filter(None, (values.get("payer"), *parts)))
        if "building" in places and "premises" in self.fields and "premises" not in places:
            _divide_address(values)


Report = Callable[..., None]


def check_charge(values: dict[str, Any], places: dict[str, int], report: Report) -> None:
    """Check what a charge must hold together; fill in the amount where it follows."""

    get = values.get
    if not (get("discount") or get("recalculation") or get("total") is not None):
        if get("amount") is not None:
            return  # nothing to hold together, as in most of a million lines

    def figure(name: str) -> Decimal:
        return values.get(name) or _ZERO

    if figure("discount") < 0:
        report("discount", "negative_discount")
    if figure("recalculation") and not values.get("recalculation_reason"):
        if "recalculation_reason" in places:
            report("recalculation_reason", "no_reason")
    # as ``figures.expected_total`` (a test holds them together), without its rounding: each line
    # of a file comes by
    rest = figure("excess") + figure("recalculation") - figure("discount")
    if values.get("amount") is None:
        parts = ("amount_individual", "amount_common")
        if any(values.get(name) is not None for name in parts):
            values["amount"] = sum((figure(name) for name in parts), _ZERO)
        elif values.get("total") is not None:
            values["amount"] = figure("total") - rest
        elif figure("tariff") and (figure("volume_individual") or figure("volume_common")):
            report("amount" if "amount" in places else "tariff", "no_amount")
    if values.get("total") is not None and figure("total") != figure("amount") + rest:
        report("total", "not_total", str(figure("amount") + rest))


def _check_balance(values: dict[str, Any], places: dict[str, int], report: Report) -> None:
    """Fold debt and advance into one figure, and compare what the row says it comes to."""
    if "advance" in places:
        advance = values.pop("advance", None)
        if advance is not None:
            values["opening"] = (values.get("opening") or _ZERO) - abs(advance)
    if "recalculation" in places:
        change = values.pop("recalculation", None)
        if change is not None:
            values["charged"] = (values.get("charged") or _ZERO) + change
    due = values.pop("due", None)
    if due is None or not {"opening", "advance"} & set(places):
        return
    made = figures.expected_due({name: values.get(name) for name in figures.DUE_SIGNS})
    if made != due:
        report("due", "not_due", str(made))


def _check_operation(values: dict[str, Any], report: Report) -> None:
    """Money given back is no payment: it lowers what was paid."""
    operation, paid = values.get("operation"), values.get("paid")
    if operation == "refund" and paid is not None:
        values["paid"] = -abs(paid)
        report("paid", "refund", severity="warning")
    elif operation == "outgoing":
        report("paid", "outgoing", severity="warning")


def _divide_address(values: dict[str, Any]) -> None:
    """Take the flat out of an address that names it at its end."""
    match = _IN_WORDS.match(values.get("building") or "")
    if match:
        values["building"], values["premises"] = match["house"], match["premises"].strip()


def _is_doubtful(cell: str) -> bool:
    """Tell whether a sum with marks around it («1,500 руб.», «(1.500)») may be two."""
    found = _AROUND.sub("", cell)
    return bool(_THOUSANDS.fullmatch(found))


def _convert_choice(cell: Any, options: dict[str, Iterable[str]]) -> Converted:
    try:
        return parse_choice(cell, options), "", ""
    except ValueError:
        return None, "choice", "error"


def _convert_text(kind: str, cell: Any, limit: int) -> Converted:
    if isinstance(cell, Formula):
        return None, "formula", "error"
    text = clean_text(cell)
    if kind == "digits":
        if isinstance(cell, int | float) and abs(cell) >= 10**15:
            return None, "lost_digits", "error"
        text = text.replace(" ", "")
    if kind in ("digits", "account") and _EXPONENT.fullmatch(text):
        return text, "lost_digits", "error"
    if len(text) > limit:
        return text[:limit], "too_long", "error"
    return text, "", ""


def _find_number(cell: Any) -> Decimal | None:
    try:
        return parse_number(cell)
    except (ValueError, ArithmeticError):
        return None
