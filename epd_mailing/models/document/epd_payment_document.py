import base64
import json

from dateutil.relativedelta import relativedelta
from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools import figures, money, receipt_data
from ...tools.delivery_state import NOT_PRESENTED, find_best_state
from ...tools.document_number import make_document_number
from ..base.yes_no import search_yes_no
from .document_comparison import DocumentComparison
from .document_writer import DocumentWriter
from .missing_balance import MissingBalance

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
    "engine",
    "total_due",
    "total_charged",
    "present_by",
    "pay_by",
    "saved_at",
    "saved_by",
)
PURGE_BATCH = 500


class EpdPaymentDocument(models.Model):
    """A payment document: account x period x form x version, frozen once saved.

    The snapshot (canonical JSON of everything printed) and the PDF rendered from it alone are stored with
    their SHA-256. Nobody changes them, not over RPC either: re-issue creates the next version.

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
    _inherit = ["epd.state.gate", "epd.company.money", "epd.behind", "epd.bulk.rows"]
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
    _guarded_fields = (
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
        "is_ready_made",
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
    printed_payer = fields.Char(
        string="Printed As",
        compute="_compute_printed_payer",
        help="The payer's name on the receipt, where the contact is called otherwise now.",
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
    engine = fields.Char(
        string="Rendered By",
        readonly=True,
        copy=False,
        help="Engine and version that rendered the file. Empty: a ready-made receipt, or saved before this was kept.",
    )
    is_purged = fields.Boolean(string="File Removed", readonly=True, copy=False)
    delivery_state = fields.Selection(
        DELIVERY_STATES,
        required=True,
        default="none",
        readonly=True,
        copy=False,
        index=True,
        compute="_compute_delivery_state",
        store=True,
        help="The best of its letters, or paper.",
    )
    receipt_file = fields.Binary(
        compute="_compute_receipt_file", help="The saved file, verified at each reading."
    )
    is_ready_made = fields.Boolean(
        string="Ready-made", readonly=True, copy=False, help="The file came from another program."
    )
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
        help="The charges, the payer's name or the account's number changed after it was saved.",
    )
    _live_uniq = models.UniqueIndex(
        "(account_id, period_id, form) WHERE state IN ('draft', 'saved')",
        "This account already has a payment document of this form for the period.",
    )
    _version_uniq = models.Constraint(
        "unique(account_id, period_id, form, version)",
        "This version of the document is already there.",
    )
    # with the account: the numbers of a run are counted without reading the documents
    _period_delivery_idx = models.Index("(period_id, form, state, delivery_state, account_id)")
    _touched_idx = models.Index("(period_id) WHERE state = 'saved' AND touched_at IS NOT NULL")

    # not on the account's number: a saved document is called what is printed on it
    @api.depends("snapshot", "period_id.date_start", "form", "version")
    def _compute_name(self):
        for document in self:
            printed = json.loads(document.snapshot).get("number") if document.snapshot else ""
            document.name = printed or make_document_number(
                document.account_id.number,
                document.period_id.date_start,
                document.form,
                document.version,
            )

    @api.depends("snapshot", "partner_id.name")
    def _compute_printed_payer(self):
        for document in self:
            payer = json.loads(document.snapshot or "{}").get("payer", {})
            name = payer.get("name") or ""
            document.printed_payer = name != (document.sudo().partner_id.name or "") and name

    def _compute_delivery_state(self):
        """Set the best of what became of a document; the rooms that deliver add what they know."""
        outcomes = self._get_delivery_outcomes()
        found = self.grouped(lambda one: find_best_state(outcomes.get(one.id, ())))
        for state, documents in found.items():
            documents.delivery_state = state

    def _write_delivery_state(self):
        """Write what became of thousands of documents in one statement, where Odoo takes one for a thousand."""
        self.env.remove_to_compute(self._fields["delivery_state"], self)
        outcomes = self._get_delivery_outcomes()
        self._unlocked()._write_each(
            {one: {"delivery_state": find_best_state(outcomes.get(one.id, ()))} for one in self}
        )

    def _get_delivery_outcomes(self):
        """Return ``{document id: [delivery states]}``: hook of the rooms that deliver."""
        return {}

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

    # --- what a clerk does with a document -------------------------------------------------------

    def _check_operator(self):
        if not self.env.user.has_group("epd_mailing.group_epd_operator"):
            raise UserError(self.env._("Only operators of payment documents may do this."))
        self.check_access("read")
        return self.sudo()

    def action_open_pdf(self):
        """Open the saved receipt, verified against its hash."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/epd_mailing/document/{self.id}/receipt.pdf",
            "target": "new",
        }

    def action_open_newer(self):
        """Open the live version that took the place of this one.

        :raise UserError: when there is none
        """
        self.ensure_one()
        self.check_access("read")
        newer = self._get_live(self.account_id, self.period_id, self.form)
        if not newer:
            raise UserError(self.env._("No version of this document is live any more."))
        return newer._get_records_action(context={})

    def action_preview(self):
        """Show what the receipt would be from the charges as they are now, as a sample."""
        self.ensure_one()
        self.check_access("read")
        return self.env["epd.receipt.preview"]._open_for(
            account=self.account_id, period=self.period_id, form=self.form
        )

    def action_cancel_document(self, reason):
        """Cancel saved documents; letters that have not been sent are withdrawn.

        :param reason: text, required
        """
        documents = self._check_operator()
        if not (reason or "").strip():
            raise UserError(self.env._("Say why the document is cancelled."))
        documents._move("cancelled", state_reason=reason)
        documents._stop_delivery(reason)
        return True

    def action_reissue(self, reason):
        """Save the next version of one document from the charges as they are now.

        :param reason: text, required
        :return: action that opens the new version
        """
        self.ensure_one()
        document = self._check_operator()
        if not (reason or "").strip():
            raise UserError(self.env._("Say why the document is issued again."))
        if document.state != "saved":
            raise UserError(self.env._("Only a saved document is issued again."))
        account, period, form = document.account_id, document.period_id, document.form
        # balances may have been taken back since
        for _none, problem in (
            MissingBalance(self.sudo().env, period, form).reject(account).values()
        ):
            raise UserError(problem["text"])
        fresh = document._form_one(account, period, form, reason)
        return fresh._get_records_action(context={})

    def _supersede(self, reason):
        """Give way to a newer version; letters that have not been sent are withdrawn."""
        self._move("superseded", state_reason=reason)
        self._stop_delivery(reason)

    @api.model
    def _get_left_sql(self):
        """Return SQL: a document (alias ``document``) has left the house (a hook)."""
        return SQL("FALSE")

    def _stop_delivery(self, reason):
        """Withdraw what has not been sent of documents that are not live any more (a hook)."""

    def action_zip(self):
        """«Save as an Archive»: download the files of the chosen documents as one ZIP.

        :raise UserError: when there are none, or too many for one archive
        """
        documents = self.filtered(lambda document: document.state != "draft")
        documents.check_access("read")
        if not documents:
            raise UserError(self.env._("Choose the documents to save."))
        return self.env["epd.document.zip"]._open_for(documents)

    # --- forming and saving, see ``DocumentWriter`` ----------------------------------------------

    @api.model
    def _form_documents(self, accounts, period, form, mode="missing", reason=None, values=None):
        """Form, render and save the documents of a slice of accounts, in one transaction.

        :param mode: ``missing`` / ``changed`` / ``all``, see ``epd.billing.run``
        :param reason: why live documents are issued again
        :param values: further field values of the documents
        :return: ``{account_id: (document or None, problem or None)}``
        """
        return DocumentWriter(self.env, period, form, reason, values).save(accounts, mode)

    def _form_one(self, account, period, form, reason=None):
        """Form, render and save one document, or say why not."""
        self.env["epd.receipt.renderer"]._check_ready()
        outcome = self._form_documents(account, period, form, mode="all", reason=reason)
        document, problem = outcome[account.id]
        if problem:
            raise UserError(problem["text"])
        return document

    @api.model
    def _save_ready_made(self, files, accounts, period, form, origin, replace=False):
        """Save files of another program as the documents of their accounts, in this transaction.

        :param files: ``{account_id: object with pdf, pages, name}``
        :param origin: dict ``archive`` (name), ``archive_sha256`` that they came in
        :param replace: live documents give way; else they are an error
        :return: the documents
        """
        live = self._get_live(accounts, period, form)
        if live and not replace:
            raise UserError(
                self.env._(
                    "A document was saved since the check: %s. Check the archive again.",
                    live[0].name,
                )
            )
        reason = self.env._("Replaced by a ready-made receipt")
        return DocumentWriter(self.env, period, form, reason).save_ready_made(
            files, accounts, origin
        )

    @api.model
    def _get_live(self, accounts, period, form):
        return self.search(
            [
                ("account_id", "in", accounts.ids),
                ("period_id", "=", period.id),
                ("form", "=", form),
                ("state", "=", "saved"),
            ]
        )

    def _get_newer_for_payer(self):
        """Return the live version of a superseded document, none once the payer is another one."""
        self.ensure_one()
        live = self._get_live(self.account_id, self.period_id, self.form)
        payer = self.partner_id
        return live.filtered(lambda d: d.partner_id == payer == d.account_id.partner_id)

    # --- the saved file: read only after its hash is checked -------------------------------------

    @api.depends("pdf_file", "pdf_sha256")
    def _compute_receipt_file(self):
        for document in self:
            try:
                document.receipt_file = base64.b64encode(document._read_pdf())
            except UserError:
                # the button that opens the file says why there is none
                document.receipt_file = False

    def _read_files(self):
        """Return ``{document id: bytes}`` as they are stored; those without a file are missing.

        Not by the field, which would have them coded in base64 and decoded again. Only call it where
        the user may read the documents.
        """
        attachments = (
            self.env["ir.attachment"]
            .sudo()
            .search_fetch(
                [
                    ("res_model", "=", self._name),
                    ("res_field", "=", "pdf_file"),
                    ("res_id", "in", self.ids),
                ],
                ["res_id", "store_fname", "db_datas"],
            )
        )
        return {attachment.res_id: attachment.raw or b"" for attachment in attachments}

    def _read_pdf(self, data=None):
        """Return the bytes of the saved file, checked against its hash.

        :param data: the stored bytes, where :meth:`_read_files` read them for many documents
        :raise UserError: when the file is gone or is not what was saved
        """
        self.ensure_one()
        if self.is_purged:
            raise UserError(
                self.env._(
                    "The file of the payment document %s was removed after its time of keeping. "
                    "It can be rendered again from the saved data.",
                    self.name,
                )
            )
        if data is None:
            data = self._read_files().get(self.id)
        if not data:
            raise UserError(
                self.env._("The file of the payment document %s is missing.", self.name)
            )
        if receipt_data.digest(data) != self.pdf_sha256:
            raise UserError(
                self.env._(
                    "The file of the payment document %s is damaged: it is not what was saved. "
                    "Re-issue the document.",
                    self.name,
                )
            )
        return data

    def _rebuild_pdf(self):
        """Return a file rendered anew from the saved data (bytes), marked so in its foot.

        Its bytes are not those that were saved, so it is neither stored nor mailed.

        :raise UserError: when the file came from another program, or cannot be rendered
        """
        self.ensure_one()
        if self.is_ready_made:
            raise UserError(
                self.env._(
                    "The receipt %s was created by another program and cannot be rendered again here.",
                    self.name,
                )
            )
        renderer = self.env["epd.receipt.renderer"]
        renderer._check_engine()
        today = money.format_date(self.company_id._epd_today())
        results = renderer._render_receipts(
            [(self.id, self._load_snapshot())],
            rebuilt=f"восстановлено {today} из сохранённых данных",
        )
        return renderer._get_file(results[self.id])

    def _read_or_rebuild_pdf(self):
        """Return the saved file, or one rendered anew when the saved one was purged."""
        return self._rebuild_pdf() if self.is_purged else self._read_pdf()

    def _read_or_rebuild_pdfs(self):
        """Return ``{document id: PDF bytes}`` in the order of the documents."""
        return {document.id: document._read_or_rebuild_pdf() for document in self}

    def _load_snapshot(self):
        """Return the snapshot as a dict, checked against its hash."""
        self.ensure_one()
        if receipt_data.digest(self.snapshot or "") != self.snapshot_sha256:
            raise UserError(self.env._("The data of the document %s are damaged.", self.name))
        return json.loads(self.snapshot)

    @api.autovacuum
    def _gc_receipt_files(self):
        """Remove files older than the company's time of keeping; hash and data stay.

        :return: (removed, more to do)
        """
        removed = 0
        companies = (
            self.env["res.company"].sudo().search([("epd_document_retention_months", ">", 0)])
        )
        for company in companies:
            months = relativedelta(months=company.epd_document_retention_months)
            removed += self._purge_files(company, fields.Datetime.now() - months)
        return removed, removed and removed >= PURGE_BATCH

    @api.model
    def _get_purge_domain(self, company, before):
        """Return the domain of the documents whose files may go: hook of the rooms that use them.

        :param before: naive UTC datetime; what was saved earlier is past its time of keeping
        """
        return [
            ("company_id", "=", company.id),
            ("state", "!=", "draft"),
            ("saved_at", "<", before),
            ("is_purged", "=", False),
            ("is_ready_made", "=", False),  # nothing could render these anew
            ("delivery_state", "!=", "pending"),  # a letter still needs its file
        ]

    @api.model
    def _purge_files(self, company, before):
        documents = self.sudo().search(self._get_purge_domain(company, before), limit=PURGE_BATCH)
        documents._unlocked().write({"is_purged": True})
        self.env.flush_all()
        self.env["ir.attachment"].sudo().search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", documents.ids),
                ("res_field", "=", "pdf_file"),
            ]
        ).unlink()
        return len(documents)

    # --- comparing -------------------------------------------------------------------------------

    def action_compare_version(self):
        """«What changed»: this version against the one before it."""
        return self._open_comparison(self._find_earlier("version"))

    def action_compare_month(self):
        """«Why the sum changed»: this document against that of the month before."""
        return self._open_comparison(self._find_earlier("month"))

    def _find_earlier(self, what):
        self.ensure_one()
        self.check_access("read")
        domain = [("account_id", "=", self.account_id.id), ("form", "=", self.form)]
        if what == "version":
            domain += [("period_id", "=", self.period_id.id), ("version", "<", self.version)]
            earlier = self.search(domain, order="version desc", limit=1)
            missing = self.env._("This is the first version of the document.")
        else:
            domain += [
                ("period_id.date_start", "<", self.period_id.date_start),
                ("state", "=", "saved"),
            ]
            earlier = self.search(domain).sorted(lambda doc: doc.period_id.date_start)[-1:]
            missing = self.env._("There is no saved document of an earlier month.")
        if not earlier:
            raise UserError(missing)
        return earlier

    def _open_comparison(self, earlier):
        comparison = DocumentComparison(self, earlier)
        page = self.env["epd.document.compare"].create(
            {
                "document_id": self.id,
                "other_id": earlier.id,
                "difference": float(comparison.get_difference()),
                "line_ids": [Command.create(line) for line in comparison.get_lines()],
            }
        )
        return page._get_records_action(name=self.env._("What Changed"), target="new", context={})

    # --- «changed since saving»: does it still say what the accountant's figures say? -------------

    @api.model
    def _source_digest(self, snapshot):
        """Return the hash of what the accountant entered: lines, balances and readings."""
        source = {
            "blocks": [
                {"payee": block["payee"], "lines": block["lines"], "balance": block["balance"]}
                for block in snapshot["blocks"]
            ],
            "readings": snapshot["readings"],
        }
        return receipt_data.digest(receipt_data.canonical(source))

    def _same_source(self, snapshot):
        return bool(self) and self.source_sha256 == self._source_digest(snapshot)

    @api.model
    def _get_charge_digests(self, account_ids, period_ids):
        """Return ``{(account_id, period_id): hex}`` of the figures as they stand, in one query."""
        self.env.flush_all()
        parts = [
            SQL(
                "SELECT account_id, period_id,"
                " %(table)s || jsonb_build_array(%(columns)s)::text || %(more)s AS part FROM %(source)s"
                " WHERE account_id = ANY(%(accounts)s) AND period_id = ANY(%(periods)s)",
                table=source.table,
                columns=SQL(", ").join(self._digested(source, name) for name in source.digested),
                more=self._digested_if_any(source),
                source=SQL.identifier(source.table),
                accounts=list(account_ids),
                periods=list(period_ids),
            )
            for source in figures.ALL
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
    def _digested_if_any(self, source):
        """Return SQL of the text of the later figures of a row: empty where all of them are 0."""
        columns = [self._digested(source, name) for name in source.digested_if_any]
        if not columns:
            return SQL("''")
        return SQL(
            "CASE WHEN %s THEN jsonb_build_array(%s)::text ELSE '' END",
            SQL(" OR ").join(SQL("%s <> 0", column) for column in columns),
            SQL(", ").join(columns),
        )

    @api.model
    def _digested(self, source, name):
        field = self.env[source.model]._fields[name]
        if field.type in ("float", "monetary"):
            return SQL("trim_scale(COALESCE(%s, 0)::numeric)", SQL.identifier(name))
        if field.type in ("char", "text", "selection"):
            return SQL("COALESCE(%s, '')", SQL.identifier(name))
        return SQL.identifier(name)

    @api.depends("state", "touched_at", "charges_sha256")
    def _compute_is_outdated(self):
        saved = self.filtered(lambda doc: doc.state == "saved")
        (self - saved).is_outdated = False
        # the digest covers more than the reader may see, and reveals nothing of it
        digests = self.sudo()._get_charge_digests(saved.account_id.ids, saved.period_id.ids)
        moved = saved.filtered(
            lambda doc: (
                digests.get((doc.account_id.id, doc.period_id.id), "")
                != (doc.sudo().charges_sha256 or "")
            )
        )
        for document in saved - moved:
            # who they are is checked only where it was written to
            document.is_outdated = bool(document.touched_at) and not document._same_identity()
        # the ЕПД prints all figures; the other forms some, so theirs are checked one by one
        whole = moved.filtered(lambda doc: doc.form == "epd")
        whole.is_outdated = True
        for (period, form), documents in (
            (moved - whole).grouped(lambda doc: (doc.period_id, doc.form)).items()
        ):
            snapshots = (
                self.env["epd.document.snapshot"].sudo()._build(documents.account_id, period, form)
            )
            for document in documents:
                snapshot, problem = snapshots[document.account_id.id]
                document.is_outdated = bool(problem) or not document._same_source(snapshot)

    def _says_the_same(self, snapshot):
        """Tell whether a document saved now would differ neither in figures nor in whom it names."""
        return self._same_source(snapshot) and self._same_identity()

    def _same_identity(self):
        """Tell whether the printed account and payer are still called so."""
        self.ensure_one()
        document = self.sudo()
        printed = json.loads(document.snapshot or "{}")
        account, payer = printed.get("account", {}), printed.get("payer", {})
        if account.get("number", document.account_id.number) != document.account_id.number:
            return False
        if document.partner_id != document.account_id.partner_id:
            return True  # reported as another payer
        if payer.get("name", "") not in ("", document.partner_id.name):
            return False
        if not document.partner_id.epd_last_name:
            return True  # read out of the name, by the rules of the day it was saved
        shown = tuple(payer.get(f"{name}_name", "") for name in ("last", "first", "middle"))
        return not any(shown) or document.partner_id._epd_name_parts() == shown

    @api.model
    def _touch_identity(self, accounts):
        """Mark the saved documents of accounts that are called otherwise now.

        Those of the month and later, and earlier ones that have not reached the payer.
        """
        documents = self.sudo().search(
            [
                ("account_id", "in", accounts.ids),
                ("state", "=", "saved"),
                ("touched_at", "=", False),
            ]
        )
        documents.filtered(
            lambda document: (
                document.delivery_state in NOT_PRESENTED
                or not document.company_id.epd_current_period_id
                or document.period_id.date_start
                >= document.company_id.epd_current_period_id.date_start
            )
        )._unlocked().write({"touched_at": fields.Datetime.now()})
        self.invalidate_model(["is_outdated"])

    def _search_is_outdated(self, operator, value):
        """Check only documents whose charges, balances or readings were written after saving."""

        def find_outdated():
            touched = self.search([("state", "=", "saved"), ("touched_at", "!=", False)])
            return fields.Domain("id", "in", touched.filtered("is_outdated").ids)

        return search_yes_no(operator, value, find_outdated)
