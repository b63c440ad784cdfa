"""The key of letters had two indexes; the unique one is enough."""


def migrate(cr, version):
    """Drop the other one: each written letter paid for both."""
    cr.execute("DROP INDEX IF EXISTS epd_mailing_letter__letter_key_index")
