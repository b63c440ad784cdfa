from collections import Counter

from odoo import fields, models
from odoo.tools import SQL

from ...tools.money import format_money
from ...tools.table_file import Problem

ACCOUNTS = 500  # whose lines are compared with the file together
# what tells a line of an account, as ``_get_key`` has it of a row
_KEYS = {
    "charge": ("epd_charge", "service_id", "line_key"),
    "balance": ("epd_account_balance", "payee_id"),
    "reading": ("epd_meter_reading", "meter_number", "COALESCE(zone, '')"),
}


class EpdImport(models.Model):
    """Lines that accounts of the file have in the month and the file does not.

    ==========  ====================================================================
    scope       what becomes of such a line
    ==========  ====================================================================
    part        it stays; the check counts them, so that a person may know
    whole       it is removed; the check lists each. It stays where a row of its
                account could not be taken: that row may have been this very line
    ==========  ====================================================================

    Accounts that the file does not name keep all they have. The work begins when the file was read
    whole and goes through the month's accounts in slices, by the digests of the file's lines.
    """

    _inherit = "epd.import"

    swept_to = fields.Integer(
        readonly=True, copy=False, help="Id of the last account compared; -1: all are."
    )
    removed_count = fields.Integer(string="Removed", readonly=True, copy=False)
    kept_count = fields.Integer(
        string="Not in the File",
        readonly=True,
        copy=False,
        help="Lines of the month that accounts of the file have and the file does not. They stay.",
    )

    def _may_sweep(self):
        """Return whether lines of the month are still to be compared with the file."""
        wanted = self.phase == "check" or self.scope == "whole"
        return self.kind in _KEYS and wanted and self.swept_to >= 0

    def _note_accounts(self, accounts):
        """Remember the accounts the file names."""
        self._find_twins([("account", account.id) for account in accounts if account])

    def _sweep(self, read, tally, problems, dry):
        """Compare the next lines of the month with the file, remove what is to go unless ``dry``.

        :param tally: what became of the rows of the present slice
        :return: Counter of ``removed`` and ``kept``
        """
        if not read or not self._may_sweep():
            return Counter()
        if not self.swept_to and self._has_every_line(tally):
            self.swept_to = -1
            return Counter()
        account_ids = self._get_next_accounts()
        self.swept_to = account_ids[-1] if len(account_ids) == ACCOUNTS else -1
        gone, kept = self._find_missing(self._get_lines(account_ids))
        if self.scope != "whole":
            return Counter(kept=len(gone) + len(kept))
        records = self.env[self._get_line_model()].sudo().browse(gone)
        problems += self._describe_lines(records, "line_gone")
        problems += self._describe_lines(records.browse(kept), "line_kept")
        if not dry:
            # the right to load was checked; operators replace lines, they do not delete them
            records.unlink()
        return Counter(removed=len(gone), kept=len(kept))

    def _get_line_model(self):
        return _KEYS[self.kind][0].replace("_", ".")

    def _has_every_line(self, tally):
        """Return whether the file has as many lines as the month: then none is missing in it."""
        found = self.updated_count + self.same_count + tally["updated"] + tally["same"]
        if self.phase == "load":
            found += self.created_count + tally["created"]
        table = SQL.identifier(_KEYS[self.kind][0])
        query = SQL("SELECT count(*) FROM %s WHERE period_id = %s", table, self.period_id.id)
        return self.env.execute_query(query) == [(found,)]

    def _get_next_accounts(self):
        """Return the ids of the next accounts that have lines in the month, in their order."""
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT account_id FROM %s WHERE period_id = %s AND account_id > %s"
                " ORDER BY account_id LIMIT %s",
                SQL.identifier(_KEYS[self.kind][0]),
                self.period_id.id,
                self.swept_to,
                ACCOUNTS,
            )
        )
        return [account_id for (account_id,) in rows]

    def _get_lines(self, account_ids):
        """Return ``(id, account id, what tells the line…)`` of these accounts' lines of the month."""
        table, *names = _KEYS[self.kind]
        return self.env.execute_query(
            SQL(
                "SELECT id, account_id, %s FROM %s WHERE period_id = %s AND company_id = %s"
                " AND account_id = ANY(%s)",
                SQL(", ").join(map(SQL, names)),
                SQL.identifier(table),
                self.period_id.id,
                self.company_id.id,
                account_ids,
            )
        )

    def _find_missing(self, lines):
        """Return the ids of lines that the file does not have: ``(to remove, to keep)``."""
        accounts = {
            account_id: [self._get_digest((mark, account_id)) for mark in ("account", "lost")]
            for account_id in {line[1] for line in lines}
        }
        marks = {
            line_id: (self._get_digest((account_id, *rest)), *accounts[account_id])
            for line_id, account_id, *rest in lines
        }
        known = self._find_digests({digest for digests in marks.values() for digest in digests})
        gone, kept = [], []
        for line_id, (line, account, lost) in marks.items():
            if account in known and line not in known:
                (kept if lost in known else gone).append(line_id)
        return gone, kept

    def _describe_lines(self, lines, code):
        """Return a warning for each line; they stand in no row of the file."""
        described = []
        for line in lines:
            if self.kind == "charge":
                parts = (line.service_id.name, format_money(line.total))
            elif self.kind == "balance":
                parts = (line.payee_id.acc_number, format_money(line.due))
            else:
                parts = (line.meter_number, line.zone)
            value = ", ".join(filter(None, (line.account_id.number, *parts)))
            described.append(Problem(0, None, code, value, "warning"))
        return described
