from odoo import api, fields, models
from odoo.tools import SQL


class EpdCompanyRow(models.AbstractModel):
    """A row for each thing of a list and each company; what it says is asked whenever it is read.

    A model that uses it has ``_auto = False`` and a field ``name`` with ``search="_search_name"``.
    """

    _name = "epd.company.row"
    _description = "Row of a List for Each Company"
    _order = "sequence"

    code = fields.Char(readonly=True)
    sequence = fields.Integer(readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)

    @api.model
    def _get_listed(self):
        """Return the things of the list (tuple, at most 99): each has ``code`` and ``title``."""
        return ()

    @api.model
    def _get_company_condition(self):
        """Return SQL of whether ``company`` has the list."""
        return SQL("company.active")

    @property
    def _table_query(self):
        codes = SQL(", ").join(
            SQL("(%s, %s)", number, thing.code)
            for number, thing in enumerate(self._get_listed(), start=1)
        )
        return SQL(
            """
            SELECT company.id * 100 + listed.sequence AS id, listed.sequence, listed.code,
                   company.id AS company_id
              FROM res_company company
              CROSS JOIN (VALUES %s) AS listed(sequence, code)
             WHERE %s
            """,
            codes,
            self._get_company_condition(),
        )

    @api.model
    def _search_name(self, operator, value):
        if operator != "ilike":
            return NotImplemented
        typed = str(value).lower()
        things = self._get_listed()
        found = [thing.code for thing in things if typed in self.env._(thing.title).lower()]
        return [("code", "in", found)]
