from collections import Counter
from decimal import Decimal

from odoo import fields, models
from odoo.tools import SQL

from ..tools import money
from ..tools.table_file import Problem, Record
from ..tools.table_file.rows import LIMITS

SUMS = 2000  # compared, written and committed together
_FIGURES = ("paid", "last_payment_date", "paid_through")


class EpdImport(models.Model):
    """A register of payments: several rows of one account, wherever they stand, make one sum.

    Rows are added up in a side table, slice by slice; balances are written once the file is read
    whole, account after account, again in slices. So a balance never shows a part of a sum, a stop
    loses nothing, and the same file again comes to the same sums and changes nothing. The file says
    the whole of what was paid in the period: its sum replaces the balance's, it is not added to it.

    A row that repeats another (account, payee, day, sum) may be a second payment or a line written
    twice. With one number of payment in both it is the latter, an error; without, it is added up and
    a warning tells.

    When «Take the Good Rows» leaves out a row that cannot be read, it leaves out all payments of the
    account: a part of them would show a debt that is not there.
    """

    _inherit = "epd.import"

    currency_id = fields.Many2one(related="company_id.currency_id")
    paid_sum = fields.Monetary(
        string="Sum of Payments",
        readonly=True,
        copy=False,
        help="Of the rows that are taken: compare it with the total of the register.",
    )

    # ------------------------------------------------------------------
    # Rows → sums
    # ------------------------------------------------------------------
    def _gather_payments(self, records, accounts, problems, memo, dry):
        """Add the rows of a slice to the sums of the file; they are counted when these are written."""
        rows = self._pair_rows(records, accounts, problems, memo, dry)
        existing = self._find_existing(self.env["epd.personal.account"].union(*accounts.values()))
        numbers = [record.values.get("payment_number") or "" for record, *_pair in rows]
        twins = self._find_twins(
            [
                (account.id, payee.id, number, r.values.get("last_payment_date"), r.values["paid"])
                for (r, account, payee), number in zip(rows, numbers, strict=True)
            ]
        )
        sums, count = {}, 0
        for place, (record, account, payee) in enumerate(rows):
            if place in twins:
                column = record.columns.get("payment_number" if numbers[place] else "paid")
                told = numbers[place] or money.format_money(record.values["paid"])
                code, level = ("twice", "error") if numbers[place] else ("paid_twice", "warning")
                problems.append(Problem(record.row, column, code, told, level))
                if level == "error":
                    continue
            if (account.id, payee.id) not in existing:
                column, number = record.columns.get("account"), record.values["account"]
                problems.append(Problem(record.row, column, "no_balance", number))
                continue
            count += 1
            self._add_up(sums.setdefault((account.id, payee.id), {}), record)
        self._keep_sums(sums)
        return Counter(gathered=count)

    @staticmethod
    def _add_up(total, record):
        values = record.values
        total["paid"] = total.get("paid", Decimal(0)) + values["paid"]
        total["rows"] = total.get("rows", 0) + 1
        total["row"] = min(total.get("row", record.row), record.row)
        for name in ("last_payment_date", "paid_through"):
            day = values.get(name)
            # money that was given back is no payment
            if name == "last_payment_date" and values["paid"] < 0:
                day = None
            total[name] = max(filter(None, (total.get(name), day)), default=None)

    def _keep_sums(self, sums):
        if not sums:
            return
        columns = list(
            zip(*((*key, *self._get_sum(each)) for key, each in sums.items()), strict=True)
        )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO epd_import_payment AS known
                       (import_id, account_id, payee_id, paid, last_payment_date, paid_through,
                        row_count, first_row)
                SELECT %s, * FROM unnest(%s::integer[], %s::integer[], %s::numeric[], %s::date[],
                                         %s::date[], %s::integer[], %s::integer[])
                    ON CONFLICT (import_id, account_id, payee_id) DO UPDATE
                   SET paid = known.paid + excluded.paid,
                       last_payment_date = greatest(known.last_payment_date,
                                                    excluded.last_payment_date),
                       paid_through = greatest(known.paid_through, excluded.paid_through),
                       row_count = known.row_count + excluded.row_count,
                       first_row = least(known.first_row, excluded.first_row)
                """,
                self.id,
                *map(list, columns),
            )
        )

    @staticmethod
    def _get_sum(total):
        return *(total[name] for name in _FIGURES), total["rows"], total["row"]

    def _note_lost(self, numbers):
        """Remember the accounts of rows that cannot be read: their sums would be too small."""
        numbers = {number.lstrip("0") for number in numbers if number.strip("0")}
        if self.kind != "payment" or not numbers:
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

    def _find_lost(self, totals):
        """Return the ids of accounts of which a row could not be read."""
        accounts = {
            self._get_digest(("lost", total.values["account_id"])): total.values["account_id"]
            for total in totals
        }
        rows = self.env.execute_query(
            SQL(
                "SELECT digest FROM epd_import_key WHERE import_id = %s AND digest = ANY(%s)",
                self.id,
                list(accounts),
            )
        )
        return {accounts[digest] for (digest,) in rows}

    # ------------------------------------------------------------------
    # Sums → balances
    # ------------------------------------------------------------------
    def _has_sums(self):
        """Return whether sums of the file are still to be compared with the balances."""
        return self.kind == "payment" and bool(
            self.env.execute_query(
                SQL("SELECT 1 FROM epd_import_payment WHERE import_id = %s LIMIT 1", self.id)
            )
        )

    def _take_sums(self, read):
        """Return the sums of the next accounts as records, and forget them: they are written now.

        :param read: whether the file is read whole; before that there are no sums to write
        """
        if not read or not self._has_sums():
            return []
        rows = self.env.execute_query(
            SQL(
                """
                WITH taken AS (
                    SELECT account_id, payee_id FROM epd_import_payment WHERE import_id = %(order)s
                     ORDER BY account_id, payee_id LIMIT %(limit)s)
                DELETE FROM epd_import_payment total USING taken, epd_personal_account account
                 WHERE total.import_id = %(order)s AND total.account_id = taken.account_id
                   AND total.payee_id = taken.payee_id AND account.id = taken.account_id
                RETURNING total.account_id, total.payee_id, total.paid::text, total.last_payment_date,
                          total.paid_through, total.row_count, total.first_row, account.number
                """,
                order=self.id,
                limit=SUMS,
            )
        )
        places = {column.field_id.code: column.index for column in self.column_ids}
        names = ("account_id", "payee_id", *_FIGURES, "rows", "row", "account")
        # numbers of the database come as floats: money comes as text
        totals = [dict(zip(names, row, strict=True)) for row in sorted(rows)]
        for total in totals:
            total["paid"] = Decimal(total["paid"])
        return [Record(total["row"], total, places) for total in totals]

    def _save_sums(self, totals, problems, memo, dry):
        """Compare the sums with the balances, write what differs unless ``dry``; count their rows."""
        if not totals:
            return Counter()
        balances = self.env["epd.account.balance"]
        found = {
            (balance.account_id.id, balance.payee_id.id): balance
            for balance in balances.search_fetch(
                [
                    ("period_id", "=", self.period_id.id),
                    ("account_id", "in", [total.values["account_id"] for total in totals]),
                ],
                ["account_id", "payee_id", *_FIGURES],
            )
        }
        tally, changed, taken = Counter(), [], Decimal(0)
        lost = self._find_lost(totals)
        for total in totals:
            balance = found.get((total.values["account_id"], total.values["payee_id"]))
            if total.values["account_id"] in lost:
                column, number = total.columns.get("account"), total.values["account"]
                wrong = Problem(total.row, column, "paid_in_part", number)
            else:
                wrong = self._get_sum_problem(total, balance, problems)
            if wrong:
                problems.append(wrong)
                tally["left"] += total.values["rows"]
                continue
            vals = {
                name: float(value) if isinstance(value, Decimal) else value or False
                for name, value in total.values.items()
                if name in _FIGURES and name in total.columns
            }
            vals = {n: value for n, value in vals.items() if self._differs(balance, n, value)}
            tally["updated" if vals else "same"] += total.values["rows"]
            taken += total.values["paid"]
            if vals:
                changed.append((balance, vals))
        if not dry:
            self._write_many(balances._name, [], changed)
        self.paid_sum = float(money.to_decimal(self.paid_sum) + taken)
        return tally

    def _get_sum_problem(self, total, balance, problems):
        """Return why a sum cannot be written; a sum that takes something back only warns."""
        values, place = total.values, total.columns.get("paid")
        if not balance:
            column = total.columns.get("account")
            return Problem(total.row, column, "no_balance", values["account"])
        if abs(values["paid"]) >= Decimal(10) ** LIMITS["money"]:
            return Problem(total.row, place, "too_large", str(values["paid"]))
        before = money.to_decimal(balance.paid)
        if before and values["paid"] < before:
            told = money.format_money(before)
            problems.append(Problem(total.row, place, "paid_less", told, "warning"))
        return None

    def _forget_keys(self):
        self.env.cr.execute(
            SQL("DELETE FROM epd_import_payment WHERE import_id = ANY(%s)", self.ids)
        )
        return super()._forget_keys()

    def init(self):
        """Make the side table of sums: bare rows, gone when the balances are written."""
        self.env.cr.execute(
            """CREATE TABLE IF NOT EXISTS epd_import_payment (
                   import_id integer NOT NULL REFERENCES epd_import ON DELETE CASCADE,
                   account_id integer NOT NULL REFERENCES epd_personal_account ON DELETE CASCADE,
                   payee_id integer NOT NULL REFERENCES res_partner_bank ON DELETE CASCADE,
                   paid numeric NOT NULL,
                   last_payment_date date,
                   paid_through date,
                   row_count integer NOT NULL,
                   first_row integer NOT NULL,
                   PRIMARY KEY (import_id, account_id, payee_id))"""
        )
        return super().init()
