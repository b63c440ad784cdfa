"""The KPP of a company is that of its contact card: one home, as the INN has."""


def migrate(cr, version):
    """Keep the KPP of «Параметры» where the contact card has none."""
    cr.execute(
        """
        UPDATE res_partner AS card
           SET epd_kpp = company.epd_kpp
          FROM res_company AS company
         WHERE company.partner_id = card.id
           AND COALESCE(company.epd_kpp, '') <> ''
           AND COALESCE(card.epd_kpp, '') = ''
        """
    )
