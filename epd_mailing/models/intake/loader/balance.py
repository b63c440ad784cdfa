from ....tools import figures
from .base import register
from .figures import FigureLoader

DUE_OF = tuple(figures.DUE_SIGNS)


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
    names = figures.BALANCE.names

    def get_further(self, names):
        """Return the sum due and what makes it, to write it and to know what it was."""
        return set() if self.dry else {"due", *DUE_OF}

    def get_new_vals(self, line):
        """Return also what is due, as the model would compute it."""
        columns = dict.fromkeys(DUE_OF, 0) | line.vals
        return {
            **super().get_new_vals(line),
            "payee_id": line.parent.id,
            "due": float(figures.expected_due(columns)),
        }

    def get_sums(self, line, different):
        """Return the sum due, where a column of it changes."""
        if not any(name in different for name in DUE_OF):
            return {}
        return {"due": float(figures.expected_due({**line.existing, **different}))}

    def add_up(self, lines):
        """Add the figures of the lines, by building and payee."""
        for line in lines:
            for name in DUE_OF:
                amount = line.record.values.get(name)
                if amount:
                    self.add_sum(name, amount, line.account.building_id, line.parent.id)
