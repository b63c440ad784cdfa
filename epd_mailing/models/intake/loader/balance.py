from decimal import Decimal

from .base import register
from .figures import FigureLoader


class PayeeFigures(FigureLoader):
    """Figures of an account with one payee."""

    model = "epd.account.balance"
    key_names = ("payee_id",)

    def match_parents(self, records):
        """Return the payee of each record."""
        return [self.matcher.match_payee(record) for record in records]

    def get_key(self, record, account, parent):
        """Return account and payee."""
        return account.id, parent.id


@register
class BalanceLoader(PayeeFigures):
    """Balances of accounts with their payees."""

    kind = "balance"
    names = (
        "opening", "paid", "paid_through", "last_payment_date", "charged", "penalty", "court_costs",
    )  # fmt: skip

    def get_new_vals(self, line):
        """Return also what is due, as the model would compute it."""
        values = line.record.values

        def figure(name):
            return values.get(name) or Decimal(0)

        due = figure("opening") - figure("paid") + figure("charged")
        return {
            **super().get_new_vals(line),
            "payee_id": line.parent.id,
            "due": float(due + figure("penalty") + figure("court_costs")),
        }
