from collections import Counter
from decimal import Decimal

from odoo import fields

from ....tools.money import format_money, to_decimal
from ....tools.table_file import Problem
from .base import get_loader
from .writer import BulkWriter


class ChangeWithdrawal:
    """Takes a file of figures back, in slices like the loading, from its last slice to its first.

    ==========================  ==============================================================
    what the file did           what becomes of the line
    ==========================  ==============================================================
    added it                    it is removed; a balance to which payments came keeps these alone
    changed it                  it says again what it said before
    removed it                  it is there again
    ==========================  ==============================================================

    A line that does not say what the file wrote any more (a person, a program or a later file had it
    in hand) stays as it is, and is listed. So does one that a later file names with the same figures,
    and one that was removed and is there again. One that somebody deleted since is listed too.

    :param loading: the ``epd.import``
    """

    def __init__(self, loading):
        self.loading, self.env = loading, loading.env
        self.model = self.env[get_loader(loading.kind).model].sudo()._without_touching()
        self.writer = BulkWriter(loading.env)
        self.tally, self.problems, self.touched = Counter(), [], set()

    def take_slice(self):
        """Take back the last slice that is left.

        :return: ``(lines, Counter of removed, restored, returned and left ones, problems)``; no lines
            when nothing is left
        """
        change = (
            self.env["epd.import.change"]
            .sudo()
            .search([("import_id", "=", self.loading.id)], order="id desc", limit=1)
        )
        if not change:
            return 0, self.tally, self.problems
        lines = change._unpack()
        there = self.model.browse([line[0] for line in lines if line[0]]).exists()
        known = {record.id: record for record in there}
        gone, later = self.model.browse(), self._get_later_lines(change)
        for line_id, before, after, *owner in lines:
            if not line_id:
                self._return(before)
            elif not after:
                continue  # the file said what was there already
            elif line_id not in known:
                self._note_deleted(*owner)
            elif line_id not in later and self._is_as_written(known[line_id], after):
                gone |= self._undo(known[line_id], before, after)
            else:
                self._leave(known[line_id], "line_moved")
        self._note(gone)
        self.tally["removed"] += len(gone)
        gone.unlink()
        self.env.flush_all()
        if self.touched:
            periods = self.loading.period_id.ids
            self.env[self.model._name]._touch_documents_of(self.touched, periods)
        count = change.line_count
        change.unlink()
        return count, self.tally, self.problems

    def _get_later_lines(self, change):
        """Return the ids of the lines that files loaded after this one name too (a set).

        Read once in a pass, not for each slice: the cursor keeps it.

        :param change: the ``epd.import.change`` at hand
        """
        loading, changes = self.loading, self.env["epd.import.change"].sudo()
        found = changes.search(
            [
                ("import_id", "!=", loading.id),
                ("import_id.kind", "=", loading.kind),
                ("import_id.company_id", "=", loading.company_id.id),
                ("import_id.period_id", "=", loading.period_id.id),
                ("id", ">", change.id),
            ]
        )
        kept = self.env.cr.cache.setdefault("epd_later_lines", {})
        key = (loading.id, tuple(found.ids))
        if key not in kept:
            kept.clear()
            kept[key] = {line[0] for later in found for line in later._unpack()} - {None}
        return kept[key]

    def _is_as_written(self, record, after):
        """Tell whether a line still says all that the file wrote."""
        return not any(
            self.writer._differs(record, name, self._read(name, value))
            for name, value in after.items()
        )

    def _read(self, name, value):
        """Return a value of the packed lines as the field has it."""
        return fields.Date.to_date(value) if self.model._fields[name].type == "date" else value

    def _undo(self, record, before, after):
        """Give a line its earlier values; return it when it is to go."""
        if before is not None:
            record.write({name: self._read(name, value) for name, value in before.items()})
            self.tally["restored"] += 1
        elif self._has_payments(record):
            self._leave(record, "line_paid")
            record.write({name: False for name in after if name != "paid"})
        else:
            return record
        self._note(record)
        return self.model.browse()

    def _has_payments(self, record):
        return self.loading.kind == "balance" and bool(record.payment_ids)

    def _return(self, before):
        """Create a line again that the file had removed, unless one stands in its place."""
        names = ("account_id", "period_id", *get_loader(self.loading.kind).key_names)
        twin = self.model.search([(name, "=", before[name] or False) for name in names], limit=1)
        if twin:
            self._leave(twin, "line_moved")
            return
        payments = before.pop("payments", ())
        values = {name: self._read(name, value) for name, value in before.items()}
        record = self.model.create(values)
        self._return_payments(record, payments)
        self._note(record)
        self.tally["returned"] += 1

    def _return_payments(self, balance, payments):
        """Give a balance the payments it had, but those whose register was taken back meanwhile."""
        lost, orders = Decimal(0), self.env["epd.import"].sudo()
        for payment in payments:
            register = orders.browse(payment["import_id"] or ()).exists()
            if register.state == "taken_back":
                lost += to_decimal(payment["amount"])
                continue
            values = {**payment, "balance_id": balance.id, "import_id": register.id}
            self.env["epd.account.payment"].sudo()._unlocked().create(values)
        if lost:
            balance.paid = to_decimal(balance.paid) - lost

    def _note(self, records):
        self.touched.update(records.account_id.ids)

    def _note_deleted(self, owner=None):
        """List a line that is there no more.

        :param owner: ids of its account and of its service or payee; None for what was loaded before
            they were remembered
        """
        self.tally["left"] += 1
        if not owner:
            return
        account = self.env["epd.personal.account"].sudo().browse(owner[0]).exists()
        model = "res.partner.bank" if "payee_id" in self.model._fields else "epd.service"
        parent = self.env[model].sudo().browse(owner[1]).exists()
        value = ", ".join(filter(None, (account.number, parent.display_name)))
        self.problems.append(Problem(0, None, "line_deleted", value, "warning"))

    def _leave(self, record, code):
        """Leave a line as it is and list it."""
        self.tally["left"] += 1
        parts = [record.account_id.number, record.display_name]
        if "total" in record:
            parts.append(format_money(record.total))
        value = ", ".join(filter(None, parts))
        self.problems.append(Problem(0, None, code, value, "warning"))
