"""Letters keep the billing period of their document, so that they are counted by months alone."""


def migrate(cr, version):
    """Fill the new column in one statement; the ORM would read each letter and its document.

    The index of figures is made anew with the period in it, when the letters are written.
    """
    cr.execute("ALTER TABLE epd_mailing_letter ADD COLUMN IF NOT EXISTS period_id integer")
    cr.execute("DROP INDEX IF EXISTS epd_mailing_letter_mailing_state_idx")
    cr.execute(
        "UPDATE epd_mailing_letter letter SET period_id = document.period_id"
        "  FROM epd_payment_document document"
        " WHERE document.id = letter.document_id"
        "   AND letter.period_id IS DISTINCT FROM document.period_id"
    )
