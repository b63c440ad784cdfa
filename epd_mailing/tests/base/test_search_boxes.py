from lxml import etree
from odoo.fields import Domain
from odoo.tests import tagged

from ..common import EpdCommon

TYPED = "семин 3"


@tagged("post_install", "-at_install", "epd_mailing")
class TestSearchBoxes(EpdCommon):
    """Whatever is typed into the search box of a screen, each field offered there can be asked."""

    def test_every_field_of_every_box(self):
        actions = self.env["ir.actions.act_window"].search([("res_model", "=like", "epd.%")])
        tried = 0
        for action in actions.filtered(lambda each: "list" in each.view_mode):
            records = self.env[action.res_model]
            if records.is_transient():
                continue
            view = records.get_view(action.search_view_id.id or None, "search")
            for node in etree.fromstring(view["arch"]).iter("field"):
                field = records._fields[node.get("name")]
                if field.type in ("char", "text", "html", "many2one", "many2many", "one2many"):
                    with self.subTest(action=action.xml_id, field=field.name):
                        records.search(Domain(field.name, "ilike", TYPED), limit=1)
                        tried += 1
        self.assertGreater(tried, 30)

    def test_every_record_is_found_by_its_name(self):
        """As a field that leads to it asks, and the search box where there is no view of its own."""
        names = self.env["ir.model"].search([("model", "=like", "epd.%")]).mapped("model")
        tried = 0
        for name in names:
            if (
                self.env[name]._abstract
                or self.env[name].is_transient()
                or not self.env[name]._auto
            ):
                continue
            # a model without a name to search for says so in the log
            with self.subTest(name), self.assertNoLogs("odoo.models", "WARNING"):
                self.env[name].name_search(TYPED)
                tried += 1
        self.assertGreater(tried, 20)
