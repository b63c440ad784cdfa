from odoo import models

from ..base.epd_realtime import CHANNEL


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
        followed = self.env.registry["epd.live"]._inherit_children
        for name in names:
            model, _sep, res_id = name.removeprefix(CHANNEL).partition("/")
            if model not in followed or not res_id.isdecimal() or len(res_id) > 9:
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
