from odoo import api, fields, models

LISTED = 2000  # of one kind of one loading; further ones are counted only


class EpdImportPlanned(models.Model):
    """Something that loading a file would create: listed with its name before it is."""

    _name = "epd.import.planned"
    _description = "To Be Created by a Loading"
    _inherit = ["epd.field.guard"]
    _order = "import_id, what, id"

    import_id = fields.Many2one("epd.import", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="import_id.company_id", store=True, index=True)
    what = fields.Selection(
        [
            ("building", "Building"),
            ("service", "Service"),
            ("provision", "Provision of a service"),
            ("tariff", "Tariff"),
            ("account", "Personal account"),
            ("payer", "Responsible person"),
            ("balance", "Balance of an account"),
        ],
        required=True,
        readonly=True,
    )
    name = fields.Char(required=True, readonly=True)
    row = fields.Integer(readonly=True, help="Of the file, where it is first named.")

    @api.model
    def _add(self, loading, planned):
        """List what a slice found to be created.

        :param planned: list of ``(what, name, row)``
        """
        if not planned:
            return
        records = self.sudo()
        counts = dict(records._read_group([("import_id", "=", loading.id)], ["what"], ["__count"]))
        totals = dict(loading.planned_counts or {})
        vals_list = []
        for what, name, row in planned:
            totals[what] = totals.get(what, 0) + 1
            counts[what] = counts.get(what, 0) + 1
            if counts[what] <= LISTED:
                vals = {"import_id": loading.id, "what": what, "name": name[:300], "row": row}
                vals_list.append(vals)
        records.create(vals_list)
        loading.planned_counts = totals
