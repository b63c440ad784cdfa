from odoo import api, models

# A context that comes over RPC is JSON: no caller can hand in this very object.
QUIET = object()
_SILENCING = ("tracking_disable", "mail_notrack", "mail_create_nolog")


class EpdThread(models.AbstractModel):
    """A chatter that no caller silences.

    Odoo keeps no old and new values where the context says ``tracking_disable``, ``mail_notrack`` or
    ``mail_create_nolog``, and the context is the caller's. Here only the program's own work is quiet,
    whose outcome stands elsewhere: it says so with :data:`QUIET` in place of True.
    See ``mail/models/mail_thread.py`` of Odoo 19.0, seen 2026-11.
    """

    _name = "epd.thread"
    _description = "Chatter That Is Always Kept"
    _inherit = ["mail.thread"]

    def _heard(self):
        """Return the records without what the caller's context says against the chatter."""
        context = self.env.context
        said = {
            name: False for name in _SILENCING if context.get(name) and context[name] is not QUIET
        }
        return self.with_context(**said) if said else self

    @api.model_create_multi
    def create(self, vals_list):
        heard = self._heard()
        return super(EpdThread, heard).create(vals_list).with_env(self.env)

    def write(self, vals):
        return super(EpdThread, self._heard()).write(vals)

    def _compute_field_value(self, field):
        return super(EpdThread, self._heard())._compute_field_value(field)
