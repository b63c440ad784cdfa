from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

import psycopg2
from odoo.exceptions import AccessError, UserError

from ...base.epd_background_work import LOST_TRANSACTION
from .matching import Matcher
from .writer import BulkWriter

LOADERS = {}


def register(loader):
    """Make a :class:`Loader` known by its ``kind``; a decorator, for rooms above this one too."""
    LOADERS[loader.kind] = loader
    return loader


def get_loader(kind):
    """Return the class that loads a kind (see ``epd.import.kind``)."""
    return LOADERS[kind]


class SumKey(NamedTuple):
    """What a control sum is of: ids, 0 for all."""

    figure: str
    building_id: int = 0
    payee_id: int = 0
    service_id: int = 0


@dataclass
class Sum:
    """A control sum: rows, roubles, ids of the accounts whose own sum jumped."""

    rows: int = 0
    amount: Decimal = Decimal(0)
    jumped: set[int] = field(default_factory=set)


@dataclass
class Target:
    """What is loaded into, and what the one who loads allows.

    :param company: record of the company
    :param period: record of the billing period; an empty one for accounts
    :param form: form of the documents, for identifiers of ГИС ЖКХ
    :param payee: record of the bank account where the source names none; may be empty
    :param create_missing: accounts, buildings and payers that are not there are created
    :param create_services: services that are not there, and their provisions, are created
    :param whole: the source has all of the month (payments only; else see ``removal.py``)
    :param from_program: values come from a program, not from a sheet that people and Excel had in
        their hands: leading zeros are not guessed, and another payer is an error, not a warning
    """

    company: object
    period: object
    form: str = "epd"
    payee: object = None
    create_missing: bool = False
    create_services: bool = False
    whole: bool = False
    from_program: bool = False


@dataclass
class Outcome:
    """What became of some records.

    :param tally: Counter of records that are ``created``, ``updated``, ``same``, ``left`` (skipped);
        ``gathered`` ones are counted later
    :param problems: list of ``tools.table_file.Problem``
    :param paid: roubles of the payments that were settled
    :param sums: ``{SumKey: Sum}`` of the records
    :param planned: ``(what, name, row)`` of what would be created; of a check only
    """

    tally: Counter = field(default_factory=Counter)
    problems: list = field(default_factory=list)
    paid: Decimal = Decimal(0)
    sums: dict = field(default_factory=dict)
    planned: list = field(default_factory=list)


class Loader:
    """Loads the records of one kind, slice by slice. A plain class: it holds what a loading knows.

    :param env: environment with the rights of whose work it is
    :param target: :class:`Target`
    :param marks: which lines were seen before (``marks.py``)
    :param dry: check only, nothing is written
    :param loading: record of ``epd.import`` whose file is loaded; None for a program's call
    """

    kind = None

    def __init__(self, env, target, marks, dry, loading=None):
        self.env, self.target, self.marks, self.dry = env, target, marks, dry
        self.loading = loading
        self.problems = []
        self.paid = Decimal(0)
        self.sums = {}
        self.matcher = Matcher(env, target, self.problems, dry)
        self.writer = BulkWriter(env)

    # --- one slice --------------------------------------------------------------------------------

    def take(self, records):
        """Check records, or load them: a record that cannot be written leaves the others alone.

        :return: :class:`Outcome`
        """
        return self._finish(self._attempt(records, self._take))

    def has_rest(self):
        """Return whether something is left to do once all records were taken."""
        return False

    def take_rest(self):
        """Do the next part of what is left.

        :return: :class:`Outcome`
        """
        return Outcome()

    def _take(self, records):
        """Check or load records.

        :return: Counter, see :class:`Outcome`
        """
        raise NotImplementedError

    def _finish(self, tally):
        planned = self.matcher.planned
        outcome = Outcome(tally, self.problems[:], self.paid, self.sums, planned[:])
        self.problems.clear()
        planned.clear()
        self.paid, self.sums = Decimal(0), {}
        return outcome

    def add_sum(self, figure, amount, building_id=0, payee_id=0, service_id=0, jumped=0):
        """Add roubles to the control sums that a check shows.

        :param jumped: id of the account, where its own sum jumped
        """
        key = SumKey(figure, building_id or 0, payee_id or 0, service_id or 0)
        total = self.sums.get(key)
        if total is None:
            total = self.sums[key] = Sum()
        total.rows += 1
        total.amount += amount
        if jumped:
            total.jumped.add(jumped)

    def _attempt(self, records, take):
        """Do ``take`` with all records; when it fails, with their halves, down to the one that fails.

        :param take: method that takes records and returns a Counter
        """
        if not records:
            return Counter()
        if self.dry:
            return take(records)
        before = len(self.problems), self.paid, set(self.matcher.warned), self.marks.save()
        try:
            with self.env.cr.savepoint():
                tally = take(records)
                self.env.flush_all()
        except (*LOST_TRANSACTION, AccessError):
            raise
        except (UserError, psycopg2.Error) as error:
            self._undo(*before)
            if len(records) == 1:
                self.problem(records[0], None, "fault", self._describe_error(error)[:200])
                return Counter(left=records[0].values.get("rows", 1))
            middle = len(records) // 2
            return self._attempt(records[:middle], take) + self._attempt(records[middle:], take)
        return tally

    def _undo(self, problems, paid, warned, marks):
        """Forget what an attempt, that the database rolled back, had found and created."""
        self.env.invalidate_all()
        del self.problems[problems:]
        self.paid = paid
        self.marks.restore(marks)
        self.matcher.forget(warned)

    def _describe_error(self, error):
        """Return why a record cannot be written; a rule of the database in its own words."""
        if isinstance(error, UserError):
            return str(error)
        table, rule = error.diag.table_name, error.diag.constraint_name
        for name, model in self.env.registry.items():
            if model._table == table and rule in model._table_objects:
                return self.env[name]._sql_error_to_message(error)
        return self.env._("The values do not fit each other or what is recorded already.")

    # --- problems ---------------------------------------------------------------------------------

    def problem(self, record, name, code, value="", severity="error", detail=""):
        """Note what is wrong with a record.

        :param name: field whose column is shown; None for the whole row
        :param code: see ``import_texts.describe_problem``
        :param value: what the message tells beside the cell
        :param detail: where the message tells something else than the value
        """
        self.problems.append(record.blame(name, code, value, severity, detail))

    def without_twins(self, records):
        """Return the records whose account was not seen before; the others are problems."""
        twins = self.marks.add([(record.values["account"],) for record in records])
        for place in sorted(twins):
            record = records[place]
            self.problem(record, "account", "twice", record.values["account"])
        return [record for place, record in enumerate(records) if place not in twins]
