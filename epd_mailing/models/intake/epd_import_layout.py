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

    def _remember(self, loading):
        """Keep (or renew) the layout of a loading that was checked."""
        mapping = {
            str(column.index): [column.field_id.code, column.service or ""]
            for column in loading.column_ids
            if column.field_id
        }
        vals = {
            "mapping": mapping,
            "create_missing": loading.create_missing,
            "create_services": loading.create_services,
            "scope": loading.scope,
            "used_at": fields.Datetime.now(),
        }
        known = self._find(loading)
        if known:
            known._unlocked().write(vals)
            return known
        return self._unlocked().create(
            {
                **vals,
                "name": loading.file_name or loading.display_name,
                "company_id": loading.company_id.id,
                "kind": loading.kind,
                "signature": loading.signature,
            }
        )

    def _find(self, loading):
        domain = [("company_id", "=", loading.company_id.id), ("signature", "=", loading.signature)]
        return self.search(domain, limit=1)
