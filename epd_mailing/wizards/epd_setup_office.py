from odoo import api, fields, models
from odoo.addons.base.models.res_partner import _tz_get
from odoo.exceptions import AccessError, UserError

from ..tools import requisites

PARTNER = ("street", "city", "zip", "phone", "email")


class EpdSetupOffice(models.TransientModel):
    """«Company» of the set-up: what receipts print of the office, by its manager.

    A manager does not write companies. These fields of the own company are theirs; country,
    currency and time zone come with them.
    """

    _name = "epd.setup.office"
    _description = "Set-up: Company"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, default=lambda self: self.env.company
    )
    name = fields.Char(required=True, default=lambda self: self.env.company.name)
    inn = fields.Char(string="INN", size=12, default=lambda self: self._get_own("vat"))
    kpp = fields.Char(string="KPP", size=9, default=lambda self: self._get_own("epd_kpp"))
    street = fields.Char(default=lambda self: self._get_own("street"))
    city = fields.Char(default=lambda self: self._get_own("city"))
    zip = fields.Char(size=6, default=lambda self: self._get_own("zip"))
    phone = fields.Char(default=lambda self: self._get_own("phone"))
    email = fields.Char(string="E-mail", default=lambda self: self._get_own("email"))
    epd_tz = fields.Selection(
        _tz_get,
        string="Office Time Zone",
        required=True,
        default=lambda self: self._get_own("epd_tz") or "Europe/Moscow",
    )
    warning = fields.Text(string="To Check", compute="_compute_warning")

    @api.model
    def _get_own(self, name):
        return self.env.company.sudo()[name]

    @api.depends("inn", "kpp")
    def _compute_warning(self):
        texts = self.env["res.partner.bank"]._epd_problem_texts()
        for wizard in self:
            inn, kpp = (wizard.inn or "").strip(), (wizard.kpp or "").strip()
            found = requisites.check_inn(inn) if inn else []
            found += requisites.check_kpp(kpp) if kpp else []
            wizard.warning = (
                "\n".join(texts[one.code] % {"value": one.value} for one in found) or False
            )

    def action_save(self):
        """Write the company; country and currency are those of Russia.

        :raise AccessError: when the user is no manager
        :raise UserError: when the INN is no number of 10 or 12 digits
        """
        self.ensure_one()
        self.check_access("read")
        if not self.env.user.has_group("epd_mailing.group_epd_manager"):
            raise AccessError(self.env._("A manager sets the office up."))
        if self.company_id != self.env.company:
            raise UserError(self.env._("Choose the company “%s” first.", self.company_id.name))
        inn = (self.inn or "").strip()
        if not self.name.strip():
            raise UserError(self.env._("Enter the name of the company."))
        # a wrong check digit is a warning: papers with one are in use
        if any(problem.code == "inn_format" for problem in requisites.check_inn(inn)):
            raise UserError(self.env._("The INN “%s” must have 10 or 12 digits.", inn))
        # the guard of requisites asks who the user is, whatever rights are lent here
        company = self.company_id.sudo()
        rub = self.env.ref("base.RUB").sudo()
        rub.active = True
        vals = {name: (self[name] or "").strip() or False for name in PARTNER}
        vals |= {
            "name": self.name.strip(),
            "vat": inn,
            "epd_kpp": (self.kpp or "").strip() or False,
        }
        vals |= {"country_id": self.env.ref("base.ru").id, "epd_tz": self.epd_tz}
        if company.currency_id != rub:
            vals["currency_id"] = rub.id
        changed = {
            name: value for name, value in vals.items() if self._is_other(company, name, value)
        }
        company.write(changed)
        # the top bar has the name of the page's first reading
        tag = "reload_context" if "name" in changed else "soft_reload"
        return {"type": "ir.actions.client", "tag": tag}

    @staticmethod
    def _is_other(company, name, value):
        known = company[name]
        return (known.id if hasattr(known, "ids") else known or False) != value
