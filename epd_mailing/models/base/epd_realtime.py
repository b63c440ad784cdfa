from odoo import models

CHANNEL = "epd_mailing/"
NOTICE = "epd_mailing/progress"


class EpdRealtime(models.AbstractModel):
    """Records whose work in the background is followed on open screens, over Odoo's bus.

    A notice carries the model and the id alone: the screen reads again what its user may see.
    Who may follow a record is decided at ``ir.websocket``.
    """

    _name = "epd.live"
    _description = "Followed on Screen"
    # a change of one of these is notified
    _notified_fields = frozenset({"state", "wait_reason", "pause_reason", "refreshed_at"})

    def _tell_screens(self):
        """Have the screens that show these records read them again, once this is committed."""
        for record in self:
            # the channel is a record: only who may read it is subscribed, see ir.websocket
            self.env["bus.bus"]._sendone(record, NOTICE, {"model": record._name, "id": record.id})

    def write(self, vals):
        res = super().write(vals)
        if self._notified_fields.intersection(vals):
            self._tell_screens()
        return res
