from odoo import api, fields, models

from ...tools.payer_name import read_payer_name

# what receipts print of whoever holds a payee's account, and what gives a contact to a company
PRINTED = {"name", "vat", "epd_kpp", "company_id", "active"}


class ResPartner(models.Model):
    """A payer or an organisation: the parts of the name and the requisites that are printed."""

    # what follows an e-mail or a name stands in upper rooms
    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited

    epd_last_name = fields.Char(string="Last Name")
    epd_first_name = fields.Char(string="First Name")
    epd_middle_name = fields.Char(string="Patronymic")
    epd_kpp = fields.Char(string="KPP", size=9)
    epd_ogrn = fields.Char(string="OGRN", size=15)
    epd_company_ids = fields.One2many(
        "res.company", "partner_id", string="Companies of the Contact", help="For access rules."
    )

    @api.model_create_multi
    def create(self, vals_list):
        sample = self.env.company.sudo().epd_is_sample
        if sample or (not self.env.su and self._epd_has_own_rights()):
            # people of one company are not shown to the others. Whoever is made in the sample office
            # goes with it, with whatever rights they were made
            vals_list = [
                vals
                if vals.get("company_id")
                else {**vals, "company_id": self._epd_get_own_company(vals)}
                for vals in vals_list
            ]
        return super().create(vals_list)

    @api.model
    def _epd_get_own_company(self, vals):
        """Return the id of the company of a new contact: that of whom it stands under, or the one at work.

        Odoo hands a parent's company down in its form alone, not to what is created otherwise
        (``res.partner._onchange_company_id`` of Odoo 19.0, seen 2026-11).
        """
        parent_id = vals.get("parent_id", self.env.context.get("default_parent_id"))
        parent = self.browse(parent_id).sudo()
        company = parent.company_id.id or self.env.context.get("default_company_id")
        return company or self.env.company.id

    @api.model
    def _epd_has_own_rights(self):
        """Tell whether the user's rights on contacts are those of our roles, not Odoo's wider ones."""
        user = self.env.user
        return user.has_group("epd_mailing.group_epd_operator") and not user.has_group(
            "base.group_partner_manager"
        )

    def write(self, vals):
        if not PRINTED.intersection(vals):
            return super().write(vals)
        payees = self.env["res.partner.bank"].sudo().with_context(active_test=False)
        payees = payees.search([("partner_id", "in", self.ids)])
        with payees._epd_guard_requisites():
            if vals.get("name") and payees:
                self._epd_rename_holders(vals["name"], payees)
            return super().write(vals)

    def _epd_rename_holders(self, name, payees):
        """Let the holder's name of bank accounts follow, as Odoo does, without the right to write them.

        :param name: of the contacts from now on
        :param payees: ``res.partner.bank`` of the contacts, with all rights
        """
        self.check_access("write")
        same = payees.filtered(lambda payee: payee.acc_holder_name == payee.partner_id.name)
        same.write({"acc_holder_name": name})

    def _epd_name_parts(self):
        """Return ``(last, first, middle)`` of a person for the payment code (GOST R 56042-2014).

        The fields win; without them the name is read in the Russian order. An organisation and several
        owners in one name have none, see ``tools.payer_name``.
        """
        self.ensure_one()
        if self.epd_last_name and not self.is_company:
            return self.epd_last_name, self.epd_first_name or "", self.epd_middle_name or ""
        parts = read_payer_name(self.name or "", self.is_company)
        return parts.last, parts.first, parts.middle
