from odoo import fields, models


class BigInteger(fields.Integer):
    """A whole number of 64 bits: Odoo's own has 32 (odoo/orm/fields_numeric.py, 19.0, seen 2026-11)."""

    _column_type = ("int8", "int8")


class EpdImportKey(models.Model):
    """Which lines a file had of an account, as digests, while it is read: no person ever reads them.

    They find a line that stands twice, and the lines of the month that the file does not have. The
    loader writes them by SQL (``loader/marks.py``) and deletes them when a phase ends.
    """

    _name = "epd.import.key"
    _description = "Lines of a File at Work"
    _inherit = ["epd.field.guard"]
    _log_access = False
    _rec_name = "digest"

    import_id = fields.Many2one("epd.import", required=True, readonly=True, ondelete="cascade")
    digest = BigInteger(required=True, readonly=True, help="Of the account: 64 bits.")
    lines = fields.Binary(
        required=True, readonly=True, attachment=False, help="Digests of its lines, 8 bytes each."
    )

    _digest_uniq = models.Constraint(
        "unique(import_id, digest)", "This account of the file is known already."
    )
