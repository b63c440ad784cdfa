from odoo import api, fields, models
from odoo.exceptions import UserError

FORMS = [
    ("receipt", "Receipt"),
    ("epd", "Single payment document"),
    ("capital_repair", "Capital repair"),
]
DELIVERY_STATES = [
    ("none", "Not presented"),
    ("pending", "To be sent"),
    ("failed", "Not delivered"),
    ("unknown", "Outcome unknown"),
    ("sent", "Sent"),
    ("paper", "On paper"),
    ("delivered", "Delivered"),
    ("opened", "Opened"),
    ("read", "Read"),
]
FROZEN = (
    "snapshot",
    "snapshot_sha256",
    "snapshot_version",
    "source_sha256",
    "charges_sha256",
    "pdf_file",
    "pdf_name",
    "pdf_sha256",
    "pdf_size",
    "page_count",
    "total_due",
    "total_charged",
    "present_by",
    "pay_by",
    "saved_at",
    "saved_by",
)


class EpdPaymentDocument(models.Model):
    """A payment document: account x period x form x version, frozen once saved.

    The snapshot (canonical JSON of everything printed) and the PDF made from it alone stand with
    their SHA-256. Nobody changes them, over RPC neither: re-issue makes the next version.

    ==========  ==================================================================
    state       set by
    ==========  ==================================================================
    draft       being formed by a run; nothing printed from it yet
    saved       snapshot and proved file stored together
    superseded  a later version was saved, with the reason
    cancelled   the office withdrew it, with the reason
    ==========  ==================================================================
    """

    _name = "epd.payment.document"
    _description = "Payment Document"
    _inherit = ["epd.state.gate", "epd.behind"]
    _order = "period_id, account_id, form, version desc"
    _rec_name = "name"
    _rec_names_search = ["name", "account_id.number"]
    _check_company_auto = True

    _transitions = {
        "draft": ("saved", "cancelled"),
        "saved": ("superseded", "cancelled"),
        "superseded": (),
        "cancelled": (),
    }
    _gated_fields = (
        *FROZEN,
        "version",
        "state_reason",
        "delivery_state",
        "is_purged",
        "touched_at",
        "company_id",
        "account_id",
        "period_id",
        "form",
    )

    name = fields.Char(string="Number", compute="_compute_name", store=True)
    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    account_id = fields.Many2one(
        "epd.personal.account",
        required=True,
        index=True,
        readonly=True,
        ondelete="restrict",
        check_company=True,
    )
    building_id = fields.Many2one(related="account_id.building_id", store=True, index=True)
    partner_id = fields.Many2one(
        "res.partner", string="Payer", readonly=True, help="The payer when it was saved."
    )
    period_id = fields.Many2one(
        "epd.billing.period",
        required=True,
        index=True,
        readonly=True,
        ondelete="restrict",
        check_company=True,
    )
    form = fields.Selection(FORMS, required=True, readonly=True, default="epd")
    version = fields.Integer(required=True, readonly=True, default=1)
    run_id = fields.Many2one("epd.billing.run", index="btree_not_null", ondelete="set null")
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("saved", "Saved"),
            ("superseded", "Superseded"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        index=True,
    )
    state_reason = fields.Char(readonly=True, copy=False)
    currency_id = fields.Many2one(related="company_id.currency_id")
    total_charged = fields.Monetary(readonly=True)
    total_due = fields.Monetary(readonly=True)
    present_by = fields.Date(readonly=True)
    pay_by = fields.Date(readonly=True)
    saved_at = fields.Datetime(readonly=True)
    saved_by = fields.Many2one("res.users", readonly=True)
    gis_document_id = fields.Char(
        string="GIS Document Identifier",
        compute="_compute_gis_placement",
        help="ИПД: under which the bill stands in ГИС ЖКХ.",
    )
    gis_placed_on = fields.Date(string="Placed in ГИС ЖКХ On", compute="_compute_gis_placement")
    snapshot = fields.Text(readonly=True, copy=False)
    snapshot_version = fields.Integer(readonly=True, copy=False)
    snapshot_sha256 = fields.Char(readonly=True, copy=False, size=64)
    source_sha256 = fields.Char(
        readonly=True, copy=False, size=64, help="Hash of lines, balances and readings alone."
    )
    # nobody reads the stored bytes but the program, which checks them: see ``receipt_file``
    pdf_file = fields.Binary(attachment=True, readonly=True, copy=False, groups=fields.NO_ACCESS)
    pdf_name = fields.Char(readonly=True, copy=False)
    pdf_sha256 = fields.Char(readonly=True, copy=False, size=64)
    pdf_size = fields.Integer(readonly=True, copy=False, help="Bytes.")
    page_count = fields.Integer(readonly=True, copy=False)
    is_purged = fields.Boolean(string="File Removed", readonly=True, copy=False)
    letter_ids = fields.One2many("epd.mailing.letter", "document_id")
    delivery_state = fields.Selection(
        DELIVERY_STATES,
        required=True,
        default="none",
        readonly=True,
        copy=False,
        index=True,
        help="The best of its letters, or paper.",
    )
    _live_uniq = models.UniqueIndex(
        "(account_id, period_id, form) WHERE state IN ('draft', 'saved')",
        "This account already has a payment document of this form for the period.",
    )
    _version_uniq = models.Constraint(
        "unique(account_id, period_id, form, version)",
        "This version of the document is already there.",
    )
    _period_delivery_idx = models.Index("(period_id, form, state, delivery_state)")

    @api.depends("account_id.number", "period_id.date_start", "form", "version")
    def _compute_name(self):
        marks = {"receipt": "К", "epd": "Е", "capital_repair": "КР"}
        for document in self:
            start = document.period_id.date_start
            parts = [document.account_id.number or "", start and f"{start:%m%y}" or ""]
            parts.append(f"{marks.get(document.form, '')}{document.version}")
            document.name = "-".join(parts)

    def _compute_gis_placement(self):
        for (period, form), documents in self.grouped(lambda d: (d.period_id, d.form)).items():
            placements = self.env["epd.gis.placement"]._get_placements(
                documents.account_id, period, form
            )
            for document in documents:
                placement = placements.get(document.account_id.id)
                document.gis_document_id = placement and placement.gis_document_id
                document.gis_placed_on = placement and placement.placed_on

    def write(self, vals):
        frozen = set(FROZEN).intersection(vals)
        if frozen and self.filtered(lambda doc: doc.state != "draft"):
            raise UserError(
                self.env._(
                    "A saved payment document is not changed. Re-issue it: the next version "
                    "takes its place."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_saved(self):
        if self.filtered(lambda doc: doc.state != "draft"):
            raise UserError(
                self.env._("A saved payment document is not deleted. Cancel it with a reason.")
            )
