from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools import receipt_archive
from ..document.epd_payment_document import FORMS

SMALL = 30  # files looked into at once, not in the background


class EpdReceiptImport(models.Model):
    """An archive of receipts made by another program, to be saved as documents of a period.

    ==========  ==================================================================
    state       set by
    ==========  ==================================================================
    draft       creation, «Back to Draft»
    checking    «Check»: each file is unpacked and looked into, nothing is saved
    checked     the last file was looked into; what is wrong stands at its line
    saving      «Save for Sending»: all files become documents in one transaction
    paused      «Stop», or a fault that a person has to mend
    done        the documents stand on the accounts
    cancelled   the clerk
    ==========  ==================================================================
    """

    _name = "epd.receipt.import"
    _description = "Ready-made Receipts"
    _inherit = ["mail.thread", "epd.state.gate", "epd.background.work"]
    _order = "id desc"
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
    _gated_fields = ("phase", "file_sha256", "pause_reason", "finished_at", "user_id")

    name = fields.Char(compute="_compute_name")
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
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
    user_id = fields.Many2one("res.users", default=lambda self: self.env.user, readonly=True)
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
    pause_reason = fields.Text(readonly=True, copy=False)
    finished_at = fields.Datetime(readonly=True, copy=False)
    line_ids = fields.One2many("epd.receipt.import.line", "import_id", copy=False)
    file_count = fields.Integer(string="Files", compute="_compute_counts")
    pending_count = fields.Integer(compute="_compute_counts")
    good_count = fields.Integer(string="Good Files", compute="_compute_counts")
    problem_count = fields.Integer(string="Problems", compute="_compute_counts")
    saved_count = fields.Integer(string="Saved Files", compute="_compute_counts")
    progress = fields.Float(compute="_compute_counts", help="Percent of the files looked into.")

    @api.model
    def _get_last_pattern(self):
        last = self.search([("company_id", "=", self.env.company.id)], limit=1)
        return last.pattern or "{account}.pdf"

    @api.depends("period_id.name", "file_name")
    def _compute_name(self):
        for order in self:
            order.name = ", ".join(filter(None, (order.file_name, order.period_id.name)))

    @api.depends("line_ids.state")
    def _compute_counts(self):
        counts = {}
        for order, state, count in self.env["epd.receipt.import.line"]._read_group(
            [("import_id", "in", self.ids)], ["import_id", "state"], ["__count"]
        ):
            counts.setdefault(order.id, {})[state] = count
        for order in self:
            by_state = counts.get(order._origin.id, {})
            total = sum(by_state.values())
            order.file_count = total
            order.pending_count = by_state.get("pending", 0)
            order.good_count = by_state.get("good", 0)
            order.problem_count = by_state.get("problem", 0)
            order.saved_count = by_state.get("saved", 0)
            order.progress = 100.0 * (total - order.pending_count) / total if total else 0.0

    @api.constrains("pattern")
    def _check_pattern(self):
        for order in self:
            try:
                receipt_archive.Pattern(order.pattern or "")
            except ValueError as error:
                raise UserError(
                    self.env._(
                        "“%s” does not say where the account number stands. Write {account} once, "
                        "{month} and * if needed: {account}_{month}.pdf.",
                        order.pattern or "",
                    )
                ) from error

    def write(self, vals):
        if not self._gate_open() and set(vals) & {
            "file", "pattern", "period_id", "form", "check_text", "replace_saved", "company_id"
        }:  # fmt: skip
            if self.filtered(lambda order: order.state != "draft"):
                raise UserError(self.env._("Take the loading back to draft to change it."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_at_work(self):
        if self.filtered(lambda order: order.state in ("checking", "saving")):
            raise UserError(self.env._("Stop the loading before you delete it."))

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------
    def _check_user_may(self):
        self.check_access("write")
        return self._through_gate()

    def action_check(self):
        """«Check»: list the files, match them to accounts, look into each; nothing is saved."""
        for order in self._check_user_may():
            order.line_ids.sudo().unlink()
            order._list_files()
            order._move("checking", phase="check", pause_reason=False, user_id=self.env.uid)
            if order.pending_count <= SMALL:
                order._for_user()._check_slices(lambda: True, commit=False)
        self._wake_worker()
        return True

    def action_save(self):
        """«Save for Sending»: make documents of the files, all of them or none.

        :raise UserError: when there are problems and «Take the Good Files» is not ticked
        """
        for order in self._check_user_may():
            if order.state != "checked":
                raise UserError(self.env._("Check the archive first."))
            if order.problem_count and not order.good_only:
                raise UserError(
                    self.env._(
                        "There are problems with %s files, so none is saved. Correct the archive, "
                        "or tick “Take the Good Files”.",
                        order.problem_count,
                    )
                )
            if not order.good_count:
                raise UserError(self.env._("There is no file to save."))
            order._move("saving", phase="save", pause_reason=False, user_id=self.env.uid)
        self._wake_worker()
        return True

    def action_stop(self):
        """Stop after the files in work."""
        self._check_user_may()._move(
            "paused", pause_reason=self.env._("Stopped by %(user)s", user=self.env.user.name)
        )
        return True

    def action_resume(self):
        """Go on where it stopped."""
        for order in self._check_user_may():
            state = "saving" if order.phase == "save" else "checking"
            order._move(state, pause_reason=False, user_id=self.env.uid)
        self._wake_worker()
        return True

    def action_cancel(self):
        """Give the archive up."""
        self._check_user_may()._move("cancelled")
        return True

    def action_to_draft(self):
        """Change the archive or how its files are matched."""
        self._check_user_may()._move("draft", pause_reason=False)
        return True

    def action_open_documents(self):
        """Open the documents that were saved."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "epd_mailing.epd_payment_document_action"
        )
        return {**action, "domain": [("id", "in", self.line_ids.document_id.ids)], "context": {}}
