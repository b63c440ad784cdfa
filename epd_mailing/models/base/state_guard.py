from odoo import api, models
from odoo.exceptions import UserError


class EpdStateGuard(models.AbstractModel):
    """One guard for state changes: a model lists its moves in ``_transitions`` (``{from: (to, …)}``).

    The state is guarded like ``_guarded_fields``, see ``epd.field.guard``.
    """

    _name = "epd.state.gate"
    _description = "Guarded state"
    _inherit = ["epd.field.guard"]

    _state_field = "state"
    _transitions = {}

    @api.model
    def _get_guarded_fields(self):
        return {self._state_field, *super()._get_guarded_fields()}

    def _check_in_state(self, state, text):
        """Raise ``text`` unless all records are in the state.

        :raise UserError: with that text, and what to do
        """
        if self.filtered(lambda record: record[self._state_field] != state):
            self._raise_moved(text)

    def _raise_moved(self, text):
        """Raise what is wrong with a state that another screen shows as it was."""
        raise UserError(self.env._("%s Reload the page to see where it stands.", text))

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
            name, state = wrong[0].display_name, wrong[0][self._state_field]
            if state == target:
                # pressed in a second window
                self._raise_moved(
                    self.env._(
                        "“%(name)s” is in the state “%(state)s” already.",
                        name=name,
                        state=labels.get(state),
                    )
                )
            self._raise_moved(
                self.env._(
                    "“%(name)s” is in the state “%(state)s” and cannot go to “%(target)s”.",
                    name=name,
                    state=labels.get(state),
                    target=labels.get(target),
                )
            )
        self._unlocked().write({self._state_field: target, **vals})
