from odoo import api, fields, models
from odoo.fields import Domain

from ..document.epd_payment_document import FORMS
from .epd_letter_eligibility import LIVE
from .letter_writer import LetterWriter
from .mailing_estimate import describe_seconds

AT_ONCE = 2000  # documents whose letters are written while the clerk waits: about a second


def get_saved_domain(mailing, period, accounts, form):
    """Return the domain of the saved documents of a month that no letter has yet.

    :param mailing: ``epd.mailing``, whose company they are of
    :param period: ``epd.billing.period``; an empty one finds no documents
    :param accounts: ``epd.account.list`` they are of, an empty one for all
    :param form: form of the documents, nothing for all
    """
    if not period:
        return Domain.FALSE
    letters = [("is_test", "=", False), ("send_state", "in", LIVE)]
    domain = (
        Domain("company_id", "=", mailing.company_id.id)
        & Domain("period_id", "=", period.id)
        & Domain("state", "=", "saved")
        & Domain("letter_ids", "not any", letters)
    )
    if form:
        domain &= Domain("form", "=", form)
    if accounts:
        chosen = accounts.with_company(mailing.company_id)._get_domain(period)
        domain &= Domain("account_id", "any", chosen)
    return domain


class EpdMailingFilling(models.AbstractModel):
    """The letters of a mailing: written at once, or slice after slice in the background.

    Documents go in the order of their ids: ``fill_after`` is the last one whose letters are
    written, so the work goes on where it stopped. A mailing may be scheduled meanwhile; it does not
    begin before all its letters are written.

    Part of ``epd.mailing``.
    """

    _name = "epd.mailing.filling"
    _description = "Filled with Letters"
    _inherit = ["epd.background.work", "epd.field.guard"]

    _work_cron = "epd_mailing.ir_cron_fill"

    is_filling = fields.Boolean(string="Letters Are Being Written", readonly=True, copy=False)
    fill_total = fields.Integer(string="Documents to Add", readonly=True, copy=False, default=0)
    fill_left = fields.Integer(
        string="Documents Not Added Yet", readonly=True, copy=False, default=0
    )
    fill_after = fields.Integer(string="Last Document Added", readonly=True, copy=False, default=0)
    fill_started_at = fields.Datetime(string="Writing Began", readonly=True, copy=False)
    fill_period_id = fields.Many2one(
        "epd.billing.period", string="Receipts Of", readonly=True, copy=False, ondelete="restrict"
    )
    fill_list_id = fields.Many2one(
        "epd.account.list",
        string="Receipts By List",
        readonly=True,
        copy=False,
        ondelete="set null",
    )
    fill_form = fields.Selection(FORMS, string="Form of Receipts", readonly=True, copy=False)
    fill_problem = fields.Text(string="Why Writing Stopped", readonly=True, copy=False)
    fill_progress = fields.Float(string="Documents Added, %", compute="_compute_fill_progress")
    fill_eta_text = fields.Char(string="Time Left to Write", compute="_compute_fill_progress")

    def _get_guarded_fields(self):
        return super()._get_guarded_fields() | {
            "fill_period_id",
            "fill_list_id",
            "fill_form",
            "is_filling",
            "fill_total",
            "fill_left",
            "fill_after",
            "fill_started_at",
            "fill_problem",
        }

    @api.depends("fill_total", "fill_left", "is_filling", "fill_started_at")
    def _compute_fill_progress(self):
        now = fields.Datetime.now()
        for mailing in self:
            done = mailing.fill_total - mailing.fill_left
            mailing.fill_progress = 100.0 * done / mailing.fill_total if mailing.fill_total else 0
            seconds = (now - (mailing.fill_started_at or now)).total_seconds()
            known = mailing.is_filling and done > 0 and seconds > 0
            mailing.fill_eta_text = known and describe_seconds(
                self.env, mailing.fill_left * seconds / done
            )

    def _get_fill_domain(self):
        """Return the domain of the documents whose letters the mailing is filled with.

        Those of a month that a person asked for and that no letter has yet. A hook for who makes
        mailings of other documents; those of no one need no filling.
        """
        self.ensure_one()
        return get_saved_domain(self, self.fill_period_id, self.fill_list_id, self.fill_form)

    def _fill(self):
        """Write the letters of its documents: now when they are few, else in the background.

        Rights are checked by the caller.
        """
        self.ensure_one()
        documents = self.env["epd.payment.document"]
        domain = self._get_fill_domain()
        total = documents.search_count(domain)
        if total <= AT_ONCE:
            found = documents.search(domain, order="building_id, account_id")
            LetterWriter(self).add(found)
            return
        self.sudo()._unlocked()._begin_filling(total, fill_left=total, fill_after=0)
        self._wake_worker()

    def _begin_filling(self, total, **vals):
        now = fields.Datetime.now()
        self.write({"is_filling": True, "fill_total": total, "fill_started_at": now, **vals})

    def action_stop_filling(self):
        """Stop writing letters after the slice in work."""
        for mailing in self._check_and_unlock().filtered("is_filling"):
            reason = self.env._("Stopped by %(user)s", user=self.env.user.name)
            mailing.write({"is_filling": False, "fill_problem": reason})
        return True

    def action_go_on_filling(self):
        """Write the letters that are still missing, where nothing has gone yet."""
        for mailing in self._check_and_unlock():
            if mailing.fill_left and mailing._takes_letters():
                mailing._begin_filling(mailing.fill_left, fill_problem=False)
        self._wake_worker()
        return True

    @api.model
    def _cron_fill(self):
        """Write the letters of all mailings that wait for them, within the budget of a cron run."""
        self._run_work()

    @api.model
    def _get_work_domain(self):
        return Domain("is_filling", "=", True)

    def _work_as(self):
        return super()._work_as()._unlocked()

    def _work_slice(self):
        # the mailing's row is the claim: one worker writes its letters
        if not self.try_lock_for_update():
            return None
        documents = self.env["epd.payment.document"].sudo()
        following = self._get_fill_domain() & Domain("id", ">", self.fill_after)
        chunk = documents.search(following, order="id", limit=AT_ONCE)
        left = 0
        if chunk:
            LetterWriter(self).add(chunk)
            # what there is to write was counted at the start; a full slice may be followed by more
            more = len(chunk) == AT_ONCE
            left = max(self.fill_left - len(chunk), 1) if more else 0
            self.write({"fill_after": chunk[-1].id, "fill_left": left})
        if not left:
            self._finish_filling()
        self._notify_screens()
        return len(chunk)

    def _finish_filling(self):
        self.write({"is_filling": False, "fill_left": 0})
        self.message_post(
            body=self.env._(
                "Letters written: %(letters)s, skipped: %(skipped)s.",
                letters=self.pending_count,
                skipped=self.skipped_count,
            )
        )
        if self.state == "scheduled":
            self._wake_sender(self.scheduled_at)

    def _work_left(self):
        return self.fill_left

    def _pause_for_error(self, error):
        """Stop writing, and say why."""
        text = self._get_error_text(error)
        self._unlocked().write({"is_filling": False, "fill_problem": text})
        self.message_post(body=text)
