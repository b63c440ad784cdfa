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
OTHER_DATES = ("epd.mailing", "epd.mailing.letter", "epd.letter.report", "epd.mailing.schedule")


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
        for view, arch in self._views("list", "form"):
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
