"""Personal accounts from a billing program."""

from ...tools.address_text import read_addresses
from ...tools.table_file import Record
from ..intake.loader import Target, get_loader
from ..intake.loader.marks import Marks
from .calls import CallRejected, is_kept
from .charge_calls import LoadCalls

TEXTS = ("premises", "unified_number", "gis_service_id")
WHOLE = ("entrance", "floor", "residents")
DAYS = ("date_open", "date_close")
CHOICES = ("premises_kind", "channel")
PAYER = ("name", "email", "vat", "is_company")


class AccountCalls(LoadCalls):
    """Accounts: created, or changed in what is given."""

    def put(self, entries):
        """Accept accounts; see ``epd.api.put_accounts``."""
        self.check_account_count(entries)
        records, seen = [], set()
        for row, entry in enumerate(entries, start=1):
            number = get_number(entry)
            try:
                self._check_entry(entry, number, seen)
                records.append(Record(row, self._read_entry(entry, number), {}))
            except CallRejected as error:
                self.note(row, error.code, str(error), number if is_kept(number) else "")
        target = Target(
            company=self.company,
            period=self.env["epd.billing.period"],
            create_missing=True,
            from_program=True,
        )
        outcome = get_loader("account")(self.env, target, Marks(), dry=False).take(records)
        numbers = {record.row: record.values["account"] for record in records}
        rejected = {p.row for p in outcome.problems if p.severity == "error"}
        for problem in outcome.problems:
            code, text = self._describe(problem)
            if code and (problem.severity == "error" or problem.row not in rejected):
                self.note(problem.row, code, text, numbers[problem.row])
        tally = outcome.tally
        return {
            "made": tally["created"],
            "changed": tally["updated"],
            "unchanged": tally["same"],
            "left_out": len(entries) - len(records) + tally["left"],
            "problems": self.get_problems(),
        }

    def _describe(self, problem):
        """Return ``(code, text)``; of warnings those of a misspelt e-mail alone: it is not used."""
        if problem.code == "bad_email":
            reading = read_addresses(problem.value)
            return "email_wrong", self.env["epd.delivery.address"]._describe_problems(reading)
        if problem.severity == "error":
            return self.describe(problem.code, problem.value)
        return "", ""

    def _check_entry(self, entry, number, seen):
        """Reject what is no account with a number of its own in the call."""
        if not isinstance(entry, dict):
            raise CallRejected("line_wrong", self.env._("An account is an object of named fields."))
        if not self.check_text(number, "number"):
            raise CallRejected("field_missing", self.env._("The text “%s” is missing.", "number"))
        if number in seen:
            raise CallRejected("account_twice", self.env._("The account stands twice in the call."))
        seen.add(number)

    def _read_entry(self, entry, number):
        """Return the values of an entry as the loader takes them; False clears a field."""
        self.check_names(
            entry, {"number", "building", "area", "payer", *TEXTS, *WHOLE, *DAYS, *CHOICES}
        )
        fields = self.env["epd.personal.account"]._fields
        values = {"account": number}
        for name in (*TEXTS, *DAYS):
            if name in entry:
                values[name] = self.read_value(fields[name], entry[name])
        if "area" in entry:
            values["area"] = self.read_value(fields["area"], entry["area"])
        for name in CHOICES:
            if name in entry:
                allowed = fields[name].get_values(self.env)
                values[name] = self.check_choice(entry[name], allowed, "choice_unknown")
        for name in WHOLE:
            if name in entry:
                if type(entry[name]) is not int or not 0 <= entry[name] < 2**31:
                    raise CallRejected("not_a_count", self.env._("“%s” is a whole number.", name))
                values[name] = entry[name]
        if "building" in entry:
            values["building"] = self._read_building(entry["building"])
        if entry.get("payer") is not None:
            values |= self._read_payer(entry["payer"])
        return values

    def _read_building(self, name):
        if not isinstance(name, str) or not name.strip():
            raise CallRejected("field_missing", self.env._("The text “%s” is missing.", "building"))
        return self.check_text(name, "building").strip()

    def _read_payer(self, payer):
        if (
            not isinstance(payer, dict)
            or set(payer) - set(PAYER)
            or not isinstance(payer.get("name"), str)
            or not payer["name"].strip()
            or payer.get("is_company", False) not in (True, False)
        ):
            raise CallRejected(
                "payer_wrong",
                self.env._("A payer has a name, and may have email, vat and is_company."),
            )
        fields = self.env["res.partner"]._fields
        for name in set(payer) - {"is_company"}:
            self.check_text(payer[name], name, fields[name].size)
        values = {
            "payer": payer["name"].strip(),
            "email": payer.get("email", ""),
            "payer_inn": payer.get("vat", ""),
        }
        if "is_company" in payer:
            values["payer_is_company"] = bool(payer["is_company"])
        return values


def get_number(entry):
    """Return the account number of an entry, a whole number as its text."""
    number = entry.get("number", "") if isinstance(entry, dict) else ""
    return str(number) if type(number) is int else number
