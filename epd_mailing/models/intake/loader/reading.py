from odoo.tools import SQL

from ....tools import figures
from .base import register
from .figures import FigureLoader


@register
class ReadingLoader(FigureLoader):
    """Meter readings: a meter has one in each tariff zone, whatever the service."""

    kind = "reading"
    model = "epd.meter.reading"
    key_names = ("meter_number", "zone")
    names = (*figures.READING.names, "service_id")

    def match_parents(self, records):
        """Return the service of each record; a meter that is known by its place gets its number."""
        services = self.matcher.match_services(records)
        placed = [
            (record, service)
            for record, service in zip(records, services, strict=True)
            if service and record.values.get("meter_place")
        ]
        unknown = self._name_meters(placed) if placed else ()
        return [
            None if id(record) in unknown else service
            for record, service in zip(records, services, strict=True)
        ]

    def _name_meters(self, placed):
        """Give each record the number of the account's meter: «ХВС №1» says no more than its place.

        A meter that was recorded under this very heading stays it; the only meter of a service is
        its first. Which of several is meant is for a person to say.

        :return: set of ``id()`` of the records whose meter is not known
        """
        accounts = self.matcher.find_accounts(list({r.values["account"] for r, _s in placed}))
        meters = self._get_meters([account.id for account in accounts.values()])
        unknown = set()
        for record, service in placed:
            values = record.values
            account = accounts.get(values["account"])
            own = meters.get((account.id, service.id), []) if account else []
            if not own or values["meter_number"] in own:
                continue
            if len(own) == 1 and values["meter_place"] == 1:
                values["meter_number"] = own[0]
                continue
            self.problem(record, "meter_number", "which_meter", ", ".join(own))
            unknown.add(id(record))
        return unknown

    def _get_meters(self, account_ids):
        """Return ``{(account id, service id): [numbers]}`` of the meters read in the last year."""
        rows = self.env.execute_query(
            SQL(
                "SELECT reading.account_id, reading.service_id,"
                " array_agg(DISTINCT reading.meter_number ORDER BY reading.meter_number)"
                " FROM epd_meter_reading reading JOIN epd_billing_period period"
                " ON period.id = reading.period_id WHERE reading.account_id = ANY(%s)"
                " AND period.date_start > %s::date - interval '1 year' GROUP BY 1, 2",
                account_ids,
                self.target.period.date_start,
            )
        )
        return {(account, service): numbers for account, service, numbers in rows}

    def get_key(self, record, account, parent):
        """Return account, meter and zone."""
        return account.id, record.values["meter_number"], record.values.get("zone") or ""

    def get_vals(self, record, account, parent):
        """Return the figures; the consumption follows where it is not given."""
        vals, values = super().get_vals(record, account, parent), record.values
        vals["service_id"] = parent.id
        both = values.get("previous"), values.get("current")
        if "consumption" not in vals and None not in both:
            vals["consumption"] = self.as_kept("consumption", both[1] - both[0])
        return vals

    def get_new_vals(self, line):
        """Return also the meter."""
        values = line.record.values
        return {
            **super().get_new_vals(line),
            "meter_number": values["meter_number"],
            "zone": values.get("zone") or "",
        }
