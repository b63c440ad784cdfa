from odoo import models


class EpdFrozenFile(models.AbstractModel):
    """Records whose files nobody changes or deletes any more, whatever the role, over RPC too.

    The guard itself stands at ``ir.attachment``. It holds for binary fields stored as attachments
    (``res_field`` set), not for what people attach in the chatter.
    """

    _name = "epd.frozen.file"
    _description = "Files That Stay as They Are"

    def _has_frozen_files(self):
        """Return whether the files of one of these records may be neither changed nor deleted."""
        raise NotImplementedError

    def _get_frozen_digests(self):
        """Return ``{record id: SHA-256 (hex)}``: the only file that may still be added to a record."""
        raise NotImplementedError
