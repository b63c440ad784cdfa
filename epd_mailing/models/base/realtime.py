from odoo import models

CHANNEL = "epd_mailing/"
NOTICE = "epd_mailing/progress"


class EpdRealtime(models.AbstractModel):
    """Records whose work in the background is followed on open screens, over Odoo's bus.

    A notice carries the model and the id alone: the screen reads again what its user may see.
    """

    _name = "epd.live"
    _description = "Followed on Screen"
    # a change of one of these is sent to the screens
    _notified_fields = frozenset({"state", "wait_reason", "pause_reason", "refreshed_at"})

    def _notify_screens(self):
        """Have the screens that show these records read them again, once this is committed."""
        for record in self:
            # the channel is a record: only who may read it is subscribed, see ir.websocket
            self.env["bus.bus"]._sendone(record, NOTICE, {"model": record._name, "id": record.id})

    def write(self, vals):
        res = super().write(vals)
        if self._notified_fields.intersection(vals):
            self._notify_screens()
        return res


class IrWebsocket(models.AbstractModel):
    """Screens ask for ``epd_mailing/<model>/<id>``; they get it when the user may read the record."""

    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        asked = [name for name in channels if isinstance(name, str) and name.startswith(CHANNEL)]
        others = [name for name in channels if name not in asked]
        return super()._build_bus_channel_list([*others, *self._epd_get_records(asked)])

    def _epd_get_records(self, names):
        """Return the records behind channel names that the user may follow."""
        records = []
        registry = self.env.registry
        for name in names:
            model, _sep, res_id = name.removeprefix(CHANNEL).partition("/")
            if model not in registry or not issubclass(registry[model], registry["epd.live"]):
                continue
            if not res_id.isdecimal() or len(res_id) > 9:
                continue
            # the session's own companies are not known to a socket: all of the user's count
            user = self.env.user
            record = (
                self.env[model]
                .with_context(allowed_company_ids=user._get_company_ids())
                .browse(int(res_id))
                .exists()
            )
            if record and record.has_access("read"):
                records.append(record)
        return records
