from collections import Counter

from ....tools import requisites
from ....tools.address_text import read_addresses
from .base import Loader, register
from .matching import fold_name, fold_person, type_in_addresses


@register
class AccountLoader(Loader):
    """Personal accounts: created with their building and payer, or changed in what is given.

    A payer is set only where there is none: another person on an account is recorded by people,
    since bills, letters and addresses go another way from that day.
    """

    kind = "account"

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self._emails = {}  # partner id → addresses that the source gave first

    def _take(self, records):
        sound = [record for record in records if self._is_sound(record)]
        accounts = self.matcher.match_accounts(sound, may_create=True)
        known = [record for record in sound if record.values["account"] in accounts]
        good = self.without_twins(known)
        buildings = self.matcher.match_buildings(good)
        before = self.env["epd.personal.account"].search_fetch(
            [("id", "in", [account.id for account in accounts.values() if account.id])],
            ["number", "partner_id", "building_id"],
        )
        by_id = {account.id: account for account in before}
        tally, changed = Counter(), []
        for record in good:
            account_id = accounts[record.values["account"]].id
            if not account_id or account_id in self.matcher.created:
                tally["created"] += 1
                continue
            self.matcher.check_email(record)
            account = by_id[account_id]
            vals = self._get_vals(record, account, buildings)
            if vals is None:
                continue
            touched = self._match_payer(record, account, vals)
            if touched is None:
                continue
            changed.append((account, vals, touched))
        tally += self._save(changed)
        tally["left"] += len(records) - tally.total()
        return tally

    def _is_sound(self, record):
        """Note what no account can hold; return whether there is nothing of the kind."""
        wrong = get_account_problem(record.values)
        if wrong:
            self.problem(record, *wrong)
        return not wrong

    def _get_vals(self, record, account, buildings):
        """Return what a record says of a known account, None when it cannot be taken."""
        values = record.values
        vals = self.matcher.get_account_values(values)
        if values.get("date_open") or values.get("date_open") is False:
            vals["date_open"] = values["date_open"]
        name = values.get("building")
        if not name:
            return vals
        building = buildings.get(fold_name(name))
        if not building:  # only checked: it is to be created
            vals["building_id"] = False
            if not self.target.from_program:
                self.problem(record, "building", "new_building", name, "warning")
        elif not building.active and building != account.building_id:
            self.problem(record, "building", "archived_building", name)
            return None
        else:
            vals["building_id"] = building.id
        return vals

    def _match_payer(self, record, account, vals):
        """Name the responsible person of an account that has none, keep their e-mail up to date.

        :return: whether something beside ``vals`` changes; None when the record cannot be taken
        """
        name, email = record.values.get("payer"), record.values.get("email")
        partner = account.partner_id
        if name and not partner:
            if not self.dry:
                created = self.env["res.partner"].create(
                    self.matcher.prepare_partner(record.values)
                )
                vals["partner_id"] = created.id
            return True
        if name and fold_person(partner.name) != fold_person(name):
            strict = self.target.from_program
            self.problem(record, "payer", "other_payer", name, "error" if strict else "warning")
            # the address of another person is not to be written to
            return None if strict else False
        if not email:
            return False
        if not partner:
            return type_in_addresses(self.env, account, email, self.dry)
        return self._take_email(record, account, email)

    def _take_email(self, record, account, email):
        """Bring the payer's e-mail up to date; return whether that changes anything."""
        partner, reading = account.partner_id, read_addresses(email)
        # of a person with several accounts the source says one thing, or the other is reported
        known = self._emails.setdefault(partner.id, reading.normals)
        if reading.normals and set(known) != set(reading.normals):
            self.problem(record, "email", "other_email", email, "warning")
            return False
        return partner._epd_take_email(email, account, self.dry)

    def _save(self, changed):
        tally, different = Counter(), []
        for account, vals, touched in changed:
            moved = self.writer.drop_same(account, vals)
            tally["updated" if moved or touched else "same"] += 1
            different.append((account, moved))
        if not self.dry:
            for account, moved in different:
                if moved:
                    account.write(moved)
        return tally


def get_account_problem(values):
    """Return ``(field, problem code, value)`` of what an account cannot hold, or None."""
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
