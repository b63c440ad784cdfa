CONSENT = "epd_mailing.consent_doc"


class ConsentForm:
    """The papers on which payers agree to get receipts by e-mail, one an account."""

    def __init__(self, accounts):
        """:param accounts: ``epd.personal.account``, which the user may read"""
        self.accounts = accounts
        self.env = accounts.env

    def render(self):
        """Return ``{account id: PDF bytes}``, each proved to be its own.

        :raise UserError: when the server cannot render it
        """
        views = {account.id: self.get_data(account) for account in self.accounts}
        return self.env["epd.receipt.renderer"]._render_files(CONSENT, views)

    def get_data(self, account):
        """Return what the paper says, as plain texts; what is unknown stays a line."""
        company = account.company_id
        partner = company.partner_id
        requisites = [
            f"{label} {value}"
            for label, value in (("ИНН", partner.vat), ("ОГРН", partner.epd_ogrn))
            if value
        ]
        return {
            "company": company.name or "",
            "company_details": ", ".join(
                part.strip(" ,")
                for part in (*requisites, *(partner._display_address(True) or "").split("\n"))
                if part.strip(" ,")
            ),
            "company_email": company.email or "",
            "payer": account.partner_id.name or "",
            "number": account.number,
            "address": account.address,
            "email": account.address_ids.filtered("can_receive")[:1].email or "",
            "cutoff": company.epd_consent_cutoff_day,
        }
