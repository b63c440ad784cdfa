from odoo import api, models
from odoo.tools import SQL


class EpdDocumentSource(models.AbstractModel):
    """Figures that change mark the saved documents made of them."""

    _inherit = "epd.document.source"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _touch_documents_of(self, account_ids, period_ids):
        """Mark the saved documents of these accounts and periods: one statement, by an index."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE epd_payment_document
                   SET touched_at = now() AT TIME ZONE 'UTC'
                 WHERE account_id = ANY(%s) AND period_id = ANY(%s)
                   AND state = 'saved' AND touched_at IS NULL
                """,
                list(account_ids),
                list(period_ids),
            )
        )
        self.env["epd.payment.document"].invalidate_model(["touched_at", "is_outdated"])
        return super()._touch_documents_of(account_ids, period_ids)
