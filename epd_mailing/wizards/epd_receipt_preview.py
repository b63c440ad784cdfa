import base64

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.document.epd_payment_document import FORMS
from ..models.document.missing_balance import MissingBalance
from ..models.run.run_scope import RunScope
from ..tools.money import format_money


class EpdReceiptPreview(models.TransientModel):
    """Pages through the receipts before they are saved: same renderer and data, «ОБРАЗЕЦ» across.

    Of a run: account after account. Of one account: its receipt, saved by «Записать».
    """

    _name = "epd.receipt.preview"
    _description = "Preview of Receipts"
    _inherit = ["epd.readable.targets"]

    run_id = fields.Many2one("epd.billing.run", readonly=True, ondelete="cascade")
    account_id = fields.Many2one("epd.personal.account", readonly=True, ondelete="cascade")
    period_id = fields.Many2one("epd.billing.period", required=True, readonly=True)
    form = fields.Selection(FORMS, required=True, readonly=True)
    position = fields.Integer(readonly=True, help="Of the account within the run, from 0.")
    number = fields.Integer(string="No.", compute="_compute_number")
    total = fields.Integer(readonly=True)
    run_state = fields.Selection(related="run_id.state")
    receipt = fields.Binary(attachment=False, readonly=True)
    problem_text = fields.Text(readonly=True)
    # what another page would show; what is saved is what this page shows
    company_id = fields.Many2one(related="period_id.company_id")
    new_period_id = fields.Many2one(
        "epd.billing.period",
        string="Period of the Receipt",
        compute="_compute_new_choice",
        store=True,
        readonly=False,
    )
    new_form = fields.Selection(
        FORMS,
        string="Form of the Receipt",
        compute="_compute_new_choice",
        store=True,
        readonly=False,
    )
    saved_text = fields.Text(
        string="Saved Already",
        compute="_compute_saved_text",
        help="The live documents of the account in this period, each with its form, version and sum.",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    missing_balance = fields.Monetary(
        readonly=True, help="What the account owed before; the period has no balance for it."
    )
    waiver_reason = fields.Char(
        string="Why It May Be Saved", help="Why the receipt is right without the earlier debt."
    )

    @api.depends("position")
    def _compute_number(self):
        for preview in self:
            preview.number = preview.position + 1

    @api.depends("period_id", "form")
    def _compute_new_choice(self):
        for preview in self:
            preview.new_period_id = preview.period_id
            preview.new_form = preview.form

    @api.depends("account_id", "period_id")
    @api.depends_context("lang")
    def _compute_saved_text(self):
        documents = self.env["epd.payment.document"]
        labels = dict(documents._fields["form"]._description_selection(self.env))
        for preview in self:
            live = documents.search(
                [
                    ("account_id", "=", preview.account_id.id),
                    ("period_id", "=", preview.period_id.id),
                    ("state", "=", "saved"),
                ],
                order="form, version",
            )
            preview.saved_text = "\n".join(
                self.env._(
                    "%(form)s %(number)s, version %(version)s: %(amount)s",
                    form=labels[document.form],
                    number=document.name,
                    version=document.version,
                    amount=format_money(document.total_due),
                )
                for document in live
                if not preview.run_id
            )

    @api.model
    def _open_for(self, account=None, run=None, period=None, form=None):
        """Create a preview of one account, or of the first account of a run, and open it."""
        vals = {
            "run_id": run.id if run else False,
            "account_id": account.id if account else False,
            "period_id": (run.period_id if run else period).id,
            "form": run.form if run else form,
            "total": 1,
        }
        if run:
            vals["total"] = self.env["epd.personal.account"].search_count(
                RunScope(run).get_listed_domain()
            )
            if not vals["total"]:
                raise UserError(self.env._("There is no account in the chosen lists."))
        return self.create(vals)._show(0)

    def _show(self, position):
        self.ensure_one()
        position = min(max(position, 0), max(self.total - 1, 0))
        account = self.account_id
        if self.run_id:
            account = account.search(
                RunScope(self.run_id).get_listed_domain(),
                order="building_id, premises_sort, number, id",
                offset=position,
                limit=1,
            )
        pdf, problem = self._render_sample(account)
        self.write(
            {
                "position": position,
                "account_id": account.id,
                "receipt": base64.b64encode(pdf) if pdf else False,
                "missing_balance": float(self._find_missing_balance(account)),
                "problem_text": problem,
            }
        )
        return self._get_records_action(
            name=self.env._("Preview"), target="new", context={"dialog_size": "extra-large"}
        )

    def _find_missing_balance(self, account):
        """Return roubles that the account owed before and of which the period knows nothing."""
        if not account:
            return 0
        return MissingBalance(self.sudo().env, self.period_id, self.form).find_one(account)

    def action_show_choice(self):
        """«Show»: the account's receipt of the chosen period and form.

        :raise UserError: when the period is of another company
        """
        self.ensure_one()
        period = self.new_period_id or self.period_id
        if period.company_id != self.account_id.company_id:
            raise UserError(self.env._("Choose a billing period of the account's company."))
        return self._open_for(
            account=self.account_id, period=period, form=self.new_form or self.form
        )

    def _render_sample(self, account):
        """Return (PDF bytes, None) or (None, why there is none); nothing is stored."""
        account = account.sudo()
        if not account:
            return None, self.env._("The account is not in the lists any more.")
        snapshots = self.env["epd.document.snapshot"].sudo()
        snapshot, problem = snapshots._build(account, self.period_id, self.form)[account.id]
        if problem:
            return None, problem["text"]
        renderer = self.env["epd.receipt.renderer"]
        renderer._check_engine()
        snapshot = {**snapshot, "number": "образец"}
        result = renderer._render_receipts([(account.id, snapshot)], sample=True)[account.id]
        if result.pdf is None:
            return None, renderer._describe_failure(result.error)["text"]
        return result.pdf, None

    def action_next(self):
        """Show the next account's receipt."""
        return self._turn(1)

    def action_previous(self):
        """Show the receipt of the account before."""
        return self._turn(-1)

    def _turn(self, step):
        """Show another receipt on a page of its own: the browser never shows the one before for it."""
        self.ensure_one()
        page = self.create(
            {
                "run_id": self.run_id.id,
                "account_id": self.account_id.id,
                "period_id": self.period_id.id,
                "form": self.form,
                "total": self.total,
            }
        )
        return page._show(self.position + step)

    def action_save(self):
        """«Save for Sending» of the run, or «Записать» of the one receipt."""
        self.ensure_one()
        if self.run_id:
            return self.run_id.action_confirm_prepare()
        if (self.new_period_id, self.new_form) != (self.period_id, self.form):
            raise UserError(
                self.env._("Another period or form is chosen. Press “Show” and check it first.")
            )
        return self.account_id._save_receipt(self.period_id, self.form, self.waiver_reason)
