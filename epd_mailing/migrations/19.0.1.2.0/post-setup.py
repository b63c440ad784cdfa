"""Offices that have saved documents are set up: the application opens with the month, as before."""


def migrate(cr, _version):
    """Close the set-up of companies with payment documents."""
    cr.execute(
        "UPDATE res_company company SET epd_setup_closed = TRUE"
        " WHERE EXISTS (SELECT 1 FROM epd_payment_document document"
        "                WHERE document.company_id = company.id)"
    )
