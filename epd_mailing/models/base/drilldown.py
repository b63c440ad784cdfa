import re

from odoo import api, fields, models
from odoo.fields import Domain

from ...tools.query_plan import switch_off_jit


class EpdDrilldown(models.AbstractModel):
    """Drilldown: the records behind a number on a screen, one click away.

    Ids of 100 000 records would be a heavy domain for the web client, and old by the time it is
    used. ``("drilldown", "=", "<run id>:<what>")`` is looked up in the database each time instead.
    """

    _name = "epd.behind"
    _description = "Found by a Number on the Screen"

    drilldown = fields.Char(
        compute="_compute_drilldown", search="_search_drilldown", help="For searches only."
    )

    def _compute_drilldown(self):
        self.drilldown = False

    def _search_drilldown(self, operator, value):
        if operator != "in":
            return NotImplemented
        found = Domain.FALSE
        switch_off_jit(self.env.cr)
        for key in value:
            res_id, _sep, what = str(key or "").partition(":")
            # what is longer is no id, and Python reads no number of 5 000 digits
            is_id = re.fullmatch("[0-9]{1,9}", res_id)
            found |= self._get_drilldown_domain(int(res_id) if is_id else 0, what)
        return found

    @api.model
    def _get_drilldown_domain(self, res_id, what):
        """Return the domain of the records of this model behind a number (for the room that counts).

        :param res_id: id of the record whose screen shows the number
        :param what: which number
        """
        return Domain.FALSE
