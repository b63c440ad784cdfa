"""A million letters are counted without reading them, and statistics open with the latest months."""

import re

from dateutil.relativedelta import relativedelta
from lxml import etree
from odoo.fields import Domain
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from ..common import run_migration
from ..sending_common import SendingCommon

INDEX = "epd_mailing_letter_mailing_state_idx"
# a letter itself is read for when it went and whether it is a repeat
FROM_LETTERS = {"day", "is_repeat", "hours_to_open"}


@tagged("post_install", "-at_install", "epd_mailing")
class TestLetterFigures(SendingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mailing = cls.env["epd.mailing"].create(
            {"unisender_account_id": cls.unisender.id, "period_id": cls.period.id}
        )
        cls.mailing._add_documents(cls.documents)
        cls.letters = cls.mailing.letter_ids

    def _get_columns(self):
        self.env.cr.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", (INDEX,))
        return set(re.findall(r"\w+", self.env.cr.fetchone()[0].partition("USING")[2]))

    def _get_view(self, model, kind):
        return etree.fromstring(
            self.env[model].with_user(self.operator).get_view(False, kind)["arch"]
        )

    def _get_fields(self, model):
        """Return the fields that the pivot, the graph, the filters and the groups of a model ask for."""
        asked = set()
        for kind in ("pivot", "graph"):
            asked |= {node.get("name") for node in self._get_view(model, kind).iter("field")}
        for node in self._get_view(model, "search").iter("filter"):
            asked |= set(re.findall(r"'group_by': '(\w+)", node.get("context") or ""))
            asked |= {
                term[0] for term in safe_eval(node.get("domain") or "[]") if isinstance(term, tuple)
            }
        return asked

    def test_letters_are_counted_by_an_index_alone(self):
        asked = self._get_fields("epd.mailing.letter") - {"is_forgotten"}
        self.assertLessEqual(asked | {"mailing_id", "company_id", "is_test"}, self._get_columns())

    def test_statistics_are_counted_by_an_index_alone(self):
        """Nothing is joined, and no column is read that the index lacks."""
        report = self.env["epd.letter.report"].with_user(self.operator)
        plain = self._get_fields("epd.letter.report") - FROM_LETTERS - {"month", "is_recent"}
        self.assertGreater(len(plain), 6)
        for name in sorted(plain):
            with self.subTest(name=name):
                query = report._search([])
                column = report._field_to_sql(query.table, name, query)
                plan = self._explain(query.select(column))
                self.assertIn(f"Index Only Scan using {INDEX}", plan)
                self.assertNotIn("Join", plan)
                self.assertNotIn("Nested Loop", plan)

    def _explain(self, query):
        """Return the plan of a query; of small tables PostgreSQL reads all unless it is told not to."""
        self.env.flush_all()
        with self.env.cr.savepoint():
            self.env.cr.execute("SET LOCAL enable_seqscan = off")
            self.env.cr.execute("SET LOCAL enable_bitmapscan = off")
            self.env.cr.execute("EXPLAIN " + query.code, query.params)
            plan = "\n".join(line for (line,) in self.env.cr.fetchall())
            self.env.cr.execute("SET LOCAL enable_seqscan = on")
            self.env.cr.execute("SET LOCAL enable_bitmapscan = on")
        return plan

    def test_a_letter_has_the_period_of_its_document(self):
        self.assertTrue(self.letters)
        self.assertEqual(self.letters.period_id, self.period)
        for letter in self.letters:
            self.assertEqual(letter.period_id, letter.document_id.period_id)

    def test_the_update_fills_the_periods(self):
        self.env.flush_all()
        self.env.cr.execute("UPDATE epd_mailing_letter SET period_id = NULL")
        run_migration(self.env, "19.0.1.5.0/pre-letter_periods.py", "19.0.1.4.0")
        self.env.cr.execute(
            "SELECT count(*) FROM epd_mailing_letter letter"
            " LEFT JOIN epd_payment_document document ON document.id = letter.document_id"
            " WHERE letter.period_id IS DISTINCT FROM document.period_id"
        )
        self.assertEqual(self.env.cr.fetchone()[0], 0)
        self.assertEqual(self.letters.period_id, self.period)

    def test_statistics_open_with_the_months_of_the_office(self):
        """Whatever day it is: in January the receipts of December go out, and a sample is of old months."""
        action = self.env.ref("epd_mailing.epd_letter_report_action")
        self.assertEqual(safe_eval(action.context), {"search_default_recent": 1})
        node = self._get_view("epd.letter.report", "search").find(".//filter[@name='recent']")
        recent = Domain(safe_eval(node.get("domain")))
        report = self.env["epd.letter.report"].with_user(self.operator)
        own = Domain("mailing_id", "=", self.mailing.id)
        self.env.flush_all()
        period = self.period
        for months in range(4):
            with self.subTest(months):
                self.assertEqual(self.company.epd_current_period_id, period)
                found = report.search(own & recent)
                self.assertEqual(set(found.ids), set(self.letters.ids) if months < 3 else set())
                others = report.search(own & ~recent)
                self.assertEqual(set((found | others).ids), set(self.letters.ids))
                self.assertEqual(set(found.mapped("is_recent")), {True} if found else set())
                self.assertEqual(set(others.mapped("is_recent")), {False} if others else set())
            period = self.env["epd.billing.period"].create(
                {
                    "date_start": period.date_start + relativedelta(months=1),
                    "company_id": self.company.id,
                }
            )
            self.company.epd_current_period_id = period
            report.invalidate_model()
        plan = self._explain(report._search(recent).select("COUNT(*)"))
        self.assertIn(f"Index Only Scan using {INDEX}", plan)
        self.assertNotIn("Join", plan)

    def test_a_filter_opens_with_one_option_of_a_date(self):
        """Of several Odoo takes all in the year of the first: in January those of the year to come.

        https://github.com/odoo/odoo/blob/19.0/addons/web/static/src/search/search_model.js
        (toggleDateFilter), seen 2026-11-27
        """
        views = self.env["ir.ui.view"].search(
            [("type", "=", "search"), ("model", "=like", "epd.%")]
        )
        self.assertTrue(views)
        for view in views:
            for node in etree.fromstring(view.arch).iter("filter"):
                self.assertNotIn(",", node.get("default_period", ""))

    def test_an_office_without_a_current_month_sees_its_last_ones(self):
        self.company.epd_current_period_id = False
        self.env.flush_all()
        report = self.env["epd.letter.report"].with_user(self.operator)
        found = report.search([("is_recent", "=", True), ("mailing_id", "=", self.mailing.id)])
        self.assertEqual(set(found.ids), set(self.letters.ids))

    def test_letters_that_never_went_have_a_month(self):
        skipped = self.letters.filtered(lambda letter: letter.state == "skipped")
        self.assertTrue(skipped)
        start = self.period.date_start
        last = start + relativedelta(months=1, days=-1)
        report = self.env["epd.letter.report"].with_user(self.operator)
        own = Domain("mailing_id", "=", self.mailing.id)
        self.env.flush_all()
        found = report.search(own & Domain("month", ">=", start) & Domain("month", "<=", last))
        self.assertEqual(set(found.ids), set(self.letters.ids))
        self.assertFalse(report.search(own & Domain("month", ">", last)))

    def test_a_mailing_shows_all_of_its_letters(self):
        """Its months are no matter there, however old it is."""
        self.assertEqual(self.mailing.with_user(self.operator).action_open_report()["context"], {})

    def test_letters_are_sorted_by_the_order_documents_were_made_in(self):
        letters = self.env["epd.mailing.letter"].with_user(self.operator)
        domain = [("mailing_id", "=", self.mailing.id)]
        for way in ("asc", "desc"):
            found = letters.search(domain, order=f"document_id {way}").document_id.ids
            self.assertEqual(found, sorted(found, reverse=way == "desc"))
            query = letters._search(domain, order=f"document_id {way}").select()
            self.assertNotIn("epd_payment_document", query.code)
