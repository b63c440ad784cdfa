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
        """Return the service of each record."""
        return self.matcher.match_services(records)

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
