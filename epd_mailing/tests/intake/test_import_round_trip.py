import json
import unittest

from odoo.tests import tagged

from ..import_common import ImportCase, make_csv, make_xlsx

ACCOUNT = ("number", "building_id/name", "premises", "premises_kind", "area", "residents", "date_open",
           "date_close", "partner_id/name", "partner_id/vat", "partner_id/email")  # fmt: skip
CHARGE = (
    "account_id/number", "account_id/building_id/name", "service_id/code", "service_id/name", "service_id/kind",
    "service_id/uom_name", "line_key", "volume_individual", "volume_common", "volume_method", "tariff",
    "amount_individual", "amount_common", "amount", "ratio", "excess", "recalculation",
    "recalculation_reason", "discount", "total", "norm_individual", "norm_common", "explanation",
)  # fmt: skip
BALANCE = ("account_id/number", "payee_id/acc_number", "opening", "paid", "paid_through",
           "last_payment_date", "charged", "penalty", "court_costs")  # fmt: skip
READING = ("account_id/number", "service_id/code", "meter_number", "zone", "previous", "current",
           "consumption", "read_on", "verify_by")  # fmt: skip


@tagged("post_install", "-at_install", "epd_mailing")
class TestImportRoundTrip(ImportCase):
    """The demo house goes out by Odoo's own export and comes into an empty company by ours."""

    def setUp(self):
        super().setUp()
        self.house = self.env.ref("epd_mailing.demo_building", raise_if_not_found=False)
        if not self.house:
            raise unittest.SkipTest("the database has no demo house")
        self.march = self.env.ref("epd_mailing.demo_period_2026_03")
        self.source = self.env["res.company"].browse(self.house.company_id.id)
        self.source.epd_code_gis = False  # identifiers of ГИС ЖКХ come by a loading of their own
        self.before = self._snapshots(self.source, self.march)
        name = self.source.name
        self.source.name = "Прежняя"  # company names are unique
        self.env.flush_all()
        self.target = self.env["res.company"].create({"name": name, "currency_id": self.rub.id})
        allowed = [*self.company.ids, *self.target.ids]
        self.env = self.env(context={**self.env.context, "allowed_company_ids": allowed})
        names = ("vat", "epd_kpp", "epd_ogrn", "street", "city", "zip")
        self.target.partner_id.write({name: self.source.partner_id[name] for name in names})
        # what an office enters once by hand: its bank accounts
        demo = self.env.ref("epd_mailing.demo_payee_office") | self.env.ref(
            "epd_mailing.demo_payee_repair"
        )
        self.payees = self.env["res.partner.bank"].create(
            [
                {"acc_number": p.acc_number, "bank_id": p.bank_id.id, "epd_payee_name": p.epd_payee_name,
                 "partner_id": self.target.partner_id.id, "company_id": self.target.id}
                for p in demo
            ]
        )  # fmt: skip
        self.manager.write({"company_ids": [(4, self.target.id)]})
        self.month = self.env["epd.billing.period"].create(
            {"company_id": self.target.id, "date_start": self.march.date_start}
        )

    def _export(self, records, names, make):
        """Return Odoo's own export of records, with headings, as a file."""
        rows = records.export_data(list(names))["datas"]
        if make is make_csv:
            rows = [
                ["" if cell is None or cell is False else str(cell) for cell in row] for row in rows
            ]
        else:
            rows = [[None if cell is False else cell for cell in row] for row in rows]
        return make([list(names), *rows])

    def _into_target(self, data, kind, **more):
        order = self._load(
            data,
            kind,
            user=self.manager,
            company_id=self.target.id,
            period_id=self.month.id,
            **more,
        )
        self.assertEqual(
            (order.state, order.error_count), ("done", 0), order.problem_ids.mapped("text")
        )
        return order

    def _snapshots(self, company, period):
        accounts = self.env["epd.personal.account"].sudo().search([("company_id", "=", company.id)])
        found = self.env["epd.document.snapshot"].sudo()._build(accounts, period, "epd")
        return {account.number: found[account.id] for account in accounts}

    def test_round_trip(self):
        for make in (make_csv, make_xlsx):
            with self.subTest(make.__name__):
                self._round_trip(make)

    def _round_trip(self, make):
        sources = {
            name: self.env[name].sudo().search([("period_id", "=", self.march.id)])
            for name in ("epd.charge", "epd.account.balance", "epd.meter.reading")
        }
        accounts = (
            self.env["epd.personal.account"].sudo().search([("company_id", "=", self.source.id)])
        )
        self._into_target(self._export(accounts, ACCOUNT, make), "account")
        charges = sources["epd.charge"]
        repair = charges.filtered(lambda charge: charge.service_id.kind == "capital_repair")
        options = {"create_services": True}
        self._into_target(
            self._export(charges - repair, CHARGE, make),
            "charge",
            payee_id=self.payees[0].id,
            **options,
        )
        self._into_target(
            self._export(repair, CHARGE, make), "charge", payee_id=self.payees[1].id, **options
        )
        self._into_target(self._export(sources["epd.account.balance"], BALANCE, make), "balance")
        self._into_target(self._export(sources["epd.meter.reading"], READING, make), "reading")
        before, after = self.before, self._snapshots(self.target, self.month)
        self.assertEqual(before.keys(), after.keys())
        compared = 0
        for number, (snapshot, problem) in before.items():
            other, wrong = after[number]
            self.assertEqual(problem and problem["code"], wrong and wrong["code"], number)
            if snapshot:
                compared += 1
                self.assertEqual(snapshot["total"], other["total"], number)
                codes = [[block["qr"] for block in each["blocks"]] for each in (snapshot, other)]
                self.assertEqual(*codes, number)
                self.assertEqual(
                    json.dumps(snapshot["readings"], sort_keys=True),
                    json.dumps(other["readings"], sort_keys=True),
                    number,
                )
        self.assertGreater(compared, 55)
