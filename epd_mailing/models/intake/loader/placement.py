from collections import Counter

from .account import get_account_problem
from .base import Loader, register


@register
class PlacementLoader(Loader):
    """Identifiers of ГИС ЖКХ: of accounts (ЕЛС, ИЖКУ), and of documents of a month (ИПД)."""

    kind = "gis"

    def _take(self, records):
        sound = []
        for record in records:
            wrong = get_account_problem(record.values)
            if wrong:
                self.problem(record, *wrong)
            else:
                sound.append(record)
        found = self.matcher.match_accounts(sound)
        good = self.without_twins([r for r in sound if r.values["account"] in found])
        accounts = self.env["epd.personal.account"].browse(
            [account.id for account in found.values()]
        )
        by_number = dict(zip(found, accounts, strict=True))
        placements = self.env["epd.gis.placement"]._get_placements(
            accounts, self.target.period, self.target.form
        )
        own, fresh, changed, outcomes = [], [], [], Counter()
        for record in good:
            account = by_number[record.values["account"]]
            if not self._is_own(record, account):
                continue
            ids = {n: record.values.get(n) for n in ("unified_number", "gis_service_id")}
            ids = self.writer.drop_same(account, {n: v for n, v in ids.items() if v})
            own.append((account, ids))
            placement, vals = placements.get(account.id), self._get_vals(record)
            if vals and not placement:
                key = {"account_id": account.id, "period_id": self.target.period.id}
                fresh.append({**vals, **key, "form": self.target.form})
                outcomes["created"] += 1
                continue
            moved = self.writer.drop_same(placement, vals) if vals else {}
            changed.append((placement, moved))
            outcomes["updated" if moved or ids else "same"] += 1
        if not self.dry:
            self._write(own, fresh, changed)
        outcomes["left"] += len(records) - outcomes.total()
        return outcomes

    def _is_own(self, record, account):
        """Note an identifier of a document that begins with another account's; return whether none."""
        document_id = record.values.get("gis_document_id")
        service_id = record.values.get("gis_service_id") or account.gis_service_id
        if document_id and service_id and not document_id.startswith(service_id):
            self.problem(record, "gis_document_id", "gis_other", service_id)
            return False
        return True

    @staticmethod
    def _get_vals(record):
        """Return what a record says of the placement of the document."""
        values = record.values
        if not values.get("gis_document_id"):
            return {}
        vals = {"gis_document_id": values["gis_document_id"]}
        if values.get("placed_on"):
            vals["placed_on"] = values["placed_on"]
        return vals

    def _write(self, own, fresh, changed):
        for record, vals in (*own, *changed):
            if vals:
                record.write(vals)
        self.env["epd.gis.placement"].create(fresh)
