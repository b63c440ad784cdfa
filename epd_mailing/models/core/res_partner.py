from odoo import fields, models

from ...tools.payer_name import read_payer_name


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

        The fields win; without them the name is read in the Russian order. An organisation and several
        owners in one name have none, see ``tools.payer_name``.
        """
        self.ensure_one()
        if self.epd_last_name and not self.is_company:
            return self.epd_last_name, self.epd_first_name or "", self.epd_middle_name or ""
        parts = read_payer_name(self.name or "", self.is_company)
        return parts.last, parts.first, parts.middle
