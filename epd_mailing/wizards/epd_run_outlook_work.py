from odoo import api, fields, models
from odoo.exceptions import UserError

AT_ONCE = 10_000  # accounts whose page is made while the clerk waits: below a second


class EpdRunOutlook(models.TransientModel):
    """How the page comes about: at once, or in the background for the house of a whole city.

    =========  =====================================================================
    state      set by
    =========  =====================================================================
    looking    opening or «Look Again»; the cron looks, the page shows how far it is
    ready      the numbers stand on the page, with the time they are of
    failed     looking came to nothing; the page says why
    =========  =====================================================================
    """

    _name = "epd.run.outlook"
    _inherit = ["epd.run.outlook", "epd.state.gate", "epd.live", "epd.background.work"]

    _work_cron = "epd_mailing.ir_cron_outlook"
    _work_states = ("looking",)
    _transitions = {
        "looking": ("looking", "ready", "failed"),
        "ready": ("looking",),
        "failed": ("looking",),
    }
    _gated_fields = ("looked_at", "failure_text")

    user_id = fields.Many2one(related="create_uid", string="Opened By")
    company_id = fields.Many2one(related="run_id.company_id")
    state = fields.Selection(
        [("looking", "Being looked at"), ("ready", "Ready"), ("failed", "Not found out")],
        required=True,
        default="looking",
        readonly=True,
        index=True,
    )
    progress = fields.Float(readonly=True, help="Percent of what is to be looked at.")
    looked_at = fields.Datetime(string="As Of", readonly=True)
    failure_text = fields.Text(string="Reason", readonly=True)

    def action_refresh(self):
        """Look again: what was mended meanwhile is gone from the page."""
        self.ensure_one()
        accounts = self.env["epd.personal.account"]
        limit = AT_ONCE + 1
        if accounts.search_count(self.run_id._get_scope_domain(), limit=limit) < limit:
            return self.action_look_now()
        self._move("looking", failure_text=False)
        self.progress = 0
        self._wake_worker()
        return self._reopen()

    def action_look_now(self):
        """Look while the clerk waits, whatever the size of the house."""
        self.ensure_one()
        self.run_id.check_access("write")
        self._move("looking", failure_text=False)
        self._finish(*self._look())
        return self._reopen()

    def _finish(self, lines, values):
        self._write_page(lines, values)
        self._move("ready", looked_at=fields.Datetime.now(), progress=100)

    # --- in the background -----------------------------------------------------------------------

    @api.model
    def _cron_look(self):
        """Look for all pages that wait, each as the user who opened it."""
        self._work_pass()

    def _work_as(self):
        return self._for_user().with_context(epd_in_background=True)

    def _work(self, in_budget):
        found = self._look()
        self.invalidate_recordset(["state"])
        if self.try_lock_for_update().state == "looking":  # else the clerk did not wait
            self._finish(*found)

    def _pause_for_fault(self, error):
        """Say on the page why there are no numbers on it."""
        self._can_move("failed")._move("failed", failure_text=self._fault_text(error))

    def _show_share(self, share):
        """Show how much (0…1) of :meth:`_look` is done, when somebody waits for the background."""
        if self.env.context.get("epd_in_background"):
            self.progress = 100 * share
            self._tell_screens()
            self.env["ir.cron"]._commit_progress()

    def action_confirm(self):
        """Do what the page says, once it says it.

        :raise UserError: while the numbers are not there
        """
        self.ensure_one()
        if self.state != "ready":
            raise UserError(self.env._("Wait until the page has been looked at."))
        return super().action_confirm()
