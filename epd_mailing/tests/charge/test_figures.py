from datetime import date

from lxml import etree
from odoo.models import MAGIC_COLUMNS
from odoo.tests import tagged

from ...tools import figures
from ..common import EpdCommon

TYPES = {
    "money": "monetary",
    "quantity": "float",
    "norm": "float",
    "tariff": "float",
    "ratio": "float",
    "choice": "selection",
    "date": "date",
}
# stored fields that are no figures: whose the line is, and what follows from that
LINKS = {
    *("account_id", "period_id", "company_id", "currency_id", "building_id", "sequence"),
    # follows from columns of the balance that are in the list
    "due",
}
# columns that no receipt says
UNPRINTED = {("epd.meter.reading", "read_on")}


@tagged("post_install", "-at_install", "epd_mailing")
class TestFigures(EpdCommon):
    """``tools.figures`` against the models, the digest, the screens: a forgotten column fails."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.accounts[0]
        account = {"account_id": cls.account.id, "period_id": cls.period.id}
        service = {**account, "service_id": cls.service_water.id}
        cls.lines = {
            "epd.charge": cls.env["epd.charge"].create({**service, "line_key": "figures"}),
            "epd.account.balance": cls.env["epd.account.balance"].search(
                [(name, "=", value) for name, value in account.items()], limit=1
            )
            or cls.env["epd.account.balance"].create({**account, "payee_id": cls.office_payee.id}),
            "epd.meter.reading": cls.env["epd.meter.reading"].create(
                {**service, "meter_number": "figures"}
            ),
        }

    def _columns(self, source):
        """Return the fields of the model that have a column of their own."""
        return {
            name: field
            for name, field in self.env[source.model]._fields.items()
            if field.column_type and field.store and name not in {*LINKS, *MAGIC_COLUMNS}
        }

    def test_list_and_models_agree(self):
        for source in figures.ALL:
            columns = self._columns(source)
            self.assertEqual(set(columns), {*source.key, *source.names}, source.model)
            for figure in source.figures:
                field = columns[figure.name]
                kinds = {TYPES.get(figure.kind)} if figure.kind != "text" else {"char", "text"}
                self.assertIn(field.type, kinds, figure.name)
                if field.type == "float":
                    digits = figures.DIGITS[figure.kind]
                    self.assertEqual(field.get_digits(self.env), digits, figure.name)

    def _another(self, line, name):
        """Return another value for a column."""
        field = line._fields[name]
        if field.type in ("float", "monetary"):
            return line[name] + 1
        if field.type == "date":
            return date(2031, 5, 7)
        if field.type == "selection":
            return next(key for key, _label in field.selection if key != line[name])
        if field.type == "many2one":
            if name == "payee_id":
                return self.repair_payee.copy({"acc_number": "40702810900000009999"}).id
            return self.service_water.copy({"code": f"figures {line._name}"}).id
        return f"{line[name] or ''}9"

    def _digest(self):
        documents = self.env["epd.payment.document"]
        return documents._get_charge_digests(self.account.ids, self.period.ids)

    def test_every_printed_column_is_in_the_digest(self):
        for source in figures.ALL:
            line = self.lines[source.model]
            for name in self._columns(source):
                if name == "recalculation":  # needs its reason
                    line.recalculation_reason = "Отсутствие жильца"
                before = self._digest()
                line[name] = self._another(line, name)
                same = self._digest() == before
                self.assertEqual(same, (source.model, name) in UNPRINTED, f"{source.model}.{name}")

    def test_every_column_is_on_a_screen(self):
        for source in figures.ALL:
            shown = set()
            for kind in ("list", "form"):
                view = self.env["ir.ui.view"].search(
                    [("model", "=", source.model), ("type", "=", kind)], limit=1
                )
                if view:
                    arch = etree.fromstring(self.env[source.model].get_view(view.id, kind)["arch"])
                    shown |= {node.get("name") for node in arch.iter("field")}
            self.assertLessEqual({*source.key, *source.names}, shown, source.model)
