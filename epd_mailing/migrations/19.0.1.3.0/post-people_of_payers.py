"""A payer's own people have the payer's company.

Until 19.0.1.3.0 a person entered under a payer by RPC or import belonged to no company: every other company saw the
person, and the payer's name with it. Whoever signs in, or pays or provides in another company, stays as they are.
"""


def migrate(cr, version):
    """Hand a payer's company down to the contacts under it that have none, on all levels."""
    cr.execute(
        """
        WITH RECURSIVE people AS (
            SELECT child.id, payer.company_id
              FROM res_partner child
              JOIN res_partner payer ON payer.id = child.parent_id
             WHERE child.company_id IS NULL
               AND payer.company_id IS NOT NULL
               AND EXISTS (SELECT 1 FROM epd_personal_account account WHERE account.partner_id = payer.id)
         UNION
            SELECT child.id, people.company_id
              FROM people
              JOIN res_partner child ON child.parent_id = people.id
             WHERE child.company_id IS NULL
        )
        UPDATE res_partner partner
           SET company_id = people.company_id
          FROM people
         WHERE partner.id = people.id
           AND NOT EXISTS (SELECT 1 FROM res_users signed WHERE signed.partner_id = partner.id)
           AND NOT EXISTS (SELECT 1 FROM res_company company WHERE company.partner_id = partner.id)
           AND NOT EXISTS (SELECT 1 FROM epd_personal_account account
                            WHERE account.partner_id = partner.id AND account.company_id <> people.company_id)
           AND NOT EXISTS (SELECT 1 FROM epd_service_provision provision
                            WHERE provision.provider_id = partner.id AND provision.company_id <> people.company_id)
        """
    )
