"""Events tell their company by their UniSender account, and name it without a foreign key."""


def migrate(cr, version):
    """Drop the column, and the key that was checked for each event of a dump."""
    cr.execute("ALTER TABLE epd_letter_event DROP COLUMN IF EXISTS company_id")
    cr.execute(
        "ALTER TABLE epd_letter_event"
        " DROP CONSTRAINT IF EXISTS epd_letter_event_unisender_account_id_fkey"
    )
    cr.execute(
        "DELETE FROM ir_model_constraint WHERE name IN"
        " ('epd_letter_event_company_id_fkey', 'epd_letter_event_unisender_account_id_fkey')"
    )
