from odoo import api, fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    epd_account_ids = fields.One2many(
        "epd.personal.account",
        "partner_id",
        string="Personal Accounts",
        groups="epd_mailing.group_epd_operator",
    )
    epd_account_count = fields.Integer(
        string="Personal Account Count",
        compute="_compute_epd_account_count",
        groups="epd_mailing.group_epd_operator",
    )
    epd_last_name = fields.Char(string="Last Name")
    epd_first_name = fields.Char(string="First Name")
    epd_middle_name = fields.Char(string="Patronymic")
    epd_kpp = fields.Char(string="KPP", size=9)
    epd_ogrn = fields.Char(string="OGRN", size=15)

    @api.depends("epd_account_ids")
    def _compute_epd_account_count(self):
        counts = dict(
            self.env["epd.personal.account"]._read_group(
                [("partner_id", "in", self.ids)], ["partner_id"], ["__count"]
            )
        )
        for partner in self:
            partner.epd_account_count = counts.get(partner, 0)

    def write(self, vals):
        before = {}
        if "email" in vals:
            before = {partner: partner.email for partner in self.sudo() if partner.epd_account_ids}
        res = super().write(vals)
        if "email" in vals:
            accounts = self.sudo().epd_account_ids
            accounts._sync_partner_address()
            accounts.address_ids._revive_changed()
            self._epd_note_emails(before)
        return res

    def _epd_note_emails(self, before):
        """Say on the accounts that their person's e-mail has changed, so that a clerk sees it."""
        for partner, email in before.items():
            if (partner.email or "") == (email or ""):
                continue
            body = self.env._(
                "E-mail of %(name)s changed: %(before)s → %(after)s. Receipts follow it.",
                name=partner.name or "",
                before=email or "—",
                after=partner.email or "—",
            )
            accounts = partner.epd_account_ids
            accounts._message_log_batch(bodies=dict.fromkeys(accounts.ids, body))

    def action_epd_accounts(self):
        """Open the personal accounts this person answers for."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "epd_mailing.epd_personal_account_action"
        )
        return {**action, "domain": [("partner_id", "in", self.ids)], "context": {}}

    def _epd_name_parts(self):
        """Return ``(last, first, middle)`` of a person for the payment code (GOST R 56042-2014).

        The fields win; without them the name is read in the Russian order.
        """
        self.ensure_one()
        if self.is_company:
            return self.name or "", "", ""
        if self.epd_last_name:
            return self.epd_last_name, self.epd_first_name or "", self.epd_middle_name or ""
        words = (self.name or "").split(None, 2)
        return tuple(words + [""] * (3 - len(words)))
