from odoo import api, fields, models
from odoo.exceptions import UserError


class EpdPaymentDocument(models.Model):
    """One document by itself, at the counter: what became of its letters, and sending it alone."""

    _inherit = "epd.payment.document"

    letters_text = fields.Text(
        string="What Became of the Letters",
        compute="_compute_letters_text",
        help="Address, status and time of each letter.",
    )

    @api.depends("letter_ids.state")
    def _compute_letters_text(self):
        letters = self.env["epd.mailing.letter"].search_fetch(
            [("document_id", "in", self.ids), ("is_test", "=", False)],
            ["document_id", "email", "state", "sent_at", "delivered_at", "opened_at", "clicked_at"],
            order="id",
        )
        labels = dict(letters._fields["state"]._description_selection(self.env))
        lines = {}
        for letter in letters:
            moment = letter.clicked_at or letter.opened_at or letter.delivered_at or letter.sent_at
            when = f" {self._format_local(moment)}" if moment else ""
            line = f"{letter.email or '—'}: {labels[letter.state].lower()}{when}"
            lines.setdefault(letter.document_id.id, []).append(line)
        for document in self:
            document.letters_text = "\n".join(lines.get(document.id, ()))

    def _format_local(self, moment):
        zone = self.env.company.epd_tz or "UTC"
        local = fields.Datetime.context_timestamp(self.with_context(tz=zone), moment)
        return f"{local:%d.%m.%Y %H:%M}"

    def action_show(self):
        """Show the saved receipt, its version and its letters, without leaving the account."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(self.env.ref("epd_mailing.epd_payment_document_view_form").id, "form")],
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    def action_send_alone(self):
        """Send this one document to the addresses of its account now, again if it went before.

        :raise UserError: saying why no letter can go
        """
        self.ensure_one()
        self._check_operator()
        if self.state != "saved":
            raise UserError(
                self.env._("Only a saved, live document is sent. Open its new version.")
            )
        mailing = self._make_single_mailing()
        going = mailing.letter_ids.filtered(lambda letter: letter.send_state == "pending")
        if not going:
            raise UserError(
                self.env._(
                    "The document cannot go by e-mail: %(reasons)s. Print it, or correct the "
                    "addresses of the account.",
                    reasons=", ".join(
                        {reason or "" for reason in mailing.letter_ids.mapped("failure_reason")}
                    ),
                )
            )
        mailing.action_send()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%(document)s is on its way to %(emails)s.",
                    document=self.name,
                    emails=", ".join(going.mapped("email")),
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _make_single_mailing(self):
        """Return a draft mailing of this document: its last letters repeated, or first ones."""
        mailings = self.env["epd.mailing"]
        gone = self.letter_ids.filtered(
            lambda letter: not letter.is_test and letter.send_state in ("sent", "rejected")
        )
        if gone:
            last = gone.sorted("id")[-1:].mailing_id
            letters = gone.filtered(lambda letter: letter.mailing_id == last)
            action = last._resend(letters, self.env._("At the payer's request"))
            return mailings.browse(action["res_id"])
        template = self.env["epd.message.template"].search(
            [("company_id", "=", self.company_id.id)], limit=1
        )
        mailing = mailings.with_company(self.company_id).create(
            {
                "company_id": self.company_id.id,
                "period_id": self.period_id.id,
                "template_id": template.id,
            }
        )
        mailing._add_documents(self)
        return mailing
