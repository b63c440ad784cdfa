from odoo import api, fields, models
from odoo.fields import Domain

from ...tools.query_plan import switch_off_jit


class EpdDrilldown(models.AbstractModel):
    """Records found by a number on a screen: «one click from its records».

    Ids of 100 000 records would be a heavy domain for the web client, and old by the time it is
    used. ``("behind", "=", "<record id>:<what>")`` is looked up in the database each time instead.
    The room of the screen says which records they are, see :meth:`_get_drilldown_domain`.
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
            if res_id.isdecimal() and len(res_id) < 10:
                found |= self._get_drilldown_domain(int(res_id), what)
        return found

    @api.model
    def _get_drilldown_domain(self, res_id, what):
        """Return the domain of this model's records that a number stands for.

        :param res_id: id of the record whose screen shows the number
        :param what: name of the number, e.g. ``unsaved``
        """
        return Domain.FALSE
