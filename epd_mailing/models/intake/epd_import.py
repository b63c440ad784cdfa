import itertools
from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...tools.money import format_money
from ...tools.table_file import TableError
from ..base.stored_file import drop_old_files
from ..base.thread import QUIET
from ..document.epd_payment_document import FORMS
from .epd_import_field import IMPORT_KINDS, IMPORT_SCOPES
from .gone_note import describe_gone
from .import_file import ImportFile
from .import_run import ImportRun, SliceRejected
from .import_texts import describe_table_error
from .loader.change_withdrawal import ChangeWithdrawal
from .loader.withdrawal import PaymentWithdrawal

# a file up to this size is checked at once, not in the background
SMALL = 200 * 1024
# the state in which a phase is at work
_STATES = {"check": "checking", "load": "loading", "take_back": "taking_back"}


class EpdImport(models.Model):
    """A file that is loaded: what it is, how it is read, how far the work is, what was wrong.

    =========== ==================================================================
    state       set by
    =========== ==================================================================
    draft       creation, «Back to Draft»: columns are matched here
    checking    «Check»: every row is read and matched, nothing is written
    checked     the last row was checked; its problems stand in the list
    loading     «Load»: rows are written in slices, each committed
    paused      «Stop», or an error that a person has to mend
    done        the last row was read
    cancelled   the clerk; what was loaded before stays
    taking_back «Take the File Back»: what it wrote is undone in slices, payments are subtracted
    taken_back  the last slice was undone
    =========== ==================================================================
    """

    _name = "epd.import"
    _description = "Loading from a File"
    _inherit = ["epd.background.task"]
    _order = "id desc"
    _rec_names_search = ["file_name", "period_id"]
    _check_company_auto = True

    _transitions = {
        "draft": ("checking", "cancelled"),
        "checking": ("checked", "paused", "cancelled", "draft"),
        "checked": ("checking", "loading", "draft", "cancelled"),
        "loading": ("done", "paused", "cancelled"),
        "paused": ("checking", "loading", "taking_back", "draft", "cancelled"),
        "done": ("taking_back",),
        "cancelled": ("draft", "taking_back"),
        "taking_back": ("taken_back", "paused"),
        "taken_back": (),
    }
    _work_cron = "epd_mailing.ir_cron_import"
    _work_states = ("checking", "loading", "taking_back")
    _work_expected = (UserError, TableError, SliceRejected)

    _guarded_fields = (
        "phase", "position", "row_reached", "total_size", "row_count", "created_count",
        "updated_count", "same_count", "left_count", "error_count", "warning_count",
        "file_sha256", "signature", "header_row", "paid_sum", "swept_to",
        "running", "encoding_doubt", "is_guessed", "planned_counts",
        "removed_count", "kept_count",
    )  # fmt: skip

    name = fields.Char(compute="_compute_name")
    kind = fields.Selection(IMPORT_KINDS, required=True, default="charge")
    period_id = fields.Many2one(
        "epd.billing.period",
        check_company=True,
        ondelete="restrict",
        default=lambda self: self.env.company.epd_current_period_id,
    )
    form = fields.Selection(
        FORMS, string="Form of the Documents", default="epd", help="Whose identifiers are loaded."
    )
    payee_id = fields.Many2one(
        "res.partner.bank",
        string="Paid To",
        check_company=True,
        help="Where the file names no payee: whose balances these are, to whom new services are paid.",
    )
    file = fields.Binary(attachment=True, copy=False)
    file_name = fields.Char(copy=False)
    file_sha256 = fields.Char(readonly=True, copy=False, size=64, index="btree_not_null")
    file_note = fields.Char(compute="_compute_file_note")
    sheet = fields.Char(help="Of a workbook; empty: the first one.")
    encoding = fields.Selection(
        [
            ("utf-8-sig", "UTF-8"),
            ("cp1251", "Windows-1251"),
            ("cp866", "DOS (866)"),
            ("koi8-r", "KOI8-R"),
            ("mac-cyrillic", "Macintosh (Cyrillic)"),
            ("iso8859-5", "ISO 8859-5 (Cyrillic)"),
            ("utf-16", "UTF-16"),
        ],
        help="Of a CSV file; empty: found out.",
    )
    delimiter = fields.Selection(
        [(";", "Semicolon"), (",", "Comma"), ("tab", "Tab"), ("|", "Bar")],
        help="Of a CSV file; empty: found out.",
    )
    decimal = fields.Selection(
        [(",", "Comma"), (".", "Point")],
        string="Decimal Mark",
        help="Empty: by each number itself.",
    )
    header_row = fields.Integer(readonly=True, copy=False, help="Number of the row of headings.")
    heading_choice = fields.Selection(
        [
            ("found", "As found by the program"),
            ("none", "No headings: all rows are data"),
            ("row", "In the row with the number"),
        ],
        string="Headings",
        required=True,
        default="found",
    )
    heading_number = fields.Integer(string="Row of Headings", default=1)
    is_guessed = fields.Boolean(
        readonly=True,
        copy=False,
        help="The file has no headings: columns are read by what they hold.",
    )
    encoding_doubt = fields.Html(
        readonly=True, copy=False, sanitize=False, help="Both readings of a text, side by side."
    )
    running = fields.Json(
        readonly=True, copy=False, help="Counts and sums of the rows read, to compare control rows."
    )
    unread_note = fields.Char(compute="_compute_unread_note")
    sum_ids = fields.One2many(
        "epd.import.sum",
        "import_id",
        readonly=True,
        copy=False,
        domain=[("service_id", "=", False), ("gone_count", "=", 0)],
    )
    service_sum_ids = fields.One2many(
        "epd.import.sum",
        "import_id",
        string="Sums by Service",
        readonly=True,
        copy=False,
        domain=[("service_id", "!=", False), ("gone_count", "=", 0)],
    )
    gone_ids = fields.One2many(
        "epd.import.sum",
        "import_id",
        string="Charged Last Month, Nothing Now",
        readonly=True,
        copy=False,
        domain=[("gone_count", "!=", 0)],
    )
    gone_note = fields.Char(compute="_compute_gone_note")
    is_forgetful = fields.Boolean(
        compute="_compute_gone_note", help="The file seems to have forgotten a house or a service."
    )
    planned_ids = fields.One2many("epd.import.planned", "import_id", readonly=True, copy=False)
    planned_counts = fields.Json(
        readonly=True, copy=False, help="What would be created → how many."
    )
    planned_note = fields.Char(compute="_compute_planned_note")
    signature = fields.Char(readonly=True, copy=False)
    layout_id = fields.Many2one(
        "epd.import.layout", string="Known Layout", readonly=True, copy=False, ondelete="set null"
    )
    column_ids = fields.One2many("epd.import.column", "import_id", copy=False)
    create_missing = fields.Boolean(
        string="Create Accounts and Buildings",
        help="Accounts, buildings, responsible persons and addresses that are not there yet.",
    )
    create_services = fields.Boolean(
        help="Services that are not there yet, and to whom they are paid. Managers only.",
    )
    scope = fields.Selection(
        IMPORT_SCOPES,
        string="The File Holds",
        help="A part: what stands in the month stays, payments are added to those of other "
        "registers. All: what accounts of the file have and the file does not is removed, and its "
        "payments take the place of those recorded.",
    )
    good_only = fields.Boolean(
        string="Take the Good Rows",
        help="Load the rows without errors and leave the others. Otherwise one error stops all.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("checking", "Checking"),
            ("checked", "Checked"),
            ("loading", "Loading"),
            ("paused", "Stopped"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
            ("taking_back", "Being Taken Back"),
            ("taken_back", "Taken Back"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    phase = fields.Selection(
        [("check", "Check"), ("load", "Load"), ("take_back", "Take Back")],
        readonly=True,
        copy=False,
        default="check",
    )
    position = fields.Float(digits=(18, 0), readonly=True, copy=False, help="Place in the file.")
    total_size = fields.Float(digits=(18, 0), readonly=True, copy=False)
    row_reached = fields.Integer(readonly=True, copy=False)
    row_count = fields.Integer(string="Rows Read", readonly=True, copy=False)
    created_count = fields.Integer(string="Added", readonly=True, copy=False)
    updated_count = fields.Integer(string="Changed", readonly=True, copy=False)
    same_count = fields.Integer(string="As Before", readonly=True, copy=False)
    left_count = fields.Integer(string="Rows Skipped", readonly=True, copy=False)
    error_count = fields.Integer(string="Errors", readonly=True, copy=False)
    warning_count = fields.Integer(string="Warnings", readonly=True, copy=False)
    progress = fields.Float(compute="_compute_progress", help="Percent of the file read.")
    problem_ids = fields.One2many("epd.import.problem", "import_id", copy=False)
    preview_html = fields.Html(compute="_compute_preview_html", sanitize=False)
    # payments
    currency_id = fields.Many2one(related="company_id.currency_id")
    paid_sum = fields.Monetary(
        string="Sum of Payments",
        readonly=True,
        copy=False,
        help="Of the rows that are taken: compare it with the total of the register.",
    )
    payment_ids = fields.One2many("epd.account.payment", "import_id", readonly=True)
    has_payments = fields.Boolean(compute="_compute_has_payments")
    change_ids = fields.One2many("epd.import.change", "import_id", readonly=True)
    has_changes = fields.Boolean(
        compute="_compute_has_changes", help="Lines of the file can be taken back."
    )
    # lines of the month that the file does not have
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

    @api.depends("kind", "period_id.name", "file_name")
    @api.depends_context("lang")
    def _compute_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for loading in self:
            parts = [labels.get(loading.kind, ""), loading.period_id.name, loading.file_name]
            loading.name = ", ".join(filter(None, parts))

    @api.depends(
        "position", "total_size", "state", "phase", "kind", "row_count", "created_count",
        "updated_count", "same_count", "left_count",
    )  # fmt: skip
    def _compute_progress(self):
        for loading in self:
            share = loading.position / loading.total_size if loading.total_size else 0.0
            if loading.kind == "payment" and loading.row_count and loading.phase != "take_back":
                # read, then compared: half and half
                settled = loading.created_count + loading.updated_count + loading.same_count
                share = (share + (settled + loading.left_count) / loading.row_count) / 2
            whole = loading.state in ("checked", "done", "taken_back")
            loading.progress = 100.0 if whole else min(100.0 * share, 100.0)

    @api.depends("file_sha256", "kind", "period_id")
    def _compute_file_note(self):
        for loading in self:
            twin = loading.file_sha256 and self.search(
                [
                    ("file_sha256", "=", loading.file_sha256),
                    ("company_id", "=", loading.company_id.id),
                    ("kind", "=", loading.kind),
                    ("period_id", "=", loading.period_id.id),
                    ("state", "=", "done"),
                    ("id", "!=", loading._origin.id),
                ],
                limit=1,
            )
            loading.file_note = (
                self.env._(
                    "This very file was loaded on %(date)s by %(user)s. Loading it again changes "
                    "nothing.",
                    date=f"{twin.company_id._epd_local_time(twin.finished_at):%d.%m.%Y}",
                    user=twin.user_id.name,
                )
                if twin and twin.finished_at
                else False
            )

    def _compute_has_payments(self):
        found = {
            loading.id
            for (loading,) in self.env["epd.account.payment"]._read_group(
                [("import_id", "in", self.ids)], ["import_id"]
            )
        }
        for loading in self:
            loading.has_payments = loading.id in found

    def _compute_has_changes(self):
        found = dict(
            self.env["epd.import.change"]
            .sudo()
            ._read_group([("import_id", "in", self.ids)], ["import_id"], ["__count"])
        )
        for loading in self:
            loading.has_changes = loading in found

    @api.depends("column_ids.field_id", "column_ids.service", "decimal", "file_sha256")
    def _compute_preview_html(self):
        for loading in self:
            loading.preview_html = False
            if loading.file_sha256 and loading._origin.id:
                loading.preview_html = ImportFile(loading._origin).make_preview()

    @api.depends("column_ids.field_id", "column_ids.has_numbers")
    @api.depends_context("lang")
    def _compute_unread_note(self):
        for loading in self:
            unread = loading.column_ids.filtered(lambda c: c.has_numbers and not c.field_id)
            sums = (loading.running or {}).get("sums", {})
            loading.unread_note = ", ".join(
                f"{column.header or column.letter}"
                + (
                    f" ({format_money(sums[str(column.index)])})"
                    if str(column.index) in sums
                    else ""
                )
                for column in unread
            )

    @api.depends("gone_ids.is_jump")
    @api.depends_context("lang")
    def _compute_gone_note(self):
        for loading in self:
            marked = loading.gone_ids.filtered("is_jump")
            loading.is_forgetful = bool(marked)
            loading.gone_note = describe_gone(loading, marked or loading.gone_ids)

    @api.depends("planned_counts")
    @api.depends_context("lang")
    def _compute_planned_note(self):
        labels = dict(
            self.env["epd.import.planned"]._fields["what"]._description_selection(self.env)
        )
        for loading in self:
            counts = loading.planned_counts or {}
            loading.planned_note = ", ".join(f"{labels[what]}: {n}" for what, n in counts.items())

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------
    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        with_file = [bool(vals.get("file")) for vals in vals_list]
        orders.browse(itertools.compress(orders.ids, with_file))._read_layout()
        return orders

    def write(self, vals):
        reread = {
            "file", "kind", "sheet", "encoding", "delimiter", "heading_choice", "heading_number"
        } & set(vals)  # fmt: skip
        settings = {"period_id", "company_id", "form", "payee_id", "create_missing", "decimal"}
        settings |= {"create_services", "scope"}
        if (reread or settings & set(vals)) and not self._is_unlocked():
            self._check_editable()
        of_payments = reread | {"period_id", "company_id", "payee_id", "decimal"} & set(vals)
        if of_payments and not self._is_unlocked():
            self._check_no_payments()
        if "good_only" in vals and self.filtered(lambda loading: loading.state == "loading"):
            raise UserError(self.env._("Stop the loading before you change it."))
        if {"kind", "file"} & set(vals) and "scope" not in vals:
            vals = {**vals, "scope": False}  # another file has another usual scope
        res = super().write(vals)
        if reread and not self._is_unlocked():
            self._read_layout()
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_except_at_work(self):
        if self.filtered(lambda loading: loading.state in self._work_states):
            raise UserError(self.env._("Stop the loading before you delete it."))
        if self.sudo().payment_ids:
            raise UserError(
                self.env._(
                    "Payments of this file are recorded. Take them back before you delete it."
                )
            )

    def _read_layout(self):
        for loading in self:
            ImportFile(loading).read_layout()

    def _check_editable(self):
        if self.filtered(lambda loading: loading.state != "draft"):
            raise UserError(
                self.env._("Take the loading back to draft to change how the file is read.")
            )

    def _check_no_payments(self):
        """Read another way, the payments would be others than those recorded, and count beside them."""
        if self.sudo().payment_ids:
            raise UserError(
                self.env._(
                    "Payments of this file are recorded. Take them back first, or load the other file "
                    "as a new one."
                )
            )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------
    def _check_and_unlock(self):
        # the work is done with the user's own rights
        self.check_access("write")
        return self._unlocked()

    def action_check(self):
        """«Check»: read and match every row and list what is wrong; nothing is written."""
        orders = self._check_and_unlock()
        for loading in orders:
            file = ImportFile(loading)
            file.check_startable()
            loading.layout_id = self.env["epd.import.layout"]._remember(loading)
            loading._start("check", "checking")
            if file.is_small(SMALL):
                loading._work_at_once()
        self._wake_worker()
        return True

    def action_load(self):
        """«Load»: write what was checked, in slices in the background.

        :raise UserError: when there are errors and «Take the Good Rows» is not ticked
        """
        orders = self._check_and_unlock()
        for loading in orders:
            if loading.state != "checked":
                raise UserError(self.env._("Check the file first."))
            if loading.error_count and not loading.good_only:
                raise UserError(
                    self.env._(
                        "The file has %s errors, so nothing is loaded. Correct the file and load "
                        "it anew, or tick “Take the Good Rows”.",
                        loading.error_count,
                    )
                )
            loading._start("load", "loading")
        self._wake_worker()
        return True

    def _start(self, phase, state):
        self.problem_ids.sudo().unlink()
        if phase == "check":
            (self.sum_ids | self.service_sum_ids | self.gone_ids).sudo().unlink()
            self.planned_ids.sudo().unlink()
        counts = {} if phase == "check" else self.planned_counts
        self._forget_marks()
        self._move(
            state,
            phase=phase,
            position=0,
            row_reached=0,
            row_count=0,
            created_count=0,
            updated_count=0,
            same_count=0,
            left_count=0,
            error_count=0,
            warning_count=0,
            removed_count=0,
            kept_count=0,
            swept_to=0,
            paid_sum=0,
            running=False,
            planned_counts=counts,
            pause_reason=False,
            finished_at=False,
            user_id=self.env.uid,  # with whose rights it is done
        )

    def _get_resumed_state(self):
        return _STATES[self.phase]

    def _get_resumed_values(self):
        return {"user_id": self.env.uid}  # with whose rights it is done

    def action_cancel(self):
        """Give the loading up; rows that were written before stay."""
        res = super().action_cancel()
        self._forget_marks()
        return res

    def action_to_draft(self):
        """Change how the file is read, or the file itself."""
        self._check_and_unlock()._move("draft", pause_reason=False)
        return True

    def action_take_back(self):
        """«Take the File Back»: undo what this file wrote, in the background.

        Its payments are subtracted; lines of charges, balances and readings that it added are
        removed, and those that it changed or removed come back.

        :raise UserError: when it wrote nothing that can be taken back
        """
        orders = self._check_and_unlock()
        for loading in orders:
            if not (loading.has_payments or loading.has_changes):
                raise UserError(
                    self.env._("No payment recorded now came from this file.")
                    if loading.kind == "payment"
                    else self.env._("Nothing that this file wrote can be taken back.")
                )
            loading.problem_ids.sudo().unlink()
            changes = loading.sudo().change_ids
            loading._move(
                "taking_back",
                phase="take_back",
                position=0,
                total_size=sum(changes.mapped("line_count")) or len(loading.payment_ids),
                running=False,
                error_count=0,
                warning_count=0,
                pause_reason=False,
                user_id=self.env.uid,
            )
        self._wake_worker()
        return True

    def action_open_payments(self):
        """Open the payments that this file brought."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "epd_mailing.epd_account_payment_action"
        )
        return {**action, "domain": [("import_id", "=", self.id)], "context": {}}

    def action_open_problems(self):
        """Open the list of problems, to read or to export."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "epd_mailing.epd_import_problem_action"
        )
        return {**action, "domain": [("import_id", "=", self.id)]}

    def action_export_problems(self):
        """Download the problems as XLSX, to hand to whoever created the file."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/epd_mailing/import/{self.id}/problems.xlsx",
            "target": "download",
        }

    def action_template(self):
        """Download an example of such a file."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/epd_mailing/import/example/{self.kind}.xlsx",
            "target": "download",
        }

    # ------------------------------------------------------------------
    # The work in the background
    # ------------------------------------------------------------------
    @api.model
    def _cron_import(self):
        """Work on all orders that are checked or loaded, within the budget of a cron run."""
        self._run_work()

    def _for_user(self):
        return super()._for_user().with_context(mail_create_nolog=QUIET)._unlocked()

    def _work_as(self):
        """Load with the rights of the loading's user."""
        return self._for_user()

    def _work(self, in_budget):
        """Go on from where the loading stands."""
        if self.state == "taking_back":
            return super()._work(in_budget)  # slices that need no file
        return ImportRun(self).run(in_budget, commit=True)

    def _work_at_once(self):
        """Work on a small file in the present transaction."""
        loading = self._for_user()
        try:
            ImportRun(loading).run(lambda: True, commit=False)
        except TableError as error:
            loading._pause_for_error(error)

    def _work_slice(self):
        """Take back the next lines or payments; return how many, None when there are none left."""
        if self.kind == "payment":
            count = PaymentWithdrawal(self).take_slice()
        else:
            count, tally, problems = ChangeWithdrawal(self).take_slice()
            ImportRun(self).store_problems(problems)
            self.warning_count += len(problems)
            self.running = dict(Counter(self.running or {}) + tally)
        if not count:
            text = self._describe_withdrawal()
            self._move("taken_back", finished_at=fields.Datetime.now())
            self.message_post(body=text)
            return None
        self.position += count
        return count

    def _describe_withdrawal(self):
        if self.kind == "payment":
            return self.env._("Payments taken back: %s", int(self.total_size))
        tally = Counter(self.running or {})
        return self.env._(
            "Taken back: %(removed)s lines removed, %(restored)s as before the file, %(returned)s "
            "there again, %(left)s changed since and left as they are.",
            removed=tally["removed"],
            restored=tally["restored"],
            returned=tally["returned"],
            left=tally["left"],
        )

    def _pause_for_error(self, error):
        loading = self._unlocked()
        if isinstance(error, SliceRejected):
            ImportRun(loading).store_problems(error.problems)
        return super(EpdImport, loading)._pause_for_error(error)

    def _get_error_text(self, error):
        if isinstance(error, SliceRejected):
            return self._describe_rejection()
        if isinstance(error, TableError):
            return describe_table_error(self.env, error)
        if isinstance(error, AccessError):
            return self.env._("%s has no right to load this.", self.user_id.name)
        return super()._get_error_text(error)

    def _describe_rejection(self):
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

    def _forget_marks(self):
        """Delete what was remembered of the file's rows while it was read."""
        for model in ("epd.import.key", "epd.import.paid.row"):
            table = SQL.identifier(self.env[model]._table)
            self.env.cr.execute(SQL("DELETE FROM %s WHERE import_id = ANY(%s)", table, self.ids))

    @api.autovacuum
    def _gc_files(self):
        """Remove the files of finished loadings after the company's time of keeping; orders stay."""
        self.env["epd.import.change"]._drop_old()
        return drop_old_files(self, "file", ("done", "cancelled", "taken_back"))
