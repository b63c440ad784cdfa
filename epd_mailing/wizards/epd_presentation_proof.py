from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.document.epd_payment_document import FORMS
from ..reports.presentations import Presentations
from ..tools import money, pdf_numbers, xlsx_table

PDF_LIMIT = 300  # versions in a paper for a court; more belong into a table
STATES = {"saved": "действующая", "superseded": "заменена новой", "cancelled": "отменена"}
TEMPLATE = "epd_mailing.presentation_proof_doc"


class EpdPresentationProof(models.TransientModel):
    """The proof of presentation of an account, a building or a period: a table and a paper."""

    _name = "epd.presentation.proof"
    _description = "Proof of Presentation"
    _inherit = ["epd.readable.targets"]

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    account_id = fields.Many2one("epd.personal.account", check_company=True)
    building_id = fields.Many2one("epd.building", check_company=True)
    period_from = fields.Many2one("epd.billing.period", check_company=True)
    period_to = fields.Many2one("epd.billing.period", check_company=True)
    form = fields.Selection(FORMS)
    document_count = fields.Integer(string="Versions", compute="_compute_document_count")

    @api.depends("account_id", "building_id", "period_from", "period_to", "form")
    def _compute_document_count(self):
        for proof in self:
            proof.document_count = proof._get_presentations().count()

    def _get_presentations(self):
        return Presentations(self.env, self._get_domain())

    def _get_domain(self):
        self.ensure_one()
        domain = [("company_id", "=", self.company_id.id)]
        if self.account_id:
            domain.append(("account_id", "=", self.account_id.id))
        if self.building_id:
            domain.append(("building_id", "=", self.building_id.id))
        if self.period_from:
            domain.append(("period_id.date_start", ">=", self.period_from.date_start))
        if self.period_to:
            domain.append(("period_id.date_start", "<=", self.period_to.date_start))
        if self.form:
            domain.append(("form", "=", self.form))
        return domain

    def action_xlsx(self):
        """Download the table."""
        return self._open_file("xlsx")

    def action_pdf(self):
        """Open the paper.

        :raise UserError: when there is too much for a paper
        """
        if self.document_count > PDF_LIMIT:
            raise UserError(
                self.env._(
                    "%(count)s documents are too many for a paper: %(limit)s at most. Choose an "
                    "account or a building and a month, or take the table.",
                    count=self.document_count,
                    limit=PDF_LIMIT,
                )
            )
        return self._open_file("pdf")

    def _open_file(self, kind):
        self.ensure_one()
        if not self.document_count:
            raise UserError(self.env._("There is no saved document of this choice."))
        return {
            "type": "ir.actions.act_url",
            "url": f"/epd_mailing/proof/{self.id}/proof.{kind}",
            "target": "new" if kind == "pdf" else "self",
        }

    # --- table ---------------------------------------------------------------------------------------

    def _get_labels(self):
        """Return the words for ways, states and sources, in the language of the context."""
        letters = self.env["epd.mailing.letter"]
        documents = self.env["epd.payment.document"]

        def labels(model, name):
            return dict(model._fields[name]._description_selection(self.env))

        return {
            "way": {
                "email": self.env._("E-mail"),
                "paper": self.env._("Paper"),
                "test": self.env._("Test letter"),
            },
            "letter": labels(letters, "state"),
            "source": labels(letters, "delivered_source"),
            "settled": labels(letters, "settled_by"),
            "document": labels(documents, "state"),
            "form": labels(documents, "form"),
        }

    def _get_columns(self):
        return [
            (self.env._("Building"), 34, "text"),
            (self.env._("Premises"), 9, "text"),
            (self.env._("Account"), 13, "text"),
            (self.env._("Payer in the document"), 28, "text"),
            (self.env._("Billing Period"), 15, "text"),
            (self.env._("Document"), 20, "text"),
            (self.env._("Version"), 8, "int"),
            (self.env._("State of the version"), 14, "text"),
            (self.env._("Due"), 12, "money"),
            (self.env._("SHA-256 of the file"), 66, "text"),
            (self.env._("Present by"), 12, "date"),
            (self.env._("Placed in GIS ZhKKh"), 14, "date"),
            (self.env._("How"), 10, "text"),
            (self.env._("E-mail Address"), 28, "text"),
            (self.env._("UniSender Id"), 22, "text"),
            (self.env._("Sent"), 17, "moment"),
            (self.env._("Status"), 16, "text"),
            (self.env._("UniSender Status"), 18, "text"),
            (self.env._("Delivered"), 17, "moment"),
            (self.env._("Source of the time"), 18, "text"),
            (self.env._("Opened"), 17, "moment"),
            (self.env._("Source of the time"), 18, "text"),
            (self.env._("Read"), 17, "moment"),
            (self.env._("Source of the time"), 18, "text"),
            (self.env._("Not delivered since"), 17, "moment"),
            (self.env._("Source of the time"), 18, "text"),
            (self.env._("Reason"), 30, "text"),
            (self.env._("Outcome Settled By"), 24, "text"),
            (self.env._("Handed over on paper"), 14, "date"),
            (self.env._("Paper batch"), 22, "text"),
        ]

    def _iter_rows(self, totals):
        labels = self._get_labels()
        for presentation in self._get_presentations():
            self._add_up(totals, presentation)
            document = presentation.document
            base = [
                document.building_id.name,
                document.account_id.premises or "",
                document.account_id.number,
                presentation.payer,
                document.period_id.name,
                document.name,
                document.version,
                labels["document"][document.state],
                document.total_due,
                document.pdf_sha256,
                document.present_by or None,
                presentation.placed_on,
            ]
            local = document.company_id._epd_local_time
            for way in presentation.ways or [None]:
                if not way:
                    yield base
                    continue
                yield [
                    *base,
                    labels["way"][way.kind],
                    way.to,
                    way.message_id,
                    local(way.sent_at),
                    labels["letter"].get(way.state, ""),
                    way.status,
                    local(way.delivered_at),
                    labels["source"].get(way.delivered_source, ""),
                    local(way.opened_at),
                    labels["source"].get(way.opened_source, ""),
                    local(way.read_at),
                    labels["source"].get(way.read_source, ""),
                    local(way.bounced_at),
                    labels["source"].get(way.bounced_source, ""),
                    self._get_reason(way),
                    self._name_settler(way, labels),
                    way.handed_on,
                    way.batch,
                ]

    @api.model
    def _get_reason(self, way):
        """Return why a letter did not arrive, or who had a test letter sent."""
        if not way.asked_by:
            return way.reason
        asked = self.env._("Asked for by %(user)s", user=way.asked_by)
        return f"{asked}. {way.reason}" if way.reason else asked

    @api.model
    def _name_settler(self, way, labels):
        """Return what settled a letter that the service had not answered for, a person by name."""
        settler = labels["settled"].get(way.settled, "")
        named = way.settled == "person" and way.settled_by
        return f"{settler}: {way.settled_by}" if named else settler

    @api.model
    def _add_up(self, totals, presentation):
        """Count live versions, and those presented by the legal day."""
        if presentation.document.state != "saved":
            return
        sent, arrived = presentation.judge()
        totals["live"] = totals.get("live", 0) + 1
        totals["sent"] = totals.get("sent", 0) + int(sent or arrived)
        totals["arrived"] = totals.get("arrived", 0) + int(arrived)

    def _get_totals_rows(self, totals):
        live = totals.get("live", 0)
        return [
            [self.env._("Live documents"), live, None],
            [
                self.env._("Sent or handed over by the legal day"),
                totals.get("sent", 0),
                totals.get("sent", 0) / live if live else None,
            ],
            [
                self.env._("Delivered or handed over by the legal day"),
                totals.get("arrived", 0),
                totals.get("arrived", 0) / live if live else None,
            ],
            [self.env._("Time zone: %s", self.company_id._epd_zone()), None, None],
        ]

    def _write_xlsx(self, target):
        """Write the table into ``target`` (writable binary file)."""
        self.ensure_one()
        self.check_access("read")
        totals = {}
        with xlsx_table.Book(target) as book:
            book.write_table(
                self.env._("Presentation"), self._get_columns(), self._iter_rows(totals)
            )
            book.write_table(
                self.env._("Summary"),
                [
                    (self.env._("Figure"), 48, "text"),
                    (self.env._("Documents"), 13, "int"),
                    (self.env._("Share"), 10, "percent"),
                ],
                self._get_totals_rows(totals),
            )

    # --- paper ---------------------------------------------------------------------------------------

    def _get_paper_data(self):
        """Return what the paper says, as plain texts in Russian."""
        proof = self.with_context(lang="ru_RU")
        labels, totals, entries = proof._get_labels(), {}, []
        for presentation in proof._get_presentations():
            self._add_up(totals, presentation)
            entries.append(proof._describe_document(presentation, labels))
        partner = self.company_id.partner_id
        live = totals.get("live", 0)
        return {
            "company": self.company_id.name,
            "details": ", ".join(
                f"{label} {value}"
                for label, value in (("ИНН", partner.vat), ("ОГРН", partner.epd_ogrn))
                if value
            ),
            "scope": self._describe_scope(),
            "made": self.company_id._epd_show_moment(fields.Datetime.now()),
            "by": self.env.user.name,
            "position": self.env.user.partner_id.function or "",
            "zone": self.company_id._epd_zone(),
            "entries": entries,
            "live": live,
            "shares": [
                (
                    label,
                    totals.get(name, 0),
                    f"{100 * totals.get(name, 0) / live:.1f}".replace(".", ","),
                )
                for label, name in (
                    ("направлено или вручено в установленный срок", "sent"),
                    ("доставлено или вручено в установленный срок", "arrived"),
                )
                if live
            ],
        }

    def _describe_scope(self):
        parts = []
        if self.account_id:
            parts.append(f"лицевой счёт {self.account_id.number}, {self.account_id.address}")
        elif self.building_id:
            parts.append(f"дом: {self.building_id.name}")
        first, last = self.period_from, self.period_to
        if first and first == last:
            parts.append(f"расчётный период: {first.name}")
        elif first or last:
            parts.append(
                "расчётные периоды: "
                + " ".join(filter(None, (first and f"с {first.name}", last and f"по {last.name}")))
            )
        return "; ".join(parts) or "все лицевые счета"

    @api.model
    def _describe_document(self, presentation, labels):
        document = presentation.document
        sent, arrived = presentation.judge()
        return {
            "title": f"{document.period_id.name}, {labels['form'][document.form]}",
            "number": document.name,
            "account": document.account_id.number,
            "address": presentation.address,
            "payer": presentation.payer,
            "version": str(document.version),
            "state": STATES[document.state],
            "due": money.format_money(document.total_due),
            "sha256": document.pdf_sha256 or "",
            "saved": self._show(document, document.saved_at),
            "present_by": money.format_date(document.present_by) if document.present_by else "—",
            "timely": "да" if arrived else "направлено в срок" if sent else "нет",
            "placed": ", ".join(
                text
                for text in (
                    presentation.placed_on
                    and f"размещён {money.format_date(presentation.placed_on)}",
                    presentation.gis_document_id
                    and f"идентификатор {presentation.gis_document_id}",
                )
                if text
            ),
            "ways": [self._describe_way(document, way, labels) for way in presentation.ways],
            "is_presented": any(way.kind != "test" for way in presentation.ways),
        }

    @api.model
    def _show(self, document, moment, source="", labels=None):
        if not moment:
            return ""
        text = document.company_id._epd_show_moment(moment)
        if not source:
            return text
        bound = "не позднее " if source == "poll" else ""
        return (
            f"{bound}{text} ({labels['source'][source]})" if source != "poll" else f"{bound}{text}"
        )

    @api.model
    def _describe_way(self, document, way, labels):
        if way.kind == "paper":
            return {
                "how": "Предъявлено на бумаге",
                "facts": [
                    ("Передано для вручения", money.format_date(way.handed_on)),
                    ("Печать", way.batch),
                ],
            }
        facts = [
            ("Кто отправил", way.asked_by),
            ("Адрес", way.to),
            ("Номер письма в UniSender", way.message_id),
            ("Отправлено", self._show(document, way.sent_at)),
            ("Состояние", labels["letter"].get(way.state, "")),
            ("Ответ сервиса", way.status),
            ("Доставлено", self._show(document, way.delivered_at, way.delivered_source, labels)),
            ("Просмотрено", self._show(document, way.opened_at, way.opened_source, labels)),
            ("Прочитано", self._show(document, way.read_at, way.read_source, labels)),
            ("Не доставлено", self._show(document, way.bounced_at, way.bounced_source, labels)),
            ("Причина", way.reason),
            ("Исход установлен", self._name_settler(way, labels)),
        ]
        return {"how": self._get_way_heading(way), "facts": [(a, b) for a, b in facts if b]}

    @api.model
    def _get_way_heading(self, way):
        """Return what a letter amounts to: no more than what is known of it."""
        if way.kind == "test":
            return "Пробное письмо на адрес организации (предъявлением не является)"
        if way.delivered_at:
            return "Предъявлено по электронной почте"
        endings = {
            "bounced": ", не доставлено",
            "rejected": ": сервис письмо не принял",
            "unknown": ": исход неизвестен",
        }
        return f"Направлено по электронной почте{endings.get(way.state, '')}"

    def _render_pdf(self):
        """Return the paper (bytes of a PDF with numbered pages)."""
        self.ensure_one()
        self.check_access("read")
        views = {self.id: self._get_paper_data()}
        files = self.env["epd.receipt.renderer"]._render_files(TEMPLATE, views)
        return pdf_numbers.number_pages(files[self.id])
