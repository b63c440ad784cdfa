from odoo import Command, api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..run.run_scope import RunScope
from .paper_choice import PaperChoice


# the run room knows no printing
class EpdBillingRun(models.Model):
    """From a run to the printer."""

    _inherit = "epd.billing.run"  # pylint: disable=consider-merging-classes-inherited

    is_paper_next = fields.Boolean(
        string="Paper Is Next",
        compute="_compute_is_paper_next",
        help="Whatever can be mailed is in a mailing, and there are receipts to print.",
    )

    @api.depends("state", "list_ids", "period_id", "form", "document_ids", "mailing_ids")
    def _compute_is_paper_next(self):
        for run in self:
            run.is_paper_next = (
                run.state == "done" and not run._has_unmailed() and run._has_unprinted()
            )

    def _has_unmailed(self):
        """Tell whether a document of the run is neither in a mailing nor on paper."""
        written = Domain("is_test", "=", False) & Domain("send_state", "!=", "cancelled")
        domain = (
            RunScope(self).get_document_domain()
            & Domain("delivery_state", "=", "none")
            & ~Domain("letter_ids", "any", written)
        )
        return bool(self.env["epd.payment.document"].sudo().search_count(domain, limit=1))

    def _has_unprinted(self):
        """Tell whether a document of the run is to be printed and stands in no batch."""
        documents = self.env["epd.payment.document"].sudo()
        accounts = documents._search(RunScope(self).get_document_domain()).subselect("account_id")
        query = PaperChoice(self.env, self.period_id, self.form, accounts).get_query()
        self.env.flush_all()
        return bool(self.env.execute_query(SQL("%s LIMIT 1", query)))

    def action_make_paper(self):
        """«Paper Receipts»: a draft batch of the run's period, form and lists."""
        self.ensure_one()
        self.check_access("write")
        batch = self.env["epd.paper.batch"].create(
            {
                "company_id": self.company_id.id,
                "period_id": self.period_id.id,
                "form": self.form,
                "run_id": self.id,
                "list_ids": [Command.set(self.list_ids.ids)],
            }
        )
        return batch._get_records_action(context={})
