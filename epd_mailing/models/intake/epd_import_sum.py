from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import figures
from ...tools.money import to_decimal

# what a kind of file is compared with: the column of last month's figures
_FIGURES = {
    "charge": ("total",),
    "balance": tuple(figures.DUE_SIGNS),
    "payment": ("paid",),
}


class EpdImportSum(models.Model):
    """A control sum of a file: roubles of one figure, building and payee, beside last month's."""

    _name = "epd.import.sum"
    _description = "Control Sum of a Loaded File"
    _inherit = ["epd.field.guard"]
    _order = "import_id, figure, building_id, payee_id, id"
    _rec_names_search = ["import_id"]

    import_id = fields.Many2one("epd.import", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="import_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="import_id.currency_id")
    figure = fields.Selection(
        [
            ("total", "Charged in all"),
            ("opening", "Debt (+) / advance (-) at the start"),
            ("charged", "Charged"),
            ("paid", "Paid"),
            ("penalty", "Penalty"),
            ("court_costs", "Court costs"),
        ],
        required=True,
        readonly=True,
    )
    building_id = fields.Many2one("epd.building", readonly=True, ondelete="cascade")
    payee_id = fields.Many2one("res.partner.bank", readonly=True, ondelete="cascade")
    row_count = fields.Integer(string="Rows", readonly=True)
    amount = fields.Monetary(string="In the File", readonly=True)
    previous = fields.Monetary(string="Last Month", readonly=True)

    @api.model
    def _add(self, order, sums):
        """Add the sums of a slice.

        :param sums: ``{(figure, building id, bank account id): [rows, roubles]}``
        """
        if not sums:
            return
        records = self.sudo()
        known = {
            (r.figure, r.building_id.id or 0, r.payee_id.id or 0): r
            for r in records.search([("import_id", "=", order.id)])
        }
        fresh = []
        for key, (count, amount) in sums.items():
            record = known.get(key)
            if record:
                total = to_decimal(record.amount) + amount
                record.write({"row_count": record.row_count + count, "amount": float(total)})
            else:
                fresh.append(
                    {
                        "import_id": order.id,
                        "figure": key[0],
                        "building_id": key[1] or False,
                        "payee_id": key[2] or False,
                        "row_count": count,
                        "amount": float(amount),
                    }
                )
        records.create(fresh)

    @api.model
    def _compare(self, order):
        """Put last month's figures beside those of the file, once all of it was read."""
        if order.kind not in _FIGURES or not order.period_id:
            return
        previous = self.env["epd.billing.period"].search(
            [
                ("company_id", "=", order.company_id.id),
                ("date_start", "=", fields.Date.subtract(order.period_id.date_start, months=1)),
            ],
            limit=1,
        )
        if not previous:
            return
        found = self._get_previous(order, previous)
        for record in self.sudo().search([("import_id", "=", order.id)]):
            key = (record.figure, record.building_id.id or 0, record.payee_id.id or 0)
            record.previous = float(found.get(key, Decimal(0)))

    def _get_previous(self, order, period):
        """Return ``{(figure, building id, bank account id): roubles}`` of a period."""
        if order.kind == "charge":
            query = SQL(
                "SELECT charge.building_id, provision.payee_id, sum(charge.total)::text"
                " FROM epd_charge charge LEFT JOIN (%(valid)s) AS provision"
                "   ON provision.building_id = charge.building_id"
                "  AND provision.service_id = charge.service_id"
                " WHERE charge.period_id = %(period)s AND charge.company_id = %(company)s"
                " GROUP BY 1, 2",
                valid=self.env["epd.service.provision"]._get_valid_query(period),
                period=period.id,
                company=order.company_id.id,
            )
        else:
            names = [SQL("sum(balance.%s)::text", SQL.identifier(n)) for n in _FIGURES[order.kind]]
            query = SQL(
                "SELECT account.building_id, balance.payee_id, %(sums)s"
                " FROM epd_account_balance balance"
                " JOIN epd_personal_account account ON account.id = balance.account_id"
                " WHERE balance.period_id = %(period)s AND balance.company_id = %(company)s"
                " GROUP BY 1, 2",
                sums=SQL(", ").join(names),
                period=period.id,
                company=order.company_id.id,
            )
        self.env.flush_all()
        return {
            (figure, building_id or 0, payee_id or 0): Decimal(amount or 0)
            for building_id, payee_id, *amounts in self.env.execute_query(query)
            for figure, amount in zip(_FIGURES[order.kind], amounts, strict=True)
        }
