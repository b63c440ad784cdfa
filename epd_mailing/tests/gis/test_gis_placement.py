from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged

from ..common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestGisPlacement(EpdCommon):
    """Identifiers of ГИС ЖКХ: on paper, never on what was saved before."""

    NUMBER = "16АК330020-01-6031"

    def _place(self, number=NUMBER, **vals):
        return (
            self.env["epd.gis.placement"]
            .with_user(self.operator)
            .create(
                {
                    "account_id": self.accounts[0].id,
                    "period_id": self.period.id,
                    "gis_document_id": number,
                    "placed_on": "2026-04-02",
                    **vals,
                }
            )
        )

    def _snapshots(self):
        found = self.env["epd.document.snapshot"]._build(self.accounts[:2], self.period, "epd")
        return [found[account.id][0]["account"]["gis_document_id"] for account in self.accounts[:2]]

    def test_it_stands_in_the_head_of_its_own_document(self):
        self._place()
        self.assertEqual(self._snapshots(), [self.NUMBER, ""])

    def test_a_saved_document_shows_it_and_stays_as_it_is(self):
        documents = self.env["epd.payment.document"]
        answer = documents._form_documents(self.accounts[0], self.period, "epd")
        document = answer[self.accounts[0].id][0]
        before = document.snapshot
        self._place()
        document.invalidate_recordset()
        self.assertEqual(document.gis_document_id, self.NUMBER)
        self.assertEqual(str(document.gis_placed_on), "2026-04-02")
        self.assertEqual(document.snapshot, before)

    def test_bad_input(self):
        with self.assertRaises(ValidationError) as caught:
            self._place("16АК33")
        self.assertIn("18 characters", caught.exception.args[0])
        self._place()
        with self.assertRaisesRegex(ValidationError, "entered already"):
            self._place()

    def test_only_for_the_office(self):
        self._place()
        stranger = new_test_user(self.env, "epd_gis_stranger", groups="base.group_user")
        with self.assertRaises(AccessError):
            self.env["epd.gis.placement"].with_user(stranger).search([])
