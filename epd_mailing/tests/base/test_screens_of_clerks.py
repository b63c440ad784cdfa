import re

from lxml import etree
from odoo.tests import tagged

from ..common import EpdCommon

# what comes from a file, from the work itself or once a month: a copy of it means nothing
NEVER_COPIED = (
    "epd.charge",
    "epd.account.balance",
    "epd.account.payment",
    "epd.meter.reading",
    "epd.payment.document",
    "epd.import",
    "epd.receipt.import",
    "epd.paper.batch",
    "epd.billing.run",
    "epd.billing.period",
    "epd.delivery.consent",
    "epd.personal.account",
    "epd.mailing.letter",
)
# written by the screen's own rules
OTHER_DATES = ("epd.mailing", "epd.letter.report", "epd.mailing.schedule")
# lists that are filled in in their rows: cards would open nothing
EDITED_IN_ROWS = (
    "epd.gis.placement",
    "epd.import.layout",
    "epd.period.rule",
    "epd.service.provision",
    "epd.tariff",
)
# a table of figures that is read as a table
FIGURES = ("epd.letter.report",)


@tagged("post_install", "-at_install", "epd_mailing")
class TestScreensOfClerks(EpdCommon):
    def _views(self, *kinds):
        views = self.env["ir.ui.view"].search(
            [("type", "in", kinds), ("model", "=like", "epd.%"), ("inherit_id", "=", False)]
        )
        self.assertGreater(len(views), 20)
        for view in views:
            arch = self.env[view.model].get_view(view.id, view.type)["arch"]
            yield view, etree.fromstring(arch)

    def test_nothing_is_duplicated_that_cannot_be(self):
        for view, arch in self._views("list", "form"):
            if view.model in NEVER_COPIED:
                offered = arch.get("create") != "0" and arch.get("duplicate") != "0"
                self.assertFalse(offered, view.xml_id)

    def test_dates_have_their_year(self):
        """Odoo leaves the year of this year out; a month of charges is not read without it."""
        for view, arch in self._views("list", "form", "kanban"):
            if view.model in OTHER_DATES:
                continue
            fields = self.env[view.model]._fields
            for node in arch.iter("field"):
                if any(above.tag == "field" for above in node.iterancestors()):
                    continue
                if fields[node.get("name")].type not in ("date", "datetime"):
                    continue
                if node.get("invisible") in ("1", "True") or node.get("widget"):
                    continue
                self.assertIn("numeric", node.get("options", ""), (view.xml_id, node.get("name")))

    def test_no_heading_and_no_text_of_a_list_is_cut(self):
        """The class lets them take a second line; lists in forms too."""
        for view, arch in self._views("list", "form"):
            lists = [arch] if arch.tag == "list" else []
            for node in [*lists, *arch.iterfind(".//field/list")]:
                self.assertIn(
                    "o_epd_list", node.get("class", ""), f"class of a list: {view.xml_id}"
                )

    def test_a_phone_shows_cards(self):
        """A list of many columns is read sideways there; the web client takes cards where there are any."""
        actions = self.env["ir.actions.act_window"].search([("res_model", "=like", "epd.%")])
        seen = set()
        for action in actions.filtered(lambda each: "list" in each.view_mode.split(",")):
            model = action.res_model
            if model in (*EDITED_IN_ROWS, *FIGURES) or action.view_ids:
                continue
            self.assertIn("kanban", action.view_mode.split(","), action.xml_id)
            self.assertEqual(action.mobile_view_mode, "kanban", action.xml_id)
            self.assertTrue(
                self.env["ir.ui.view"].search([("model", "=", model), ("type", "=", "kanban")]),
                model,
            )
            seen.add(model)
        self.assertGreater(len(seen), 15)

    def test_cards_offer_no_more_than_the_list(self):
        for view, arch in self._views("kanban"):
            rows = self.env["ir.ui.view"].search(
                [("model", "=", view.model), ("type", "=", "list"), ("inherit_id", "=", False)]
            )
            if not rows:
                continue
            table = etree.fromstring(self.env[view.model].get_view(rows[0].id, "list")["arch"])
            for right in ("create", "edit", "delete"):
                if table.get(right) == "0":
                    self.assertEqual(arch.get(right), "0", (view.xml_id, right))

    def test_cards_ask_only_for_fields_they_read(self):
        """A card that asks for ``record.name`` of a field it does not declare ends in «Oops» in the web client."""
        for view, arch in self._views("kanban"):
            declared = {node.get("name") for node in arch.iter("field")}
            asked = re.findall(r"\brecord\.(\w+)\.", etree.tostring(arch, encoding="unicode"))
            self.assertFalse(set(asked) - declared, view.xml_id)
