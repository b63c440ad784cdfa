"""The two bare tables of the loader become models: they get an id; rows of work in hand stay."""

from odoo.tools import SQL

TABLES = ("epd_import_key", "epd_import_paid_row")


def migrate(cr, _version):
    """Give the tables an id as primary key; the models add what tells rows apart as unique."""
    for table in TABLES:
        cr.execute(
            "SELECT 1 FROM information_schema.columns WHERE table_name = %s AND column_name = 'id'",
            (table,),
        )
        if cr.rowcount:
            continue
        name, key = SQL.identifier(table), SQL.identifier(f"{table}_pkey")
        cr.execute(SQL("ALTER TABLE %s DROP CONSTRAINT %s", name, key))
        cr.execute(SQL("ALTER TABLE %s ADD COLUMN id SERIAL PRIMARY KEY", name))
    # an empty number says nothing, as an empty field does
    cr.execute("ALTER TABLE epd_import_paid_row ALTER COLUMN number DROP NOT NULL")
