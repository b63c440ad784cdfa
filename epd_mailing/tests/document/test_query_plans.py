"""Screens of a big house find what they show by an index, and never row by row."""

import re
from unittest.mock import patch

import psycopg2
from lxml import etree
from odoo.fields import Domain
from odoo.tests import tagged

from ...models.account import epd_personal_account
from ...models.base import shown_rows
from ...models.run.run_outlook import RunOutlook
from ...models.run.run_scope import RunScope
from ...tools import query_plan
from ..common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestQueryPlans(EpdCommon):
    """Small tables: PostgreSQL reads them whole unless it is told not to; what is possible shows then."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lists = cls.env.ref("epd_mailing.account_list_all_open")
        cls.billing_run = cls.env["epd.billing.run"].create(
            {"period_id": cls.period.id, "list_ids": [(6, 0, lists.ids)]}
        )
        cls.billing_run._add_accounts()

    def _explain(self, query, *switched_off):
        """Return the plan of a query that may not use some of PostgreSQL's ways.

        :param query: ``odoo.tools.SQL``
        """
        self.env.flush_all()
        with self.env.cr.savepoint():
            for way in ("seqscan", *switched_off):
                self.env.cr.execute(f"SET LOCAL enable_{way} = off")
            self.env.cr.execute("EXPLAIN " + query.code, query.params)
            plan = "\n".join(line for (line,) in self.env.cr.fetchall())
            for way in ("seqscan", *switched_off):
                self.env.cr.execute(f"SET LOCAL enable_{way} = on")
        return plan

    def _get_default_order(self, model, kind):
        arch = self.env[model].with_user(self.operator).get_view(False, kind)["arch"]
        return etree.fromstring(arch).get("default_order")

    def test_the_first_page_of_each_big_table_comes_from_an_index(self):
        indexes = {
            "epd.charge": ("epd_charge_account_period_idx", 2),
            "epd.account.balance": ("epd_account_balance_pkey", 1),
            "epd.meter.reading": ("epd_meter_reading_pkey", 1),
            "epd.payment.document": ("epd_payment_document_pkey", 1),
        }
        for model, (index, terms) in indexes.items():
            for kind in ("list", "kanban"):
                with self.subTest(model=model, kind=kind):
                    # what follows is sorted among the few rows of one account
                    order = ",".join(self._get_default_order(model, kind).split(",")[:terms])
                    query = self.env[model]._search([], order=order, limit=80).select()
                    plan = self._explain(query, "sort", "incremental_sort", "bitmapscan")
                    self.assertIn(f"using {index}", plan)
                    self.assertNotIn("Join", plan)

    def test_accounts_without_something_are_joined_not_looked_up_one_by_one(self):
        scope = RunScope(self.billing_run)
        domains = {
            "without charges": scope.get_uncharged_domain(),
            "new": scope.get_prepare_domain("new"),
            "bare": scope.get_prepare_domain("bare"),
        }
        self.billing_run._unlocked().sudo().write({"state": "done"})
        domains["later"] = scope.get_late_domain()
        for name, domain in domains.items():
            with self.subTest(name=name):
                plan = self._explain(self.env["epd.personal.account"]._search(domain).select())
                self.assertIn("Anti Join", plan)
                self.assertNotIn("SubPlan", plan)

    def test_who_gets_what_is_worked_out_in_one_pass(self):
        """Documents and accounts, the widest rows, are read once."""
        plan = self._explain(RunOutlook(self.billing_run)._get_query())
        for table in ("epd_payment_document", "epd_personal_account"):
            with self.subTest(table=table):
                self.assertEqual(len(re.findall(rf"\bon {table}\b", plan)), 1)

    def test_numbers_of_a_run_read_no_document_and_no_charge(self):
        """All that is asked of a row stands in one index."""
        scope = RunScope(self.billing_run.sudo())
        documents = self.env["epd.payment.document"].sudo()
        for query, table, index in (
            (
                documents._search(scope.get_document_domain()).select("delivery_state"),
                "epd_payment_document",
                "epd_payment_document_period_delivery_idx",
            ),
            (scope._get_charged_query(), "epd_charge", "epd_charge_account_period_idx"),
        ):
            with self.subTest(table=table):
                self.env.cr.execute(
                    "SELECT indexdef FROM pg_indexes WHERE indexname = %s", (index,)
                )
                columns = set(re.findall(r"\w+", self.env.cr.fetchone()[0].partition("USING")[2]))
                asked = set(re.findall(rf'"{table}"\."(\w+)"', query.code))
                self.assertIn("period_id", asked)
                self.assertLessEqual(asked | {"account_id"}, columns)

    def test_parts_of_texts_are_found_by_an_index(self):
        for model, field in (
            ("epd.personal.account", "search_text"),
            ("epd.personal.account", "number"),
            ("epd.delivery.address", "email"),
            ("epd.building", "name"),
        ):
            with self.subTest(model=model, field=field):
                model = self.env[model].sudo().with_context(active_test=False)
                query = model._search([(field, "ilike", "12345")], order="id").select()
                plan = self._explain(query, "indexscan")
                self.assertIn(f"Bitmap Index Scan on {model._table}__{field}_index", plan)

    def test_an_account_is_found_by_its_email_or_its_text_by_an_index_each(self):
        # those that find so many that they are not named one by one
        accounts = self.env["epd.personal.account"].sudo()
        many = accounts._get_text_domain("noread.12345@")
        for model, domain in (
            ("epd.personal.account", many),
            ("epd.charge", Domain("account_id", "any", many)),
        ):
            with self.subTest(model):
                # in so small a table the company's index would do as well
                query = self.env[model].sudo()._search(domain, order="id").select()
                plan = self._explain(query, "indexscan")
                for index in (
                    "epd_personal_account__search_text_index",
                    "epd_delivery_address__email_index",
                ):
                    self.assertIn(f"Bitmap Index Scan on {index}", plan)
                self.assertNotIn("SubPlan", plan)

    def test_charges_of_one_account_are_not_looked_for_in_the_order_of_the_list(self):
        """PostgreSQL, which guesses how many accounts a text finds, would read them all one after another."""
        charges = self.env["epd.charge"].with_user(self.operator)
        domain = [("is_current", "=", True), ("account_id", "ilike", "00100")]
        for operator, few in (("ilike", True), ("not ilike", True), ("ilike", False)):
            with self.subTest(operator=operator, few=few):
                domain[1] = ("account_id", operator, "00100")
                with patch.object(epd_personal_account, "FEW", 100 if few else 0):
                    query = charges._search(domain, limit=80).select()
                self.assertEqual("search_text" in query.code, not few)

    def test_the_first_page_of_a_month_of_charges_comes_from_an_index(self):
        charges = self.env["epd.charge"].with_user(self.operator)
        order = ",".join(self._get_default_order("epd.charge", "list").split(",")[:2])
        query = charges._search([("is_current", "=", True)], order=order, limit=80).select()
        plan = self._explain(query, "sort", "incremental_sort", "bitmapscan")
        self.assertIn("using epd_charge_account_period_idx", plan)
        self.assertNotIn("Join", plan)
        self.assertNotIn("Sort", plan)

    def test_accounts_with_charges_are_joined_in_the_order_of_the_index(self):
        query = RunScope(self.billing_run.sudo())._get_charged_query()
        self.assertIn("DISTINCT", query.code)
        plan = self._explain(query, "bitmapscan", "hashagg", "sort")
        self.assertIn("Unique", plan)
        self.assertIn("using epd_charge_account_period_idx", plan)

    def test_a_database_whose_user_may_not_goes_without(self):
        class Refusing:
            """A cursor of somebody who may not create extensions."""

            def __init__(self, cr):
                self.savepoint = cr.savepoint

            def execute(self, query, log_exceptions=True):
                raise psycopg2.errors.InsufficientPrivilege(query)

        class Registry:
            has_trigram = False

        registry = Registry()
        query_plan.prepare_text_search(Refusing(self.env.cr), registry)
        self.assertFalse(registry.has_trigram)
        query_plan.prepare_text_search(self.env.cr, registry)
        self.assertTrue(registry.has_trigram)

    def test_a_form_of_a_run_is_sent_some_rows_alone(self):
        lines = self.billing_run.line_ids
        self.assertGreater(len(lines), 2)
        odd = lines[-1]
        odd.sudo()._unlocked().write({"state": "error", "problem_text": "x"})
        with patch.object(shown_rows, "SHOWN", 2):
            self.billing_run.invalidate_recordset(["shown_line_ids"])
            shown = self.billing_run.with_user(self.operator).shown_line_ids
        self.assertEqual(len(shown), 2)
        self.assertEqual(shown[0].id, odd.id)
        arch = self.env["epd.billing.run"].with_user(self.operator).get_view(False, "form")["arch"]
        self.assertNotIn('name="line_ids"', arch)
        self.assertIn(f"account_count &lt;= {shown_rows.SHOWN}", arch)
