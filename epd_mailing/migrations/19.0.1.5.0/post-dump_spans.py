"""The begin of a dump's span stays until the span is read to its end, and then it is empty."""


def migrate(cr, version):
    """Empty it where no dump is being read: what the version before left there was read."""
    cr.execute(
        "UPDATE epd_unisender_account SET dump_from = NULL"
        " WHERE dump_from IS NOT NULL AND COALESCE(dump_ref, '') = '' AND COALESCE(dump_row, 0) = 0"
    )
