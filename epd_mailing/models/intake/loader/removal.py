from collections import Counter

from odoo.tools import SQL

from ....tools.money import format_money
from ....tools.table_file import Problem
from .figures import as_key, read_lines
from .marks import LOST, NAMED, get_digest

# what a payment says by itself
PAYMENT = ("number", "paid_on", "paid_through", "amount", "import_id")
ACCOUNTS = 2000  # whose lines are compared with the file together


class Removal:
    """Lines that accounts of a file have in the month and the file does not.

    ==========  ====================================================================
    scope       what becomes of such a line
    ==========  ====================================================================
    part        it stays; the check counts them, so that a person may know
    whole       it is removed; the check lists each. It stays where a row of its
                account could not be taken: that row may have been this very line
    ==========  ====================================================================

    Accounts that the file does not name keep all they have. The work begins when the file was read
    whole and goes through the month's accounts in slices, by the digests of the file's lines.

    :param loading: the ``epd.import``; how far the work is stands in its ``swept_to``
    :param loader: the :class:`~.figures.FigureLoader` of the file
    """

    def __init__(self, loading, loader):
        self.loading, self.loader, self.env = loading, loader, loading.env
        self.model = self.env[loader.model].sudo()
        self.table = SQL.identifier(self.model._table)

    def is_wanted(self):
        """Return whether lines of the month are still to be compared with the file."""
        wanted = self.loading.phase == "check" or self.loading.scope == "whole"
        return wanted and self.loading.swept_to >= 0

    def take_slice(self, tally):
        """Compare the next lines of the month with the file, remove what is to go unless it is dry.

        :param tally: what became of the rows of the present slice of the file
        :return: ``(Counter of ``removed`` and ``kept``, list of problems)``
        """
        loading = self.loading
        if not loading.swept_to and self._has_every_line(tally):
            loading.swept_to = -1
            return Counter(), []
        account_ids = self._get_next_accounts()
        loading.swept_to = account_ids[-1] if len(account_ids) == ACCOUNTS else -1
        gone, kept = self._find_missing(account_ids)
        if loading.scope != "whole":
            return Counter(kept=len(gone) + len(kept)), []
        problems = self._describe(self.model.browse(gone), "line_gone")
        problems += self._describe(self.model.browse(kept), "line_kept")
        if not self.loader.dry:
            # the right to load was checked; operators replace lines, they do not delete them
            lines = self.model.browse(gone)
            self._remember(lines)
            lines.unlink()
        return Counter(removed=len(gone), kept=len(kept)), problems

    def _has_every_line(self, tally):
        """Return whether the file has as many lines as the month: then none is missing in it."""
        loading = self.loading
        found = loading.updated_count + loading.same_count + tally["updated"] + tally["same"]
        if not self.loader.dry:
            found += loading.created_count + tally["created"]
        query = SQL(
            "SELECT count(*) FROM %s WHERE period_id = %s", self.table, loading.period_id.id
        )
        return self.env.execute_query(query) == [(found,)]

    def _get_next_accounts(self):
        """Return the ids of the next accounts that have lines in the month, in their order."""
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT account_id FROM %s WHERE period_id = %s AND account_id > %s"
                " AND company_id = %s ORDER BY account_id LIMIT %s",
                self.table,
                self.loading.period_id.id,
                self.loading.swept_to,
                self.loading.company_id.id,
                ACCOUNTS,
            )
        )
        return [account_id for (account_id,) in rows]

    def _find_missing(self, account_ids):
        """Return the ids of lines that the file does not have: ``(to remove, to keep)``."""
        known = self.loader.marks.read_groups(account_ids)
        named, lost = get_digest((NAMED,)), get_digest((LOST,))
        known = {account: digests for account, digests in known.items() if named in digests}
        gone, kept = [], []
        for line_id, account_id, *key in self._read_lines(list(known)):
            digests = known[account_id]
            if get_digest(as_key(key)) not in digests:
                (kept if lost in digests else gone).append(line_id)
        return gone, kept

    def _read_lines(self, account_ids):
        """Return ``(id, account id, what tells the line…)`` of the month's lines of these accounts."""
        columns = ("id", "account_id", *self.loader.key_names)
        return read_lines(self.model, self.loading.period_id, account_ids, columns)

    def _remember(self, lines):
        """Keep all that lines say, so that they can come back when the file is taken back."""
        names = ("account_id", "period_id", *self.loader.key_names, *self.loader.names)
        names += tuple({"total"} & set(self.model._fields))
        rows = [
            (None, {name: row[name] for name in names}, None)
            for row in lines.read(names, load=None)
        ]
        if self.loader.kind == "balance":
            for balance, (_id, before, _after) in zip(lines, rows, strict=True):
                before["payments"] = balance.payment_ids.read(PAYMENT, load=None)
                for payment in before["payments"]:
                    del payment["id"]
        self.env["epd.import.change"]._add(self.loading, rows)

    def _describe(self, lines, code):
        """Return a warning for each line; they stand in no row of the file."""
        described = []
        for line in lines:
            if self.loader.kind == "charge":
                parts = (line.service_id.name, format_money(line.total))
            elif self.loader.kind == "balance":
                parts = (line.payee_id.acc_number, format_money(line.due))
            else:
                parts = (line.meter_number, line.zone)
            value = ", ".join(filter(None, (line.account_id.number, *parts)))
            described.append(Problem(0, None, code, value, "warning"))
        return described
