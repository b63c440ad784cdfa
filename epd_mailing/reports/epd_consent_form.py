from odoo import models

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
        views = {account.id: account._get_consent_form_data() for account in self}
        return self.env["epd.receipt.renderer"]._render_files(REPORT, views)
