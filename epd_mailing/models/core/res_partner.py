from odoo import fields, models


class ResPartner(models.Model):
    """A payer or an organisation: the parts of the name and the requisites that are printed."""

    # what follows an e-mail or a name stands in upper rooms
    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited

    epd_last_name = fields.Char(string="Last Name")
    epd_first_name = fields.Char(string="First Name")
    epd_middle_name = fields.Char(string="Patronymic")
    epd_kpp = fields.Char(string="KPP", size=9)
    epd_ogrn = fields.Char(string="OGRN", size=15)

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
