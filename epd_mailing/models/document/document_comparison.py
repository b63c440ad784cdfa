import re

from ...tools import money, receipt_data


class DocumentComparison:
    """«What changed» between two versions, and «why the sum changed» between two months."""

    def __init__(self, document, earlier):
        """
        :param document: ``epd.payment.document``
        :param earlier: another one of the same account: an earlier version, or an earlier month's
        """
        self.env = document.env
        self.same_period = document.period_id == earlier.period_id
        self.old = earlier._load_snapshot()
        self.new = document._load_snapshot()

    def get_difference(self):
        """Return by how much the sum due has grown; Decimal, roubles."""
        new, old = (money.to_decimal(side["total"]["due"]) for side in (self.new, self.old))
        return new - old

    def get_fields(self):
        """Return what differs: list of dicts ``path``, ``label``, ``old``, ``new`` (texts)."""
        return [
            {"path": path, "label": self._describe_path(path), "old": old, "new": new}
            for path, old, new in receipt_data.compare(self.old, self.new)
        ]

    def get_sums(self):
        """Return why the sum is another, see ``receipt_data.explain``."""
        return receipt_data.explain(self.old, self.new)

    def get_lines(self):
        """Return the rows for the screen: dicts ``label``, ``old``, ``new``.

        Fields one by one between versions of a month, reasons for the sum between two months.
        """
        if self.same_period:
            return [
                {"label": field["label"], "old": field["old"], "new": field["new"]}
                for field in self.get_fields()
            ]
        return [self._describe_sum(row) for row in self.get_sums()]

    def _describe_sum(self, row):
        names, causes = self._get_field_names(), self._get_cause_names()
        label = names.get(row["what"], row["what"]) if row["kind"] == "balance" else row["what"]
        why = ", ".join(causes[cause] for cause in row["causes"])
        return {
            "label": f"{label} ({why})" if why else label,
            "old": money.format_money(row["old"]),
            "new": money.format_money(row["new"]),
        }

    def _describe_path(self, path):
        """Return a path of ``receipt_data.compare`` in words: whose figure, and which."""
        names = self._get_field_names()
        owners = re.findall(r"\[([^\[\]]*)\]", path)
        last = re.sub(r"\[[^\[\]]*\]", "", path).rsplit(".", 1)[-1]
        parts = [owner for owner in owners[-1:] if not owner.isdigit() or len(owner) > 3]
        return ": ".join([*parts, names.get(last, last)])

    def _get_cause_names(self):
        return {
            "new": self.env._("new service"),
            "gone": self.env._("no longer charged"),
            "tariff": self.env._("tariff"),
            "volume": self.env._("volume"),
            "excess": self.env._("raising coefficient"),
            "recalculation": self.env._("recalculation"),
            "discount": self.env._("discount"),
            "other": self.env._("other figures"),
        }

    def _get_field_names(self):
        """Return ``{key of the snapshot: translated name}``; other keys stand as they are."""
        return {
            "opening": self.env._("debt or advance at the start"),
            "paid": self.env._("paid"),
            "paid_through": self.env._("payments taken up to"),
            "last_payment": self.env._("last payment"),
            "penalty": self.env._("penalties"),
            "court_costs": self.env._("court costs"),
            "due": self.env._("due"),
            "advance": self.env._("advance carried on"),
            "charged": self.env._("charged"),
            "total": self.env._("total"),
            "amount": self.env._("charged"),
            "amount_individual": self.env._("charged for individual consumption"),
            "amount_common": self.env._("charged for common property"),
            "tariff": self.env._("tariff"),
            "volume_individual": self.env._("volume"),
            "volume_common": self.env._("volume for common property"),
            "method": self.env._("way of measuring"),
            "ratio": self.env._("raising coefficient"),
            "excess": self.env._("excess by coefficient"),
            "recalculation": self.env._("recalculation"),
            "recalculation_reason": self.env._("reason of the recalculation"),
            "discount": self.env._("discount"),
            "explanation": self.env._("order of calculation"),
            "previous": self.env._("previous reading"),
            "current": self.env._("current reading"),
            "consumption": self.env._("consumption"),
            "number": self.env._("number"),
            "name": self.env._("name"),
            "address": self.env._("address"),
            "area": self.env._("area"),
            "residents": self.env._("residents"),
            "personal_acc": self.env._("account"),
            "bank_name": self.env._("bank name"),
            "bic": self.env._("BIC"),
            "corresp_acc": self.env._("correspondent account"),
            "payee_inn": self.env._("INN"),
            "kpp": self.env._("KPP"),
            "provider": self.env._("provider"),
            "present_by": self.env._("present-by date"),
            "pay_by": self.env._("pay-by date"),
            "info": self.env._("information for the consumer"),
        }
