import hashlib
import io
import re
import zipfile
from collections import Counter
from types import SimpleNamespace

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import receipt_archive

SLICE = 25  # files unpacked, looked into and committed together
BATCH = 200  # documents made at a time, within one transaction
# «0100017» does not stand in «0100017/1», «0100017-1», «2-0100017», «0100017.1»; in «0100017.» it does
NOT_JOINED_BEFORE = r"(?<!\w)(?<!\w[-/\\‐‑–—−])(?<!\d[.,])"
NOT_JOINED_AFTER = r"(?!\w|[-/\\‐‑–—−]\w|[.,]\d)"


class EpdReceiptImport(models.Model):
    """Files of an archive → accounts → saved documents, frozen like our own."""

    _inherit = "epd.receipt.import"

    _work_cron = "epd_mailing.ir_cron_receipt_import"
    _work_states = ("checking", "saving")

    def _open_stream(self):
        attachment = (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "=", self.id),
                    ("res_field", "=", "file"),
                ],
                limit=1,
            )
        )
        if not attachment:
            raise UserError(self.env._("Choose the archive first."))
        if attachment.store_fname:
            try:
                return open(attachment._full_path(attachment.store_fname), "rb")
            except OSError as error:
                raise UserError(self.env._("The file is missing on the server.")) from error
        return io.BytesIO(attachment.raw or b"")

    def _list_files(self):
        """Make a line for each file of the archive, with what its name and head tell."""
        texts = {
            "not_zip": self.env._("This is no ZIP archive."),
            "damaged": self.env._("The archive is damaged."),
            "too_many": self.env._("The archive has too many files: at most 5000. Divide it."),
            "bomb": self.env._("The archive unpacks to too much. Divide it."),
            "empty": self.env._("The archive has no files."),
        }
        with self._open_stream() as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            try:
                entries = receipt_archive.read_archive(stream)
            except receipt_archive.ArchiveError as error:
                raise UserError(texts[error.code]) from error
        self._through_gate().write({"file_sha256": digest})
        found = self._match_names(entries)
        lines = []
        for entry in entries:
            account, problem = found[entry.index]
            lines.append(
                {
                    "import_id": self.id,
                    "name": entry.name[:500],
                    "entry_index": entry.index,
                    "size": min(entry.size, 2**31 - 1),
                    "account_id": account,
                    "state": "problem" if problem else "pending",
                    "problem_code": problem,
                }
            )
        self.env["epd.receipt.import.line"].sudo().create(lines)

    def _match_names(self, entries):
        """Return ``{entry index: (account id or False, problem code or "")}``."""
        pattern = receipt_archive.Pattern(self.pattern)
        start = self.period_id.date_start
        parsed = {entry.index: pattern.match(entry.name) for entry in entries}
        accounts = self._find_accounts([match[0] for match in parsed.values() if match])
        answer = {}
        for entry in entries:
            match, account, problem = parsed[entry.index], False, entry.problem
            if not problem and not match:
                problem = "no_match"
            elif not problem and match[1] not in (None, (start.year, start.month)):
                problem = "other_month"
            elif not problem:
                found = accounts.get(match[0], ())
                account = found[0] if len(found) == 1 else False
                problem = "" if account else "ambiguous" if found else "no_account"
            answer[entry.index] = account, problem
        times = Counter(account for account, problem in answer.values() if account)
        return {
            index: (account, problem or ("twice" if times[account] > 1 else ""))
            for index, (account, problem) in answer.items()
        }

    def _find_accounts(self, names):
        """Return ``{number in a file name: account ids}``: exact first, else as names can hold it."""
        where = [("company_id", "=", self.company_id.id), ("number", "in", names)]
        exact = self.env["epd.personal.account"].search_fetch(where, ["number"])
        found = {account.number: [account.id] for account in exact}
        keys = {name: receipt_archive.name_key(name) for name in names if name not in found}
        rows = self.env.execute_query(
            SQL(
                r"SELECT key, array_agg(id) FROM (SELECT id, trim(BOTH '_' FROM regexp_replace("
                r"lower(number), '[^[:alnum:]]+', '_', 'g')) AS key FROM epd_personal_account"
                r" WHERE company_id = %s) AS source WHERE key = ANY(%s) GROUP BY key",
                self.company_id.id,
                list(set(keys.values())),
            )
        )
        by_key = dict(rows)
        return found | {name: by_key.get(key, []) for name, key in keys.items()}

    # ------------------------------------------------------------------
    # The queue
    # ------------------------------------------------------------------
    @api.model
    def _cron_receipts(self):
        """Work on all archives that are checked or saved, within the budget of a pass."""
        self._work_pass()

    def _for_user(self):
        return super()._for_user()._through_gate()

    def _work_as(self):
        """Take the files in with the rights of the user who brought them."""
        return self._for_user()

    def _work(self, in_budget):
        """Save all at once, or look into the files that wait."""
        if self.state == "saving":
            self._save_all()
            self.env["ir.cron"]._commit_progress(1)
        else:
            self._check_slices(in_budget, commit=True)

    def _check_slices(self, in_budget, commit):
        """Look into the files that wait, slice after slice."""
        lines = self.env["epd.receipt.import.line"].sudo()
        with self._open_stream() as stream, zipfile.ZipFile(stream) as archive:
            while True:
                waiting = lines.search(
                    [("import_id", "=", self.id), ("state", "=", "pending")], limit=SLICE
                )
                if not waiting:
                    self._move("checked")
                    return
                saved = self._get_saved(waiting.account_id)
                for line in waiting:
                    line.write(self._check_line(line, archive, saved.get(line.account_id.id)))
                if commit:
                    self.env["ir.cron"]._commit_progress(len(waiting), remaining=1)
                    self.env.invalidate_all()
                    if self.state != "checking" or not in_budget():
                        return

    def _get_saved(self, accounts):
        documents = self.env["epd.payment.document"]._get_live(accounts, self.period_id, self.form)
        return {document.account_id.id: document for document in documents}

    def _check_line(self, line, archive, saved):
        """Return the values of a line after a look into its file."""
        data, problem = receipt_archive.read_entry(archive, line.entry_index)
        facts = receipt_archive.PdfFacts(problem) if problem else receipt_archive.check_pdf(data)
        problem = facts.problem
        if not problem and self.check_text:
            problem = self._find_number(line.account_id.number, facts.text)
        if not problem and saved:
            if saved.sudo().pdf_sha256 == hashlib.sha256(data).hexdigest():
                return {"state": "same", "document_id": saved.id, "page_count": facts.pages}
            problem = "" if self.replace_saved else "already"
        return {
            "state": "problem" if problem else "good",
            "problem_code": problem,
            "page_count": facts.pages,
        }

    @api.model
    def _find_number(self, number, text):
        """Return a problem code when the number does not stand in the text by itself."""
        if not text.strip():
            return "no_text"
        alone = rf"{NOT_JOINED_BEFORE}{re.escape(number)}{NOT_JOINED_AFTER}"
        return "" if re.search(alone, text) else "no_number"

    # ------------------------------------------------------------------
    # Saving
    # ------------------------------------------------------------------
    def _save_all(self):
        """Save every good file, in one transaction: all of them or none."""
        lines = self.line_ids.sudo().filtered(lambda line: line.state == "good")
        documents = self.env["epd.payment.document"].sudo()
        with self._open_stream() as stream, zipfile.ZipFile(stream) as archive:
            for place in range(0, len(lines), BATCH):
                batch = lines[place : place + BATCH]
                files = {}
                for line in batch:
                    data, problem = receipt_archive.read_entry(archive, line.entry_index)
                    if problem:
                        raise UserError(self.env._("The archive is damaged."))
                    files[line.account_id.id] = SimpleNamespace(
                        pdf=data, pages=line.page_count, name=line.name
                    )
                saved = documents._save_ready_made(
                    files, self.period_id, self.form, self, batch.account_id
                )
                by_account = {document.account_id.id: document.id for document in saved}
                for line in batch:
                    line.write({"state": "saved", "document_id": by_account[line.account_id.id]})
        self._move("done", finished_at=fields.Datetime.now())
        self.message_post(
            body=self.env._("Saved as documents of the period: %s files.", len(lines))
        )

    @api.autovacuum
    def _gc_files(self):
        """Remove the archives of finished loadings after the company's time of keeping."""
        removed = 0
        for company in self.env["res.company"].sudo().search([("epd_import_keep_days", ">", 0)]):
            before = fields.Datetime.subtract(
                fields.Datetime.now(), days=company.epd_import_keep_days
            )
            old = self.sudo().search(
                [
                    ("company_id", "=", company.id),
                    ("state", "in", ("done", "cancelled")),
                    ("write_date", "<", before),
                    ("file", "!=", False),
                ],
                limit=20,
            )
            old._through_gate().write({"file": False})
            removed += len(old)
        return removed, removed >= 20
