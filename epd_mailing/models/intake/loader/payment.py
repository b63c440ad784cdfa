from collections import Counter, defaultdict
from decimal import Decimal

from odoo.tools import SQL

from ....tools import figures, money
from ....tools.payment_register import Payment, settle
from ....tools.table_file import Record
from ....tools.table_file.rows import LIMITS
from .balance import DUE_OF, PayeeFigures
from .base import register
from .marks import LOST, get_digest

SUMS = 2000  # accounts whose payments are compared, written and committed together
DAYS = ("last_payment_date", "paid_through")


@register
class PaymentLoader(PayeeFigures):
    """A register of payments: several rows of one account, wherever they stand, make one sum.

    Rows are gathered in a side table (``epd.import.paid.row``), slice by slice; once the file is
    read whole they are compared with the payments recorded (``epd.account.payment``), account after
    account, again in slices. So a balance never shows a part of a sum, a stop loses nothing, and
    the same file changes nothing.

    ==========  ====================================================================
    scope       what the file does to «Paid» of the balance
    ==========  ====================================================================
    part        adds the payments that no register had brought before
    whole       replaces it: payments that the file does not have are forgotten
    ==========  ====================================================================

    A row that repeats another of the file (account, payee, day, sum) may be a second payment or a
    line written twice. With one number of payment in both it is the latter, an error; without, it
    counts and a warning tells.

    When «Take the Good Rows» skips a row that cannot be read of a file that holds all payments, it
    skips all of the account: a part of them would show a debt that is not there.
    """

    kind = "payment"
    names = ("paid", *DAYS)

    # --- rows → side table ------------------------------------------------------------------------

    def _take(self, records):
        """Keep the rows of a slice until the file is read whole; they are counted then."""
        rows = self.pair(records)
        twins = self.marks.add(
            [
                (account.id, payee.id, _number(r), r.values.get(DAYS[0]), r.values["paid"])
                for r, account, payee in rows
            ]
        )
        gathered = []
        for place, (record, account, payee) in enumerate(rows):
            if place in twins and not self._may_repeat(record):
                continue
            values = record.values
            if self.dry:
                self.add_sum("paid", values["paid"], account.building_id, payee.id)
            gathered.append(
                (
                    *(account.id, payee.id, record.row, _number(record), values["paid"]),
                    *(values.get("last_payment_date"), values.get("paid_through")),
                )
            )
        self._keep(gathered)
        return Counter(gathered=len(gathered), left=len(records) - len(gathered))

    def _may_repeat(self, record):
        """Note a row that repeats another; return whether it counts all the same."""
        number = _number(record)
        if number:
            self.problem(record, "payment_number", "twice", number)
            return False
        shown = money.format_money(record.values["paid"])
        self.problem(record, "paid", "paid_twice", shown, "warning")
        return True

    def _keep(self, gathered):
        if gathered:
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO epd_import_paid_row
                           (import_id, account_id, payee_id, file_row, number, paid, paid_on, paid_through)
                    SELECT %s, * FROM unnest(%s::integer[], %s::integer[], %s::integer[], %s::text[],
                                             %s::numeric[], %s::date[], %s::date[])
                    """,
                    self.loading.id,
                    *map(list, zip(*gathered, strict=True)),
                )
            )

    # --- side table → payments and balances -------------------------------------------------------

    def has_rest(self):
        """Return whether payments of the file are still to be compared with the recorded ones."""
        return bool(
            self.env.execute_query(
                SQL(
                    "SELECT 1 FROM epd_import_paid_row WHERE import_id = %s LIMIT 1",
                    self.loading.id,
                )
            )
        )

    def take_rest(self):
        """Compare the payments of the next accounts with the recorded ones, write what differs."""
        return self._finish(self._attempt(self._take_sums(), self._settle))

    def _take_sums(self):
        """Return the payments of the next accounts, a record each, and forget them: they are written."""
        rows = self.env.execute_query(
            SQL(
                """
                WITH taken AS (
                    SELECT DISTINCT account_id, payee_id FROM epd_import_paid_row
                     WHERE import_id = %(loading)s ORDER BY account_id, payee_id LIMIT %(limit)s)
                DELETE FROM epd_import_paid_row payment USING taken, epd_personal_account account
                 WHERE payment.import_id = %(loading)s AND payment.account_id = taken.account_id
                   AND payment.payee_id = taken.payee_id AND account.id = taken.account_id
                RETURNING payment.account_id, payment.payee_id, payment.file_row, payment.number,
                          payment.paid::text, payment.paid_on, payment.paid_through, account.number
                """,
                loading=self.loading.id,
                limit=SUMS,
            )
        )
        totals = defaultdict(list)
        for row in sorted(rows, key=lambda row: row[:3]):
            totals[row[:2]].append(row)
        places = {column.field_id.code: column.index for column in self.loading.column_ids}
        return [self._add_up(total, places) for total in totals.values()]

    def _add_up(self, rows, places):
        """Return the rows of one account and payee as a record: their sum, days and payments."""
        # numbers of the database come as floats: money comes as text
        payments = [
            Payment(number or "", paid_on, Decimal(paid), self.loading.file_sha256 or "", through)
            for *_key, number, paid, paid_on, through, _account in rows
        ]
        values = {
            "account_id": rows[0][0],
            "payee_id": rows[0][1],
            "account": rows[0][-1],
            "rows": len(rows),
            "payments": payments,
            "paid": sum((payment.amount for payment in payments), Decimal(0)),
            **get_days(payments),
        }
        return Record(rows[0][2], values, places)

    def _settle(self, totals):
        """Compare payments with the recorded ones, write what differs unless it is dry; count them."""
        account_ids = [total.values["account_id"] for total in totals]
        balances = self._get_balances(totals, account_ids)
        there = [balance for balance in balances.values() if balance.ids]
        known = get_known_payments(self.env["epd.account.balance"].union(*there))
        lost = self._find_lost(account_ids) if self.target.whole else ()
        tally, settled = Counter(), []
        for total in totals:
            balance = balances[total.values["account_id"], total.values["payee_id"]]
            before = known[balance.id]
            settlement = settle(total.values["payments"], before, self.target.whole)
            vals = self._get_paid_values(total, balance, before, settlement)
            if not self._is_sound(total, vals, lost):
                tally["left"] += total.values["rows"]
                continue
            self._warn(total, balance, before, settlement)
            vals = self.writer.drop_same(balance, vals)
            tally += _count(settlement, vals)
            self.paid += total.values["paid"]
            settled.append((balance, vals, settlement))
        if not self.dry:
            self._write_settled(settled)
        return tally

    def _get_balances(self, totals, account_ids):
        """Return ``{(account id, bank account id): balance}``: payments may come before balances.

        A balance that is not there is created with nothing but the payments, or only stands for one
        in a check.
        """
        model = self.env["epd.account.balance"]
        found = {
            (balance.account_id.id, balance.payee_id.id): balance
            for balance in model.search_fetch(
                [("period_id", "=", self.target.period.id), ("account_id", "in", account_ids)],
                ["account_id", "payee_id", *self.names],
            )
        }
        keys = [(total.values["account_id"], total.values["payee_id"]) for total in totals]
        missing = [key for key in dict.fromkeys(keys) if key not in found]
        vals_list = [
            {
                "account_id": account_id,
                "payee_id": payee_id,
                "period_id": self.target.period.id,
                "company_id": self.target.company.id,
            }
            for account_id, payee_id in missing
        ]
        if self.dry:
            made = [model.new(vals) for vals in vals_list]
            numbers = {t.values["account_id"]: t.values["account"] for t in totals}
            for account_id, _payee_id in missing:
                self.matcher.planned.append(("balance", numbers[account_id], 0))
        else:
            made = model._without_touching().create(vals_list)
        return found | dict(zip(missing, made, strict=True))

    def _find_lost(self, account_ids):
        """Return those of the accounts of which a row of the file could not be taken."""
        known, lost = self.marks.read_groups(account_ids), get_digest((LOST,))
        return {account_id for account_id in account_ids if lost in known.get(account_id, ())}

    def _is_sound(self, total, vals, lost):
        """Note why the payments of an account cannot be taken; return whether they can."""
        if total.values["account_id"] in lost:
            self.problem(total, "account", "paid_in_part", total.values["account"])
        elif abs(vals["paid"]) >= Decimal(10) ** LIMITS["money"]:
            self.problem(total, "paid", "too_large", str(vals["paid"]))
        else:
            return True
        return False

    def _get_paid_values(self, total, balance, before, settlement):
        """Return what the balance says when the payments are taken."""
        values = total.values
        days = {name: values[name] for name in DAYS if name in total.columns}
        if self.target.whole:
            return {"paid": values["paid"], **{name: day or False for name, day in days.items()}}
        paid = money.to_decimal(balance.paid) + sum(payment.amount for payment in settlement.new)
        paid += sum(payment.amount - before[key].amount for key, payment in settlement.changed)
        later = {n: max(filter(None, (balance[n], day)), default=False) for n, day in days.items()}
        return {"paid": paid, **later}

    def _warn(self, total, balance, before, settlement):
        """Note what is no error, but not as one would expect it."""

        def warn(code, amount):
            self.problem(total, "paid", code, money.format_money(amount), "warning")

        paid = money.to_decimal(balance.paid)
        recorded = sum((payment.amount for payment in before.values()), Decimal(0))
        if self.target.whole:
            if settlement.gone:
                warn("paid_gone", sum(before[key].amount for key in settlement.gone))
            elif paid and total.values["paid"] < paid:
                warn("paid_less", paid)
            return
        if settlement.repeated:
            warn("paid_known", sum(before[key].amount for key in settlement.repeated))
        if settlement.changed:
            warn("paid_changed", sum(before[key].amount for key, _payment in settlement.changed))
        if (settlement.new or settlement.changed) and paid != recorded:
            warn("paid_other", paid - recorded)

    def _write_settled(self, settled):
        """Write balances and payments; people have no right to the latter, so the program does.

        :param settled: list of ``(balance, its new values, Settlement)``
        """
        changed = [(balance, vals) for balance, vals, _found in settled if vals]
        self.writer.update(
            "epd.account.balance",
            [(balance.id, {**vals, **get_sum_due(balance, vals)}) for balance, vals in changed],
        )
        touched = {balance.account_id.id for balance, _vals in changed}
        if touched:
            self.env["epd.account.balance"]._touch_documents_of(touched, self.target.period.ids)
        lines = self.env["epd.account.payment"].sudo()
        lines.browse([key for *_pair, settlement in settled for key in settlement.gone]).unlink()
        for *_pair, settlement in settled:
            for key, payment in settlement.changed:
                lines.browse(key).write(self._prepare_payment(payment))
        self.writer.insert(
            "epd.account.payment",
            [
                {
                    **self._prepare_payment(payment),
                    "balance_id": balance.id,
                    "account_id": balance.account_id.id,
                    "payee_id": balance.payee_id.id,
                    "period_id": self.target.period.id,
                    "company_id": self.target.company.id,
                }
                for balance, _vals, settlement in settled
                for payment in settlement.new
            ],
            sudo=True,
        )

    def _prepare_payment(self, payment):
        return {
            "number": payment.number or False,
            "paid_on": payment.paid_on or False,
            "paid_through": payment.paid_through or False,
            "amount": float(payment.amount),
            "import_id": self.loading.id,
        }


def _number(record):
    return record.values.get("payment_number") or ""


def _count(settlement, vals):
    tally = Counter(
        created=len(settlement.new),
        updated=len(settlement.changed),
        same=len(settlement.same),
        removed=len(settlement.gone),
    )
    if vals and not settlement.new and not settlement.changed:  # the balance was altered since
        tally["updated"], tally["same"] = tally["same"], 0
    return tally


def get_sum_due(balance, vals):
    """Return what the balance says is due once ``vals`` are written, as the model would compute it."""
    if "paid" not in vals:
        return {}
    columns = {name: balance[name] for name in DUE_OF}
    return {"due": float(figures.expected_due({**columns, **vals}))}


def get_days(payments):
    """Return the last day that was paid on, and up to when payments are accepted."""
    # money that was given back is no payment
    days = [payment.paid_on for payment in payments if payment.amount >= 0]
    through = [payment.paid_through for payment in payments]
    return {
        "last_payment_date": max(filter(None, days), default=None),
        "paid_through": max(filter(None, through), default=None),
    }


def get_known_payments(balances):
    """Return ``{balance id: {payment id: Payment}}`` of what registers brought before."""
    found = defaultdict(dict)
    for line in (
        balances.env["epd.account.payment"]
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
