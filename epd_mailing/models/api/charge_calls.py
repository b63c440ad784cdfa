"""Charges, balances and readings of a month from a billing program."""

from operator import itemgetter

from ...tools.plain_values import PlainValueError, read_day, read_decimal
from ...tools.table_file import Record, check_charge
from ..charge.epd_charge import DEFAULT_LINE_KEY
from ..intake.import_texts import describe_problem
from ..intake.loader import Target, get_loader
from ..intake.loader.marks import Marks
from .calls import CallRejected, Calls, is_kept, make_problem

LINES_EACH = 200
# section of an account → kind of the loader, names of what tells a line
SECTIONS = {
    "charges": ("charge", ("service", "line_key")),
    "balances": ("balance", ("payee",)),
    "readings": ("reading", ("service", "meter_number", "zone")),
}
KEY_DEFAULTS = {"line_key": DEFAULT_LINE_KEY, "zone": ""}
PARTS = ("amount_individual", "amount_common")
# problems of the loader → codes of the contract
CODES = {
    "no_account": "account_unknown",
    "no_service": "service_unknown",
    "unknown_payee": "payee_unknown",
    "twice": "line_twice",
    "too_long": "too_long",
    "negative_discount": "discount_negative",
    "no_reason": "reason_missing",
    "not_total": "line_sum",
    "other_payer": "payer_differs",
    "no_building": "field_missing",
}


class LoadCalls(Calls):
    """Calls that bring records to the loader, as files do."""

    def __init__(self, env):
        super().__init__(env)
        self.problems = []  # (row, problem), a row is the place of the record in the call

    def note(self, row, code, text, record):
        """Note a problem with an entry of the call."""
        self.problems.append((row, make_problem(code, text, record)))

    def get_problems(self):
        """Return the problems in the order of what was given."""
        return [problem for _row, problem in sorted(self.problems, key=itemgetter(0))]

    def describe(self, code, value=""):
        """Return ``(code of the contract, text)`` of a problem of the loader."""
        text = describe_problem(self.env, code, value)
        # a file shows the cell beside its problem, a call has the text alone
        shown = f"{text} ({value})" if code in ("no_service", "unknown_payee") else text
        return CODES.get(code, "refused"), shown

    def read_value(self, field, value):
        """Return a value of the call as the loader takes it: Decimal for figures, False for nothing.

        :raise CallRejected: when it is none of the field's
        """
        try:
            if field.type == "monetary":
                return read_decimal(value, 2)
            if field.type == "float":
                return read_decimal(value, field.get_digits(self.env)[1])
            if field.type == "date":
                return read_day(value) or False
        except PlainValueError as error:
            texts = {
                "not_a_decimal": self.env._("“%s” is written as a decimal text such as 118.40."),
                "too_precise": self.env._("“%s” has more decimals than are kept."),
                "not_a_day": self.env._("“%s” is written as a day such as 2026-03-31."),
            }
            raise CallRejected(error.code, texts[error.code] % field.name) from error
        self.check_text(value, field.name, getattr(field, "size", None))
        if field.type == "selection":
            value = value or "other"
            return self.check_choice(value, field.get_values(self.env), "choice_unknown")
        return value or False


class ChargeCalls(LoadCalls):
    """Figures of a month: a section of an account is replaced as a whole."""

    def put(self, month, accounts):
        """Accept figures; see ``epd.api.put_charges``."""
        self.check_account_count(accounts)
        period = self.get_period(month, create=True)
        target = Target(company=self.company, period=period, from_program=True)
        self.loaders = {
            section: get_loader(kind)(self.env, target, Marks(), dry=False)
            for section, (kind, _names) in SECTIONS.items()
        }
        self.places = {}  # row → (account number, number/section/line)
        entries = self._read_accounts(accounts)
        lines = {section: self._match(section, entries) for section in SECTIONS}
        good = {account_id: parts for account_id, parts in entries.items() if parts is not None}
        changed = set()
        for section, loader in self.loaders.items():
            given = {account_id for account_id, parts in good.items() if section in parts}
            wanted = [line for line in lines[section] if line.account.id in given]
            loader.save(wanted)
            changed |= {line.account.id for line in wanted if line.outcome != "same"}
            changed |= loader.remove_others(given, wanted)
        return {
            "taken": len(changed),
            "unchanged": len(good) - len(changed),
            "left_out": len(accounts) - len(good),
            "problems": self.get_problems(),
        }

    def _match(self, section, entries):
        """Return the lines of a section; accounts with a problem become None in ``entries``."""
        loader = self.loaders[section]
        lines = loader.match(
            [record for parts in entries.values() if parts for record in parts.get(section, ())]
        )
        for problem in loader.problems:
            if problem.severity == "error":
                account_id, record = self.places[problem.row]
                self.note(problem.row, *self.describe(problem.code, problem.value), record)
                entries[account_id] = None
        return lines

    # --- reading ----------------------------------------------------------------------------------

    def _read_accounts(self, accounts):
        """Return ``{account id: {section: records}}``, None for an account that cannot be read."""
        numbers = [get_number(entry) for entry in accounts]
        known = self.loaders["charges"].matcher.find_accounts(numbers)
        self.row = 0
        entries = {}
        for number, entry in zip(numbers, accounts, strict=True):
            self.row += 1
            account = known.get(number)
            if not account:
                text = self.env._("There is no personal account with this number.")
                self.note(self.row, "account_unknown", text, number)
            elif account.id in entries:
                text = self.env._("The account stands twice in the call.")
                self.note(self.row, "account_twice", text, number)
            else:
                before = len(self.problems)
                parts = self._read_sections(account, entry)
                entries[account.id] = parts if len(self.problems) == before else None
        return entries

    def _read_sections(self, account, entry):
        """Return ``{section: records}`` of an account; notes what is wrong."""
        try:
            self.check_names(entry, {"number", *SECTIONS})
        except CallRejected as error:
            self.note(self.row, error.code, str(error), account.number)
        parts = {}
        for section in SECTIONS:
            rows = entry.get(section)
            if rows is None:
                continue
            if not isinstance(rows, list) or len(rows) > LINES_EACH:
                text = self.env._("A list of at most %s lines is expected.", LINES_EACH)
                self.note(self.row, "lines_wrong", text, f"{account.number}/{section}")
                continue
            parts[section] = list(self._read_lines(account, section, rows))
        return parts

    def _read_lines(self, account, section, rows):
        """Yield the records of a section; notes what is wrong."""
        for index, row in enumerate(rows, start=1):
            self.row += 1
            record = f"{account.number}/{section}/{index}"
            self.places[self.row] = account.id, record
            try:
                values, names = self._read_line(section, row)
                values["account"] = account.number
                if section == "charges":
                    check_charge(values, names, self._reject)
                yield Record(self.row, values, names)
            except CallRejected as error:
                self.note(self.row, error.code, str(error), record)

    def _reject(self, _name, code, value="", _severity="error"):
        raise CallRejected(*self.describe(code, value))

    def _read_line(self, section, row):
        """Return ``(values, names)`` of a line: all its columns, a figure that is not given is 0."""
        loader, key_names = self.loaders[section], SECTIONS[section][1]
        if not isinstance(row, dict):
            raise CallRejected("line_wrong", self.env._("A line is an object of named fields."))
        figures = [name for name in loader.names if name != "service_id"]
        further = ("total",) if section == "charges" else ()
        self.check_names(row, {*key_names, *figures, *further})
        fields = self.env[loader.model]._fields
        values = {name: self._read_key(fields, name, row) for name in key_names}
        for name in figures:
            if name in PARTS and all(row.get(part, "") == "" for part in PARTS):
                continue  # the amount makes its part, as in files
            values[name] = self.read_value(fields[name], row.get(name, ""))
        if section == "charges":
            self._read_amounts(fields, row, values)
        return values, dict.fromkeys([*key_names, *figures, *further])

    def _read_amounts(self, fields, row, values):
        """Take the total where it is given; an amount that is not given follows from it, or is 0."""
        if row.get("total", "") != "":
            values["total"] = self.read_value(fields["total"], row["total"])
        if row.get("amount", "") == "" and ("total" in values or PARTS[0] in values):
            values["amount"] = None

    def _read_key(self, fields, name, row):
        value = row.get(name, KEY_DEFAULTS.get(name, ""))
        if not isinstance(value, str) or (not value and name not in KEY_DEFAULTS):
            raise CallRejected("field_missing", self.env._("The text “%s” is missing.", name))
        return self.check_text(value, name, getattr(fields.get(name), "size", None))


def get_number(entry):
    """Return the account number of an entry as text, an empty one when it cannot be one."""
    number = str(entry.get("number", "")) if isinstance(entry, dict) else ""
    return number if is_kept(number) else ""
