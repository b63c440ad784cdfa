import gc

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.delivery_state import NOT_PRESENTED
from ..base.state_counts import count_by_state
from ..document.document_sums import compare_documents
from ..document.epd_payment_document import FORMS
from .paper_joiner import PaperJoiner
from .paper_sorter import PaperSorter

PART_SIZE = 500  # documents in one file: what a printer and a cron run handle well


class EpdPaperBatch(models.Model):
    """Receipts for the printer: those of a period that e-mail does not reach, or that want paper.

    ==========  ====================================================================
    state       set by
    ==========  ====================================================================
    draft       creation
    building    «Create the File»: the cron joins the saved files part by part
    paused      «Stop», or an error of the machine
    ready       the last part is created
    printed     the clerk: printed and handed over, so the documents are presented
    cancelled   the clerk, before it was handed over; its documents may be printed anew
    ==========  ====================================================================
    """

    _name = "epd.paper.batch"
    _description = "Paper Receipts"
    _inherit = ["epd.background.task"]
    _order = "id desc"
    _check_company_auto = True

    _transitions = {
        "draft": ("building", "cancelled"),
        "building": ("paused", "ready", "cancelled"),
        "paused": ("building", "cancelled"),
        "ready": ("printed", "cancelled"),
        "printed": (),
        "cancelled": (),
    }
    _work_cron = "epd_mailing.ir_cron_paper"
    _work_states = ("building",)
    _guarded_fields = (
        "number",
        "unsent_count",
        "unknown_count",
        "started_at",
        "presented_on",
        "presented_by",
    )
    _draft_fields = (
        "company_id",
        "period_id",
        "form",
        "list_ids",
        "with_unsent",
        "odd_start",
        "layout",
    )

    name = fields.Char(compute="_compute_name", store=True)
    period_id = fields.Many2one(
        "epd.billing.period",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
        default=lambda self: self.env.company.epd_current_period_id,
    )
    run_id = fields.Many2one(
        "epd.billing.run", index="btree_not_null", ondelete="set null", check_company=True
    )
    number = fields.Integer(
        string="No. in the Period", readonly=True, copy=False, help="2 and on: a top-up."
    )
    form = fields.Selection(FORMS, help="Empty: all forms.")
    list_ids = fields.Many2many(
        "epd.account.list", string="Account Lists", help="Empty: all accounts of the period."
    )
    odd_start = fields.Boolean(
        string="Each Receipt on Its Own Sheet",
        help="For printing on both sides: a blank page follows a receipt of an odd number of pages.",
    )
    layout = fields.Selection(
        [
            ("flat", "Flat sheets"),
            ("folded", "Folded, address outside"),
        ],
        required=True,
        default="flat",
        help="Folded: printed on both sides, the back of each first sheet shows the address where the window "
        "of an envelope E65 is; folded in three along the marks, the money is inside.",
    )
    with_unsent = fields.Boolean(
        string="Also Those Not Mailed Yet",
        help="Print also receipts that could go by e-mail but stand in no mailing.",
    )
    part_size = fields.Integer(
        string="Receipts in One File", default=PART_SIZE, required=True, help="10 to 1000."
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("building", "Being Created"),
            ("paused", "Stopped"),
            ("ready", "Ready to Print"),
            ("printed", "Handed Over"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    started_at = fields.Datetime(readonly=True, copy=False)
    presented_on = fields.Date(string="Handed Over On", readonly=True, copy=False, tracking=True)
    presented_by = fields.Many2one("res.users", string="Handed Over By", readonly=True, copy=False)
    unsent_count = fields.Integer(string="Not Mailed Yet", readonly=True, copy=False)
    unknown_count = fields.Integer(string="Outcome Unknown", readonly=True, copy=False)
    line_ids = fields.One2many("epd.paper.batch.line", "batch_id", copy=False)
    part_ids = fields.One2many("epd.paper.batch.part", "batch_id", string="Files", copy=False)
    document_count = fields.Integer(string="Receipts", compute="_compute_counts")
    pending_count = fields.Integer(compute="_compute_counts")
    error_count = fields.Integer(string="Skipped", compute="_compute_counts")
    page_count = fields.Integer(string="Pages", compute="_compute_counts")
    progress = fields.Float(compute="_compute_counts", help="Percent of the receipts joined.")
    sums_text = fields.Char(
        string="Due in the Receipts",
        compute="_compute_sums_text",
        help="Roubles, beside the receipts of the same accounts a month ago.",
    )

    _part_size_range = models.Constraint(
        "CHECK(part_size BETWEEN 10 AND 1000)", "A file holds 10 to 1000 receipts."
    )
    _number_uniq = models.UniqueIndex("(period_id, number) WHERE number > 0")

    @api.depends("number", "period_id.name")
    def _compute_name(self):
        for batch in self:
            number = f" № {batch.number}" if batch.number else ""
            batch.name = f"{batch.period_id.name or ''}{number}"

    @api.depends("line_ids.state", "part_ids")
    def _compute_counts(self):
        counts = count_by_state(self, "line_ids")
        pages = dict(
            self.env["epd.paper.batch.part"]._read_group(
                [("batch_id", "in", self.ids)], ["batch_id"], ["page_count:sum"]
            )
        )
        for batch in self:
            by_state = counts[batch._origin.id]
            done, pending = by_state.get("done", 0), by_state.get("pending", 0)
            batch.document_count = done + pending
            batch.pending_count = pending
            batch.error_count = by_state.get("error", 0)
            batch.page_count = pages.get(batch._origin, 0)
            batch.progress = 100.0 * done / (done + pending) if done + pending else 0.0

    @api.depends("line_ids.state", "period_id")
    @api.depends_context("lang")
    def _compute_sums_text(self):
        for batch in self:
            lines = self.env["epd.paper.batch.line"].sudo()
            query = lines._search(
                [("batch_id", "=", batch._origin.id), ("state", "in", ("pending", "done"))]
            )
            sums = compare_documents(
                self.sudo().env, batch.period_id, query.subselect("document_id")
            )
            batch.sums_text = bool(sums.now) and sums.describe(self.env)

    def write(self, vals):
        if set(self._draft_fields).intersection(vals) and self.filtered(
            lambda batch: batch.state != "draft"
        ):
            raise UserError(
                self.env._("The list is created already. Cancel this batch and create another one.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_created(self):
        if self.filtered(lambda batch: batch.state not in ("draft", "cancelled")):
            raise UserError(self.env._("Paper receipts are kept as a proof. Cancel them instead."))

    # --- what a clerk does ------------------------------------------------------------------------

    def _get_accounts_query(self):
        """Return SQL of the accounts of the chosen lists; None when all are meant."""
        self.ensure_one()
        if not self.list_ids:
            return None
        lists = self.list_ids.with_company(self.company_id)
        chosen = Domain.OR([entry._get_domain(self.period_id) for entry in lists])
        chosen &= Domain("company_id", "=", self.company_id.id)
        return self.env["epd.personal.account"].sudo()._search(chosen).select()

    def action_build(self):
        """«Create the File»: list the receipts to print; the cron joins them.

        :raise UserError: when there is nothing to print
        """
        for batch in self._check_and_unlock():
            batch._check_movable("building")
            PaperSorter(batch).add_documents()
            if not batch.pending_count:
                raise UserError(batch._why_nothing())
            batch._move("building", started_at=fields.Datetime.now(), pause_reason=False)
        self._wake_worker()
        return True

    def _check_movable(self, target):
        if self - self._can_move(target):
            self._move(target)  # raises, with the states in words

    def _why_nothing(self):
        if self.error_count:
            return self.env._(
                "All receipts left are of a previous responsible person. Re-issue these "
                "documents first."
            )
        if self.unsent_count:
            return self.env._(
                "There is nothing to print. %s receipts can go by e-mail and stand in no mailing "
                "yet: create a mailing, or tick “Also Those Not Mailed Yet”.",
                self.unsent_count,
            )
        return self.env._(
            "There is nothing to print: every saved receipt goes by e-mail or is printed already."
        )

    def action_mark_printed(self, presented_on=None):
        """«Printed and Handed Over»: these receipts count as presented on that day.

        :param presented_on: date or text ``YYYY-MM-DD``; nothing means today by the office's zone
        :raise UserError: when the file is not ready, or the day has not come
        """
        for batch in self._check_and_unlock():
            company = batch.company_id
            today = company._epd_today()
            day = fields.Date.to_date(presented_on) or today
            if day > today:
                raise UserError(self.env._("Record the handing over on its day, not beforehand."))
            if batch.started_at and day < company._epd_local_time(batch.started_at).date():
                raise UserError(
                    self.env._("The receipts cannot be handed over before their file was created.")
                )
            batch._move("printed", presented_on=day, presented_by=self.env.uid)
            batch._present()
        return True

    def _present(self):
        """Mark receipts and documents as presented: two statements, as the compute would say.

        ``delivery_state`` becomes ``paper`` unless a letter did better (see its compute).
        """
        self.ensure_one()
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE epd_paper_batch_line SET is_presented = TRUE"
                " WHERE batch_id = %s AND state = 'done'",
                self.id,
            )
        )
        self.env.cr.execute(
            SQL(
                """
                UPDATE epd_payment_document SET delivery_state = 'paper'
                 WHERE delivery_state IN %s
                   AND id IN (SELECT document_id FROM epd_paper_batch_line
                               WHERE batch_id = %s AND is_presented)
                """,
                NOT_PRESENTED,
                self.id,
            )
        )
        self.env["epd.paper.batch.line"].invalidate_model(["is_presented"])
        self.env["epd.payment.document"].invalidate_model(["delivery_state"])

    def action_cancel(self):
        """Cancel the batch before it is handed over; its receipts may be printed anew."""
        batches = self._check_and_unlock()
        batches._move("cancelled", finished_at=fields.Datetime.now())
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE epd_paper_batch_line SET is_live = FALSE WHERE batch_id IN %s",
                tuple(batches.ids) or (0,),
            )
        )
        self.env["epd.paper.batch.line"].invalidate_model(["is_live"])
        return True

    def action_download(self):
        """Open the file for printing; with several files, their list."""
        self.ensure_one()
        self.check_access("read")
        if len(self.part_ids) == 1:
            return self.part_ids.action_download()
        return self.part_ids._get_records_action(
            name=self.env._("Files for the Printer"),
            views=[(False, "list")],
            domain=[("batch_id", "=", self.id)],
            context={},
        )

    def action_open_lines(self):
        """Open the receipts of the batch."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "epd_mailing.epd_paper_batch_line_action"
        )
        return {**action, "domain": [("batch_id", "=", self.id)], "context": {}}

    # --- the work: part after part, each committed by itself, memory for one part ----------------

    @api.model
    def _cron_paper(self):
        """Work on all batches that are being created, within the budget of a cron run."""
        self._run_work()

    def _work_slice(self):
        """Create the next part; without receipts that wait the batch is ready."""
        # the batch's row is the claim: one worker joins its parts in their order
        if not self.try_lock_for_update():
            return None
        waiting = self.env["epd.paper.batch.line"].search(
            self._get_waiting_domain(), order="sequence, id", limit=self.part_size
        )
        if not waiting:
            self._move("ready", finished_at=fields.Datetime.now())
            self._report_ready()
            return None
        PaperJoiner(self).join(waiting)
        # the parts of a joined file refer to each other in circles
        gc.collect()
        return len(waiting)

    def _work_left(self):
        """Return how many receipts wait."""
        return self.env["epd.paper.batch.line"].search_count(self._get_waiting_domain())

    def _get_waiting_domain(self):
        return [("batch_id", "=", self.id), ("state", "=", "pending")]

    def _report_ready(self):
        self.message_post(
            body=self.env._(
                "Ready to print: %(documents)s receipts, %(pages)s pages, skipped: %(errors)s.",
                documents=self.document_count,
                pages=self.page_count,
                errors=self.error_count,
            )
        )
