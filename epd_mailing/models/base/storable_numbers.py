from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.tools import ormcache

from ...tools.table_file.values import LARGEST

_OURS = "epd_mailing"
_KINDS = ("float", "monetary", "integer")
# what is too large; of an integer, for its column
_TOO_LARGE = {"integer": 2.0**31}


class EpdStorableNumbers(models.AbstractModel):
    """Numbers that come from a caller are numbers, whatever door they come through.

    XML-RPC, JSON and Python know «not a number» and infinity, and a program sends them where it divided
    by nothing. PostgreSQL takes both into a column (a «NaN» there equals itself, and is more than any sum), and
    what Odoo does not round on the way it would let through; what it does round ends as an error of
    the program. Files and ``epd.api`` read their texts by rules of their own.
    """

    _name = "epd.storable.numbers"
    _description = "Storable Numbers"

    @api.model
    @ormcache()
    def _get_number_names(self):
        """Return the names of this addon's fields that hold numbers, computed ones with an inverse among them."""
        return frozenset(
            name
            for name, field in self._fields.items()
            if field.type in _KINDS and _OURS in field._modules
        )

    @api.model
    def _check_numbers(self, vals):
        """Check the numbers among ``vals``.

        :raise ValidationError: when one is none, or larger than any of ours
        """
        for name in self._get_number_names().intersection(vals):
            if not self._is_storable(self._fields[name], vals[name]):
                raise ValidationError(
                    self.env._(
                        "“%(field)s” takes a number, and “%(value)s” is none, or too large.",
                        field=self._fields[name]._description_string(self.env) or name,
                        value=str(vals[name])[:60],
                    )
                )

    @staticmethod
    def _is_storable(field, value):
        try:
            number = abs(float(value or 0))
        except (TypeError, ValueError, OverflowError):
            return False
        # NaN is no less than anything
        return number < _TOO_LARGE.get(field.type, float(LARGEST))

    def _check_number_defaults(self):
        """Check what the context says of defaults; see :meth:`_check_numbers`."""
        prefix = "default_"
        self._check_numbers(
            {
                key.removeprefix(prefix): value
                for key, value in self.env.context.items()
                if key.startswith(prefix)
            }
        )

    @api.model
    def default_get(self, fields):
        self._check_number_defaults()
        return super().default_get(fields)

    def onchange(self, values, field_names, fields_spec):
        self._check_numbers(values)
        return super().onchange(values, field_names, fields_spec)

    @api.model_create_multi
    def create(self, vals_list):
        self._check_number_defaults()
        for vals in vals_list:
            self._check_numbers(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_numbers(vals)
        return super().write(vals)
