from odoo import fields, models
from odoo.fields import Domain

from ...tools.query_plan import switch_off_jit


class EpdBehind(models.AbstractModel):
    """Records found by a number on the screen of a run: «one click from its records».

    Ids of 100 000 records would be a heavy domain for the web client, and old by the time it is
    used. ``("behind", "=", "<run id>:<what>")`` is looked up in the database each time instead.
    """

    _name = "epd.behind"
    _description = "Found by a Number on the Screen"

    behind = fields.Char(
        compute="_compute_behind", search="_search_behind", help="For searches only."
    )

    def _compute_behind(self):
        self.behind = False

    def _search_behind(self, operator, value):
        if operator != "in":
            return NotImplemented
        found = Domain.FALSE
        switch_off_jit(self.env.cr)
        for key in value:
            res_id, _sep, what = str(key or "").partition(":")
            run = self.env["epd.billing.run"].browse(int(res_id) if res_id.isdecimal() else 0)
            if run.exists() and run.has_access("read"):
                found |= run._get_behind_domain(what, self._name)
        return found
