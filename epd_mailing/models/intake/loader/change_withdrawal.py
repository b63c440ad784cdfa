from collections import Counter

from odoo import fields

from ....tools.money import format_money
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
    in hand) stays as it is, and is listed. So does one that was removed and is there again.

    :param order: the ``epd.import``
    """

    def __init__(self, order):
        self.order, self.env = order, order.env
        self.model = self.env[get_loader(order.kind).model].sudo()._without_touching()
        self.writer = BulkWriter(order.env)
        self.tally, self.problems, self.touched = Counter(), [], set()

    def take_slice(self):
        """Take back the last slice that is left.

        :return: ``(lines, Counter of removed, restored, returned and left ones, problems)``; no lines
            when nothing is left
        """
        change = (
            self.env["epd.import.change"]
            .sudo()
            .search([("import_id", "=", self.order.id)], order="id desc", limit=1)
        )
        if not change:
            return 0, self.tally, self.problems
        lines = change._unpack()
        there = self.model.browse([line[0] for line in lines if line[0]]).exists()
        known = {record.id: record for record in there}
        gone = self.model.browse()
        for line_id, before, after in lines:
            if not line_id:
                self._return(before)
            elif line_id not in known:
                self._leave(None, "")
            elif self._is_as_written(known[line_id], after):
                gone |= self._undo(known[line_id], before, after)
            else:
                self._leave(known[line_id], "line_moved")
        self._note(gone)
        self.tally["removed"] += len(gone)
        gone.unlink()
        self.env.flush_all()
        if self.touched:
            periods = self.order.period_id.ids
            self.env[self.model._name]._touch_documents_of(self.touched, periods)
        count = change.line_count
        change.unlink()
        return count, self.tally, self.problems

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
        return self.order.kind == "balance" and bool(record.payment_ids)

    def _return(self, before):
        """Create a line again that the file had removed, unless one stands in its place."""
        names = ("account_id", "period_id", *get_loader(self.order.kind).key_names)
        twin = self.model.search([(name, "=", before[name] or False) for name in names], limit=1)
        if twin:
            self._leave(twin, "line_moved")
            return
        values = {name: self._read(name, value) for name, value in before.items()}
        self._note(self.model.create(values))
        self.tally["returned"] += 1

    def _note(self, records):
        self.touched.update(records.account_id.ids)

    def _leave(self, record, code):
        """Leave a line as it is and list it."""
        self.tally["left"] += 1
        if not record:
            return
        parts = [record.account_id.number, record.display_name]
        if "total" in record:
            parts.append(format_money(record.total))
        value = ", ".join(filter(None, parts))
        self.problems.append(Problem(0, None, code, value, "warning"))
