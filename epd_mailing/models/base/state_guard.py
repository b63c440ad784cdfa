from odoo import api, models
from odoo.exceptions import UserError

# Contexts that come over RPC are JSON: no caller can hand in this very object.
_PASS = object()


class EpdStateGuard(models.AbstractModel):
    """One door for state changes and for facts that only the program may write.

    A model lists its allowed moves in ``_transitions`` (``{from: (to, …)}``) and the further
    fields that only the program writes in ``_gated_fields``. Anything else, from whatever role and
    over RPC too, is refused in ``create`` and ``write``.
    """

    _name = "epd.state.gate"
    _description = "Guarded state"

    _state_field = "state"
    _transitions = {}
    _gated_fields = ()

    @api.model
    def _gate_names(self):
        """Return the set of field names that only :meth:`_through_gate` may write."""
        return {self._state_field, *self._gated_fields}

    def _through_gate(self):
        """Return the same records with the right to write gated fields (program code only)."""
        return self.with_context(epd_gate=_PASS)

    @api.model
    def _gate_open(self):
        return self.env.context.get("epd_gate") is _PASS

    def _get_records_action(self, **kwargs):
        # a client gets neither our mark, which is no JSON, nor the context of the call
        return super()._get_records_action(**{"context": {}, **kwargs})

    @api.model_create_multi
    def create(self, vals_list):
        if not self._gate_open():
            gated = self._gate_names()
            defaults = self.default_get(list(gated))
            for vals in vals_list:
                for name in gated.intersection(vals):
                    if vals[name] and vals[name] != defaults.get(name):
                        self._raise_gate(name)
        return super().create(vals_list)

    def write(self, vals):
        if not self._gate_open():
            gated = self._gate_names().intersection(vals)
            if gated and self:
                self._raise_gate(min(gated))
        return super().write(vals)

    def _raise_gate(self, name):
        raise UserError(
            self.env._(
                "“%(field)s” is set by the program only. Use the buttons of the form "
                "(or the methods behind them) instead of writing it.",
                field=self._fields[name]._description_string(self.env) or name,
            )
        )

    def _can_move(self, target):
        """Return the records that may go to state ``target`` from where they are."""
        field = self._state_field
        return self.filtered(lambda rec: target in self._transitions.get(rec[field], ()))

    def _move(self, target, **vals):
        """Take all records to state ``target``, writing ``vals`` along.

        :raise UserError: when one of them may not go there from its present state
        """
        wrong = self - self._can_move(target)
        if wrong:
            labels = dict(self._fields[self._state_field]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "“%(name)s” is in the state “%(state)s” and cannot go to “%(target)s”.",
                    name=wrong[0].display_name,
                    state=labels.get(wrong[0][self._state_field]),
                    target=labels.get(target),
                )
            )
        self._through_gate().write({self._state_field: target, **vals})
