from decimal import Decimal

from ...tools.plain_values import PlainValueError, read_day, read_decimal
from .calls import UNKEPT, CallRejected, Calls, make_problem

LINES_EACH = 200
CHARGE = (
    "volume_individual volume_common tariff amount_individual amount_common amount ratio excess "
    "recalculation recalculation_reason discount total volume_method norm_individual norm_common "
    "house_reading house_volume_premises house_volume_common explanation instalment_period "
    "instalment_past instalment_percent instalment_interest instalment_total"
).split()
BALANCE = "opening paid charged penalty court_costs paid_through last_payment_date".split()
READING = "previous current consumption read_on verify_by".split()
# section of an account → model, names of its key, further names
SECTIONS = {
    "charges": ("epd.charge", ("service", "line_key"), CHARGE),
    "balances": ("epd.account.balance", ("payee",), BALANCE),
    "readings": ("epd.meter.reading", ("service", "meter_number", "zone"), READING),
}
KEY_DEFAULTS = {"line_key": "1", "zone": ""}
KEY_FIELDS = {"service": "service_id", "payee": "payee_id"}


class ChargeCalls(Calls):
    """Charges, balances and readings of a month from a billing program."""

    def put(self, month, accounts):
        self.check_account_count(accounts)
        period = self.get_period(month, create=True)
        maps = self._maps(accounts)
        good, problems, seen = {}, [], set()
        for entry in accounts:
            number = number_text(entry)
            account = maps["account"].get(number)
            if not account:
                text = self.env._("There is no personal account with this number.")
                problems.append(make_problem("account_unknown", text, number))
                continue
            if number in seen:
                text = self.env._("The account stands twice in the call.")
                problems.append(make_problem("account_twice", text, number))
                continue
            seen.add(number)
            sections, found = self._read_account(number, entry, maps)
            problems += found
            if not found:
                good[account] = sections
        changed = set()
        for section in SECTIONS:
            wanted = {
                account: parts[section] for account, parts in good.items() if section in parts
            }
            changed |= self._replace(section, period, wanted)
        return {
            "taken": len(changed),
            "unchanged": len(good) - len(changed),
            "left_out": len(accounts) - len(good),
            "problems": problems,
        }

    def _maps(self, accounts):
        """Return what codes and numbers mean in this company: ``{kind: {text: id}}``."""
        company = ("company_id", "=", self.env.company.id)
        numbers = [number_text(entry) for entry in accounts]
        found = self.env["epd.personal.account"].search_fetch(
            [company, ("number", "in", numbers)], ["number"]
        )
        payees = self.env["res.partner.bank"].search_fetch(
            [("company_id", "in", (False, self.env.company.id))], ["acc_number"]
        )
        return {
            "account": {account.number: account.id for account in found},
            "service": {
                service.code: service.id
                for service in self.env["epd.service"].search_fetch([company], ["code"])
            },
            "payee": {(payee.acc_number or "").replace(" ", ""): payee.id for payee in payees},
        }

    def _read_account(self, number, entry, maps):
        """Return ``({section: {key: values}}, problems)`` of one account."""
        sections, problems = {}, []
        unknown = set(entry) - {"number", *SECTIONS}
        if unknown:
            text = self.env._("This field is not known here: %s.", ", ".join(sorted(unknown)))
            problems.append(make_problem("field_unknown", text, number))
        for section in SECTIONS:
            rows = entry.get(section)
            if rows is None:
                continue
            if not isinstance(rows, list) or len(rows) > LINES_EACH:
                text = self.env._("A list of at most %s lines is expected.", LINES_EACH)
                problems.append(make_problem("lines_wrong", text, f"{number}/{section}"))
                continue
            sections[section], found = self._read_section(number, section, rows, maps)
            problems += found
        return sections, problems

    def _read_section(self, number, section, rows, maps):
        """Return ``({key: values}, problems)`` of one section of an account."""
        lines, problems, seen = {}, [], set()
        for index, row in enumerate(rows, start=1):
            try:
                line_key, vals = self._read_line(section, row, maps)
                self._check_twice(section, line_key, seen)
                lines[line_key] = vals
            except CallRejected as error:
                record = f"{number}/{section}/{index}"
                problems.append(make_problem(error.code, str(error), record))
        return lines, problems

    def _check_twice(self, section, line_key, seen):
        """Refuse a line whose key stands in ``seen``; a meter is one, whatever it is read for."""
        apart = line_key[1:] if section == "readings" else line_key
        if apart in seen:
            raise CallRejected(
                "line_twice",
                self.env._("The meter stands twice in one zone; it has one reading a month.")
                if section == "readings"
                else self.env._("The line stands twice; give each a key of its own."),
            )
        seen.add(apart)

    def _read_line(self, section, row, maps):
        model, key_names, names = SECTIONS[section]
        if not isinstance(row, dict):
            raise CallRejected("line_wrong", self.env._("A line is an object of named fields."))
        unknown = set(row) - {*key_names, *names}
        if unknown:
            raise CallRejected(
                "field_unknown",
                self.env._("This field is not known here: %s.", ", ".join(sorted(unknown))),
            )
        line_key = []
        for name in key_names:
            value = row.get(name, KEY_DEFAULTS.get(name, ""))
            if not isinstance(value, str) or (not value and name not in KEY_DEFAULTS):
                raise CallRejected("field_missing", self.env._("The text “%s” is missing.", name))
            field = self.env[model]._fields[KEY_FIELDS.get(name, name)]
            self.check_text(value, name, getattr(field, "size", None))
            if name in maps:
                found = maps[name].get(value.replace(" ", "") if name == "payee" else value)
                if not found:
                    raise CallRejected(
                        f"{name}_unknown",
                        self.env._("“%(value)s” is not known as %(name)s.", value=value, name=name),
                    )
                value = found
            line_key.append(value)
        vals = {
            name: self._read_value(self.env[model]._fields[name], row.get(name, ""))
            for name in names
            if name != "total"
        }
        if section == "charges":
            self._check_charge(vals, row)
        return tuple(line_key), vals

    def _read_value(self, field, value):
        """Return a value of the call as the field keeps it (Decimal for figures)."""
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

    def _check_charge(self, vals, row):
        total = vals["amount"] + vals["excess"] + vals["recalculation"] - vals["discount"]
        if vals["discount"] < 0:
            text = self.env._("A discount is entered without a minus.")
            raise CallRejected("discount_negative", text)
        if vals["recalculation"] and not vals["recalculation_reason"]:
            text = self.env._("A recalculation needs its reason.")
            raise CallRejected("reason_missing", text)
        if row.get("total", "") != "" and read_decimal_or_none(row["total"]) != total:
            raise CallRejected(
                "line_sum",
                self.env._("The columns add up to %(sum)s, not to the total.", sum=str(total)),
            )

    def _replace(self, section, period, wanted):
        """Make the lines of a section as ``wanted``; return the ids of accounts that changed."""
        if not wanted:
            return set()
        model, key_names, names = SECTIONS[section]
        records = self.env[model]
        keys = [KEY_FIELDS.get(name, name) for name in key_names]
        fresh, changed, stale = [], set(), records.browse()
        left = {account: dict(lines) for account, lines in wanted.items()}
        for record in records.search(
            [("account_id", "in", list(wanted)), ("period_id", "=", period.id)]
        ):
            account = record.account_id.id
            line_key = tuple(
                record[name].id if name.endswith("_id") else record[name] or "" for name in keys
            )
            vals = left[account].pop(line_key, None)
            if vals is None:
                stale |= record
                changed.add(account)
                continue
            moved = {
                name: value for name, value in vals.items() if not self._same(record, name, value)
            }
            if moved:
                record.write(self._plain(moved))
                changed.add(account)
        for account, lines in left.items():
            for line_key, vals in lines.items():
                changed.add(account)
                fresh.append(
                    {
                        "account_id": account,
                        "period_id": period.id,
                        **dict(zip(keys, line_key, strict=True)),
                        **self._plain(vals),
                    }
                )
        # the right was checked at the door; operators replace lines, they do not delete them
        stale.sudo().unlink()
        records.create(fresh)
        return changed

    def _plain(self, vals):
        return {
            name: float(value) if isinstance(value, Decimal) else value
            for name, value in vals.items()
        }

    def _same(self, record, name, value):
        if isinstance(value, Decimal):
            return round(Decimal(str(record[name] or 0)), 10) == round(value, 10)
        return (record[name] or False) == (value or False)


def number_text(entry):
    """Return the account number of an entry as text, an empty one when it cannot be one."""
    number = str(entry.get("number", "")) if isinstance(entry, dict) else ""
    return "" if UNKEPT.search(number) else number


def read_decimal_or_none(value):
    """Return a decimal text as a Decimal, None when it is none."""
    try:
        return read_decimal(value, 2)
    except PlainValueError:
        return None
