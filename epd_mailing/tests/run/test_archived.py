from odoo.tests import tagged

from ..sending_common import SendingCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestArchived(SendingCommon):
    """Archived payers and buildings: warned of before the documents and before the letters."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fixed = cls.env["epd.account.list"].create(
            {"name": "Свой", "kind": "fixed", "company_id": cls.company.id}
        )
        cls.fixed.account_ids = cls.accounts
        cls.billing_run = cls.env["epd.billing.run"].create(
            {
                "period_id": cls.period.id,
                "company_id": cls.company.id,
                "list_ids": [(6, 0, cls.fixed.ids)],
            }
        )

    def open_from_pages(self, code):
        """Return what the button of a warning opens: before «Save for Sending», before letters."""
        opened = []
        run = self.billing_run.with_user(self.operator)
        for page in (run.action_confirm_prepare(), run.action_confirm_mailing()):
            outlook = self.env["epd.run.outlook"].with_user(self.operator).browse(page["res_id"])
            line = outlook.line_ids.filtered(lambda line: line.what == f"find_{code}")
            if line:
                self.assertEqual((line.severity, line.count), ("warning", 1))
                action = line.action_open()
                found = self.env[action["res_model"]].with_user(self.operator)
                opened.append(found.search(action["domain"]).sudo())
        return opened

    def test_payer(self):
        account = self.accounts[1]
        self.assertEqual(self.open_from_pages("archived_payer"), [])
        account.partner_id.active = False
        self.assertEqual(self.open_from_pages("archived_payer"), [account, account])
        # warned of, and the debt stays: the letter goes
        self._send(self._make_mailing(self.documents[1]))
        self.assertEqual([x["email"] for x in self.fake.letters()], ["petrova@example.com"])

    def test_building(self):
        account = self.accounts[0]
        account.building_id = self.building.copy({"name": "Снесённый дом"})
        self.assertEqual(self.open_from_pages("archived_building"), [])
        account.building_id.active = False
        self.assertEqual(self.open_from_pages("archived_building"), [account, account])
