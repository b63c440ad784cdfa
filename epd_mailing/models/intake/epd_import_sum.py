import base64
from array import array
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools import figures
from ...tools.money import to_decimal
from ..charge.control_sums import Compared, get_previous_period
from .gone_parts import GoneParts

# what a kind of file is compared with: the column of last month's figures
_FIGURES = {
    "charge": ("total",),
    "balance": tuple(figures.DUE_SIGNS),
    "payment": ("paid",),
}
# what a month charges is much the same each month; debts and payments are not
_STEADY = ("total", "charged")


class EpdImportSum(models.Model):
    """A control sum of a file beside last month's: of one figure, of a building and a payee or of a service.

    Last month's is that of the whole building or service, whether the file has all its accounts or not.
    One with ``gone_count`` is of a building or a service that has no charges any more, see ``GoneParts``.
    """

    _name = "epd.import.sum"
    _description = "Control Sum of a Loaded File"
    _inherit = ["epd.field.guard"]
    _order = "import_id, figure, building_id, payee_id, service_id, id"
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
    service_id = fields.Many2one(
        "epd.service",
        readonly=True,
        ondelete="cascade",
        help="Of a sum by service; it says once more what stands by building and payee.",
    )
    row_count = fields.Integer(string="Rows", readonly=True)
    amount = fields.Monetary(string="In the File", readonly=True)
    previous = fields.Monetary(string="Last Month", readonly=True)
    is_compared = fields.Boolean(
        readonly=True, help="There are such figures of the month before at all."
    )
    moved = fields.Char(string="Moved By, %", compute="_compute_moved")
    is_jump = fields.Boolean(
        string="Jump",
        compute="_compute_moved",
        help="The sum moved by more than the company's threshold against the month before.",
    )
    jumped = fields.Binary(
        readonly=True,
        attachment=False,
        help="Ids of accounts with a service whose sum in the file jumped, 4 bytes each.",
    )
    has_jumped = fields.Boolean(compute="_compute_has_jumped")
    gone_count = fields.Integer(
        string="Accounts",
        readonly=True,
        help="Accounts that had charges last month, of a house or service that has none now.",
    )
    is_forgotten = fields.Boolean(readonly=True, help="It seems to be missing in the file.")

    @api.depends(
        "amount", "previous", "is_compared", "is_forgotten", "gone_count",
        "company_id.epd_jump_percent",
    )  # fmt: skip
    def _compute_moved(self):
        for line in self:
            sums = Compared(to_decimal(line.amount), to_decimal(line.previous))
            threshold = line.company_id.epd_jump_percent
            line.moved = line.is_compared and sums.percent_text
            line.is_jump = bool(
                line.is_compared
                and threshold
                and line.figure in _STEADY
                and sums.jumps(threshold)
                and (line.is_forgotten or not line.gone_count)
            )

    @api.depends("jumped")
    def _compute_has_jumped(self):
        found = self.sudo().search([("id", "in", self.ids), ("jumped", "!=", False)])
        for line in self:
            line.has_jumped = line._origin in found

    def action_open_jumped(self):
        """Open the accounts with a service whose sum in the file jumped."""
        self.ensure_one()
        self.check_access("read")
        packed = base64.b64decode(self.sudo().with_context(bin_size=False).jumped or b"")
        domain = [("id", "in", sorted(set(array("i", packed))))]
        return self._open_accounts(self.env._("Accounts Whose Sums Jumped"), domain)

    def action_open_gone(self):
        """Open the accounts that had charges last month, of a house or service that has none now."""
        self.ensure_one()
        self.check_access("read")
        previous = get_previous_period(self.import_id.period_id)
        column = "building_id" if self.building_id else "service_id"
        charges = [
            ("period_id", "=", previous.id),
            (column, "=", self[column].id),
            ("building_id", "!=", False),
            ("total", "!=", 0),
        ]
        # those that are counted, see GoneParts
        still_open = ["|", ("date_close", "=", False)]
        still_open += [("date_close", ">=", self.import_id.period_id.date_start)]
        name = self.env._("Charged Last Month, Nothing Now")
        return self._open_accounts(name, [("charge_ids", "any", charges), *still_open])

    def _open_accounts(self, name, domain):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "epd_mailing.epd_personal_account_action"
        )
        return {**action, "name": name, "domain": domain, "context": {"active_test": False}}

    @api.model
    def _add(self, loading, sums):
        """Add the sums of a slice.

        :param sums: ``{SumKey: Sum}`` of ``loader/base.py``
        """
        if not sums:
            return
        records = self.sudo().with_context(bin_size=False)
        known = {r._get_key(): r for r in records.search([("import_id", "=", loading.id)])}
        fresh = []
        for key, added in sums.items():
            record = known.get(tuple(key))
            if record:
                vals = {
                    "row_count": record.row_count + added.rows,
                    "amount": float(to_decimal(record.amount) + added.amount),
                }
                if added.jumped:
                    vals["jumped"] = self._pack(added.jumped, record.jumped)
                record.write(vals)
            else:
                fresh.append(
                    {
                        "import_id": loading.id,
                        "figure": key.figure,
                        "building_id": key.building_id or False,
                        "payee_id": key.payee_id or False,
                        "service_id": key.service_id or False,
                        "row_count": added.rows,
                        "amount": float(added.amount),
                        "jumped": self._pack(added.jumped),
                    }
                )
        records.create(fresh)

    def _get_key(self):
        """Return what tells the sum from the others of its file, as a tuple."""
        return self.figure, self.building_id.id or 0, self.payee_id.id or 0, self.service_id.id or 0

    @staticmethod
    def _pack(account_ids, known=b""):
        """Return account ids behind those that are packed already, as the field has them."""
        packed = base64.b64decode(known or b"") + array("i", sorted(account_ids)).tobytes()
        return base64.b64encode(packed) if packed else False

    @api.model
    def _compare(self, loading):
        """Put last month's figures beside those of the file, once all of it was read."""
        if loading.kind not in _FIGURES or not loading.period_id:
            return
        previous = get_previous_period(loading.period_id)
        if not previous:
            return
        found = self._get_previous(loading, previous)
        if not any(found.values()):
            return
        for record in self.sudo().search([("import_id", "=", loading.id)]):
            amount = found.get(record._get_key(), Decimal(0))
            record.write({"previous": float(amount), "is_compared": True})
        if loading.kind == "charge":
            self._add_gone(loading)

    def _add_gone(self, loading):
        """Add the houses and services that have no charges any more, as sums of nothing."""
        self.sudo().create(
            [
                {
                    "import_id": loading.id,
                    "figure": "total",
                    part.column: part.record_id,
                    "previous": float(part.amount),
                    "is_compared": True,
                    "gone_count": part.accounts,
                    "is_forgotten": part.is_covered,
                }
                for part in GoneParts(loading).find()
            ]
        )

    def _get_previous(self, loading, period):
        """Return ``{(figure, building id, bank account id, service id): roubles}`` of a period."""
        if loading.kind == "charge":
            query = SQL(
                "SELECT charge.building_id, provision.payee_id, charge.service_id,"
                "       sum(charge.total)::text"
                " FROM epd_charge charge LEFT JOIN (%(valid)s) AS provision"
                "   ON provision.building_id = charge.building_id"
                "  AND provision.service_id = charge.service_id"
                " WHERE charge.period_id = %(period)s AND charge.company_id = %(company)s"
                " GROUP BY GROUPING SETS ((1, 2), (3))",
                valid=self.env["epd.service.provision"]._get_valid_query(period),
                period=period.id,
                company=loading.company_id.id,
            )
        else:
            names = [
                SQL("sum(balance.%s)::text", SQL.identifier(n)) for n in _FIGURES[loading.kind]
            ]
            query = SQL(
                "SELECT account.building_id, balance.payee_id, NULL, %(sums)s"
                " FROM epd_account_balance balance"
                " JOIN epd_personal_account account ON account.id = balance.account_id"
                " WHERE balance.period_id = %(period)s AND balance.company_id = %(company)s"
                " GROUP BY 1, 2",
                sums=SQL(", ").join(names),
                period=period.id,
                company=loading.company_id.id,
            )
        self.env.flush_all()
        return {
            (figure, building_id or 0, payee_id or 0, service_id or 0): Decimal(amount or 0)
            for building_id, payee_id, service_id, *amounts in self.env.execute_query(query)
            for figure, amount in zip(_FIGURES[loading.kind], amounts, strict=True)
        }
