from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from odoo.tools import SQL

from ....tools import money
from ....tools.table_file import KINDS
from ....tools.table_file.rows import PLACES
from .base import Loader
from .marks import NAMED
from .matching import Account


@dataclass(slots=True)
class Line:
    """A record whose account and service (or payee) are known.

    :param parent: ``Service``, or record of the payee
    :param key: what tells the line from others of the month, as :meth:`FigureLoader.get_key` has it
    :param vals: ``{field: value}`` as the field keeps it, floats for figures
    :param existing: ``{field: value}`` of the line that is there, with its ``id``; None for a new one
    :param outcome: ``created``, ``updated`` or ``same``, set by :meth:`FigureLoader.save`
    """

    record: object
    account: Account
    parent: object
    key: tuple
    vals: dict
    existing: dict | None = None
    outcome: str = ""


class FigureLoader(Loader):
    """Figures of accounts in a month: charges, balances, readings.

    One query a slice finds what is there; only what differs is written, so that the same source
    again changes nothing. Documents of changed figures are marked by ``epd.document.source``.

    A kind says: ``model``; ``key_names``, the columns that tell a line of an account; ``names``, the
    figures; ``may_create`` accounts or not; :meth:`match_parents`, :meth:`get_key`.
    """

    model = None
    key_names = ()
    names = ()
    may_create = False

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        fields, given = self.env[self.model]._fields, KINDS[self.kind]
        sizes = {
            name: getattr(fields[name], "size", None) for name in (*self.names, *self.key_names)
        }
        self._sizes = {name: size for name, size in sizes.items() if size}
        self._figures = set(self.names).difference(self.key_names)
        # figures that a source may have with more places than the field keeps
        self._places = {
            name: fields[name].get_digits(self.env)[1]
            for name in self.names
            if fields[name].type == "float"
            and name in given
            and PLACES[given[name].type] > fields[name].get_digits(self.env)[1]
        }

    def _take(self, records):
        lines = self.match(records)
        if self.dry:
            self.add_up(lines)
        tally = self.save(lines)
        tally["left"] += len(records) - tally.total()
        return tally

    def add_up(self, lines):
        """Add the roubles of lines to the control sums; a kind without money has none."""

    # --- records → lines --------------------------------------------------------------------------

    def match(self, records):
        """Return the lines of the records that can be taken; what is wrong with others is noted."""
        rows = self.pair(records)
        keys = [self.get_key(*row) for row in rows]
        # an account that is to be created has no id yet: its number tells it apart
        marks = [
            (row[1].id or row[1].number, *key[1:]) for row, key in zip(rows, keys, strict=True)
        ]
        # that a source names an account, is kept too: see removal.py
        named = {row[1].id for row in rows} - {0}
        twins = self.marks.add([*marks, *((account_id, NAMED) for account_id in named)])
        lines = []
        for place, (row, key) in enumerate(zip(rows, keys, strict=True)):
            record = row[0]
            vals = self.get_vals(*row)
            wrong = "twice" if place in twins else self._get_size_problem(vals, record.values)
            if wrong:
                self.problem(record, "account", wrong, record.values["account"])
            else:
                lines.append(Line(*row, key, vals))
        self._find_existing(lines)
        for line in lines:
            self.complete(line)
        return lines

    def pair(self, records):
        """Return ``(record, Account, service or payee)`` of the records whose both are known."""
        accounts = self.matcher.match_accounts(records, self.may_create)
        rows = []
        # what is wrong besides an unknown account is reported too
        for record, parent in zip(records, self.match_parents(records), strict=True):
            account = accounts.get(record.values["account"])
            if account is not None and parent is not None:
                rows.append((record, account, parent))
        return rows

    def match_parents(self, records):
        """Return the service or the payee of each record, None where it is not known."""
        raise NotImplementedError

    def get_key(self, record, account, parent):
        """Return ``(account id, …)`` by the columns of ``key_names``."""
        raise NotImplementedError

    def get_vals(self, record, account, parent):
        """Return the figures of a record: only what the source has."""
        figures, places, as_kept, vals = self._figures, self._places, self.as_kept, {}
        for name, value in record.values.items():
            if name in figures:
                # of a million figures nearly all are these
                plain = type(value) is Decimal and name not in places
                vals[name] = float(value) if plain else as_kept(name, value)
        return vals

    def as_kept(self, name, value):
        """Return a value as the field keeps it: figures rounded to its places, as float."""
        if isinstance(value, Decimal):
            places = self._places.get(name)
            return float(value if places is None else money.to_decimal(value, places))
        return value or False

    def complete(self, line):
        """Fill in what follows from other values, once it is known whether the line is there."""

    def get_new_vals(self, line):
        """Return what a new line has besides its figures."""
        return {
            "account_id": line.account.id,
            "period_id": self.target.period.id,
            "company_id": self.target.company.id,
        }

    def _get_size_problem(self, vals, values):
        for name, size in self._sizes.items():
            value = vals.get(name) or values.get(name)
            if isinstance(value, str) and len(value) > size:
                return "too_long"
        return ""

    # --- what is there ----------------------------------------------------------------------------

    def _find_existing(self, lines):
        """Set ``existing`` of the lines that are there, in one query."""
        account_ids = list({line.account.id for line in lines if line.account.id})
        if not account_ids:
            return
        names = set().union(*{tuple(line.vals) for line in lines})
        there = dict(self.read_existing(account_ids, sorted(names | self.get_further(names))))
        for line in lines:
            line.existing = there.get(line.key)

    def get_further(self, names):
        """Return the columns that are read besides the figures that the source has.

        :param names: set of the figures
        :return: set of names
        """
        return set()

    def read_existing(self, account_ids, names):
        """Yield ``(key, {"id": …, name: value})`` of the month's lines of these accounts."""
        model = self.env[self.model]
        keys = ("account_id", *self.key_names)
        columns = ["id", *keys, *(name for name in names if name not in keys)]
        model.flush_model(columns[1:])
        rows = read_lines(model, self.target.period, account_ids, columns)
        end = 1 + len(keys)
        for row in rows:
            yield as_key(row[1:end]), dict(zip(columns, row, strict=True))

    # --- writing ----------------------------------------------------------------------------------

    def save(self, lines):
        """Write what is new or differs, unless it is dry; set the ``outcome`` of each line.

        :return: Counter of ``created``, ``updated``, ``same``
        """
        fresh, changed = [], []
        for line in lines:
            found = line.existing
            if found is None:
                line.outcome = "created"
                fresh.append(line)
                continue
            different = {
                name: value
                for name, value in line.vals.items()
                if found[name] != value and (found[name] or value)
            }
            line.outcome = "updated" if different else "same"
            if different:
                changed.append((line, different))
        if not self.dry:
            self._write(fresh, changed, lines)
        return Counter([line.outcome for line in lines])

    def get_sums(self, line, different):
        """Return the stored sums of a line that is there, as the model would compute them.

        :param different: values of the line that are written
        """
        return {}

    def _write(self, fresh, changed, lines):
        """Write lines, and remember what a file wrote so that it can be taken back."""
        rows = [{**line.vals, **self.get_new_vals(line)} for line in fresh]
        ids = self.writer.insert(self.model, rows)
        written = [
            (line_id, None, line.vals, self._get_owner(line))
            for line_id, line in zip(ids, fresh, strict=True)
        ]
        updates = []
        for line, different in changed:
            found, vals = line.existing, {**different, **self.get_sums(line, different)}
            updates.append((found["id"], vals))
            before = {name: found[name] for name in vals if name in found}
            written.append((found["id"], before, vals, self._get_owner(line)))
        # a line that says this already is this file's too: an earlier file does not take it away
        written += [(line.existing["id"], {}, {}) for line in lines if line.outcome == "same"]
        self.writer.update(self.model, updates)
        if self.loading:
            self.env["epd.import.change"]._add(self.loading, written)
        account_ids = {line.account.id for line in lines if line.outcome != "same"}
        if account_ids:
            self.env[self.model]._touch_documents_of(account_ids, self.target.period.ids)

    @staticmethod
    def _get_owner(line):
        """Return what a line is known by once it is deleted: ids of its account, its service or payee."""
        return line.account.id, line.parent.id

    # --- for programs -----------------------------------------------------------------------------

    def remove_others(self, account_ids, lines):
        """Remove the month's lines of these accounts that are not among ``lines``.

        :return: set of ids of the accounts that lost one
        """
        keys = {line.key for line in lines}
        gone, changed = [], set()
        for key, found in self.read_existing(list(account_ids), ()):
            if key not in keys:
                gone.append(found["id"])
                changed.add(found["account_id"])
        # the right was checked at the door; operators replace lines, they do not delete them
        self.env[self.model].sudo().browse(gone).unlink()
        return changed


def as_key(values):
    """Return what tells a line from others of its account, as a key has it: nothing is ``""``."""
    return tuple(values) if all(values) else tuple(value or "" for value in values)


def read_lines(model, period, account_ids, columns):
    """Return the rows of a month's lines of some accounts, by the index on month and account.

    ``OFFSET 0`` keeps the planner from reading the whole table, as it does while a month is loaded
    and the statistics do not know it yet (it bars the flattening of subqueries:
    https://www.postgresql.org/docs/current/runtime-config-query.html, seen 2026-11).

    :param model: record set of the model, which has an index that begins with these two columns
    """
    return model.env.execute_query(
        SQL(
            "SELECT line.* FROM unnest(%s::integer[]) AS account(id) CROSS JOIN LATERAL"
            " (SELECT %s FROM %s WHERE period_id = %s AND account_id = account.id OFFSET 0) AS line",
            list(account_ids),
            SQL(", ").join(map(SQL.identifier, columns)),
            SQL.identifier(model._table),
            period.id,
        )
    )
