from odoo import fields, models


class ResCompany(models.Model):
    """The month the office is at, and whose contact card is the company's."""

    _inherit = "res.company"

    epd_current_period_id = fields.Many2one(
        "epd.billing.period", string="Current Billing Period", check_company=False
    )

    def write(self, vals):
        before = {company: company.partner_id for company in self} if "partner_id" in vals else {}
        res = super().write(vals)
        for company, partner in before.items():
            if company.partner_id != partner:
                company._epd_note_card(partner)
        return res

    def _epd_note_card(self, before):
        """Say that the company has another contact card, where requisites are looked after.

        The bank accounts of the card are the company's own: who may write them changes with it.

        :param before: ``res.partner`` that was the company's card
        """
        self.ensure_one()
        company = self.sudo()
        houses = self.env["epd.building"].sudo().with_context(active_test=False)
        if not houses.search_count([("company_id", "=", company.id)], limit=1):
            return
        body = self.env._(
            "The contact card of the company %(company)s was changed: %(before)s → %(after)s. "
            "The bank accounts of the new card are the company's own now.",
            company=company.name,
            before=before.display_name,
            after=company.partner_id.display_name,
        )
        cards = before.sudo() | company.partner_id
        payees = self.env["res.partner.bank"].sudo().with_context(active_test=False)
        for records in (cards, payees.search([("partner_id", "in", cards.ids)])):
            records._message_log_batch(bodies=dict.fromkeys(records.ids, body))
