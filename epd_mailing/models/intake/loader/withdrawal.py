from collections import defaultdict
from decimal import Decimal

from ....tools import money
from .payment import get_days, get_known_payments, get_sum_due
from .writer import BulkWriter

WITHDRAWN_AT_ONCE = 2000  # payments taken back and committed together


class PaymentWithdrawal:
    """Takes the payments of a register back, in slices like the loading.

    They are subtracted from the balances and forgotten, so that the register can be loaded again.
    Payments of other registers stay. What the register itself had replaced does not come back: which
    is said before.

    :param loading: the ``epd.import``
    """

    def __init__(self, loading):
        self.loading, self.env = loading, loading.env
        self.writer = BulkWriter(loading.env)

    def take_slice(self):
        """Take back the next payments.

        :return: how many, 0 when there are none left
        """
        lines = (
            self.env["epd.account.payment"]
            .sudo()
            .search(
                [("import_id", "=", self.loading.id)],
                order="balance_id, id",
                limit=WITHDRAWN_AT_ONCE,
            )
        )
        balances, count = lines.balance_id, len(lines)
        if not count:
            return 0
        sums = defaultdict(Decimal)
        for line in lines:
            sums[line.balance_id.id] += money.to_decimal(line.amount)
        lines.unlink()
        rest = get_known_payments(balances)
        changed, touched = [], set()
        for balance in self.env["epd.account.balance"].browse(balances.ids):
            days = get_days(rest[balance.id].values())
            paid = money.to_decimal(balance.paid) - sums[balance.id]
            others = sum((payment.amount for payment in rest[balance.id].values()), Decimal(0))
            if paid < 0 <= others:  # another sum was written over it meanwhile
                paid = others
            vals = {"paid": paid, **{name: day or False for name, day in days.items()}}
            moved = self.writer.drop_same(balance, vals)
            if moved:
                changed.append((balance.id, {**moved, **get_sum_due(balance, moved)}))
                touched.add(balance.account_id.id)
        self.writer.update("epd.account.balance", changed)
        if touched:
            self.env["epd.account.balance"]._touch_documents_of(touched, balances.period_id.ids)
        return count
