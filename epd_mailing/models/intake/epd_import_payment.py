from collections import Counter, defaultdict
from decimal import Decimal

from odoo import fields, models
from odoo.tools import SQL

from ...tools import money
from ...tools.payment_register import Payment, settle
from ...tools.table_file import Problem, Record
from ...tools.table_file.rows import LIMITS

SUMS = 2000  # compared, written and committed together
_FIGURES = ("paid", "last_payment_date", "paid_through")


class EpdImport(models.Model):
    """A register of payments: several rows of one account, wherever they stand, make one sum.

    Rows are gathered in a side table, slice by slice; once the file is read whole they are compared
    with the payments recorded (``epd.account.payment``), account after account, again in slices. So
    a balance never shows a part of a sum, a stop loses nothing, and the same file changes nothing.

    ==========  ====================================================================
    scope       what the file does to «Paid» of the balance
    ==========  ====================================================================
    part        adds the payments that no register had brought before
    whole       replaces it: payments that the file does not have are forgotten
    ==========  ====================================================================

    A row that repeats another of the file (account, payee, day, sum) may be a second payment or a
    line written twice. With one number of payment in both it is the latter, an error; without, it
    counts and a warning tells.

    When «Take the Good Rows» leaves out a row that cannot be read of a file that holds all payments,
    it leaves out all of the account: a part of them would show a debt that is not there.
    """

    _inherit = "epd.import"

    currency_id = fields.Many2one(related="company_id.currency_id")
    paid_sum = fields.Monetary(
        string="Sum of Payments",
        readonly=True,
        copy=False,
        help="Of the rows that are taken: compare it with the total of the register.",
    )
    payment_ids = fields.One2many("epd.account.payment", "import_id", readonly=True)

    # ------------------------------------------------------------------
    # Rows → side table
    # ------------------------------------------------------------------
    def _gather_payments(self, records, accounts, problems, memo, dry):
        """Keep the rows of a slice until the file is read whole; they are counted then."""
        rows = self._pair_rows(records, accounts, problems, memo, dry)
        existing = self._find_existing(self.env["epd.personal.account"].union(*accounts.values()))
        numbers = [record.values.get("payment_number") or "" for record, *_pair in rows]
        twins = self._find_twins(
            [
                (account.id, payee.id, number, r.values.get("last_payment_date"), r.values["paid"])
                for (r, account, payee), number in zip(rows, numbers, strict=True)
            ]
        )
        gathered = []
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
            values = record.values
            gathered.append(
                (
                    *(account.id, payee.id, record.row, numbers[place], values["paid"]),
                    *(values.get("last_payment_date"), values.get("paid_through")),
                )
            )
        self._keep_payments(gathered)
        return Counter(gathered=len(gathered))

    def _keep_payments(self, gathered):
        if gathered:
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO epd_import_paid_row
                           (import_id, account_id, payee_id, file_row, number, paid, paid_on, paid_through)
                    SELECT %s, * FROM unnest(%s::integer[], %s::integer[], %s::integer[], %s::text[],
                                             %s::numeric[], %s::date[], %s::date[])
                    """,
                    self.id,
                    *map(list, zip(*gathered, strict=True)),
                )
            )

    def _find_lost(self, account_ids):
        """Return those of the accounts of which a row of the file could not be taken."""
        digests = {self._get_digest(("lost", account_id)): account_id for account_id in account_ids}
        return {digests[digest] for digest in self._find_digests(digests)}

    # ------------------------------------------------------------------
    # Side table → payments and balances
    # ------------------------------------------------------------------
    def _has_sums(self):
        """Return whether payments of the file are still to be compared with the recorded ones."""
        return self.kind == "payment" and bool(
            self.env.execute_query(
                SQL("SELECT 1 FROM epd_import_paid_row WHERE import_id = %s LIMIT 1", self.id)
            )
        )

    def _take_sums(self, read):
        """Return the payments of the next accounts, a record each, and forget them: they are written.

        :param read: whether the file is read whole; before that there is nothing to write
        """
        if not read or not self._has_sums():
            return []
        rows = self.env.execute_query(
            SQL(
                """
                WITH taken AS (
                    SELECT DISTINCT account_id, payee_id FROM epd_import_paid_row
                     WHERE import_id = %(order)s ORDER BY account_id, payee_id LIMIT %(limit)s)
                DELETE FROM epd_import_paid_row payment USING taken, epd_personal_account account
                 WHERE payment.import_id = %(order)s AND payment.account_id = taken.account_id
                   AND payment.payee_id = taken.payee_id AND account.id = taken.account_id
                RETURNING payment.account_id, payment.payee_id, payment.file_row, payment.number,
                          payment.paid::text, payment.paid_on, payment.paid_through, account.number
                """,
                order=self.id,
                limit=SUMS,
            )
        )
        totals = defaultdict(list)
        for row in sorted(rows, key=lambda row: row[:3]):
            totals[row[:2]].append(row)
        return [self._add_up(total) for total in totals.values()]

    def _add_up(self, rows):
        """Return the rows of one account and payee as a record: their sum, days and payments."""
        # numbers of the database come as floats: money comes as text
        payments = [
            Payment(number, paid_on, Decimal(paid), self.file_sha256 or "", through)
            for *_key, number, paid, paid_on, through, _account in rows
        ]
        values = {
            "account_id": rows[0][0],
            "payee_id": rows[0][1],
            "account": rows[0][-1],
            "rows": len(rows),
            "payments": payments,
            "paid": sum((payment.amount for payment in payments), Decimal(0)),
            **self._get_days(payments),
        }
        places = {column.field_id.code: column.index for column in self.column_ids}
        return Record(rows[0][2], values, places)

    @staticmethod
    def _get_days(payments):
        """Return the last day that was paid on, and up to when payments are taken in."""
        # money that was given back is no payment
        days = [payment.paid_on for payment in payments if payment.amount >= 0]
        through = [payment.paid_through for payment in payments]
        return {
            "last_payment_date": max(filter(None, days), default=None),
            "paid_through": max(filter(None, through), default=None),
        }

    def _save_sums(self, totals, problems, memo, dry):
        """Compare payments with the recorded ones, write what differs unless ``dry``; count them."""
        if not totals:
            return Counter()
        account_ids = [total.values["account_id"] for total in totals]
        balances = {
            (balance.account_id.id, balance.payee_id.id): balance
            for balance in self.env["epd.account.balance"].search_fetch(
                [("period_id", "=", self.period_id.id), ("account_id", "in", account_ids)],
                ["account_id", "payee_id", *_FIGURES],
            )
        }
        known = self._get_known_payments(self.env["epd.account.balance"].union(*balances.values()))
        lost = self._find_lost(account_ids) if self.scope == "whole" else ()
        tally, settled, taken = Counter(), [], Decimal(0)
        for total in totals:
            balance = balances.get((total.values["account_id"], total.values["payee_id"]))
            before = known[balance.id] if balance else {}
            found = settle(total.values["payments"], before, self.scope == "whole")
            vals = self._get_paid_values(total, balance, before, found) if balance else {}
            wrong = self._get_total_problem(total, vals, lost)
            if wrong:
                problems.append(wrong)
                tally["left"] += total.values["rows"]
                continue
            problems += self._get_paid_warnings(total, balance, before, found)
            vals = self._drop_same(balance, vals)
            tally += self._count_payments(found, vals)
            taken += total.values["paid"]
            settled.append((balance, vals, found))
        if not dry:
            self._write_settled(settled)
        self.paid_sum = float(money.to_decimal(self.paid_sum) + taken)
        return tally

    def _get_known_payments(self, balances):
        """Return ``{balance id: {payment id: Payment}}`` of what registers brought before."""
        found = defaultdict(dict)
        for line in (
            self.env["epd.account.payment"]
            .sudo()
            .search_fetch(
                [("balance_id", "in", balances.ids)],
                ["balance_id", "number", "paid_on", "amount", "import_id", "paid_through"],
                order="id",
            )
        ):
            found[line.balance_id.id][line.id] = Payment(
                line.number or "",
                line.paid_on or None,
                money.to_decimal(line.amount),
                line.import_id.file_sha256 or "",
                line.paid_through or None,
            )
        return found

    def _get_total_problem(self, total, vals, lost):
        """Return why the payments of an account cannot be taken, or nothing."""
        column, number = total.columns.get("account"), total.values["account"]
        if total.values["account_id"] in lost:
            return Problem(total.row, column, "paid_in_part", number)
        if not vals:
            return Problem(total.row, column, "no_balance", number)
        if abs(vals["paid"]) >= Decimal(10) ** LIMITS["money"]:
            return Problem(total.row, total.columns.get("paid"), "too_large", str(vals["paid"]))
        return None

    def _get_paid_values(self, total, balance, before, found):
        """Return what the balance says when the payments are taken."""
        values = total.values
        days = {name: values[name] for name in _FIGURES[1:] if name in total.columns}
        if self.scope == "whole":
            return {"paid": values["paid"], **{name: day or False for name, day in days.items()}}
        paid = money.to_decimal(balance.paid) + sum(payment.amount for payment in found.new)
        paid += sum(payment.amount - before[key].amount for key, payment in found.changed)
        later = {n: max(filter(None, (balance[n], day)), default=False) for n, day in days.items()}
        return {"paid": paid, **later}

    def _drop_same(self, balance, vals):
        """Return what of ``vals`` the balance does not say yet, as it is written."""
        return {
            name: float(value) if isinstance(value, Decimal) else value
            for name, value in vals.items()
            if self._differs(balance, name, value)
        }

    @staticmethod
    def _count_payments(found, vals):
        tally = Counter(
            created=len(found.new),
            updated=len(found.changed),
            same=len(found.same),
            removed=len(found.gone),
        )
        if vals and not found.new and not found.changed:  # the balance was altered since
            tally["updated"], tally["same"] = tally["same"], 0
        return tally

    def _write_settled(self, settled):
        """Write balances and payments; people have no right to the latter, so the program does.

        :param settled: list of ``(balance, its new values, Settlement)``
        """
        changed = [(balance, vals) for balance, vals, _found in settled if vals]
        self._write_many("epd.account.balance", [], changed)
        lines = self.env["epd.account.payment"].sudo()
        lines.browse([key for *_pair, found in settled for key in found.gone]).unlink()
        for *_pair, found in settled:
            for key, payment in found.changed:
                lines.browse(key).write(self._get_payment_values(payment))
        lines.create(
            [
                {"balance_id": balance.id, **self._get_payment_values(payment)}
                for balance, _vals, found in settled
                for payment in found.new
            ]
        )

    def _get_payment_values(self, payment):
        return {
            "number": payment.number or False,
            "paid_on": payment.paid_on or False,
            "paid_through": payment.paid_through or False,
            "amount": float(payment.amount),
            "import_id": self.id,
        }

    # ------------------------------------------------------------------
    # What a person should look at before he loads
    # ------------------------------------------------------------------
    def _get_paid_warnings(self, total, balance, before, found):
        """Return what is no error, but not as one would expect it."""
        column, values = total.columns.get("paid"), total.values

        def warn(code, amount):
            return Problem(total.row, column, code, money.format_money(amount), "warning")

        paid = money.to_decimal(balance.paid)
        recorded = sum((payment.amount for payment in before.values()), Decimal(0))
        if self.scope == "whole":
            if found.gone:
                return [warn("paid_gone", sum(before[key].amount for key in found.gone))]
            return [warn("paid_less", paid)] if paid and values["paid"] < paid else []
        warnings = []
        if found.repeated:
            told = sum(before[key].amount for key in found.repeated)
            warnings.append(warn("paid_known", told))
        if found.changed:
            told = sum(before[key].amount for key, _payment in found.changed)
            warnings.append(warn("paid_changed", told))
        if (found.new or found.changed) and paid != recorded:
            warnings.append(warn("paid_other", paid - recorded))
        return warnings

    def _forget_keys(self):
        self.env.cr.execute(
            SQL("DELETE FROM epd_import_paid_row WHERE import_id = ANY(%s)", self.ids)
        )
        return super()._forget_keys()

    def init(self):
        """Make the side table of rows: bare, gone when the payments are recorded."""
        self.env.cr.execute(
            """CREATE TABLE IF NOT EXISTS epd_import_paid_row (
                   import_id integer NOT NULL REFERENCES epd_import ON DELETE CASCADE,
                   account_id integer NOT NULL REFERENCES epd_personal_account ON DELETE CASCADE,
                   payee_id integer NOT NULL REFERENCES res_partner_bank ON DELETE CASCADE,
                   file_row integer NOT NULL,
                   number text NOT NULL,
                   paid numeric NOT NULL,
                   paid_on date,
                   paid_through date,
                   PRIMARY KEY (import_id, account_id, payee_id, file_row))"""
        )
        return super().init()
