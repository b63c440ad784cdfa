import psycopg2
from odoo.exceptions import AccessError, UserError

from ...tools.address_text import read_addresses
from ...tools.plain_values import PlainValueError, read_day, read_decimal
from .calls import UNKEPT, CallRejected, make_problem
from .charge_calls import ChargeCalls

TEXTS = ("premises", "unified_number", "gis_service_id")
WHOLE = ("entrance", "floor", "residents")
DAYS = ("date_open", "date_close")
CHOICES = ("premises_kind", "channel")
PAYER = ("name", "email", "vat", "is_company")


class AccountCalls(ChargeCalls):
    """Personal accounts from a billing program."""

    def put(self, entries):
        self.check_account_count(entries)
        company = ("company_id", "=", self.env.company.id)
        numbers = [read_number(entry) for entry in entries]
        found = self.env["epd.personal.account"].search(
            [company, ("number", "in", [number for number in numbers if is_kept(number)])]
        )
        known = {account.number: account for account in found}
        counts = dict.fromkeys(("made", "changed", "unchanged", "left_out"), 0)
        problems, seen = [], set()
        for number, entry in zip(numbers, entries, strict=True):
            try:
                self._check_account(number, entry, seen)
                with self.env.cr.savepoint():
                    what, notes = self._put_account(known.get(number), number, entry)
                counts[what] += 1
                problems += notes
            except AccessError:
                raise  # a fault of the transport, as in every call
            except (UserError, psycopg2.IntegrityError) as error:
                counts["left_out"] += 1
                problems.append(self._account_problem(number, error))
        return {**counts, "problems": problems}

    def _check_account(self, number, entry, seen):
        """Refuse what is no account with a number of its own in the call."""
        if not isinstance(entry, dict):
            raise CallRejected("line_wrong", self.env._("An account is an object of named fields."))
        if not self.check_text(number, "number"):
            raise CallRejected("field_missing", self.env._("The text “%s” is missing.", "number"))
        if number in seen:
            raise CallRejected("account_twice", self.env._("The account stands twice in the call."))
        seen.add(number)

    def _account_problem(self, number, error):
        if isinstance(error, psycopg2.IntegrityError):
            text = self._describe_conflict(error)
        else:
            text = str(error)
        code = error.code if isinstance(error, CallRejected) else "refused"
        return make_problem(code, text, number if is_kept(number) else "")

    def _describe_conflict(self, error):
        """Return what the broken rule says of itself, a plain sentence when it says nothing."""
        table, rule = error.diag.table_name, error.diag.constraint_name
        for name, model in self.env.registry.items():
            if model._table == table and rule in model._table_objects:
                return self.env[name]._sql_error_to_message(error)
        return self.env._("The values do not fit each other or what is recorded already.")

    def _make_payer(self, payer):
        # people of one company are not shown to the others, as with files
        return self.env["res.partner"].create({**payer, "company_id": self.env.company.id})

    def _put_account(self, account, number, entry):
        """Make or change one account.

        :return: (name of its count, problems that did not keep it from being taken)
        """
        vals = self._account_vals(entry, account)
        payer = self._payer_vals(entry.get("payer"))
        notes = self._note_email(number, payer.get("email"))
        if not account:
            if not vals.get("building_id"):
                raise CallRejected(
                    "field_missing", self.env._("The text “%s” is missing.", "building")
                )
            if payer:
                vals["partner_id"] = self._make_payer(payer).id
            self.env["epd.personal.account"].create(
                {"number": number, "company_id": self.env.company.id, **vals}
            )
            return "made", notes
        moved = {
            name: value
            for name, value in vals.items()
            if (account[name].id if name == "building_id" else account[name] or False)
            != (value or False)
        }
        partner = account.partner_id
        if payer and not partner:
            moved["partner_id"] = self._make_payer(payer).id
        elif payer and plain_name(partner.name) != plain_name(payer["name"]):
            raise CallRejected(
                "payer_differs",
                self.env._(
                    "Another person answers for the account. Record the new responsible person in "
                    "the account itself."
                ),
            )
        elif payer and partner._epd_take_email(payer.get("email"), account):
            account.write(moved)
            return "changed", notes
        account.write(moved)
        return "changed" if moved else "unchanged", notes

    def _note_email(self, number, email):
        """Return the problem of a misspelt e-mail: the account is taken all the same."""
        reading = read_addresses(email)
        if not reading.problems:
            return []
        text = self.env["epd.delivery.address"]._describe_problems(reading)
        return [make_problem("email_wrong", text, number)]

    def _account_vals(self, entry, account=None):
        allowed = {"number", "building", "area", "payer", *TEXTS, *WHOLE, *DAYS, *CHOICES}
        unknown = set(entry) - allowed
        if unknown:
            raise CallRejected(
                "field_unknown",
                self.env._("This field is not known here: %s.", ", ".join(sorted(unknown))),
            )
        fields = self.env["epd.personal.account"]._fields
        vals = {
            name: self._read_value(fields[name], entry[name]) for name in TEXTS if name in entry
        }
        for name in CHOICES:
            if name in entry:
                allowed = fields[name].get_values(self.env)
                vals[name] = self.check_choice(entry[name], allowed, "choice_unknown")
        for name in WHOLE:
            if name in entry:
                if type(entry[name]) is not int or not 0 <= entry[name] < 2**31:
                    raise CallRejected("not_a_count", self.env._("“%s” is a whole number.", name))
                vals[name] = entry[name]
        try:
            vals |= {name: read_day(entry[name]) or False for name in DAYS if name in entry}
            if "area" in entry:
                vals["area"] = float(read_decimal(entry["area"], 2))
        except PlainValueError as error:
            raise CallRejected(
                error.code, self.env._("A decimal text or a day (2026-03-31) is expected.")
            ) from error
        if "building" in entry:
            vals["building_id"] = self._building(entry["building"], account).id
        return vals

    def _building(self, name, account=None):
        """Return the building of an address, made when it is not there.

        :param account: the known account, which may stay in a building that is archived
        """
        if not isinstance(name, str) or not name.strip():
            raise CallRejected("field_missing", self.env._("The text “%s” is missing.", "building"))
        name = self.check_text(name, "building").strip()
        company = ("company_id", "=", self.env.company.id)
        buildings = self.env["epd.building"]
        building = buildings.with_context(active_test=False).search(
            [company, ("name", "=", name)], limit=1
        )
        if not building:
            return buildings.create({"name": name, "company_id": self.env.company.id})
        if not building.active and (not account or account.building_id != building):
            raise CallRejected(
                "refused", self.env._("The building is archived. Restore it or give another one.")
            )
        return building

    def _payer_vals(self, payer):
        if payer is None:
            return {}
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
        return {**payer, "name": payer["name"].strip()}


def read_number(entry):
    """Return the account number of an entry, a whole number as its text."""
    number = entry.get("number", "") if isinstance(entry, dict) else ""
    return str(number) if type(number) is int else number


def is_kept(value):
    """Tell whether a value is a text that the database can keep."""
    return isinstance(value, str) and not UNKEPT.search(value)


def plain_name(name):
    """Return the words of a name, to compare it whatever its case and spaces."""
    return (name or "").casefold().split()
