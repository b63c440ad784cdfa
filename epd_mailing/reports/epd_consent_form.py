from markupsafe import Markup
from odoo import models
from odoo.exceptions import UserError

from ..tools import receipt_pdf

REPORT = "epd_mailing.consent_doc"


class EpdPersonalAccount(models.Model):
    """The paper on which a payer agrees to get receipts by e-mail."""

    _inherit = "epd.personal.account"

    def _get_consent_form_data(self):
        """Return what the printed consent says, as plain texts; what is unknown stays a line."""
        self.ensure_one()
        company = self.company_id
        partner = company.partner_id
        requisites = [
            f"{label} {value}"
            for label, value in (("ИНН", partner.vat), ("ОГРН", partner.epd_ogrn))
            if value
        ]
        return {
            "company": company.name or "",
            "company_details": ", ".join([*requisites, partner._display_address(True) or ""])
            .replace("\n", ", ")
            .strip(", "),
            "company_email": company.email or "",
            "payer": self.partner_id.name or "",
            "number": self.number,
            "address": self.address,
            "email": self.address_ids.filtered("can_receive")[:1].email or "",
            "cutoff": company.epd_consent_cutoff_day,
        }

    def _render_consent_forms(self):
        """Return ``{account id: PDF bytes}``, each proved to be its own.

        :raise UserError: when the server cannot make it
        """
        documents = self.env["epd.payment.document"]
        engine = documents._get_engine()
        documents._check_engine(engine)
        jobs = []
        for account in self:
            token = receipt_pdf.make_token(account.id)
            values = {
                "v": account._get_consent_form_data(),
                "zoom": engine.zoom,
                "token": Markup(receipt_pdf.token_html(token)),
            }
            html = self.env["ir.qweb"].with_context(lang="ru_RU")._render(REPORT, values)
            jobs.append(receipt_pdf.RenderJob(account.id, f"<!DOCTYPE html>\n{html}", token))
        results = engine.render(jobs)
        for account in self:
            if results[account.id].pdf is None:
                raise UserError(documents._render_problem(results[account.id].error)["text"])
        return {account.id: results[account.id].pdf for account in self}
