"""A row of a table → records with typed values, and problems with row and column."""

from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from .errors import Problem
from .kinds import KINDS
from .values import clean_text, parse_choice, parse_date, parse_month, parse_number

PLACES = {"money": 2, "ratio": 2, "quantity": 7, "tariff": 6, "whole": 0}
# digits before the point that the database's columns and the form 43/pr take
LIMITS = {"money": 11, "ratio": 3, "quantity": 15, "tariff": 8, "whole": 9}
TOTALS = ("итого", "всего", "total")


class Column(NamedTuple):
    """A column that is read: its place from 0, the field, the service if it stands across."""

    index: int
    field: str
    service: str = ""


class Record(NamedTuple):
    """What a row (or one service of it) says. ``columns``: field → place, for problems."""

    row: int
    values: dict
    columns: dict


def column_letter(index):
    """Return the letters of a column (0 → A)."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


class RowParser:
    """Reads rows by a layout.

    Problems: ``required``, ``number``, ``date``, ``month``, ``other_month``, ``choice``, ``too_large``,
    ``too_long``, ``lost_digits``, ``negative_discount``, ``no_reason``, ``not_total``; warning: ``rounded``.
    """

    def __init__(self, kind, columns, choices=None, decimal="", month=None):
        """:param choices: ``{field: {key: words}}``; :param month: first day of the month loaded"""
        self.kind = kind
        self.fields = KINDS[kind]
        self.columns = columns
        self.across = {}
        for column in columns:
            if column.service:
                self.across.setdefault(column.service, []).append(column)
        self.common = [column for column in columns if not column.service]
        self.choices = choices or {}
        self.decimal = decimal
        self.month = month

    def missing_fields(self):
        """Return the codes of required fields that no column holds."""
        held = {column.field for column in self.columns}
        if self.across:
            held.add("service")
        return [code for code, field in self.fields.items() if field.required and code not in held]

    def parse(self, number, cells):
        """Return ``(records, problems)``; an empty row or a line of totals gives neither."""
        if self._is_skipped(cells):
            return [], []
        problems = []
        values, places = self._read(number, cells, self.common, problems)
        records = []
        if not self.across:
            self._check(number, values, places, problems)
            records.append(Record(number, values, places))
        for service, columns in self.across.items():
            if not any(clean_text(self._cell(cells, column)) for column in columns):
                continue
            own, own_places = self._read(number, cells, columns, problems)
            merged, merged_places = {**values, **own}, {**places, **own_places}
            merged["service"] = service
            merged_places["service"] = columns[0].index
            self._check(number, merged, merged_places, problems)
            records.append(Record(number, merged, merged_places))
        if any(problem.severity == "error" for problem in problems):
            records = []
        # one and the same problem of the row's common part is told once
        return records, list(dict.fromkeys(problems))

    def get_account(self, cells):
        """Return the account that a row names, as text; also when the row cannot be read."""
        column = next((each for each in self.common if each.field == "account"), None)
        return clean_text(self._cell(cells, column)) if column else ""

    @staticmethod
    def _cell(cells, column):
        return cells[column.index] if column.index < len(cells) else None

    def _is_skipped(self, cells):
        texts = [text for text in map(clean_text, cells) if text]
        if not texts:
            return True
        own = self.get_account(cells)
        return (not own or own.casefold().startswith(TOTALS)) and any(
            text.casefold().startswith(TOTALS) for text in texts
        )

    def _read(self, number, cells, columns, problems):
        values, places = {}, {}
        for column in columns:
            cell, field = self._cell(cells, column), self.fields[column.field]
            places[column.field] = column.index
            value, code, severity = self._convert(column.field, field, cell)
            if code:
                text = clean_text(cell)[:100]
                problems.append(Problem(number, column.index, code, text, severity))
            values[column.field] = value
            if field.required and value in (None, "") and not code:
                problems.append(Problem(number, column.index, "required"))
        return values, places

    def _convert(self, name, field, cell):
        """Return ``(value, problem code or "", severity)``."""
        kind = field.type
        if kind in PLACES:
            return self._convert_number(kind, cell)
        if kind in ("date", "month"):
            try:
                value = parse_date(cell) if kind == "date" else parse_month(cell)
            except (ValueError, OverflowError, AttributeError):
                return None, kind, "error"
            if kind == "month" and value and self.month and value != self.month:
                return value, "other_month", "error"
            return value, "", ""
        if kind == "choice":
            try:
                return parse_choice(cell, self.choices.get(name, {})), "", ""
            except ValueError:
                return None, "choice", "error"
        text = clean_text(cell)
        if kind == "digits":
            if isinstance(cell, int | float) and abs(cell) >= 10**15:
                return None, "lost_digits", "error"
            text = text.replace(" ", "")
        limit = 30 if kind == "account" else 4000 if name == "explanation" else 500
        if len(text) > limit:
            return text[:limit], "too_long", "error"
        return text, "", ""

    def _convert_number(self, kind, cell):
        try:
            number = parse_number(cell, self.decimal)
        except (ValueError, ArithmeticError):
            return None, "number", "error"
        if number is None:
            return None, "", ""
        if abs(number) >= Decimal(10) ** LIMITS[kind]:
            return None, "too_large", "error"
        rounded = number.quantize(Decimal(1).scaleb(-PLACES[kind]), rounding=ROUND_HALF_UP)
        if kind == "whole":
            if rounded != number or number < 0:
                return None, "number", "error"
            return int(rounded), "", ""
        code = "rounded" if kind == "money" and rounded != number else ""
        return rounded, code, "warning"

    def _check(self, number, values, places, problems):
        """Check what a charge must hold together; fill in the amount where it follows."""
        if self.kind != "charge":
            return

        def figure(name):
            return values.get(name) or Decimal(0)

        def tell(name, code, value=""):
            problems.append(Problem(number, places.get(name), code, value))

        if figure("discount") < 0:
            tell("discount", "negative_discount", str(figure("discount")))
        if figure("recalculation") and not values.get("recalculation_reason"):
            if "recalculation_reason" in places:
                tell("recalculation_reason", "no_reason")
        rest = figure("excess") + figure("recalculation") - figure("discount")
        if values.get("amount") is None:
            parts = ("amount_individual", "amount_common")
            if any(values.get(name) is not None for name in parts):
                values["amount"] = sum((figure(name) for name in parts), Decimal(0))
            elif values.get("total") is not None:
                values["amount"] = figure("total") - rest
        if values.get("total") is not None and figure("total") != figure("amount") + rest:
            tell("total", "not_total", str(figure("amount") + rest))
