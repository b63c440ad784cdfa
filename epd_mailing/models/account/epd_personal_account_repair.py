from odoo import api, fields, models


class EpdPersonalAccount(models.Model):
    """Addresses typed down a column: the quickest way to mend a list of accounts without any."""

    _inherit = "epd.personal.account"

    new_email = fields.Char(
        string="Add an E-mail",
        compute="_compute_new_email",
        inverse="_inverse_new_email",
        help="Becomes an address of the account.",
    )
    emails_text = fields.Char(string="Addresses", compute="_compute_emails_text")

    def _compute_new_email(self):
        self.new_email = False

    def _inverse_new_email(self):
        self.env["epd.delivery.address"].create(
            [
                {"account_id": account.id, "email": account.new_email.strip()}
                for account in self
                if (account.new_email or "").strip()
            ]
        )

    @api.depends("address_ids.email", "address_ids.state")
    def _compute_emails_text(self):
        labels = dict(
            self.env["epd.delivery.address"]._fields["state"]._description_selection(self.env)
        )
        for account in self:
            account.emails_text = ", ".join(
                f"{address.email} ({labels[address.state].lower()})"
                if address.state != "active"
                else address.email
                for address in account.address_ids
                if address.email
            )
