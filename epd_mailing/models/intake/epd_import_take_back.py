from collections import defaultdict
from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import UserError

from ...tools import money

TAKEN_BACK = 2000  # payments taken back and committed together


class EpdImport(models.Model):
    """A register that should not have been loaded is taken back, in slices like the loading.

    Its payments are subtracted from the balances and forgotten, so it can be loaded again. Payments
    of other registers stay. What the register itself had replaced does not come back: that is said
    before.
    """

    _inherit = "epd.import"

    has_payments = fields.Boolean(compute="_compute_has_payments")

    def _compute_has_payments(self):
        found = {
            order.id
            for (order,) in self.env["epd.account.payment"]._read_group(
                [("import_id", "in", self.ids)], ["import_id"]
            )
        }
        for order in self:
            order.has_payments = order.id in found

    def action_take_back(self):
        """«Take Payments Back»: subtract what this file brought, in the background.

        :raise UserError: when it brought none
        """
        orders = self._check_user_may()
        for order in orders:
            if not order.has_payments:
                raise UserError(self.env._("No payment recorded now came from this file."))
            order._move(
                "taking_back",
                phase="take_back",
                position=0,
                total_size=len(order.payment_ids),
                pause_reason=False,
                user_id=self.env.uid,
            )
        self._wake_worker()
        return True

    def action_open_payments(self):
        """Open the payments that this file brought."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "epd_mailing.epd_account_payment_action"
        )
        return {**action, "domain": [("import_id", "=", self.id)], "context": {}}

    def _work_slice(self):
        """Take back the next payments; return how many, None when there are none left."""
        lines = (
            self.env["epd.account.payment"]
            .sudo()
            .search([("import_id", "=", self.id)], order="balance_id, id", limit=TAKEN_BACK)
        )
        if not lines:
            text = self.env._("Payments taken back: %s", int(self.total_size))
            self._move("taken_back", finished_at=fields.Datetime.now())
            self.message_post(body=text)
            return None
        balances, count = lines.balance_id, len(lines)
        sums = defaultdict(Decimal)
        for line in lines:
            sums[line.balance_id.id] += money.to_decimal(line.amount)
        lines.unlink()
        rest = self._get_known_payments(balances)
        changed = []
        for balance in self.env["epd.account.balance"].browse(balances.ids):
            days = self._get_days(rest[balance.id].values())
            paid = money.to_decimal(balance.paid) - sums[balance.id]
            others = sum((payment.amount for payment in rest[balance.id].values()), Decimal(0))
            if paid < 0 <= others:  # another sum was written over it meanwhile
                paid = others
            vals = {"paid": paid, **{name: day or False for name, day in days.items()}}
            changed.append((balance, self._drop_same(balance, vals)))
        self._write_many("epd.account.balance", [], changed)
        self.position += count
        return count
