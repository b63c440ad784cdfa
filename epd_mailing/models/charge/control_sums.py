"""What a month comes to in roubles, beside the month before."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

from dateutil.relativedelta import relativedelta
from odoo.tools import SQL

from ...tools.money import format_money, to_decimal
from .charge_groups import ChargeGroups

BALANCES = ("opening", "paid", "due")
KINDS = {"building": "building_id", "service": "service_id"}


def format_percent(percent):
    """Return a move in percent (Decimal) with its sign, as people write it: ``+12,5``."""
    return f"{percent:+}".replace(".", ",").replace("-", "−")


@dataclass(frozen=True)
class Compared:
    """A sum of this month beside that of the month before, roubles."""

    now: Decimal = Decimal(0)
    before: Decimal = Decimal(0)

    def __add__(self, other):
        return Compared(self.now + other.now, self.before + other.before)

    @property
    def percent(self):
        """Return by how many percent it moved (Decimal, 1 place); None where there was nothing."""
        if not self.before:
            return None
        moved = (self.now - self.before) / abs(self.before) * 100
        return moved.quantize(Decimal("0.1"), ROUND_HALF_UP)

    @property
    def percent_text(self):
        """Return by how many percent it moved, as people write it; empty where there was nothing."""
        return "" if self.percent is None else format_percent(self.percent)

    def jumps(self, threshold):
        """Tell whether it moved by more than ``threshold`` percent; what is new or gone has.

        By the sums, as ``get_accounts_query`` does, not by the percent that is rounded for people.
        """
        return abs(self.now - self.before) * 100 > abs(self.before) * threshold

    def describe(self, env):
        """Return both sums and the move between them in words."""
        if self.percent is None:
            return env._("%s (nothing last month)", format_money(self.now))
        return env._(
            "%(now)s (last month %(before)s, %(moved)s %%)",
            now=format_money(self.now),
            before=format_money(self.before),
            moved=self.percent_text,
        )


@dataclass(frozen=True)
class Jump:
    """A house or a service whose charges moved by more than the company's threshold.

    :param kind: ``building`` or ``service``
    :param record: of the house or the service
    :param sums: :class:`Compared`
    """

    kind: str
    record: object
    sums: Compared


@dataclass(frozen=True)
class PayeeBalances:
    """The balances with one payee.

    :param count: balances of the month
    :param mark: what they say was charged, as :attr:`ChargeGroup.mark` says it of charges
    :param sums: ``{"opening" / "paid" / "due": Compared}``
    """

    payee_id: int
    count: int
    mark: str
    sums: dict[str, Compared]


class ControlSums:
    """Charges and balances of some accounts in a month and in the month before.

    :param env: environment with the rights of the program
    :param period: ``epd.billing.period``
    :param accounts: SQL of a subselect of account ids
    :param conditions: see :class:`ChargeGroups`
    """

    def __init__(self, env, period, accounts, conditions=None):
        self.env, self.period, self.accounts = env, period, accounts
        self.groups = ChargeGroups(env, period, self.previous, accounts, conditions)

    def is_of(self, period, accounts):
        """Tell whether these are the sums of a month (``epd.billing.period``) and of accounts (SQL)."""
        return self.period == period and self.accounts == accounts

    @cached_property
    def previous(self):
        """The billing period of the month before; empty when there is none."""
        return get_previous_period(self.period)

    @cached_property
    def _charges(self):
        """``{(kind, record id): Compared}`` of the charges; ``(None, 0)`` is all of them."""
        sums: dict[tuple, Compared] = {}
        for group in self.groups.rows:
            own = Compared(group.now, group.before)
            for key in ((None, 0), ("building", group.building_id), ("service", group.service_id)):
                sums[key] = sums.get(key, Compared()) + own
        return sums

    @property
    def charged(self):
        """All charges (:class:`Compared`)."""
        return self._charges.get((None, 0), Compared())

    @cached_property
    def owed(self):
        """List of :class:`PayeeBalances`: one reading of the balances serves sums, payees and rules."""
        self.env.flush_all()
        columns = [
            SQL(
                "SUM(%s) FILTER (WHERE period_id = %s)::text",
                SQL.identifier(name),
                period.id or 0,
            )
            for name in BALANCES
            for period in (self.period, self.previous)
        ]
        rows = self.env.execute_query(
            SQL(
                """
                SELECT payee_id, count(*) FILTER (WHERE period_id = %(now)s), %(mark)s, %(columns)s
                  FROM epd_account_balance
                 WHERE period_id IN (%(now)s, %(before)s) AND %(of_accounts)s
                 GROUP BY payee_id
                """,
                now=self.period.id,
                mark=self.groups.get_mark("charged"),
                columns=SQL(", ").join(columns),
                before=self.previous.id or 0,
                of_accounts=self.groups.of_accounts,
            )
        )
        found = []
        for payee_id, count, mark, *sums in rows:
            values = [Decimal(value or 0) for value in sums]  # all of them are rounded together
            pairs = zip(values[::2], values[1::2], strict=True)
            compared = {name: Compared(*pair) for name, pair in zip(BALANCES, pairs, strict=True)}
            found.append(PayeeBalances(payee_id, count, mark or "0", compared))
        return found

    @cached_property
    def balances(self):
        """``{"opening" / "paid" / "due": Compared}`` of the balances."""
        sums = {name: sum((owed.sums[name] for owed in self.owed), Compared()) for name in BALANCES}
        return {
            name: Compared(to_decimal(own.now), to_decimal(own.before))
            for name, own in sums.items()
        }

    def find_jumps(self):
        """Return the houses and services whose charges jumped (list of :class:`Jump`), worst first.

        Nothing where there is no month before, or the company has switched it off.
        """
        threshold = self.period.company_id.epd_jump_percent
        if not (threshold and self.groups.has_before() and self.charged.before):
            return []
        models = {"building": "epd.building", "service": "epd.service"}
        jumps = [
            Jump(kind, self.env[models[kind]].browse(record_id), sums)
            for (kind, record_id), sums in self._charges.items()
            if kind and record_id and sums.jumps(threshold)
        ]
        return sorted(jumps, key=lambda jump: -abs(jump.sums.now - jump.sums.before))

    def get_accounts_query(self, kind, record_id):
        """Return SQL of the ids of the accounts behind a jump: those whose own charges jumped.

        :param kind: ``building`` or ``service``
        :param record_id: id of the house or the service
        """
        # asked later, of whatever accounts these are then
        of_accounts = SQL("account_id IN %s", self.accounts)
        own = self._get_own_query(kind, [record_id], of_accounts)
        return SQL("(SELECT account_id FROM (%s) AS own)", own)

    def count_accounts(self, jumps):
        """Return ``{jump: number of accounts behind it}``: one statement for houses, one for services.

        :param jumps: list of :class:`Jump`
        """
        counts = {}
        for kind in KINDS:
            ids = [jump.record.id for jump in jumps if jump.kind == kind]
            if ids:
                query = SQL(
                    "SELECT record_id, count(*) FROM (%s) AS own GROUP BY record_id",
                    self._get_own_query(kind, ids, self.groups.of_accounts),
                )
                found = self.env.execute_query(query)
                counts |= {(kind, record_id): count for record_id, count in found}
        return {jump: counts.get((jump.kind, jump.record.id), 0) for jump in jumps}

    def _get_own_query(self, kind, record_ids, of_accounts):
        """Return SQL of (``account_id``, ``record_id``) of accounts whose own charges jumped there.

        :param of_accounts: SQL of a condition on a charge
        """
        self.env.flush_all()
        # account by account: else the sums of all of them are kept until the last charge is read (84 MB for
        # a service of 100 000 accounts); OFFSET has PostgreSQL take the order as it is written
        return SQL(
            """
            SELECT account_id, record_id
              FROM (SELECT account_id, %(column)s AS record_id, period_id, total
                      FROM epd_charge
                     WHERE period_id IN (%(now)s, %(before)s) AND %(of_accounts)s
                       AND %(column)s IN %(records)s
                     ORDER BY account_id, record_id OFFSET 0) AS charge
             GROUP BY account_id, record_id
            HAVING abs(COALESCE(SUM(total) FILTER (WHERE period_id = %(now)s), 0)
                     - COALESCE(SUM(total) FILTER (WHERE period_id = %(before)s), 0)) * 100
                 > abs(COALESCE(SUM(total) FILTER (WHERE period_id = %(before)s), 0))
                   * %(threshold)s
            """,
            now=self.period.id,
            before=self.previous.id or 0,
            of_accounts=of_accounts,
            column=SQL.identifier(KINDS[kind]),
            records=tuple(record_ids),
            threshold=self.period.company_id.epd_jump_percent,
        )


def get_previous_period(period):
    """Return the billing period of the month before; empty when there is none."""
    if not period:
        return period
    start = period.date_start - relativedelta(months=1)
    domain = [("company_id", "=", period.company_id.id), ("date_start", "=", start)]
    return period.search(domain, limit=1)
