"""What charges rest on: buildings, services, and who provides them there and is paid."""

from collections import Counter

from .base import Loader, register
from .matching import plain

BUILDING = (
    "fias_id", "gis_house_id", "total_area", "living_area", "common_area", "entrances", "floors",
)  # fmt: skip


class SetupLoader(Loader):
    """Records that no account and no month belong to: created, or changed in what is given.

    A kind says: ``model``; :meth:`get_key`, what tells a record in the file; :meth:`find`, the one that
    is there; :meth:`get_vals`.
    """

    model = None
    what = ""

    def _take(self, records):
        keys = [self.get_key(record) for record in records]
        twins = self.marks.add([("setup", self.kind, *key) for key in keys])
        tally, fresh = Counter(), []
        for place, (record, key) in enumerate(zip(records, keys, strict=True)):
            if place in twins:
                self.problem(record, self.first, "twice", record.values[self.first])
                continue
            vals = self.get_vals(record)
            if vals is None:
                continue
            found = self.find(record, vals)
            moved = self.writer.drop_same(found, vals) if found else vals
            tally["created" if not found else "updated" if moved else "same"] += 1
            if not found:
                fresh.append(vals)
                self.matcher.planned.append((self.what, " / ".join(key), record.row))
            elif moved and not self.dry:
                found.write(moved)
        if not self.dry:
            self.env[self.model].create(fresh)
            self.matcher.planned.clear()
        tally["left"] += len(records) - tally.total()
        return tally

    def get_key(self, record):
        """Return the texts that tell a record of the file from others."""
        raise NotImplementedError

    def find(self, record, vals):
        """Return the record that is there, an empty one or None where there is none."""
        raise NotImplementedError

    def get_vals(self, record):
        """Return the values of a record, None when it cannot be taken (a problem tells why)."""
        raise NotImplementedError

    @staticmethod
    def only_given(values, names):
        """Return the values that a record gives: an empty cell says nothing."""
        return {name: values[name] for name in names if values.get(name) not in (None, "")}

    def find_building(self, text):
        """Return the company's building of an address, None where there is none."""
        return self.matcher._get_buildings().get(plain(text))


@register
class BuildingLoader(SetupLoader):
    """Buildings, known by their addresses."""

    kind, model, what, first = "building", "epd.building", "building", "building"

    def get_key(self, record):
        """Return the address as compared."""
        return (plain(record.values["building"]),)

    def find(self, record, vals):
        """Return the building of the address."""
        return self.find_building(record.values["building"])

    def get_vals(self, record):
        """Return what the record says; the address as it is entered stays."""
        vals = self.only_given(record.values, BUILDING)
        vals = {n: float(v) if n.endswith("_area") else v for n, v in vals.items()}
        if not self.find_building(record.values["building"]):
            vals.update(name=record.values["building"], company_id=self.target.company.id)
        return vals


@register
class ServiceLoader(SetupLoader):
    """Services, known by their codes."""

    kind, model, what, first = "service", "epd.service", "service", "service"

    def get_key(self, record):
        """Return the code."""
        return (record.values["service"],)

    def find(self, record, vals):
        """Return the service of the code."""
        return self.env["epd.service"].search(
            [
                ("company_id", "=", self.target.company.id),
                ("code", "=", record.values["service"]),
            ],
            limit=1,
        )

    def get_vals(self, record):
        """Return what the record says."""
        values = record.values
        if len(values["service"]) > 30:
            self.problem(record, "service", "too_long", values["service"])
            return None
        names = {"service_name": "name", "service_kind": "kind", "uom": "uom_name",
                 "okei_code": "okei_code", "sequence": "sequence"}  # fmt: skip
        given = self.only_given(values, names)
        vals = {names[name]: value for name, value in given.items()}
        company_id = self.target.company.id
        return {**vals, "code": values["service"], "company_id": company_id}


@register
class ProvisionLoader(SetupLoader):
    """Who provides a service in a building from a day on, and to whom it is paid."""

    kind, model, what, first = "provision", "epd.service.provision", "provision", "service"

    def get_key(self, record):
        """Return service, building and the first day."""
        values = record.values
        day = values.get("date_from")
        return values["service"], plain(values["building"]), day.isoformat() if day else ""

    def find(self, record, vals):
        """Return the provision that begins on the day; where no day is given, the one in force."""
        where = [(name, "=", vals[name]) for name in ("building_id", "service_id")]
        if "date_from" in vals:
            where.append(("date_from", "=", vals["date_from"]))
        else:
            where.append(("date_to", "=", False))
        return self.env["epd.service.provision"].search(where, limit=1)

    def get_vals(self, record):
        """Return what the record says."""
        values = record.values
        building = self.find_building(values["building"])
        if not building:
            self.problem(record, "building", "unknown_building", values["building"])
            return None
        (service,) = self.matcher.match_services([record])
        payee = self.matcher.match_payee(record)
        if not service or not payee:
            return None
        provider = self._find_provider(record, payee)
        if not provider:
            return None
        return {
            "building_id": building.id,
            "service_id": service.id,
            "payee_id": payee.id,
            "provider_id": provider.id,
            **self.only_given(values, ("date_from", "date_to")),
        }

    def _find_provider(self, record, payee):
        """Return who provides the service: by INN or name, else whose the bank account is."""
        text = record.values.get("provider")
        if not text:
            return payee.partner_id
        name = "vat" if text.isdigit() else "name"
        found = self.env["res.partner"].search(
            [(name, "=ilike", text), ("company_id", "in", (self.target.company.id, False))], limit=2
        )
        if len(found) != 1:
            self.problem(record, "provider", "unknown_provider", text)
            return None
        return found
