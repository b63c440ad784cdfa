"""Letters and their events had indexes that nothing was found by, or that another one begins with."""


def migrate(cr, version):
    """Drop them: each letter and event written paid for all."""
    for name in (
        "epd_letter_event__company_id_index",
        "epd_letter_event__provider_id_index",
        "epd_letter_event__letter_key_index",
        "epd_mailing_letter__company_id_index",
        "epd_mailing_letter__mailing_id_index",
    ):
        cr.execute(f"DROP INDEX IF EXISTS {name}")
