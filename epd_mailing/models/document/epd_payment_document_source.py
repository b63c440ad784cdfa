from odoo import api, fields, models
from odoo.tools import SQL

# what the digest covers: every figure that the accountant gives
_DIGESTED = {
    "epd_charge": (
        "service_id line_key volume_individual volume_common volume_method tariff amount_individual "
        "amount_common amount ratio excess recalculation recalculation_reason discount total "
        "norm_individual norm_common house_reading house_volume_premises house_volume_common "
        "explanation instalment_period instalment_past instalment_percent instalment_interest "
        "instalment_total"
    ),
    "epd_account_balance": (
        "payee_id opening paid paid_through last_payment_date charged penalty court_costs"
    ),
    "epd_meter_reading": "service_id meter_number zone previous current consumption verify_by",
}


class EpdPaymentDocument(models.Model):
    """«Changed since saving»: does a saved document still say what the accountant's figures say?"""

    _inherit = "epd.payment.document"

    charges_sha256 = fields.Char(
        readonly=True, copy=False, size=64, help="Digest of charges, balances and readings."
    )
    touched_at = fields.Datetime(
        readonly=True, copy=False, help="Charges were written after the document was saved."
    )
    is_outdated = fields.Boolean(
        string="Changed Since Saving",
        compute="_compute_is_outdated",
        search="_search_is_outdated",
        help="The charges moved after the document was saved.",
    )

    _touched_idx = models.Index("(period_id) WHERE state = 'saved' AND touched_at IS NOT NULL")

    @api.model
    def _get_charge_digests(self, account_ids, period_ids):
        """Return ``{(account_id, period_id): hex}`` of the figures as they stand, in one query."""
        self.env.flush_all()
        parts = [
            SQL(
                "SELECT account_id, period_id, %(table)s || jsonb_build_array(%(columns)s)::text"
                " AS part FROM %(source)s"
                " WHERE account_id = ANY(%(accounts)s) AND period_id = ANY(%(periods)s)",
                table=table,
                columns=SQL(", ").join(self._digested(table, name) for name in names.split()),
                source=SQL.identifier(table),
                accounts=list(account_ids),
                periods=list(period_ids),
            )
            for table, names in _DIGESTED.items()
        ]
        rows = self.env.execute_query(
            SQL(
                "SELECT account_id, period_id, encode(sha256(convert_to("
                "string_agg(part, E'\\n' ORDER BY part), 'UTF8')), 'hex')"
                " FROM (%s) AS source GROUP BY account_id, period_id",
                SQL(" UNION ALL ").join(parts),
            )
        )
        return {(account, period): digest for account, period, digest in rows}

    @api.model
    def _digested(self, table, name):
        field = self.env[table.replace("_", ".")]._fields[name]
        if field.type in ("float", "monetary"):
            return SQL("trim_scale(COALESCE(%s, 0)::numeric)", SQL.identifier(name))
        if field.type in ("char", "text", "selection"):
            return SQL("COALESCE(%s, '')", SQL.identifier(name))
        return SQL.identifier(name)

    @api.depends("state", "touched_at", "charges_sha256")
    def _compute_is_outdated(self):
        saved = self.filtered(lambda doc: doc.state == "saved")
        (self - saved).is_outdated = False
        # the digest goes beyond what the reader may see, and tells nobody anything
        digests = self.sudo()._get_charge_digests(saved.account_id.ids, saved.period_id.ids)
        moved = saved.filtered(
            lambda doc: (
                digests.get((doc.account_id.id, doc.period_id.id), "")
                != (doc.sudo().charges_sha256 or "")
            )
        )
        (saved - moved).is_outdated = False
        # the ЕПД prints all figures; the other forms some, so theirs are looked at one by one
        whole = moved.filtered(lambda doc: doc.form == "epd")
        whole.is_outdated = True
        for (period, form), documents in (
            (moved - whole).grouped(lambda doc: (doc.period_id, doc.form)).items()
        ):
            snapshots = self.sudo()._build_snapshots(documents.account_id, period, form)
            for document in documents:
                snapshot, problem = snapshots[document.account_id.id]
                document.is_outdated = bool(problem) or not document._same_source(snapshot)

    def _search_is_outdated(self, operator, value):
        """Look only at documents whose charges, balances or readings were written after saving."""
        if operator != "in":
            return NotImplemented
        touched = self.search([("state", "=", "saved"), ("touched_at", "!=", False)])
        found = touched.filtered("is_outdated")
        return [("id", "in" if True in value else "not in", found.ids)]
