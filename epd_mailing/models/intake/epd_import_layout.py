from odoo import fields, models

from .epd_import_field import IMPORT_KINDS, IMPORT_SCOPES


class EpdImportLayout(models.Model):
    """How the files of an office are laid out: known again by their headers, taken by itself."""

    _name = "epd.import.layout"
    _description = "Layout of a Loaded File"
    _inherit = ["epd.field.guard"]
    _order = "kind, name"
    _check_company_auto = True

    name = fields.Char(required=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    kind = fields.Selection(IMPORT_KINDS, required=True)
    signature = fields.Char(required=True, readonly=True, size=64)
    mapping = fields.Json(
        readonly=True, help="Column number → code of the field and, where it stands, the service."
    )
    create_missing = fields.Boolean(string="Create Accounts and Buildings")
    create_services = fields.Boolean()
    scope = fields.Selection(IMPORT_SCOPES, string="The File Holds")
    used_at = fields.Datetime(string="Last Used", readonly=True)

    _signature_uniq = models.Constraint(
        "unique(company_id, signature)", "The layout of such a file is remembered already."
    )

    def _remember(self, order):
        """Keep (or renew) the layout of an order that was checked."""
        mapping = {
            str(column.index): [column.field_id.code, column.service or ""]
            for column in order.column_ids
            if column.field_id
        }
        vals = {
            "mapping": mapping,
            "create_missing": order.create_missing,
            "create_services": order.create_services,
            "scope": order.scope,
            "used_at": fields.Datetime.now(),
        }
        known = self._find(order)
        if known:
            known._unlocked().write(vals)
            return known
        return self._unlocked().create(
            {
                **vals,
                "name": order.file_name or order.display_name,
                "company_id": order.company_id.id,
                "kind": order.kind,
                "signature": order.signature,
            }
        )

    def _find(self, order):
        domain = [("company_id", "=", order.company_id.id), ("signature", "=", order.signature)]
        return self.search(domain, limit=1)
