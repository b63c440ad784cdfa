"""A saved document is called what is printed on it, whatever its account's number is now."""


def migrate(cr, version):
    """Give the documents the numbers of their snapshots."""
    if not version:
        return
    cr.execute(
        """
        UPDATE epd_payment_document SET name = snapshot::jsonb ->> 'number'
         WHERE snapshot IS NOT NULL AND snapshot::jsonb ->> 'number' <> name
        """
    )
