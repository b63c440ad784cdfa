"""Houses and services that had charges last month and have none once a file is loaded."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal

from odoo.tools import SQL

from ..charge.control_sums import KINDS, get_previous_period


@dataclass(frozen=True)
class GonePart:
    """A house or a service without charges.

    :param column: ``building_id`` or ``service_id``
    :param record_id: of the house or the service
    :param amount: last month's charges of it, roubles
    :param accounts: how many accounts they stood on
    :param is_covered: the file seems to have forgotten it; see :class:`GoneParts`
    """

    column: str
    record_id: int
    amount: Decimal
    accounts: int
    is_covered: bool


class GoneParts:
    """Houses and services that had charges in the month before and have none in this one.

    "None" is: neither in the file nor loaded for the month already. Accounts that are closed by now
    do not count. All of them are shown; one that the file seems to have forgotten is marked:

    ========  ================================================================================
    house     the file has more than half of the houses that had its services last month: a file
              of one house, or of one supplier's houses, marks none of the others
    service   a house of the file had it last month, and the file has another service paid to the
              same bank account there: a file of one supplier marks nothing of the others. Where
              the file is said to hold all of the month, the first half is enough
    ========  ================================================================================

    The file "has" a house or a service when it has more than half as many rows of it as there were
    charges last month: a file of corrections, a few rows of each, marks nothing.

    What a file with all of the month removes from its accounts is listed line by line besides.

    :param loading: ``epd.import`` of charges that was checked to its end
    """

    def __init__(self, loading):
        self.loading, self.env = loading, loading.env
        self.previous = get_previous_period(loading.period_id)
        self.buildings = self._count_rows("building_id", loading.sudo().sum_ids)
        self.services = self._count_rows("service_id", loading.sudo().service_sum_ids)

    @staticmethod
    def _count_rows(column, sums):
        """Return ``{record id: rows of the file}`` of houses or services."""
        rows = Counter()
        for one in sums:
            rows[one[column].id] += one.row_count
        return rows

    def find(self):
        """Return the parts that are gone (list of :class:`GonePart`)."""
        self.env.flush_all()
        before, now = self._read_pairs(self.previous), self._read_pairs(self.loading.period_id)
        seen = {
            "building_id": {*self.buildings, *(building_id for building_id, _service_id in now)},
            "service_id": {*self.services, *(service_id for _building_id, service_id in now)},
        }
        had = {
            "building_id": {building_id for building_id, _service_id in before},
            "service_id": {service_id for _building_id, service_id in before},
        }
        covered = self._get_covered(before)
        return [
            GonePart(column, record_id, amount, accounts, record_id in covered[column])
            for column in KINDS.values()
            for record_id, amount, accounts in self._add_up(column, had[column] - seen[column])
        ]

    def _read_pairs(self, period):
        """Return ``{(building id, service id): how many charges}`` of a month."""
        rows = self.env.execute_query(
            SQL(
                "SELECT charge.building_id, charge.service_id, count(*) FROM %s GROUP BY 1, 2",
                self._get_charges(period),
            )
        )
        return {(building_id, service_id): count for building_id, service_id, count in rows}

    def _get_charges(self, period):
        """Return SQL of the charges of a month that say something, of accounts still open."""
        return SQL(
            "epd_charge charge JOIN epd_personal_account account ON account.id = charge.account_id"
            " WHERE charge.period_id = %s AND charge.company_id = %s AND charge.total <> 0"
            "   AND charge.building_id IS NOT NULL"
            "   AND (account.date_close IS NULL OR account.date_close >= %s)",
            period.id,
            self.loading.company_id.id,
            self.loading.period_id.date_start,
        )

    def _add_up(self, column, record_ids):
        """Return ``(record id, roubles, accounts)`` of last month, of these houses or services."""
        if not record_ids:
            return []
        name = SQL.identifier(column)
        query = SQL(
            "SELECT charge.%(name)s, sum(charge.total)::text, count(DISTINCT charge.account_id)"
            "  FROM %(charges)s AND charge.%(name)s = ANY(%(ids)s) GROUP BY 1 ORDER BY 1",
            name=name,
            charges=self._get_charges(self.previous),
            ids=list(record_ids),
        )
        return [(one, Decimal(total), count) for one, total, count in self.env.execute_query(query)]

    def _get_covered(self, before):
        """Return ``{column: ids}`` of what the file covers by the rule above.

        :param before: ``{(building id, service id): how many charges}`` of the month before
        """
        houses, expected = Counter(), Counter()
        for (building_id, service_id), count in before.items():
            if service_id in self.services:
                houses[building_id] += count
            if building_id in self.buildings:
                expected[service_id] += count
        present = [one for one, count in houses.items() if 2 * self.buildings[one] > count]
        most = 2 * len(present) > len(houses)
        had = {one for one, rows in self.services.items() if 2 * rows > expected[one]}
        own, payees = {pair for pair in before if pair[0] in self.buildings}, self._get_payees()
        services_of, told = defaultdict(set), set()
        for pair in own:
            services_of[pair[0], payees.get(pair, 0)].add(pair[1])
        for services in services_of.values():
            if self.loading.scope == "whole" or services & had:
                told |= services
        return {"building_id": set(houses) if most else set(), "service_id": told}

    def _get_payees(self):
        """Return ``{(building id, service id): bank account id}`` of the month before."""
        query = self.env["epd.service.provision"]._get_valid_query(self.previous)
        return {
            (building, service): payee for building, service, payee in self.env.execute_query(query)
        }
