import base64

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.document.epd_payment_document import FORMS
from ..models.run.run_scope import RunScope


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

    @api.depends("position")
    def _compute_number(self):
        for preview in self:
            preview.number = preview.position + 1

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
                "problem_text": problem,
            }
        )
        return self._get_records_action(
            name=self.env._("Preview"), target="new", context={"dialog_size": "extra-large"}
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
        result = renderer._render_receipts({account.id: snapshot}, sample=True)[account.id]
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
        return self.account_id._save_receipt(self.period_id, self.form)
