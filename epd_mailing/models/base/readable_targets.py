from odoo import api, models


class EpdReadableDefaults(models.AbstractModel):
    """A form shows no name of a record that its user may not read.

    While a form is filled in, Odoo answers with the names of the records whose ids the caller sends,
    in the values or as ``default_…`` of the context, and asks no rule.
    """

    _name = "epd.readable.defaults"
    _description = "Shows Readable Names Only"
    _inherit = ["epd.storable.numbers"]

    @api.model
    def default_get(self, fields):
        defaults = super().default_get(fields)
        self._check_targets(defaults)
        return defaults

    def onchange(self, values, field_names, fields_spec):
        self.browse().check_access("read")
        self._check_targets(values)
        return super().onchange(values, field_names, fields_spec)

    @api.model
    def _check_targets(self, vals):
        """Check that the user may read every record that the values name.

        :raise AccessError: when they may not
        :raise MissingError: when it is not there
        """
        if self.env.su:
            return
        for name, value in vals.items():
            field = self._fields.get(name)
            if value and field and field.relational and not field.type.startswith("one2many"):
                ids = self._get_target_ids(value)
                self.env[field.comodel_name].browse(ids).check_access("read")

    @api.model
    def _get_target_ids(self, value):
        """Return the ids in a value of a relational field: an id, ids, commands, a pair of the client."""
        if isinstance(value, models.BaseModel):
            return value.ids
        if isinstance(value, dict):  # of the web client: {"id": …}
            value = value.get("id")
        if not isinstance(value, list | tuple):
            return [value] if isinstance(value, int) and value else []
        ids = []
        for each in value:
            if isinstance(each, list | tuple):  # a command: (code, id, ids)
                code, *rest = each
                named = rest[1] if code == 6 and len(rest) > 1 else rest[:1]
                ids += [key for key in named or () if isinstance(key, int) and key]
            elif isinstance(each, int) and not isinstance(each, bool):
                ids.append(each)
        return ids


class EpdReadableTargets(models.AbstractModel):
    """Records that name others by id: a user names only those they may read.

    Odoo shows the name of a many2one's record to whoever may read the row it stands in, so a row of
    one's own (a wizard) with a foreign id would tell a foreign name
    (https://github.com/odoo/odoo/pull/167458, seen 2026-11-26). (Rows of companies are held by
    ``check_company``.)
    """

    _name = "epd.readable.targets"
    _description = "Names Readable Records Only"
    _inherit = ["epd.readable.defaults"]

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_targets(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_targets(vals)
        return super().write(vals)
