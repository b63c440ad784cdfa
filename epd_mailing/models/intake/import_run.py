"""The work of a loading: slice after slice of the file, each committed by itself."""

import contextlib
import itertools
from collections import Counter
from dataclasses import dataclass, field

from odoo import fields as odoo_fields
from odoo.tools import SQL

from ...tools.money import format_money, to_decimal
from ...tools.table_file import Problem
from .import_file import ImportFile
from .import_texts import describe_problem
from .loader import Target, get_loader
from .loader.marks import LOST, FileMarks
from .loader.matching import fold_name
from .loader.removal import Removal

SLICE = 4000  # records matched, written and committed together
KEPT_PROBLEMS = 10_000  # of one loading; further ones are counted only


class SliceRejected(Exception):
    """A slice with errors where one error stops all; ``problems`` says which."""

    def __init__(self, problems):
        super().__init__(len(problems))
        self.problems = problems


@dataclass
class Slice:
    """Rows of the file that are worked on together.

    :param records: list of ``tools.table_file.Record``
    :param problems: list of ``tools.table_file.Problem``
    :param last: the last row that was read, None when there was none
    :param count: how many rows say something
    :param lost: the accounts of rows that cannot be read
    :param is_last: whether the file ended
    """

    records: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    last: object = None
    count: int = 0
    lost: list = field(default_factory=list)
    is_last: bool = False


class ImportRun:
    """One cron run, or one click, over the file of an ``epd.import``.

    Where it stands (place in the file, row) is written with the slice, in one transaction: a worker
    that dies loses the slice in work, and the next begins it anew. Nothing is held but the slice.

    :param loading: record of ``epd.import``, with the rights of the user whose work it is
    """

    def __init__(self, loading):
        self.loading, self.env = loading, loading.env
        self.file = ImportFile(loading)
        self.marks = FileMarks(loading)
        self.loader = self._get_loader()
        self._marked = set()  # places of columns that are marked already
        has_lines = self.loader.kind in ("charge", "balance", "reading")
        self.removal = Removal(loading, self.loader) if has_lines else None

    def _get_loader(self):
        loading = self.loading
        target = Target(
            company=loading.company_id,
            period=loading.period_id,
            form=loading.form,
            payee=loading.payee_id,
            create_missing=loading.create_missing,
            create_services=loading.create_services,
            whole=loading.scope == "whole",
        )
        dry = loading.phase == "check"
        return get_loader(loading.kind)(self.env, target, self.marks, dry, loading)

    def run(self, in_budget, commit):
        """Read on from where the loading stands until its end, a stop, or the end of the cron run.

        :param in_budget: function that tells whether there is time left
        :param commit: whether each slice is committed by itself
        :raise SliceRejected: when one error stops all
        """
        loading, working = self.loading, self.loading.state
        with (
            self.file.open_stream() as stream,
            contextlib.closing(self.file.open_table(stream)) as table,
        ):
            parser = self.file.get_parser(table)
            position = int(loading.position)
            # what comes after the last row may be all that is left to do
            read = bool(position) and position >= table.size
            rows = iter(()) if read else table.rows(position, loading.row_reached)
            ended = False
            while not ended:
                if commit and not loading.sudo().try_lock_for_update():
                    return
                part = self._read_slice(rows, parser)
                if part.is_last and not read:
                    part.problems += parser.check_end()
                    if loading.phase == "check":
                        part.problems += self.file.get_warnings()
                    read = True
                ended = self._do_slice(part, table, parser)
                if commit:
                    # each slice stands by itself: a cut later loses at most the next one
                    loading._slice_ends(len(part.records), int(not ended))
                    self.env.invalidate_all()
                    if ended or loading.state != working or not in_budget():
                        return

    def _read_slice(self, rows, parser):
        part = Slice()
        header_row, parse = self.loading.header_row, parser.parse
        for row in rows:
            part.last = row
            if row.number <= header_row:
                continue
            found, wrong = parse(row.number, row.cells)
            part.records += found
            part.problems += wrong
            part.count += bool(found or wrong)
            if wrong and not found:
                # a row of another month takes nothing from the sums of this one
                other = {each.code for each in wrong if each.severity == "error"} == {"other_month"}
                part.lost.append("" if other else parser.get_account(row.cells))
            if len(part.records) >= SLICE or len(part.problems) >= SLICE:
                return part
        # the end is reported by a slice of its own when the file ends on a border
        part.is_last = True
        return part

    def _do_slice(self, part, table, parser):
        """Check or load a slice; return whether it was the last thing to do."""
        self._mark_lost(part.lost)
        tally, paid = self._take(part)
        tally["left"] += len(part.lost)
        self._write_progress(part, table, parser, tally, paid)
        ended = part.is_last and not self.loader.has_rest() and not self._has_removal()
        if ended:
            self._finish()
        return ended

    def _has_removal(self):
        return bool(self.removal) and self.removal.is_wanted()

    def _take(self, part):
        """Give a slice to the loader; return ``(Counter of what became of it, roubles paid)``."""
        problems = part.problems
        outcome = self.loader.take(part.records)
        tally, paid = outcome.tally, outcome.paid
        problems += outcome.problems
        self._keep_outlook(outcome)
        if part.is_last and self.loader.has_rest():
            rest = self.loader.take_rest()
            tally, paid = tally + rest.tally, paid + rest.paid
            problems += rest.problems
            self._keep_outlook(rest)
        self._mark_rejected(part)
        if part.is_last and self._has_removal():
            removed, found = self.removal.take_slice(tally)
            tally = tally + removed
            problems += found
        if not self.loader.dry and not self.loading.good_only:
            errors = [problem for problem in problems if problem.severity == "error"]
            if errors:
                raise SliceRejected(errors)
        return tally, paid

    def _keep_outlook(self, outcome):
        """Keep what a check shows before loading: control sums, and what would be created."""
        if not self.loader.dry:
            return
        self.env["epd.import.sum"]._add(self.loading, outcome.sums)
        # buildings and services of an earlier slice were not created either
        keys = [(fold_name(name), "planned", what) for what, name, _row in outcome.planned]
        twins = self.marks.add(keys)
        fresh = [entry for n, entry in enumerate(outcome.planned) if n not in twins]
        self.env["epd.import.planned"]._add(self.loading, fresh)

    # --- rows that cannot be taken: what the file says of their accounts is not all ---------------

    def _mark_rejected(self, part):
        """Remember the accounts of rows with errors."""
        wrong = {problem.row for problem in part.problems if problem.severity == "error"}
        if wrong and self.loader.kind != "payment":  # whose sums are of one payee each
            self._mark_lost([r.values.get("account") or "" for r in part.records if r.row in wrong])

    def _mark_lost(self, numbers):
        """Remember the accounts of these numbers, leading zeros or not."""
        numbers = {number.lstrip("0") for number in numbers if number.strip("0")}
        if not numbers:
            return
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM epd_personal_account"
                " WHERE company_id = %s AND ltrim(number, '0') = ANY(%s)",
                self.loading.company_id.id,
                list(numbers),
            )
        )
        self.marks.add([(account_id, LOST) for (account_id,) in rows])

    # --- how far it is ----------------------------------------------------------------------------

    def _write_progress(self, part, table, parser, tally, paid):
        loading = self.loading
        kinds = Counter(problem.severity for problem in part.problems)
        self.store_problems(part.problems)
        vals = {
            "position": table.size if part.is_last else part.last.end,
            "total_size": table.size,
            "row_reached": part.last.number if part.last else loading.row_reached,
            "row_count": loading.row_count + part.count,
            "error_count": loading.error_count + kinds["error"],
            "warning_count": loading.warning_count + kinds["warning"],
            "paid_sum": float(to_decimal(loading.paid_sum) + paid),
            "running": parser.running.dump(),
        }
        for name in ("created", "updated", "same", "left", "removed", "kept"):
            vals[f"{name}_count"] = loading[f"{name}_count"] + tally[name]
        loading.write(vals)
        self._mark_columns(set(parser.watch) - self._marked)
        self._marked.update(parser.watch)

    def _mark_columns(self, places):
        """Remember the columns that turned out to hold sums and are not read: a person is informed."""
        if not places:
            return
        columns = self.loading.column_ids.sudo()
        unread = columns.filtered(lambda c: c.index in places and not c.has_numbers)
        if unread:
            unread._unlocked().write({"has_numbers": True})

    def store_problems(self, problems):
        """List problems on the loading, as far as there is room."""
        if not problems:
            return
        listed = self.env["epd.import.problem"].sudo()
        room = KEPT_PROBLEMS - listed.search_count(
            [("import_id", "=", self.loading.id)], limit=KEPT_PROBLEMS
        )
        headers = {column.index: column.header for column in self.loading.column_ids}
        listed.create(
            [
                {
                    "import_id": self.loading.id,
                    "row": problem.row,
                    "column_index": -1 if problem.column is None else problem.column,
                    "header": headers.get(problem.column),
                    "value": problem.value,
                    "code": problem.code,
                    "text": describe_problem(
                        self.env, problem.code, problem.detail or problem.value
                    ),
                    "severity": problem.severity,
                }
                for problem in itertools.islice(problems, max(room, 0))
            ]
        )

    def _finish(self):
        """Close the phase: the file is checked, or loaded."""
        loading = self.loading
        loading._forget_marks()
        if not loading.row_count:
            self.store_problems([Problem(loading.header_row or 1, None, "no_rows")])
            loading.error_count += 1
        if self.loader.dry:
            self.env["epd.import.sum"]._compare(loading)
            beyond = loading.error_count + loading.warning_count > KEPT_PROBLEMS
            note = self.env._("There are many problems: the first %s are listed.", KEPT_PROBLEMS)
            loading._move("checked", pause_reason=note if beyond else False)
            return
        loading._move("done", finished_at=odoo_fields.Datetime.now())
        if loading.kind == "payment":
            text = self.env._("Sum of payments: %s", format_money(loading.paid_sum))
            loading.message_post(body=text)
        loading.message_post(
            body=self.env._(
                "Loaded: %(new)s new, %(changed)s changed, %(same)s as before, %(removed)s removed. "
                "Errors: %(errors)s.",
                new=loading.created_count,
                changed=loading.updated_count,
                same=loading.same_count,
                removed=loading.removed_count,
                errors=loading.error_count,
            )
        )
