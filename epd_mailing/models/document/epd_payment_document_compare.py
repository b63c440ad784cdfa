import re

from odoo import models
from odoo.exceptions import UserError

from ...tools import money, receipt_data


class EpdPaymentDocument(models.Model):
    """«What changed» between versions, and «why the sum changed» between months."""

    _inherit = "epd.payment.document"

    def compare_with(self, other_id):
        """Compare this document with an earlier one of the same account, version or month.

        :param other_id: id of the earlier document
        :return: dict ``difference`` of the sums due (decimal string, roubles), ``fields`` (list of
            ``path``, ``label``, ``old``, ``new``) and ``sums`` (see ``receipt_data.explain``)
        :raise UserError: when the documents are of different accounts
        """
        self.ensure_one()
        other = self.browse(other_id).exists()
        (self | other).check_access("read")
        if other.account_id != self.account_id:
            raise UserError(
                self.env._("Documents of one and the same personal account are compared.")
            )
        old, new = other._load_snapshot(), self._load_snapshot()
        return {
            "difference": str(
                money.to_decimal(new["total"]["due"]) - money.to_decimal(old["total"]["due"])
            ),
            "fields": [
                {"path": path, "label": self._describe_path(path), "old": was, "new": became}
                for path, was, became in receipt_data.compare(old, new)
            ],
            "sums": receipt_data.explain(old, new),
        }

    def action_compare_version(self):
        """«What changed»: this version against the one before it."""
        return self._open_comparison(self._find_earlier("version"))

    def action_compare_month(self):
        """«Why the sum changed»: this document against that of the month before."""
        return self._open_comparison(self._find_earlier("month"))

    def _find_earlier(self, what):
        self.ensure_one()
        self.check_access("read")
        domain = [("account_id", "=", self.account_id.id), ("form", "=", self.form)]
        if what == "version":
            domain += [("period_id", "=", self.period_id.id), ("version", "<", self.version)]
            earlier = self.search(domain, order="version desc", limit=1)
            missing = self.env._("This is the first version of the document.")
        else:
            domain += [
                ("period_id.date_start", "<", self.period_id.date_start),
                ("state", "=", "saved"),
            ]
            earlier = self.search(domain).sorted(lambda doc: doc.period_id.date_start)[-1:]
            missing = self.env._("There is no saved document of an earlier month.")
        if not earlier:
            raise UserError(missing)
        return earlier

    def _open_comparison(self, earlier):
        found = self.compare_with(earlier.id)
        if earlier.period_id == self.period_id:
            lines = [(field["label"], field["old"], field["new"]) for field in found["fields"]]
        else:
            lines = [self._describe_sum(row) for row in found["sums"]]
        comparison = self.env["epd.document.compare"].create(
            {
                "document_id": self.id,
                "other_id": earlier.id,
                "difference": float(found["difference"]),
                "line_ids": [
                    (0, 0, {"label": label, "old": old, "new": new}) for label, old, new in lines
                ],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What Changed"),
            "res_model": comparison._name,
            "res_id": comparison.id,
            "view_mode": "form",
            "target": "new",
        }

    def _describe_sum(self, row):
        """Return one row of ``receipt_data.explain`` as (label, old, new) for people."""
        names, causes = self._get_field_names(), self._get_cause_names()
        label = names.get(row["what"], row["what"]) if row["kind"] == "balance" else row["what"]
        why = ", ".join(causes[cause] for cause in row["causes"])
        if why:
            label = f"{label} ({why})"
        return label, money.format_money(row["old"]), money.format_money(row["new"])

    def _describe_path(self, path):
        """Return a path of ``receipt_data.compare`` in words: whose figure, and which."""
        names = self._get_field_names()
        owners = re.findall(r"\[([^\]]*)\]", path)
        last = re.sub(r"\[[^\]]*\]", "", path).rsplit(".", 1)[-1]
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
