from collections import Counter
from decimal import Decimal

from odoo import models

from ...tools import money, requisites
from ...tools.address_text import read_addresses
from ...tools.table_file import Problem
from .epd_import_match import plain

_CHARGE = (
    "volume_individual volume_common volume_method tariff amount_individual amount_common amount "
    "ratio excess recalculation recalculation_reason discount norm_individual norm_common "
    "house_reading house_volume_premises house_volume_common explanation instalment_period "
    "instalment_past instalment_percent instalment_interest instalment_total"
).split()
_BALANCE = "opening paid paid_through last_payment_date charged penalty court_costs".split()
_PAYMENT = "paid paid_through last_payment_date".split()
_READING = "previous current consumption read_on verify_by".split()
_MODELS = {
    "charge": "epd.charge",
    "balance": "epd.account.balance",
    "payment": "epd.account.balance",
    "reading": "epd.meter.reading",
}


class EpdImport(models.Model):
    """Records of a slice → charges, balances, readings, accounts, identifiers.

    One query a slice finds what is there; only what differs is written, so that the same file again
    changes nothing. Documents made from changed figures are marked by ``epd.document.source``.
    """

    _inherit = "epd.import"

    def _match_and_save(self, records, problems, memo, dry):
        """Match a slice and write it unless ``dry``.

        :return: Counter of ``created``, ``updated``, ``same``, ``left`` (and ``gathered``: rows of
            payments that are counted when their sum is written)
        """
        if not records:
            return Counter()
        count, sound = len(records), []
        for record in records:
            wrong = self._get_account_problem(record)
            if wrong:
                problems.append(Problem(record.row, record.columns.get(wrong[0]), *wrong[1:]))
            else:
                sound.append(record)
        accounts = self._match_accounts(sound, problems, memo, dry)
        method = getattr(self, f"_save_{self.kind}", None)
        good = [record for record in sound if record.values["account"] in accounts]
        if method:
            tally = method(good, accounts, problems, memo, dry)
        elif self.kind == "payment":
            tally = self._gather_payments(sound, accounts, problems, memo, dry)
        else:
            tally = self._save_figures(sound, accounts, problems, memo, dry)
        tally["left"] += count - tally.total()
        return tally

    # ------------------------------------------------------------------
    # Figures of a period
    # ------------------------------------------------------------------
    def _pair_rows(self, records, accounts, problems, memo, dry):
        """Return ``(record, account, service or payee)`` of the records whose both are known."""
        parents = self._match_parents(records, problems, memo, dry)
        rows = []
        for record, parent in zip(records, parents, strict=True):
            # what is wrong besides an unknown account is told too
            if parent is not None and record.values["account"] in accounts:
                rows.append((record, accounts[record.values["account"]], parent))
        return rows

    def _save_figures(self, records, accounts, problems, memo, dry):
        rows = self._pair_rows(records, accounts, problems, memo, dry)
        if self.kind == "charge":
            self._provide(rows, problems, memo, dry)
        keys = [self._get_key(*row) for row in rows]
        twins = self._find_twins(
            [
                (row[1].id or row[0].values["account"], *key[1:])
                for row, key in zip(rows, keys, strict=True)
            ]
        )
        existing = self._find_existing(self.env["epd.personal.account"].union(*accounts.values()))
        self._note_accounts({row[1] for row in rows})
        pairs = []
        for place, (row, key) in enumerate(zip(rows, keys, strict=True)):
            record = row[0]
            found = existing.get(key) if row[1] else None
            vals = self._prepare_figures(*row, found)
            wrong = "twice" if place in twins else self._get_size_problem(vals)
            if wrong:
                column = record.columns.get("account")
                problems.append(Problem(record.row, column, wrong, record.values["account"]))
            else:
                pairs.append((found, vals))
        return self._save(_MODELS[self.kind], pairs, dry)

    def _match_parents(self, records, problems, memo, dry):
        """Return the service or the payee of each record, None where it is not known."""
        if self.kind in ("charge", "reading"):
            services = self._match_services(records, problems, memo, dry)
            return [services.get(plain(record.values["service"])) for record in records]
        parents = []
        for record in records:
            payee, wrong = self._match_payee(record, memo)
            if wrong:
                place = record.columns.get("payee")
                text = record.values.get("payee") or ""
                problems.append(Problem(record.row, place, wrong, text))
            parents.append(None if wrong else payee)
        return parents

    def _get_key(self, record, account, parent):
        values = record.values
        if self.kind == "charge":
            # a service still to be made has no id yet: its own text tells it apart
            return account.id, parent.id or values["service"], values.get("line_key") or "1"
        if self.kind == "reading":
            return account.id, values["meter_number"], values.get("zone") or ""
        return account.id, parent.id

    def _find_existing(self, accounts):
        """Return ``{key: record}`` of the period's figures of these accounts, in one query."""
        model = self.env[_MODELS[self.kind]]
        found = model.search_fetch(
            [("period_id", "=", self.period_id.id), ("account_id", "in", accounts.ids)],
            self._get_names() + ["account_id"],
        )
        if self.kind == "charge":
            return {(r.account_id.id, r.service_id.id, r.line_key): r for r in found}
        if self.kind == "reading":
            return {(r.account_id.id, r.meter_number, r.zone or ""): r for r in found}
        return {(r.account_id.id, r.payee_id.id): r for r in found}

    def _get_names(self):
        return {
            "charge": [*_CHARGE, "service_id", "line_key"],
            "balance": [*_BALANCE, "payee_id"],
            "payment": [*_PAYMENT, "payee_id"],
            "reading": [*_READING, "service_id", "meter_number", "zone"],
        }[self.kind]

    def _prepare_figures(self, record, account, parent, found):
        """Return the values of a row; only columns that the file has, the key when it is new."""
        values = record.values
        vals = {
            name: values[name]
            for name in self._get_names()
            if name in values and name not in ("line_key", "meter_number", "zone")
        }
        if self.kind == "charge":
            self._fill_amounts(vals, values, parent, found)
        if self.kind == "reading":
            vals["service_id"] = parent.id
            if "consumption" not in vals and None not in (
                values.get("previous"),
                values.get("current"),
            ):
                vals["consumption"] = values["current"] - values["previous"]
        if not found:
            vals.update(account_id=account.id, period_id=self.period_id.id)
            vals["company_id"] = self.company_id.id
            if self.kind == "charge":
                vals.update(service_id=parent.id, line_key=values.get("line_key") or "1")
                # what the model would compute line by line, and comes to the same
                vals.update(
                    total=self._get_total(vals),
                    sequence=parent.sequence,
                    building_id=account.building_id.id,
                )
            elif self.kind == "reading":
                vals.update(meter_number=values["meter_number"], zone=values.get("zone") or "")
            else:
                vals.update(payee_id=parent.id)
        return {
            name: float(value) if isinstance(value, Decimal) else value or False
            for name, value in vals.items()
        }

    def _fill_amounts(self, vals, values, service, found):
        """The amount follows from its parts or the total, its one part from the amount."""
        if values.get("amount") is not None:
            vals["amount"] = values["amount"]
        if vals.get("amount") is not None and not {"amount_individual", "amount_common"} & set(
            vals
        ):
            part = "amount_common" if service.kind == "common" else "amount_individual"
            other = {"amount_common", "amount_individual"} - {part}
            # the printed parts make the amount: what one of them was before is gone
            vals.update({part: vals["amount"], other.pop(): Decimal(0)})
        told = vals.get("recalculation_reason") or (found and found.recalculation_reason)
        if vals.get("recalculation") and not told:
            vals["recalculation_reason"] = self.env._("As given by the billing program")

    @staticmethod
    def _get_total(vals):
        def figure(name):
            return vals.get(name) or Decimal(0)

        return figure("amount") + figure("excess") + figure("recalculation") - figure("discount")

    def _get_size_problem(self, vals):
        fields = self.env[_MODELS[self.kind]]._fields
        for name, value in vals.items():
            size = getattr(fields[name], "size", None)
            if size and isinstance(value, str) and len(value) > size:
                return "too_long"
        return ""

    # ------------------------------------------------------------------
    # Accounts and identifiers
    # ------------------------------------------------------------------
    def _save_account(self, records, accounts, problems, memo, dry):
        buildings = self._match_buildings(records, dry)
        tally, pairs, emailed = Counter(), [], set()
        good = self._without_twins(records, problems, [r.values["account"] for r in records])
        before = self.env["epd.personal.account"].search(
            [("id", "in", [a.id for a in accounts.values()])]
        )
        before.fetch(["number", "partner_id", "building_id"])
        for record in good:
            self._check_email(record, problems)
            account = accounts[record.values["account"]]
            if not account or account.id in memo["fresh"]:
                tally["created"] += 1
                continue
            vals = self._get_account_values(record.values)
            if record.values.get("date_open"):
                vals["date_open"] = record.values["date_open"]
            building = buildings.get(plain(record.values.get("building")))
            if building:
                vals["building_id"] = building.id
            elif record.values.get("building"):  # looked at only: it is to be made
                vals["building_id"] = False
                problems.append(self._describe_move(record))
            if self._match_payer(record, account, vals, memo, problems, dry):
                emailed.add(account)
            pairs.append((account, vals))
        # a row whose e-mail alone is new counts as changed
        alone = sum(
            account in emailed and not any(self._differs(account, *item) for item in vals.items())
            for account, vals in pairs
        )
        tally += self._save("epd.personal.account", pairs, dry)
        return tally + Counter(updated=alone) - Counter(same=alone)

    @staticmethod
    def _describe_move(record):
        place, text = record.columns.get("building"), record.values["building"]
        return Problem(record.row, place, "new_building", text, "warning")

    def _get_account_problem(self, record):
        """Return ``(field, code, value)`` of what an account cannot hold, or nothing."""
        values = record.values
        for name, size in (("unified_number", 10), ("gis_service_id", 13)):
            if values.get(name) and len(values[name]) != size:
                return name, "gis_length", values[name]
        document_id = values.get("gis_document_id")
        if document_id and "gis_length" in [
            found.code for found in requisites.check_document_id(document_id)
        ]:
            return "gis_document_id", "gis_length", document_id
        opened, closed = values.get("date_open"), values.get("date_close")
        if opened and closed and closed < opened:
            return "date_close", "dates_order", str(closed)
        if (values.get("area") or 0) < 0:
            return "area", "number", str(values["area"])
        return None

    def _match_payer(self, record, account, vals, memo, problems, dry):
        """Name the responsible person of an account that has none; another's name only warns.

        :return: whether the row changes the account's e-mail addresses
        """
        name, email = record.values.get("payer"), record.values.get("email")
        partner = account.partner_id
        if name and not partner:
            if not dry:
                partner = self.env["res.partner"].create(self._prepare_partner(record.values))
                vals["partner_id"] = partner.id
            return False
        if name and " ".join(partner.name.split()).casefold() != name.casefold():
            place = record.columns.get("payer")
            problems.append(Problem(record.row, place, "other_payer", name, "warning"))
            return False  # the address of another person is not to be written to
        if not email:
            return False
        if not partner:
            return self._type_email(account, email, dry)
        reading = read_addresses(email)
        # of a person with several accounts the file says one thing, or is told of the other
        known = memo.setdefault("emails", {}).setdefault(partner.id, reading.normals)
        if reading.normals and set(known) != set(reading.normals):
            place = record.columns.get("email")
            problems.append(Problem(record.row, place, "other_email", email, "warning"))
            return False
        return partner._epd_take_email(email, account, dry)

    def _type_email(self, account, email, dry):
        """Add addresses of a row to an account without a payer; tell whether there are new ones."""
        live = account.address_ids.filtered(lambda address: address.state != "closed")
        new = set(read_addresses(email).normals) - set(live.mapped("email_normalized"))
        if new and not dry:
            self.env["epd.delivery.address"]._type_in(account, ", ".join(sorted(new)))
        return bool(new)

    def _save_gis(self, records, accounts, problems, memo, dry):
        good = self._without_twins(records, problems, [r.values["account"] for r in records])
        placements = self.env["epd.gis.placement"]._get_placements(
            self.env["epd.personal.account"].union(*accounts.values()), self.period_id, self.form
        )
        own, pairs = [], []
        for record in good:
            values, account = record.values, accounts[record.values["account"]]
            document_id = values.get("gis_document_id")
            service_id = values.get("gis_service_id") or account.gis_service_id
            if document_id and service_id and not document_id.startswith(service_id):
                place = record.columns.get("gis_document_id")
                problems.append(Problem(record.row, place, "gis_other", service_id))
                continue
            names = ("unified_number", "gis_service_id")
            own.append((account, {name: values[name] for name in names if values.get(name)}))
            if document_id:
                vals = {"gis_document_id": document_id}
                if values.get("placed_on"):
                    vals["placed_on"] = values["placed_on"]
                found = placements.get(account.id)
                if not found:
                    vals.update(account_id=account.id, period_id=self.period_id.id, form=self.form)
                pairs.append((found, vals))
        first = self._save("epd.personal.account", own, dry)
        second = self._save("epd.gis.placement", pairs, dry)
        # a row counts once: as what changed most
        changed = min(first["updated"] + second["created"] + second["updated"], len(own))
        created = min(second["created"], changed)
        return Counter(created=created, updated=changed - created, same=len(own) - changed)

    def _without_twins(self, records, problems, keys):
        twins = self._find_twins(keys)
        for place in sorted(twins):
            record = records[place]
            problems.append(
                Problem(
                    record.row, record.columns.get("account"), "twice", record.values["account"]
                )
            )
        return [record for place, record in enumerate(records) if place not in twins]

    # ------------------------------------------------------------------
    # Writing
    # ------------------------------------------------------------------
    def _save(self, model, pairs, dry):
        """Create and write what differs; ``pairs`` of (record there or nothing, values)."""
        fresh, changed, same = [], [], 0
        for record, vals in pairs:
            if not record:
                fresh.append(vals)
                continue
            different = {
                name: value for name, value in vals.items() if self._differs(record, name, value)
            }
            if different:
                changed.append((record, different))
            else:
                same += 1
        if not dry:
            self._write_many(model, fresh, changed)
        return Counter(created=len(fresh), updated=len(changed), same=same)

    def _write_many(self, model, fresh, changed):
        """Create and write; sources of documents mark these once, at the end."""
        records = self.env[model]
        is_source = hasattr(records, "_without_touching")
        if is_source:
            records = records._without_touching()
        ids = records.create(fresh).ids
        for record, vals in changed:
            (record._without_touching() if is_source else record).write(vals)
            ids.append(record.id)
        if is_source:
            self.env[model].sudo().browse(ids)._touch_documents()

    def _differs(self, record, name, value):
        field, now = record._fields[name], record[name]
        if field.type == "many2one":
            return now.id != value
        if field.type in ("float", "monetary"):
            digits = field.get_digits(self.env) if field.type == "float" else (16, 2)
            places = digits[1] if digits else 6
            return money.to_decimal(now, places) != money.to_decimal(value, places)
        return (now or False) != (value or False)
