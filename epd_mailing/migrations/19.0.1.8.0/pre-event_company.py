"""Events tell their company by their UniSender account, and of them the letter alone is checked row by row."""

KEYS = tuple(
    f"epd_letter_event_{name}_fkey"
    for name in ("company_id", "unisender_account_id", "create_uid", "write_uid")
)


def migrate(cr, version):
    """Drop the keys that were checked for each event of a dump, and the columns that told nothing more."""
    cr.execute(
        "ALTER TABLE epd_letter_event"
        " DROP CONSTRAINT IF EXISTS epd_letter_event_unisender_account_id_fkey"
    )
    # an event made without the moment it came at is as old as its row
    cr.execute(
        "SELECT 1 FROM information_schema.columns"
        " WHERE table_name = 'epd_letter_event' AND column_name = 'create_date'"
    )
    if cr.rowcount:
        cr.execute(
            "UPDATE epd_letter_event SET received_at = create_date WHERE received_at IS NULL"
        )
    for name in ("company_id", "create_uid", "create_date", "write_uid", "write_date"):
        cr.execute(f"ALTER TABLE epd_letter_event DROP COLUMN IF EXISTS {name}")
    cr.execute("DELETE FROM ir_model_constraint WHERE name IN %s", (KEYS,))
