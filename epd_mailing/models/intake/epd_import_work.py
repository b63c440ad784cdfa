import contextlib
import itertools
from collections import Counter
from hashlib import blake2b

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...tools.money import format_money
from ...tools.table_file import Problem, TableError
from ..base.epd_background_work import LOST_TRANSACTION

SLICE = 2000  # records matched, written and committed together
KEPT_PROBLEMS = 10_000  # of one order; further ones are counted only


class SliceRefused(Exception):
    """A slice with errors where one error stops all; ``problems`` says which."""

    def __init__(self, problems):
        super().__init__(len(problems))
        self.problems = problems


class EpdImport(models.Model):
    """The work of an order: slice after slice of the file, each committed by itself.

    Where it stands (place in the file, row) is written with the slice, in one transaction: a worker
    that dies loses the slice in work, and the next begins it anew. Nothing is held but the slice.
    """

    _inherit = "epd.import"

    _work_cron = "epd_mailing.ir_cron_import"
    _work_states = ("checking", "loading", "taking_back")
    _work_expected = (UserError, TableError, SliceRefused)

    @api.model
    def _cron_import(self):
        """Work on all orders that are checked or loaded, within the budget of a pass."""
        self._work_pass()

    def _for_user(self):
        return super()._for_user().with_context(mail_create_nolog=True)._through_gate()

    def _work_as(self):
        """Load with the rights of the order's user."""
        return self._for_user()

    def _work(self, in_budget):
        """Go on from where the order stands."""
        if self.state == "taking_back":
            return super()._work(in_budget)  # slices that need no file
        return self._work_slices(in_budget, commit=True)

    def _work_at_once(self):
        """Work on a small file in the present transaction."""
        order = self._for_user()
        try:
            order._work_slices(lambda: True, commit=False)
        except TableError as error:
            order._pause_for_fault(error)

    def _pause_for_fault(self, error):
        order = self._through_gate()
        if isinstance(error, SliceRefused):
            order._store_problems(error.problems)
        return super(EpdImport, order)._pause_for_fault(error)

    def _fault_text(self, error):
        if isinstance(error, SliceRefused):
            return self._describe_refusal()
        if isinstance(error, TableError):
            return self._describe_table_error(error)
        if isinstance(error, AccessError):
            return self.env._("%s has no right to load this.", self.user_id.name)
        return super()._fault_text(error)

    def _describe_refusal(self):
        if self.kind == "payment":
            return self.env._(
                "Something changed since the check, and payments cannot be taken: see the problems. "
                "Correct the cause and go on: no payment is counted twice."
            )
        return self.env._(
            "Something changed since the check, and the next rows cannot be loaded: see the "
            "problems. The rows before row %s are loaded; correct the cause and go on.",
            max(self.row_reached, self.header_row) + 1,
        )

    def _work_slices(self, in_budget, commit):
        """Read on from where the order stands until its end, a stop, or the end of the pass."""
        working = self.state
        with (
            self._open_stream() as stream,
            contextlib.closing(self._open_table(stream)) as table,
        ):
            parser = self._get_parser()
            position = int(self.position)
            # what comes after the last row may be all that is left to do
            read = bool(position) and position >= table.size
            rows = iter(()) if read else table.rows(position, self.row_reached)
            memo = {"warned": set()}
            ended = False
            while not ended:
                if commit and not self.sudo().try_lock_for_update():
                    return
                records, problems, last, read, (count, lost) = self._read_slice(rows, parser)
                self._note_lost(lost)
                tally = self._work_on(records, problems, memo, read)
                tally["left"] += len(lost)
                self._write_progress(
                    None if read else last.end, table, last, count, tally, problems
                )
                ended = read and not self._has_sums() and not self._may_sweep()
                if ended:
                    self._finish_phase()
                if commit:
                    self.env["ir.cron"]._commit_progress(len(records), remaining=int(not ended))
                    self.env.invalidate_all()
                    if ended or self.state != working or not in_budget():
                        return

    def _read_slice(self, rows, parser):
        """Read the rows of a slice.

        :return: ``(records, problems, last row read or None, whether the file ended,
            (how many rows say something, the accounts of those that cannot be read))``
        """
        records, problems, last, count, lost = [], [], None, 0, []
        for row in rows:
            last = row
            if row.number <= self.header_row:
                continue
            found, wrong = parser.parse(row.number, row.cells)
            records += found
            problems += wrong
            count += bool(found or wrong)
            if wrong and not found:
                # a row of another month takes nothing from the sums of this one
                other = {each.code for each in wrong if each.severity == "error"} == {"other_month"}
                lost.append("" if other else parser.get_account(row.cells))
            if len(records) >= SLICE or len(problems) >= SLICE:
                return records, problems, last, False, (count, lost)
        # the end is told by a slice of its own when the file ends on a border
        return records, problems, last, True, (count, lost)

    def _work_on(self, records, problems, memo, read):
        """Check or load a slice; return how many are new, changed, as before, left out.

        :param read: the file is read whole: a slice of what comes after its rows is worked on too
        """
        if self.phase == "check":
            with self.env.cr.savepoint():
                tally = self._match_and_save(records, problems, memo, dry=True)
                tally += self._save_sums(self._take_sums(read), problems, memo, dry=True)
        else:
            tally = self._load_records(records, problems, memo)
            sums = self._take_sums(read)  # the rows of this very slice stand in them too
            tally += self._load_records(sums, problems, memo, self._save_sums)
        self._note_untaken(records, problems)
        tally += self._sweep(read, tally, problems, dry=self.phase == "check")
        if self.phase == "load" and not self.good_only:
            errors = [problem for problem in problems if problem.severity == "error"]
            if errors:
                raise SliceRefused(errors)
        return tally

    def _load_records(self, records, problems, memo, save=None):
        """Write a slice; when it fails as a whole, its halves, down to the row that cannot be.

        :param save: what writes records, as :meth:`_match_and_save` (the default) does
        """
        if not records:
            return Counter()
        save = save or self._match_and_save
        found, known = [], {**memo, "warned": set(memo["warned"])}
        try:
            with self.env.cr.savepoint():
                tally = save(records, found, known, dry=False)
                self.env.flush_all()
        except LOST_TRANSACTION:
            raise
        except AccessError:
            raise
        except (UserError, psycopg2.Error) as error:
            self.env.invalidate_all()
            memo.clear()
            memo["warned"] = set()
            if len(records) == 1:
                problems.append(self._describe_fault(records[0], error))
                return Counter(left=records[0].values.get("rows", 1))
            middle = len(records) // 2
            return self._load_records(records[:middle], problems, memo, save) + self._load_records(
                records[middle:], problems, memo, save
            )
        memo.update(known)
        problems += found
        return tally

    def _describe_fault(self, record, error):
        text = str(error) if isinstance(error, UserError) else error.diag.message_primary or ""
        return Problem(record.row, None, "fault", text[:200])

    def _write_progress(self, position, table, last, count, tally, problems):
        kinds = Counter(problem.severity for problem in problems)
        self._store_problems(problems)
        self.write(
            {
                "position": table.size if position is None else position,
                "total_size": table.size,
                "row_reached": last.number if last else self.row_reached,
                "row_count": self.row_count + count,
                "created_count": self.created_count + tally["created"],
                "updated_count": self.updated_count + tally["updated"],
                "same_count": self.same_count + tally["same"],
                "left_count": self.left_count + tally["left"],
                "removed_count": self.removed_count + tally["removed"],
                "kept_count": self.kept_count + tally["kept"],
                "error_count": self.error_count + kinds["error"],
                "warning_count": self.warning_count + kinds["warning"],
            }
        )

    def _finish_phase(self):
        self._forget_keys()
        if not self.row_count:
            self._store_problems([Problem(self.header_row or 1, None, "no_rows")])
            self.error_count += 1
        if self.phase == "check":
            beyond = self.error_count + self.warning_count > KEPT_PROBLEMS
            note = self.env._("There are many problems: the first %s are listed.", KEPT_PROBLEMS)
            self._move("checked", pause_reason=note if beyond else False)
            return
        self._move("done", finished_at=fields.Datetime.now())
        if self.kind == "payment":
            text = self.env._("Sum of payments: %s", format_money(self.paid_sum))
            self.message_post(body=text)
        self.message_post(
            body=self.env._(
                "Loaded: %(new)s new, %(changed)s changed, %(same)s as before, %(removed)s removed. "
                "Errors: %(errors)s.",
                new=self.created_count,
                changed=self.updated_count,
                same=self.same_count,
                removed=self.removed_count,
                errors=self.error_count,
            )
        )

    def _store_problems(self, problems):
        if not problems:
            return
        room = KEPT_PROBLEMS - self.env["epd.import.problem"].sudo().search_count(
            [("import_id", "=", self.id)], limit=KEPT_PROBLEMS
        )
        headers = {column.index: column.header for column in self.column_ids}
        self.env["epd.import.problem"].sudo().create(
            [
                {
                    "import_id": self.id,
                    "row": problem.row,
                    "column_index": -1 if problem.column is None else problem.column,
                    "header": headers.get(problem.column),
                    "value": problem.value,
                    "code": problem.code,
                    "text": self._problem_text(problem.code, problem.detail or problem.value),
                    "severity": problem.severity,
                }
                for problem in itertools.islice(problems, max(room, 0))
            ]
        )

    # ------------------------------------------------------------------
    # The same line twice in one file: known over all slices by a table of digests
    # ------------------------------------------------------------------
    @staticmethod
    def _get_digest(key):
        return int.from_bytes(blake2b(repr(key).encode(), digest_size=8).digest(), signed=True)

    def _find_twins(self, keys):
        """Remember the keys of a slice; return the places of those that the file had before."""
        digests = list(map(self._get_digest, keys))
        fresh = set()
        if digests:
            rows = self.env.execute_query(
                SQL(
                    "INSERT INTO epd_import_key (import_id, digest) SELECT %s, unnest(%s::bigint[])"
                    " ON CONFLICT DO NOTHING RETURNING digest",
                    self.id,
                    digests,
                )
            )
            fresh = {digest for (digest,) in rows}
        twins = set()
        for place, digest in enumerate(digests):
            if digest in fresh:
                fresh.discard(digest)
            else:
                twins.add(place)
        return twins

    def _find_digests(self, digests):
        """Return those of the digests that were remembered for this file."""
        rows = self.env.execute_query(
            SQL(
                "SELECT digest FROM epd_import_key WHERE import_id = %s AND digest = ANY(%s)",
                self.id,
                list(digests),
            )
        )
        return {digest for (digest,) in rows}

    def _note_untaken(self, records, problems):
        """Remember the accounts of rows with errors: what they say of the account is not all."""
        wrong = {problem.row for problem in problems if problem.severity == "error"}
        if wrong and self.kind != "payment":  # whose sums are of one payee each
            self._note_lost([r.values["account"] for r in records if r.row in wrong])

    def _note_lost(self, numbers):
        """Remember the accounts of rows that cannot be read."""
        numbers = {number.lstrip("0") for number in numbers if number.strip("0")}
        if not numbers:
            return
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM epd_personal_account"
                " WHERE company_id = %s AND ltrim(number, '0') = ANY(%s)",
                self.company_id.id,
                list(numbers),
            )
        )
        self._find_twins([("lost", account_id) for (account_id,) in rows])

    def _forget_keys(self):
        self.env.cr.execute(SQL("DELETE FROM epd_import_key WHERE import_id = ANY(%s)", self.ids))

    def init(self):
        """Make the side table of digests: bare rows that no person ever looks at."""
        self.env.cr.execute(
            """CREATE TABLE IF NOT EXISTS epd_import_key (
                   import_id integer NOT NULL REFERENCES epd_import ON DELETE CASCADE,
                   digest bigint NOT NULL,
                   PRIMARY KEY (import_id, digest))"""
        )
