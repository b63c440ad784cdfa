import hashlib
import re
import zipfile
from collections import Counter
from types import SimpleNamespace

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import name_pattern, receipt_archive
from ..base.state_counts import count_by_state
from ..base.stored_file import drop_old_files, open_stored
from ..document.epd_payment_document import FORMS
from .book_pages import BookPages

SMALL = 30  # files checked at once, not in the background
SLICE = 25  # files unpacked, checked and committed together
BATCH = 200  # documents created at a time, within one transaction
# «0100017» does not stand in «0100017/1», «0100017-1», «2-0100017», «0100017.1»; in «0100017.» it does
NOT_JOINED_BEFORE = r"(?<!\w)(?<!\w[-/\\‐‑–—−])(?<!\d[.,])"
NOT_JOINED_AFTER = r"(?!\w|[-/\\‐‑–—−]\w|[.,]\d)"


class EpdReceiptImport(models.Model):
    """An archive of receipts rendered by another program, to be saved as documents of a period.

    ==========  ==================================================================
    state       set by
    ==========  ==================================================================
    draft       creation, «Back to Draft»
    checking    «Check»: each file is unpacked and checked, nothing is saved
    checked     the last file was checked; what is wrong stands at its line
    saving      «Save for Sending»: all files become documents in one transaction
    paused      «Stop», or an error that a person has to mend
    done        the documents stand on the accounts
    cancelled   the clerk
    ==========  ==================================================================
    """

    _name = "epd.receipt.import"
    _description = "Ready-made Receipts"
    _inherit = ["epd.background.task"]
    _order = "id desc"
    _rec_names_search = ["file_name", "period_id"]
    _check_company_auto = True

    _transitions = {
        "draft": ("checking", "cancelled"),
        "checking": ("checked", "paused", "draft", "cancelled"),
        "checked": ("saving", "draft", "cancelled"),
        "saving": ("done", "paused", "cancelled"),
        "paused": ("checking", "saving", "draft", "cancelled"),
        "done": (),
        "cancelled": ("draft",),
    }
    _work_cron = "epd_mailing.ir_cron_receipt_import"
    _work_states = ("checking", "saving")
    _guarded_fields = ("phase", "is_book", "file_sha256")

    name = fields.Char(compute="_compute_name")
    period_id = fields.Many2one(
        "epd.billing.period",
        required=True,
        check_company=True,
        ondelete="restrict",
        default=lambda self: self.env.company.epd_current_period_id,
    )
    form = fields.Selection(FORMS, required=True, default="epd")
    file = fields.Binary(attachment=True, copy=False)
    file_name = fields.Char(copy=False)
    file_sha256 = fields.Char(readonly=True, copy=False, size=64)
    is_book = fields.Boolean(
        readonly=True, copy=False, help="One PDF of many receipts, divided by its pages."
    )
    pattern = fields.Char(
        string="File Names",
        required=True,
        default=lambda self: self._get_last_pattern(),
        help="How the files are named: {account} is the number of the account, {month} the month, "
        "* anything. E.g. {account}_{month}.pdf reads 0100001_03.2026.pdf.",
    )
    check_text = fields.Boolean(
        string="The Number Must Stand Inside",
        default=True,
        help="A file in whose text the number of its account is not found is not taken. Untick it "
        "for scanned receipts only.",
    )
    replace_saved = fields.Boolean(
        string="Replace Saved Documents",
        help="Where a document is saved already, the file becomes its next version.",
    )
    good_only = fields.Boolean(
        string="Take the Good Files",
        help="Save the files without problems and leave the others. Otherwise one stops all.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("checking", "Checking"),
            ("checked", "Checked"),
            ("saving", "Saving"),
            ("paused", "Stopped"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    phase = fields.Selection(
        [("check", "Check"), ("save", "Save")], readonly=True, copy=False, default="check"
    )
    line_ids = fields.One2many("epd.receipt.import.line", "import_id", copy=False)
    file_count = fields.Integer(string="Files", compute="_compute_counts")
    pending_count = fields.Integer(compute="_compute_counts")
    good_count = fields.Integer(string="Good Files", compute="_compute_counts")
    problem_count = fields.Integer(string="Problems", compute="_compute_counts")
    saved_count = fields.Integer(string="Saved Files", compute="_compute_counts")
    progress = fields.Float(compute="_compute_counts", help="Percent of the files checked.")

    @api.model
    def _get_last_pattern(self):
        last = self.search([("company_id", "=", self.env.company.id)], limit=1)
        return last.pattern or "{account}.pdf"

    @api.depends("period_id.name", "file_name")
    def _compute_name(self):
        for loading in self:
            loading.name = ", ".join(filter(None, (loading.file_name, loading.period_id.name)))

    @api.depends("line_ids.state")
    def _compute_counts(self):
        counts = count_by_state(self, "line_ids")
        for loading in self:
            by_state = counts[loading._origin.id]
            total = sum(by_state.values())
            loading.file_count = total
            loading.pending_count = by_state.get("pending", 0)
            loading.good_count = by_state.get("good", 0)
            loading.problem_count = by_state.get("problem", 0)
            loading.saved_count = by_state.get("saved", 0)
            loading.progress = 100.0 * (total - loading.pending_count) / total if total else 0.0

    @api.constrains("pattern")
    def _check_pattern(self):
        for loading in self:
            loading._read_pattern()

    def _read_pattern(self):
        """Return how the files are named.

        :raise UserError: saying how a pattern is written
        """
        try:
            return name_pattern.Pattern(self.pattern or "")
        except ValueError as error:
            raise UserError(
                self.env._(
                    "“%(text)s” does not say where the account number stands. Write {account} once, "
                    "{month} and * if needed: {account}_{month}.pdf. At most %(stars)s * and "
                    "%(length)s characters.",
                    text=(self.pattern or "")[:100],
                    stars=name_pattern.STARS,
                    length=name_pattern.PATTERN_LENGTH,
                )
            ) from error

    def write(self, vals):
        if not self._is_unlocked() and set(vals) & {
            "file", "pattern", "period_id", "form", "check_text", "replace_saved", "company_id"
        }:  # fmt: skip
            if self.filtered(lambda loading: loading.state != "draft"):
                raise UserError(self.env._("Take the loading back to draft to change it."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_at_work(self):
        if self.filtered(lambda loading: loading.state in ("checking", "saving")):
            raise UserError(self.env._("Stop the loading before you delete it."))

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------
    def _check_and_unlock(self):
        # the work is done with the user's own rights
        self.check_access("write")
        return self._unlocked()

    def action_check(self):
        """«Check»: list the files, match them to accounts, check each; nothing is saved."""
        for loading in self._check_and_unlock():
            loading.line_ids.sudo().unlink()
            loading._list_files()
            loading._move("checking", phase="check", pause_reason=False, user_id=self.env.uid)
            if loading.pending_count <= SMALL:
                loading._for_user()._check_slices(lambda: True, commit=False)
        self._wake_worker()
        return True

    def action_save(self):
        """«Save for Sending»: make documents of the files, all of them or none.

        :raise UserError: when there are problems and «Take the Good Files» is not ticked
        """
        for loading in self._check_and_unlock():
            if loading.state != "checked":
                raise UserError(self.env._("Check the archive first."))
            if loading.problem_count and loading.is_book:
                raise UserError(
                    self.env._(
                        "Pages without a proved owner: %s. Say whose they are, or correct the file: "
                        "nothing is saved until each page has an owner.",
                        loading.problem_count,
                    )
                )
            if loading.problem_count and not loading.good_only:
                raise UserError(
                    self.env._(
                        "There are problems with %s files, so none is saved. Correct the archive, "
                        "or tick “Take the Good Files”.",
                        loading.problem_count,
                    )
                )
            if not loading.good_count:
                raise UserError(self.env._("There is no file to save."))
            loading._move("saving", phase="save", pause_reason=False, user_id=self.env.uid)
        self._wake_worker()
        return True

    def _get_resumed_state(self):
        return "saving" if self.phase == "save" else "checking"

    def _get_resumed_values(self):
        return {"user_id": self.env.uid}  # with whose rights it is done

    def action_to_draft(self):
        """Change the archive or how its files are matched."""
        self._check_and_unlock()._move("draft", pause_reason=False)
        return True

    def action_open_documents(self):
        """Open the documents that were saved."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "epd_mailing.epd_payment_document_action"
        )
        return {**action, "domain": [("id", "in", self.line_ids.document_id.ids)], "context": {}}

    # ------------------------------------------------------------------
    # The archive
    # ------------------------------------------------------------------
    def _open_stream(self):
        return open_stored(self, "file", self.env._("Choose the archive first."))

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
            book = BookPages(self)
            data = book.find(stream)
            self._unlocked().write({"file_sha256": digest, "is_book": data is not None})
            if data is not None:
                book.list_pages(data)
                return
            stream.seek(0)
            try:
                entries = receipt_archive.read_archive(stream)
            except receipt_archive.ArchiveError as error:
                raise UserError(texts[error.code]) from error
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
        pattern = self._read_pattern()
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
        """Work on all archives that are checked or saved, within the budget of a cron run."""
        self._run_work()

    def _for_user(self):
        return super()._for_user()._unlocked()

    def _work_as(self):
        """Import the files with the rights of the user who brought them."""
        return self._for_user()

    def _work(self, in_budget):
        """Save all at once, or check the files that wait."""
        if self.state == "saving":
            self._save_all()
            self.env["ir.cron"]._commit_progress(1)
        else:
            self._check_slices(in_budget, commit=True)

    def _check_slices(self, in_budget, commit):
        """Check the files that wait, slice after slice."""
        if self.is_book:
            return BookPages(self).check_slices(in_budget, commit)
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
                    self._slice_ends(len(waiting), 1)
                    self.env.invalidate_all()
                    if self.state != "checking" or not in_budget():
                        return

    def _get_saved(self, accounts):
        documents = self.env["epd.payment.document"]._get_live(accounts, self.period_id, self.form)
        return {document.account_id.id: document for document in documents}

    def _check_line(self, line, archive, saved):
        """Return the values of a line after a check of its file."""
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
    def _save_files(self, documents, files, accounts):
        """Save files as the documents of accounts, see ``epd.payment.document._save_ready_made``."""
        return documents._save_ready_made(
            files,
            accounts,
            self.period_id,
            self.form,
            {"archive": self.file_name or "", "archive_sha256": self.file_sha256 or ""},
            self.replace_saved,
        )

    def _save_all(self):
        """Save every good file, in one transaction: all of them or none."""
        if self.is_book:
            return self._finish_saving(BookPages(self).save(BATCH))
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
                saved = self._save_files(documents, files, batch.account_id)
                by_account = {document.account_id.id: document.id for document in saved}
                for line in batch:
                    line.write({"state": "saved", "document_id": by_account[line.account_id.id]})
        return self._finish_saving(len(lines))

    def _finish_saving(self, count):
        self._move("done", finished_at=fields.Datetime.now())
        self.message_post(body=self.env._("Saved as documents of the period: %s files.", count))

    @api.autovacuum
    def _gc_files(self):
        """Remove the archives of finished loadings after the company's time of keeping."""
        return drop_old_files(self, "file", ("done", "cancelled"))
