"""Mailings get a responsible person: whoever prepared them."""


def migrate(cr, version):
    """Fill the new column before the ORM would with the user of the update."""
    cr.execute("ALTER TABLE epd_mailing ADD COLUMN IF NOT EXISTS responsible_id integer")
    cr.execute("UPDATE epd_mailing SET responsible_id = user_id WHERE responsible_id IS NULL")
