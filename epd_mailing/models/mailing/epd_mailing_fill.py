from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

AT_ONCE = 2000  # documents whose letters are written while the clerk waits: about a second


class EpdMailing(models.Model):
    """Letters of a big run, written in the background: documents in the order of their ids.

    ``fill_after`` is the last document taken in, so the work goes on where it stopped. A mailing may
    be scheduled meanwhile; it does not begin before all its letters are written.
    """

    _name = "epd.mailing"
    _inherit = ["epd.mailing", "epd.background.work"]

    _work_cron = "epd_mailing.ir_cron_fill"

    is_filling = fields.Boolean(string="Letters Are Being Written", readonly=True, copy=False)
    fill_total = fields.Integer(string="Documents to Take In", readonly=True, copy=False, default=0)
    fill_left = fields.Integer(
        string="Documents Not Taken In Yet", readonly=True, copy=False, default=0
    )
    fill_after = fields.Integer(
        string="Last Document Taken In", readonly=True, copy=False, default=0
    )
    fill_started_at = fields.Datetime(string="Writing Began", readonly=True, copy=False)
    fill_problem = fields.Text(string="Why Writing Stopped", readonly=True, copy=False)
    fill_progress = fields.Float(string="Documents Taken In, %", compute="_compute_fill_progress")
    fill_eta_text = fields.Char(string="Time Left to Write", compute="_compute_fill_progress")

    @api.depends("fill_total", "fill_left", "is_filling", "fill_started_at")
    def _compute_fill_progress(self):
        now = fields.Datetime.now()
        for mailing in self:
            done = mailing.fill_total - mailing.fill_left
            mailing.fill_progress = 100.0 * done / mailing.fill_total if mailing.fill_total else 0
            seconds = (now - (mailing.fill_started_at or now)).total_seconds()
            known = mailing.is_filling and done > 0 and seconds > 0
            mailing.fill_eta_text = known and self._describe_seconds(
                mailing.fill_left * seconds / done
            )

    def _take_in_run(self):
        """Write the letters of the run's documents: now when they are few, else in the background."""
        self.ensure_one()
        documents = self.env["epd.payment.document"]
        domain = self.run_id._get_mailing_domain()
        total = documents.search_count(domain)
        if total <= AT_ONCE:
            self._add_documents(documents.search(domain, order="building_id, account_id"))
            return
        self.sudo()._through_gate().write(
            {
                "is_filling": True,
                "fill_total": total,
                "fill_left": total,
                "fill_started_at": fields.Datetime.now(),
            }
        )
        self._wake_worker()

    def action_stop_filling(self):
        """Stop writing letters after the slice in work."""
        for mailing in self._check_user_may().filtered("is_filling"):
            reason = self.env._("Stopped by %(user)s", user=self.env.user.name)
            mailing.write({"is_filling": False, "fill_problem": reason})
        return True

    def action_go_on_filling(self):
        """Write the letters that are still missing."""
        waiting = self._check_user_may().filtered(
            lambda mailing: mailing.fill_left and mailing._takes_letters()
        )
        for mailing in waiting:
            total = mailing.fill_left
            mailing.write(
                {
                    "is_filling": True,
                    "fill_problem": False,
                    "fill_total": total,
                    "fill_started_at": fields.Datetime.now(),
                }
            )
        self._wake_worker()
        return True

    # --- the work --------------------------------------------------------------------------------

    @api.model
    def _cron_fill(self):
        """Write the letters of all mailings that wait for them, within the budget of a pass."""
        self._work_pass()

    @api.model
    def _get_work_domain(self):
        return Domain("is_filling", "=", True)

    def _for_office(self):
        # what became of each letter stands in its row
        return super()._for_office().with_context(tracking_disable=True)

    def _work_as(self):
        return super()._work_as()._through_gate()

    def _work_slice(self):
        # the mailing's row is the claim: one worker writes its letters
        if not self.try_lock_for_update():
            return None
        return self._fill_slice()

    def _work_left(self):
        return self.fill_left

    def _pause_for_fault(self, error):
        """Stop writing, and say why."""
        text = self._fault_text(error)
        self._through_gate().write({"is_filling": False, "fill_problem": text})
        self.message_post(body=text)

    def _fill_slice(self):
        documents = self.env["epd.payment.document"].sudo()
        following = self.run_id._get_mailing_domain() & Domain("id", ">", self.fill_after)
        chunk = documents.search(following, order="id", limit=AT_ONCE)
        if chunk:
            self._add_documents(chunk)
            left = documents.search_count(following) - len(chunk)
            self.write({"fill_after": chunk[-1].id, "fill_left": left})
        if not chunk or not left:
            self.write({"is_filling": False, "fill_left": 0})
            self.message_post(
                body=self.env._(
                    "Letters written: %(letters)s, left out: %(skipped)s.",
                    letters=self.pending_count,
                    skipped=self.skipped_count,
                )
            )
            if self.state == "scheduled":
                self._wake_sender(self.scheduled_at)
        self._tell_screens()
        return len(chunk)

    # --- what waits for the letters --------------------------------------------------------------

    def _check_complete(self):
        """Refuse to send while letters are missing and nobody writes them.

        :raise UserError: saying what to press
        """
        for mailing in self:
            if mailing.fill_left and not mailing.is_filling:
                raise UserError(
                    self.env._(
                        "The letters of %(count)s documents are not written yet. Press “Go On "
                        "Writing” first.",
                        count=mailing.fill_left,
                    )
                )
        return super()._check_complete()

    def _has_to_send(self):
        return self.is_filling or super()._has_to_send()

    def _must_wait(self):
        return bool(self.fill_left) or super()._must_wait()

    @api.model
    def _get_due_domain(self):
        return super()._get_due_domain() & Domain("fill_left", "=", 0)

    def action_cancel(self):
        """See the base; letters not written yet are not written."""
        self._check_user_may().filtered("is_filling").write({"is_filling": False})
        return super().action_cancel()
