"""Sums of groups of big lists: the same as Odoo's own, with less work."""

from unittest.mock import patch

from odoo.tests import tagged

from .. import screens
from ..common import EpdCommon

MODELS = ("epd.charge", "epd.account.balance", "epd.account.payment", "epd.payment.document")


@tagged("post_install", "-at_install", "epd_mailing")
class TestGroupSums(EpdCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.groups = cls.env["epd.charge"].with_user(cls.operator)
        cls.mixin = type(cls.env["epd.company.money"])
        others = [
            {"name": name, "company_id": cls.company.id}
            for name in ("г. Казань, ул. Ягодная, д. 1", "г. Казань, ул. Абрикосовая, д. 3")
        ]
        for place, building in enumerate(cls.env["epd.building"].create(others)):
            account = cls.env["epd.personal.account"].create(
                {
                    "number": f"0020{place}",
                    "building_id": building.id,
                    "company_id": cls.company.id,
                }
            )
            cls._make_charges(account, house=f"{1000 + place}.10")

    def _get_aggregates(self, model):
        """Return what the web client asks of the groups of a list."""
        records = self.env[model].with_user(self.operator)
        views = records.get_views([[False, "list"], [False, "search"]])
        call = screens.data_calls(views, model, "list", groups=["company_id"])[0]
        return call[2]["aggregates"]

    def _ask(self, records, groupby, aggregates, **options):
        answer = records.web_read_group([], [groupby], aggregates, **options)
        # money as it is shown: a sum that went through a rate has more places
        return answer["length"], [
            {
                name: round(value, 2) if isinstance(value, float) else value
                for name, value in group.items()
            }
            for group in answer["groups"]
        ]

    def _ask_odoo(self, *arguments, **options):
        """Return what Odoo itself answers."""
        nobody = self.env["res.currency"]
        with (
            patch.object(self.mixin, "_get_read_currencies", lambda _self: nobody),
            patch.object(self.mixin, "_get_group_places", lambda _self, _groupby, _order: None),
        ):
            return self._ask(*arguments, **options)

    def test_each_big_list_asks_for_money_in_one_currency(self):
        for model in MODELS:
            with self.subTest(model):
                asked = self._get_aggregates(model)
                self.assertIn("currency_id:array_agg_distinct", asked)
                self.assertTrue([each for each in asked if each.endswith(":sum_currency")])

    def test_groups_and_their_order_are_those_of_odoo(self):
        aggregates = self._get_aggregates("epd.charge")
        for groupby in ("period_id", "service_id", "building_id", "account_id", "company_id"):
            for order in (None, f"{groupby} DESC", f"{groupby} ASC", "total DESC", "sequence"):
                for limit, offset in ((80, 0), (2, 0), (2, 1), (1, 50)):
                    options = {"order": order, "limit": limit, "offset": offset}
                    with self.subTest(groupby=groupby, **options):
                        self.assertEqual(
                            self._ask(self.groups, groupby, aggregates, **options),
                            self._ask_odoo(self.groups, groupby, aggregates, **options),
                        )

    def test_all_in_one_sum_and_nothing_at_all(self):
        aggregates = self._get_aggregates("epd.charge")
        for domain in ([], [("id", "=", 0)]):
            ours = self.groups.formatted_read_group(domain, [], aggregates)
            with patch.object(
                self.mixin, "_get_read_currencies", lambda _self: self.env["res.currency"]
            ):
                self.assertEqual(self.groups.formatted_read_group(domain, [], aggregates), ours)

    def test_a_currency_with_a_rate(self):
        self.company.currency_id.rate_ids.unlink()
        self.env["res.currency.rate"].create(
            [
                {
                    "currency_id": self.company.currency_id.id,
                    "company_id": self.company.id,
                    "name": day,
                    "rate": rate,
                }
                for day, rate in (("2020-01-01", 2.5), ("2024-01-01", 80))
            ]
        )
        self.env.invalidate_all()
        aggregates = ["total:sum", "currency_id:array_agg_distinct", "total:sum_currency"]
        ours = self._ask(self.groups, "building_id", aggregates)
        self.assertEqual(ours, self._ask_odoo(self.groups, "building_id", aggregates))
        group = ours[1][0]
        self.assertAlmostEqual(group["total:sum_currency"], group["total:sum"] / 80, places=2)

    def test_two_offices_of_two_currencies(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        other = self.env["res.company"].create({"name": "Чужая УК", "currency_id": dollar.id})
        self.operator.company_ids += other
        building = self.env["epd.building"].create({"name": "Дом", "company_id": other.id})
        account = self.env["epd.personal.account"].create(
            {"number": "1", "building_id": building.id, "company_id": other.id}
        )
        period = self.env["epd.billing.period"].create(
            {"date_start": self.period.date_start, "company_id": other.id}
        )
        service = self.env["epd.service"].create(
            {"name": "Вода", "code": "w", "uom_name": "м³", "company_id": other.id}
        )
        self.env["epd.charge"].create(
            {
                "account_id": account.id,
                "period_id": period.id,
                "service_id": service.id,
                "amount": 5,
            }
        )
        aggregates = self._get_aggregates("epd.charge")
        for allowed in (self.company, other, self.company + other):
            records = self.groups.with_context(allowed_company_ids=allowed.ids)
            with self.subTest(allowed=allowed):
                ours = self._ask(records, "building_id", aggregates)
                self.assertEqual(ours, self._ask_odoo(records, "building_id", aggregates))
                currencies = {
                    currency
                    for group in ours[1]
                    for currency in group["currency_id:array_agg_distinct"]
                }
                self.assertEqual(currencies, set(allowed.currency_id.ids))

    def test_one_currency_is_neither_joined_nor_sorted(self):
        query = self.groups._search([])
        own = self.groups._read_group_select("amount:sum", query)
        self.assertEqual(self.groups._read_group_select("amount:sum_currency", query), own)
        currency = self.groups._read_group_select("currency_id:array_agg_distinct", query)
        self.assertNotIn("DISTINCT", currency.code)
        self.assertNotIn("JOIN", query.from_clause.code)

    def test_groups_of_very_many_records_are_put_in_order_by_the_database(self):
        with patch("odoo.addons.epd_mailing.models.base.company_money.FEW", 2):
            self.assertIsNone(self.groups._get_group_places(["building_id"], None))
        self.assertIsNotNone(self.groups._get_group_places(["building_id"], None))

    def test_a_list_of_charges_opens_with_the_month_of_the_office(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("epd_mailing.epd_charge_action")
        self.assertIn("search_default_current", action["context"])
        following = self.period._get_following()
        self._make_charges(self.accounts[0], following)
        for model in ("epd.charge", "epd.account.balance", "epd.meter.reading"):
            arch = self.env[model].with_user(self.operator).get_view(False, "search")["arch"]
            self.assertIn("[('is_current', '=', True)]", arch)
        now = self.groups.search([("is_current", "=", True)])
        self.assertEqual(now.period_id, self.period)
        self.assertEqual(set(now.mapped("is_current")), {True})
        others = self.groups.search([("is_current", "=", False)])
        self.assertEqual(others.period_id, following)
        self.assertEqual(set((now | others).ids), set(self.groups.search([]).ids))
