from collections import defaultdict
from decimal import Decimal

from ....tools import figures, money
from ...charge.control_sums import Compared, get_previous_period
from ...charge.epd_charge import DEFAULT_LINE_KEY
from .base import register
from .figures import FigureLoader, read_lines

PARTS = ("amount_individual", "amount_common")
_NOTHING = dict.fromkeys(figures.TOTAL_SIGNS)


@register
class ChargeLoader(FigureLoader):
    """Charges: lines of services, distinguished by the source's own key of a line."""

    kind = "charge"
    model = "epd.charge"
    key_names = ("service_id", "line_key")
    names = tuple(figure.name for figure in figures.CHARGE.figures if not figure.is_computed)

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self._tariffs = self._previous = None
        self._warned = set()

    @property
    def may_create(self):
        """Return whether accounts may be created on the way."""
        return self.target.create_missing

    def get_further(self, names):
        """Return the reason of a recalculation; the total and what makes it, to write them."""
        reason = {"recalculation_reason"} if "recalculation" in names else set()
        return reason if self.dry else reason.union(("total", *figures.TOTAL_SIGNS))

    def match_parents(self, records):
        """Return the service of each record."""
        return self.matcher.match_services(records, may_create=True)

    def pair(self, records):
        """See the base; buildings get a payee for the services, or a warning."""
        rows = super().pair(records)
        if not self.target.from_program:
            self.matcher.provide(rows)
        return rows

    def get_key(self, record, account, parent):
        """Return account, service, source line; a service still to be created by its own text."""
        values = record.values
        return (
            account.id,
            parent.id or values["service"],
            values.get("line_key") or DEFAULT_LINE_KEY,
        )

    def get_vals(self, record, account, parent):
        """Return the figures; the amount makes its one part where none is given."""
        vals = super().get_vals(record, account, parent)
        values = record.values
        if values.get("amount") is not None:
            vals["amount"] = self.as_kept("amount", values["amount"])
            if not any(name in values for name in PARTS):
                part = PARTS[parent.kind == "common"]
                # the printed parts make the amount: what one of them was before is gone
                vals.update({name: vals["amount"] if name == part else 0.0 for name in PARTS})
        return vals

    def complete(self, line):
        """Give a recalculation a reason, and the line the total of its columns."""
        vals, found = line.vals, line.existing or {}
        if vals.get("recalculation") and not (
            vals.get("recalculation_reason") or found.get("recalculation_reason")
        ):
            vals["recalculation_reason"] = self.env._("As given by the billing program")

    def get_new_vals(self, line):
        """Return also what the model would compute line by line, and comes to the same."""
        values, service = line.record.values, line.parent
        return {
            **super().get_new_vals(line),
            "service_id": service.id,
            "line_key": values.get("line_key") or DEFAULT_LINE_KEY,
            "sequence": service.sequence,
            "building_id": line.account.building_id,
            "total": float(figures.expected_total(_NOTHING | line.vals)),
        }

    def get_sums(self, line, different):
        """Return the total, where a column of it changes."""
        if not any(name in different for name in figures.TOTAL_SIGNS):
            return {}
        return {"total": float(figures.expected_total({**line.existing, **different}))}

    def add_up(self, lines):
        """Add what the lines come to, by building and by who is paid for the service there."""
        if self._tariffs is None:
            self._tariffs = self.env["epd.tariff"]._get_in_force(self.target.period)
        if self._tariffs:
            self._compare_tariffs(lines)
        payees = self.matcher.get_provided()
        totals = [figures.expected_total(_NOTHING | line.record.values) for line in lines]
        jumped = self._find_jumped(lines, totals)
        for line, total in zip(lines, totals, strict=True):
            building_id, service_id = line.account.building_id, line.parent.id
            account_id = line.account.id if (line.account.id, service_id) in jumped else 0
            payee_id = payees.get((building_id, service_id))
            self.add_sum("total", total, building_id, payee_id, jumped=account_id)
            if service_id:  # one that is to be created has nothing to stand beside
                self.add_sum("total", total, service_id=service_id, jumped=account_id)

    def _find_jumped(self, lines, totals):
        """Return ``{(account id, service id)}`` whose sum jumped against the month before."""
        threshold = self.target.period.company_id.epd_jump_percent
        account_ids = {line.account.id for line in lines if line.account.id}
        if self._previous is None:
            self._previous = get_previous_period(self.target.period)
        if not (threshold and account_ids and self._previous):
            return set()
        rows = read_lines(
            self.env[self.model],
            self._previous,
            account_ids,
            ("account_id", "service_id", "total"),
        )
        before, now = defaultdict(Decimal), defaultdict(Decimal)
        for account_id, service_id, total in rows:
            before[account_id, service_id] += money.to_decimal(total)
        for line, total in zip(lines, totals, strict=True):
            if line.account.id and line.parent.id:
                now[line.account.id, line.parent.id] += total
        known = {account_id for account_id, _service_id in before}
        return {
            key
            for key, total in now.items()
            # an account without a month before has nothing that could jump
            if key[0] in known and Compared(total, before[key]).jumps(threshold)
        }

    def _compare_tariffs(self, lines):
        """Warn of tariffs that are not in force in the month: once each service and building."""
        known = self._tariffs
        for line in lines:
            tariff, service_id = line.record.values.get("tariff"), line.parent.id
            if not tariff:
                continue
            building_id = line.account.building_id
            own = known.get((service_id, building_id)) or known.get((service_id, 0))
            key = ("tariff", service_id, building_id, str(tariff))
            if not own or tariff in own or key in self._warned:
                continue
            self._warned.add(key)
            if not self.marks.add([key]):  # an earlier cron run has said it
                in_force = ", ".join(map(money.format_tariff, sorted(own)))
                text = money.format_tariff(tariff)
                self.problem(line.record, "tariff", "tariff_differs", text, "warning", in_force)
