from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import message, money, signed_link

# letter state → delivery state, best last
_RANK = {
    "pending": "pending",
    "claimed": "pending",
    "sending": "pending",
    "bounced": "failed",
    "rejected": "failed",
    "unknown": "unknown",
    "deferred": "sent",
    "sent": "sent",
    "spam": "delivered",
    "complained": "delivered",
    "unsubscribed": "delivered",
    "delivered": "delivered",
    "opened": "opened",
    "read": "read",
}
_ORDER = ("none", "failed", "unknown", "pending", "sent", "paper", "delivered", "opened", "read")
LINK_PATH = "/epd_mailing/receipt/"


class EpdPaymentDocument(models.Model):
    """What became of a document on its way to the payer."""

    _inherit = "epd.payment.document"

    delivery_state = fields.Selection(compute="_compute_delivery_state", store=True)

    @api.depends("letter_ids.state", "letter_ids.is_test", "paper_line_ids.is_presented")
    def _compute_delivery_state(self):
        groups = self.env["epd.mailing.letter"]._read_group(
            [("document_id", "in", self.ids), ("is_test", "=", False)],
            ["document_id"],
            ["state:array_agg"],
        )
        states = {document.id: found for document, found in groups}
        on_paper = self.env["epd.paper.batch.line"].search_fetch(
            [("document_id", "in", self.ids), ("is_presented", "=", True)], ["document_id"]
        )
        printed = set(on_paper.document_id.ids)
        for document in self:
            reached = [_RANK.get(state, "none") for state in states.get(document.id, ())]
            reached += ["paper"] * (document.id in printed)
            document.delivery_state = max(reached, key=_ORDER.index, default="none")

    def _get_with_file(self):
        """Return the ids of those documents that have their file."""
        self.env["ir.attachment"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT res_id FROM ir_attachment
                 WHERE res_model = %s AND res_field = 'pdf_file' AND res_id IN %s
                """,
                self._name,
                tuple(self.ids) or (0,),
            )
        )
        return {row[0] for row in self.env.cr.fetchall()}

    def _render_letter(self, letter, mailing):
        """Return the message of one letter: plain data of the saved document in the template.

        :raise tools.message.TemplateError: when the template does not work for it
        """
        return message.render_message(
            mailing.subject,
            mailing.body,
            self._get_letter_data(letter),
            mailing.body_format == "html",
        )

    def _get_letter_data(self, letter=None):
        """Return the fields of ``tools.message.FIELDS`` for this document, from its snapshot."""
        self.ensure_one()
        snapshot = self._load_snapshot()
        issuer, period = snapshot["issuer"], snapshot["period"]
        labels = dict(self._fields["form"]._description_selection(self.env))
        return {
            "account_number": snapshot["account"]["number"],
            "unified_account_number": snapshot["account"]["unified_number"],
            "payer_name": snapshot["payer"]["name"],
            "responsible_name": snapshot["payer"]["name"],
            "premises_address": snapshot["premises"]["address"],
            "period": money.month_name(period["start"]),
            "period_month": money.month_name_genitive(period["start"]),
            "due_date": money.format_date(period["pay_by"]),
            "present_by_date": money.format_date(period["present_by"]),
            "form_name": labels[self.form],
            "document_number": snapshot["number"],
            "provider_name": issuer["name"],
            "provider_phone": issuer["phone"],
            "provider_email": issuer["email"],
            "amount_due": money.format_money(snapshot["total"]["due"]),
            # a preview has no letter, and no link that works
            "document_link": self._make_link(letter)
            if letter
            else f"{self.get_base_url()}{LINK_PATH}…",
        }

    def _make_link(self, letter):
        """Return the signed, expiring address of this one document."""
        secret = self.env["epd.mailing.letter"]._get_link_secret()
        days = max(1, self.company_id.epd_link_days)
        expires = int(fields.Datetime.now().timestamp()) + days * 86400
        token = signed_link.make(secret, self.id, letter.letter_key, expires)
        return f"{self.get_base_url()}{LINK_PATH}{token}"
