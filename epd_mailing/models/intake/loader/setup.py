"""What charges rest on: buildings, services, and who provides them there and is paid."""

from collections import Counter

from ....tools.money import format_date
from .base import Loader, register
from .matching import fold_name

BUILDING = (
    "fias_id", "gis_house_id", "total_area", "living_area", "common_area", "entrances", "floors",
)  # fmt: skip
# what stands for every building, as compared
EVERYWHERE = {"все", "вседома", "подома", "all", "allbuildings", "повсемдомам"}


class SetupLoader(Loader):
    """Records that no account and no month belong to: created, or changed in what is given.

    What is there is read once a slice. A kind says: ``model``, ``what`` is planned, the ``first``
    column; :meth:`look_up`; :meth:`describe`; :meth:`find`.
    """

    model = None
    what = ""
    first = ""

    def _take(self, records):
        self.look_up(records)
        described = [(record, *found) for record in records if (found := self.describe(record))]
        keys = [("setup", self.kind, *key) for _record, key, _vals in described]
        twins = self.marks.add(keys)
        tally, fresh, changed = Counter(), [], []
        for place, (record, key, vals) in enumerate(described):
            wrong = "twice" if place in twins else self._get_size_problem(vals)
            if wrong:
                self.problem(record, self.first, wrong, record.values[self.first])
                continue
            found = self.find(key, vals)
            moved = self.writer.drop_same(found, vals) if found else vals
            tally["created" if not found else "updated" if moved else "same"] += 1
            if not found:
                fresh.append({**vals, **self.get_new_vals(record)})
                if self.dry:
                    name = self.get_name(record)
                    self.matcher.planned.append((self.what, name, record.row))
            elif moved:
                changed.append((found, moved))
        if not self.dry:
            for found, moved in changed:
                found.write(moved)
            self.env[self.model].create(fresh)
        tally["left"] += len(records) - tally.total()
        return tally

    def look_up(self, records):
        """Read what is there of the records."""
        raise NotImplementedError

    def describe(self, record):
        """Return ``(key, values)``: what tells the record from others, and what it says.

        :return: None when the record cannot be taken (a problem tells why)
        """
        raise NotImplementedError

    def find(self, key, vals):
        """Return the record that is there, None where there is none."""
        raise NotImplementedError

    def get_new_vals(self, record):
        """Return what a new record has besides."""
        return {}

    def get_name(self, record):
        """Return how a new record is named before it is created."""
        return record.values[self.first]

    def _get_size_problem(self, vals):
        """Return a code where a text is longer than its field: it would be cut in silence."""
        fields = self.env[self.model]._fields
        for name, value in vals.items():
            size = getattr(fields[name], "size", None)
            if size and isinstance(value, str) and len(value) > size:
                return "too_long"
        return ""

    @staticmethod
    def only_given(values, names):
        """Return the values that a record gives: an empty cell says nothing."""
        return {name: values[name] for name in names if values.get(name) not in (None, "")}


@register
class BuildingLoader(SetupLoader):
    """Buildings, known by their addresses."""

    kind, model, what, first = "building", "epd.building", "building", "building"

    def look_up(self, records):
        """Read the company's buildings."""
        self._buildings = self.matcher.get_buildings()

    def describe(self, record):
        """Return what the record says; the address as it is entered stays."""
        values = record.values
        key = fold_name(values["building"])
        known = self._buildings.get(key)
        if known and not known.active:
            self.problem(record, "building", "archived_building", values["building"])
            return None
        vals = self.only_given(values, BUILDING)
        negative = next((n for n in vals if n.endswith("_area") and vals[n] < 0), None)
        if negative or not key:
            self.problem(record, negative or "building", "number" if negative else "required")
            return None
        return (key,), {n: float(v) if n.endswith("_area") else v for n, v in vals.items()}

    def find(self, key, vals):
        """Return the building of the address."""
        return self._buildings.get(*key)

    def get_new_vals(self, record):
        """Return the address as given."""
        return {"name": record.values["building"], "company_id": self.target.company.id}


@register
class ServiceLoader(SetupLoader):
    """Services, known by their codes."""

    kind, model, what, first = "service", "epd.service", "service", "service"

    def look_up(self, records):
        """Read the services of these codes."""
        codes = [record.values["service"] for record in records]
        found = self.env[self.model].search(
            [("company_id", "=", self.target.company.id), ("code", "in", codes)]
        )
        self._services = {service.code: service for service in found}

    def describe(self, record):
        """Return what the record says."""
        names = {"service": "code", "service_name": "name", "service_kind": "kind",
                 "uom": "uom_name", "okei_code": "okei_code", "sequence": "sequence"}  # fmt: skip
        given = self.only_given(record.values, names)
        return (given["service"],), {names[name]: value for name, value in given.items()}

    def find(self, key, vals):
        """Return the service of the code."""
        return self._services.get(*key)

    def get_new_vals(self, record):
        """Return whose service it is."""
        return {"company_id": self.target.company.id}

    def get_name(self, record):
        """Return code and name."""
        return f"{record.values['service']}, {record.values['service_name']}"


@register
class ProvisionLoader(SetupLoader):
    """Who provides a service in a building from a day on, and to whom it is paid."""

    kind, model, what, first = "provision", "epd.service.provision", "provision", "service"

    def look_up(self, records):
        """Read buildings, services, and the provisions of these buildings."""
        self._buildings = self.matcher.get_buildings()
        names = {fold_name(record.values["building"]) for record in records}
        buildings = [self._buildings[name].id for name in names if name in self._buildings]
        self._provisions = {}
        for provision in self.env[self.model].search(
            [("building_id", "in", buildings)], order="date_from desc"
        ):
            pair = provision.building_id.id, provision.service_id.id
            self._provisions.setdefault(pair, []).append(provision)
        self._providers = {}

    def describe(self, record):
        """Return what the record says, by whatever name it calls the service."""
        values = record.values
        building = self._buildings.get(fold_name(values["building"]))
        if not building or not building.active:
            wrong = "archived_building" if building else "unknown_building"
            self.problem(record, "building", wrong, values["building"])
            return None
        (service,) = self.matcher.match_services([record])
        payee = self.matcher.match_payee(record)
        provider = payee and service and self._find_provider(record, payee)
        if not provider:
            return None
        dates = self.only_given(values, ("date_from", "date_to"))
        if dates.get("date_to") and dates.get("date_from", dates["date_to"]) > dates["date_to"]:
            self.problem(record, "date_to", "provision_dates", str(dates["date_to"]))
            return None
        day = dates.get("date_from")
        return (building.id, service.id, day.isoformat() if day else ""), {
            "building_id": building.id,
            "service_id": service.id,
            "payee_id": payee.id,
            "provider_id": provider.id,
            **dates,
        }

    def find(self, key, vals):
        """Return the provision that begins on the day; where no day is given, the last one."""
        known = self._provisions.get((vals["building_id"], vals["service_id"]), [])
        day = vals.get("date_from")
        return next((each for each in known if not day or each.date_from == day), None)

    def get_name(self, record):
        """Return service and building."""
        return f"{record.values['service']} / {record.values['building']}"

    def _find_provider(self, record, payee):
        """Return who provides the service: by INN or name, else whose the bank account is."""
        text = record.values.get("provider")
        if not text:
            return payee.partner_id
        if text not in self._providers:
            name = "vat" if text.isdigit() else "name"
            self._providers[text] = self.env["res.partner"].search(
                [(name, "=ilike", text), ("company_id", "in", (self.target.company.id, False))],
                limit=2,
            )
        found = self._providers[text]
        if len(found) != 1:
            self.problem(record, "provider", "unknown_provider", text)
            return None
        return found


@register
class TariffLoader(SetupLoader):
    """What a unit of a service costs from a day on, in one building or in all."""

    kind, model, what, first = "tariff", "epd.tariff", "tariff", "service"

    def look_up(self, records):
        """Read buildings, and the tariffs that begin on the days of the records."""
        self._buildings = self.matcher.get_buildings()
        found = self.env[self.model].search(
            [
                ("company_id", "=", self.target.company.id),
                ("date_from", "in", list({record.values["date_from"] for record in records})),
            ]
        )
        self._tariffs = {
            (each.service_id.id, each.building_id.id or 0, each.date_from.isoformat()): each
            for each in found
        }
        services = self.env["epd.service"].search_fetch(
            [("company_id", "=", self.target.company.id)], ["uom_name"]
        )
        self._units = {service.id: service.uom_name for service in services}

    def describe(self, record):
        """Return what the record says; a tariff of another unit than the service's is none."""
        values = record.values
        building = self._find_building(record)
        (service,) = self.matcher.match_services([record])
        if building is None or service is None:
            return None
        unit, given = self._units[service.id], values.get("uom")
        if given and fold_name(given) != fold_name(unit):
            self.problem(record, "uom", "other_unit", given, detail=unit)
            return None
        if values["tariff"] < 0:
            self.problem(record, "tariff", "number", str(values["tariff"]))
            return None
        key = service.id, building, values["date_from"].isoformat()
        return key, {
            "service_id": service.id,
            "building_id": building or False,
            "date_from": values["date_from"],
            "tariff": float(values["tariff"]),
        }

    def _find_building(self, record):
        """Return the id of the building, 0 for all of them; None where there is no such one."""
        text = record.values.get("building") or ""
        if text in ("", "-", "—") or fold_name(text) in EVERYWHERE:
            return 0
        building = self._buildings.get(fold_name(text))
        if not building or not building.active:
            wrong = "archived_building" if building else "unknown_building"
            self.problem(record, "building", wrong, text)
            return None
        return building.id

    def find(self, key, vals):
        """Return the tariff that begins on the day."""
        return self._tariffs.get(key)

    def get_name(self, record):
        """Return service, building and day."""
        values = record.values
        parts = (values["service"], values.get("building"), format_date(values["date_from"]))
        return " / ".join(filter(None, parts))
