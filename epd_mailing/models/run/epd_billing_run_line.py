from odoo import fields, models
from odoo.exceptions import UserError


class EpdBillingRunLine(models.Model):
    """One account of a run: queue row, outcome, and the reason when there is no document."""

    _name = "epd.billing.run.line"
    _description = "Account of a Run"
    _inherit = ["epd.state.gate"]
    _order = "run_id, id"
    _rec_name = "account_id"

    _transitions = {
        "pending": ("saved", "skipped", "error"),
        "error": ("pending",),
        "skipped": ("pending",),
        "saved": (),
    }
    _guarded_fields = ("problem_code", "problem_text", "document_id")

    run_id = fields.Many2one("epd.billing.run", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="run_id.company_id", store=True, index=True)
    account_id = fields.Many2one(
        "epd.personal.account", required=True, index=True, ondelete="cascade"
    )
    building_id = fields.Many2one(related="account_id.building_id", store=True)
    state = fields.Selection(
        [
            ("pending", "Waiting"),
            ("saved", "Saved"),
            ("skipped", "Skipped"),
            ("error", "Error"),
        ],
        required=True,
        default="pending",
        readonly=True,
    )
    problem_code = fields.Char(readonly=True)
    problem_text = fields.Text(string="Reason", readonly=True)
    document_id = fields.Many2one("epd.payment.document", readonly=True, ondelete="set null")

    _run_account_uniq = models.Constraint(
        "unique(run_id, account_id)", "The account is already in this run."
    )
    _queue_idx = models.Index("(run_id, state, id)")

    def action_mend(self):
        """Open the records that are to be corrected before the account can have a document.

        ===================================  ==========================================
        problem                              opens
        ===================================  ==========================================
        no_provision, several_payees         the provisions of the building
        charged_differs, no_balance          the balances of the account in the period
        sums_differ, no_charges              its charges in the period
        requisites, requisites_changed       the bank accounts of the building's payees
        render, busy, fault                  nothing: the account waits once more
        ===================================  ==========================================

        :return: action of the web client
        :raise UserError: when the account stands without a problem
        """
        self.ensure_one()
        self.check_access("read")
        if not self.problem_code or self.state not in ("error", "skipped"):
            raise UserError(self.env._("Nothing is to be mended at this account."))
        opener = {
            "no_provision": self._mend_provisions,
            "several_payees": self._mend_provisions,
            "charged_differs": self._mend_balances,
            "no_balance": self._mend_balances,
            "sums_differ": self._mend_charges,
            "no_charges": self._mend_charges,
            "requisites": self._mend_payees,
            "requisites_changed": self._mend_payees,
        }.get(self.problem_code, self._mend_by_trying)
        return opener()

    def _mend_provisions(self):
        building = self.account_id.building_id
        return self._open_for_mending(
            "epd.service.provision",
            [("building_id", "=", building.id)],
            {"default_building_id": building.id},
        )

    def _mend_balances(self):
        return self._open_for_mending("epd.account.balance", self._in_period(), self._defaults())

    def _mend_charges(self):
        return self._open_for_mending("epd.charge", self._in_period(), self._defaults())

    def _mend_payees(self):
        provisions = self.env["epd.service.provision"].search(
            [("building_id", "=", self.account_id.building_id.id)]
        )
        payees = provisions.payee_id
        return self._open_for_mending("res.partner.bank", [("id", "in", payees.ids)], {})

    def _mend_by_trying(self):
        if self.state != "error":
            raise UserError(self.env._("Nothing is to be mended at this account."))
        self.run_id.check_access("write")
        line = self.sudo()
        line._move("pending", problem_code=False, problem_text=False)
        if line.run_id.state == "done":
            line.run_id._move("preparing", finished_at=False)
        line.run_id._wake_worker()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _in_period(self):
        return [
            ("account_id", "=", self.account_id.id),
            ("period_id", "=", self.run_id.period_id.id),
        ]

    def _defaults(self):
        return {
            "default_account_id": self.account_id.id,
            "default_period_id": self.run_id.period_id.id,
        }

    def _open_for_mending(self, model, domain, context):
        return self.env[model]._get_records_action(
            name=self.problem_text,
            views=[(False, "list"), (False, "form")],
            domain=domain,
            context=context,
        )
