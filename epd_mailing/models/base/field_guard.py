from odoo import SUPERUSER_ID, api, models
from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG
from odoo.exceptions import UserError
from odoo.models import MAGIC_COLUMNS
from odoo.tools import clean_context, ormcache

# Contexts that come over RPC are JSON: no caller can hand in this very object.
_KEY = object()
_OURS = "epd_mailing"


def with_checks(records):
    """Return the records with the checks of deletion that a caller's context would skip.

    Odoo passes over ``@api.ondelete`` where the context holds the mark of an uninstallation, and takes
    that mark from any caller. It is the administrator who uninstalls.
    See ``BaseModel.unlink`` of Odoo 19.0, seen 2026-11.
    """
    env = records.env
    if not env.context.get(MODULE_UNINSTALL_FLAG):
        return records
    if env.uid == SUPERUSER_ID or env.user._is_system():
        return records
    return records.with_context(**{MODULE_UNINSTALL_FLAG: False})


class EpdFieldGuard(models.AbstractModel):
    """Fields that the program writes and no caller, whatever door they come through.

    ===================  ========================================================================
    guarded              who may write it
    ===================  ========================================================================
    ``_guarded_fields``  the program, and only through :meth:`_unlocked`
    read-only stored     the program: through the guard or with its own rights (``sudo``). That is
                         every stored field of this addon that is ``readonly``, computed and
                         related ones among them: a new one is guarded from its first day
    ``_fixed_fields``    a person, when the record is created; nobody afterwards
    ===================  ========================================================================

    What a caller hands in (``create``, ``write``, ``load``, ``web_save``, ``copy``, commands of a
    parent) is rejected here. What a caller's context (``default_…``) or a user's own defaults
    (``ir.default``) say of a guarded field is never asked, not by the program's own work either:
    its default is the field's alone. The same holds for rows beneath a record (one2many), which the
    program's rights would create. Where the program's rights begin (:meth:`sudo`,
    :meth:`_unlocked`) all ``default_…`` of the caller stay behind, so that they decide nothing of
    what the program creates elsewhere (attachments, messages).

    Every model of the addon that is stored has this guard, except wizards: those hold what their
    one user chose, and the methods behind them check it.
    """

    _name = "epd.field.guard"
    _description = "Guarded Fields"
    _inherit = ["epd.readable.defaults", "epd.table.rules"]

    _guarded_fields = ()
    _fixed_fields = ()

    @api.model
    def _asks_table_rules(self):
        return not self._is_unlocked()

    @api.model
    @ormcache()
    def _get_table_rules(self):
        # a rule over nothing but the program's own columns is none that a person breaks
        guarded = self._get_guarded_names()
        return tuple(rule for rule in super()._get_table_rules() if rule.columns - guarded)

    # --- which fields -----------------------------------------------------------------------------

    @api.model
    def _get_guarded_fields(self):
        """Return the set of field names that only :meth:`_unlocked` may write."""
        return {*self._guarded_fields, *self._fixed_fields}

    @api.model
    @ormcache()
    def _get_program_names(self):
        """Return the names of the fields that are read-only and stored: the program alone fills them."""
        return frozenset(
            name
            for name, field in self._fields.items()
            if field.store
            and field.readonly
            and field.type != "one2many"  # its rows have a guard of their own
            and not self._transient
            and name not in MAGIC_COLUMNS
            and _OURS in field._modules
        )

    @api.model
    @ormcache()
    def _get_row_names(self):
        """Return the names of the fields that hold rows beneath a record."""
        return frozenset(
            name
            for name, field in self._fields.items()
            if field.type == "one2many" and not self._transient
        )

    @api.model
    def _get_guarded_names(self):
        """Return the names of the fields that no caller has a say in, not by a default either."""
        return (self._get_guarded_fields() | self._get_program_names()).difference(
            self._fixed_fields
        )

    @api.model
    def _find_rejected(self, vals):
        """Return the names among ``vals`` that this environment may not write."""
        if self._is_unlocked():
            return set()
        rejected = self._get_guarded_fields()
        if not self.env.su:
            rejected |= self._get_program_names()
        return rejected.intersection(vals)

    # --- the program's own way --------------------------------------------------------------------

    def _unlocked(self):
        """Return the same records with the right to write guarded fields (program code only)."""
        return self._without_defaults().with_context(epd_guard_key=_KEY)

    def _check_and_unlock(self):
        """Return the records unlocked and with the rights of the program.

        :raise AccessError: when the user may not write them
        """
        self.check_access("write")
        return self.sudo()._unlocked()

    def sudo(self, flag=True):
        """Return the records with the program's rights, or without them (see :class:`BaseModel`)."""
        records = super().sudo(flag)
        return records._without_defaults() if records.env.su and not self.env.su else records

    def _without_defaults(self):
        """Return the records without what the context says of defaults."""
        if not any(key.startswith("default_") for key in self.env.context):
            return self
        return self.with_context(clean_context(self.env.context))

    @api.model
    def _is_unlocked(self):
        return self.env.context.get("epd_guard_key") is _KEY

    def _get_records_action(self, **kwargs):
        # a client gets neither our mark, which is no JSON, nor the context of the call
        return super()._get_records_action(**{"context": {}, **kwargs})

    # --- the doors --------------------------------------------------------------------------------

    @api.model
    def default_get(self, fields):
        """Return the defaults; those of guarded fields are the fields' own."""
        guarded = self._get_guarded_names() | self._get_row_names()
        defaults = super().default_get([name for name in fields if name not in guarded])
        return defaults | self._get_own_defaults(guarded.intersection(fields))

    @api.model
    def _get_own_defaults(self, names):
        """Return the defaults that fields declare, as they are written."""
        defaults = {}
        for name in names:
            field = self._fields.get(name)
            if field and field.default:
                value = field.convert_to_cache(field.default(self), self, validate=False)
                defaults[name] = field.convert_to_write(value, self)
        return defaults

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._without_guarded(vals) for vals in vals_list])

    @api.model
    def _without_guarded(self, vals):
        """Return ``vals`` without guarded fields; they may say what would be stored anyway.

        :raise UserError: when one says something else
        """
        self._check_numbers(vals)
        given = self._find_rejected(vals) - set(self._fixed_fields)
        if not given:
            return vals
        self.browse().check_access("create")
        usual = self._get_own_defaults(given)
        for name in sorted(given):
            field = self._fields[name]
            said, own = (
                field.convert_to_cache(value, self, validate=False) or None
                for value in (vals[name], usual.get(name))
            )
            if said != own:
                self._raise_guarded(name)
        return {name: value for name, value in vals.items() if name not in given}

    def write(self, vals):
        rejected = self and self._find_rejected(vals)
        if rejected:
            self.check_access("write")
            self._raise_guarded(min(rejected))
        return super().write(vals)

    def unlink(self):
        return super(EpdFieldGuard, with_checks(self)).unlink()

    def copy_data(self, default=None):
        if self._is_unlocked():
            return super().copy_data(default)
        dropped = self._get_guarded_names().difference(default or ())
        return [
            vals and {name: value for name, value in vals.items() if name not in dropped}
            for vals in super().copy_data(default)
        ]

    def _raise_guarded(self, name):
        raise UserError(
            self.env._(
                "“%(field)s” is set by the program only. Use the buttons of the form "
                "(or the methods behind them) instead of writing it.",
                field=self._fields[name]._description_string(self.env) or name,
            )
        )
