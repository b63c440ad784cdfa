import base64
import json
import zlib

from odoo import api, fields, models
from odoo.tools.json import json_default

DROPPED = 2000  # rows forgotten in one night


class EpdImportChange(models.Model):
    """What a slice of a file wrote, so that the file can be taken back; no person ever reads it.

    One row a slice, packed: a row for each line would double the work of loading. The loader adds
    rows, taking back goes through them from the last to the first and deletes them.
    """

    _name = "epd.import.change"
    _description = "What a Loading Wrote"
    _inherit = ["epd.field.guard"]
    _order = "import_id, id"
    _rec_name = "line_count"

    import_id = fields.Many2one(
        "epd.import", required=True, readonly=True, index=True, ondelete="cascade"
    )
    line_count = fields.Integer(readonly=True)
    lines = fields.Binary(
        required=True,
        readonly=True,
        attachment=False,
        help="[[id, values before, values written, ids of account and service or payee], …] as JSON, "
        "compressed.",
    )

    @api.model
    def _add(self, loading, lines):
        """Remember what was written.

        :param lines: list of ``(id, before, after, owner)``: ``before`` is nothing for a line that was
            created, ``id`` and ``after`` are nothing for one that was removed; ``owner`` is omitted
            where nobody asks for it: ids of the account, and of its service or payee
        """
        if not lines:
            return
        text = json.dumps(lines, default=json_default)
        packed = base64.b64encode(zlib.compress(text.encode()))
        self.sudo().create({"import_id": loading.id, "line_count": len(lines), "lines": packed})

    def _unpack(self):
        """Return the list given to :meth:`_add`; dates are texts."""
        self.ensure_one()
        record = self.sudo().with_context(bin_size=False)
        return json.loads(zlib.decompress(base64.b64decode(record.lines)))

    @api.model
    def _drop_old(self):
        """Forget what files wrote after the company's time of keeping files: they stay loaded."""
        for company in self.env["res.company"].sudo().search([("epd_import_keep_days", ">", 0)]):
            before = fields.Datetime.subtract(
                fields.Datetime.now(), days=company.epd_import_keep_days
            )
            self.sudo().search(
                [
                    ("import_id.company_id", "=", company.id),
                    ("import_id.state", "in", ("done", "cancelled")),
                    ("create_date", "<", before),
                ],
                limit=DROPPED,
            ).unlink()
