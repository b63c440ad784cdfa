from odoo import api, fields, models
from odoo.fields import Domain

from ..base.yes_no import search_yes_no

# contexts that come over RPC are JSON: no caller can hand in this very object
_DEFERRED = object()


class EpdDocumentSource(models.AbstractModel):
    """What documents are made from: a change marks the saved documents it may concern.

    The mark says «check again», no more: whether a document is outdated is known by the digest of the
    figures themselves (``epd.payment.document``), so writing the same figures again changes nothing.
    """

    _name = "epd.document.source"
    _description = "Source of Payment Documents"

    is_current = fields.Boolean(
        string="Current Month",
        compute="_compute_is_current",
        search="_search_is_current",
        help="Of the month where the office stands.",
    )

    @api.depends("period_id.is_current")
    def _compute_is_current(self):
        for record in self:
            record.is_current = record.period_id.is_current

    def _search_is_current(self, operator, value):
        """Find the month by its id: PostgreSQL reads the first page of a list from an index then."""
        periods = self.env.companies.sudo().epd_current_period_id
        return search_yes_no(operator, value, lambda: Domain("period_id", "in", periods.ids))

    def _touch_documents(self):
        """Mark the documents that these figures may concern."""
        if self:
            self._touch_documents_of(self.account_id.ids, self.period_id.ids)

    @api.model
    def _touch_documents_of(self, account_ids, period_ids):
        """Mark the documents of these accounts and periods (for the room of documents)."""

    def _without_touching(self):
        """Return the same records for many writes, after which the caller touches all at once.

        The caller has also seen to it that all they refer to is of one company.
        """
        return self.with_context(epd_touch=_DEFERRED)

    def _check_company(self, fnames=None):
        if self.env.context.get("epd_touch") is _DEFERRED:
            return None
        return super()._check_company(fnames)

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        if self.env.context.get("epd_touch") is _DEFERRED:
            return records
        records.sudo()._touch_documents()
        return records

    def write(self, vals):
        if self.env.context.get("epd_touch") is _DEFERRED:
            return super().write(vals)
        if {"account_id", "period_id"} & set(vals):
            self.sudo()._touch_documents()
        res = super().write(vals)
        self.sudo()._touch_documents()
        return res

    def unlink(self):
        self.sudo()._touch_documents()
        return super().unlink()
