from odoo.tests import tagged

from ..import_common import ImportCase, make_csv


@tagged("post_install", "-at_install", "epd_mailing")
class TestImportPayee(ImportCase):
    """Who is paid for a service in a month is one rule: file, readiness and receipt say the same."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        provisions = cls.env["epd.service.provision"]
        before = provisions.search([("service_id", "=", cls.service_water.id)])
        before.date_to = "2026-03-15"
        cls.after = provisions.create(
            {
                "building_id": cls.building.id,
                "service_id": cls.service_water.id,
                "provider_id": cls.company.partner_id.id,
                "payee_id": cls.repair_payee.id,
                "date_from": "2026-03-16",
            }
        )

    def test_payee_that_changed_within_the_month(self):
        pair = self.building.id, self.service_water.id
        valid = self.after._get_valid([("building_id", "=", self.building.id)], self.period)
        self.assertEqual(valid[pair], self.after)
        self.env.flush_all()
        rows = self.env.execute_query(self.after._get_valid_query(self.period))
        self.assertLessEqual(
            {(*key, one.payee_id.id) for key, one in valid.items()},
            {(row[0], row[1], row[2]) for row in rows},
        )
        data = make_csv([["ЛС", "Услуга", "Начислено"], ["00100", "5", "152,80"]])
        order = self._order(data)
        order.action_check()
        self.assertEqual(order.sum_ids.payee_id, self.repair_payee, "as the receipt has it")
        april = self.env["epd.billing.period"].create(
            {"date_start": "2026-04-01", "company_id": self.company.id}
        )
        order = self._order(data, period_id=april.id)
        order.action_check()
        theirs = self.service_water | self.service_repair
        charges = self.accounts.charge_ids.filtered(lambda charge: charge.service_id in theirs)
        known = order.sum_ids.filtered(lambda line: line.payee_id == self.repair_payee)
        self.assertAlmostEqual(known.previous, sum(charges.mapped("total")), 2)
