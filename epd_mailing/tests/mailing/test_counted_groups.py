"""Figures of letters are counted by groups first, and are what the letters themselves tell."""

from datetime import timedelta
from unittest.mock import patch

from odoo.fields import Datetime, Domain
from odoo.tests import tagged
from odoo.tools import SQL

from ...models.base.counted_groups import KEY, EpdCountedGroups
from ..sending_common import SendingCommon

SUMS = ("letter_count:sum", "sent:sum", "delivered:sum", "opened:sum", "read_count:sum")
FAILED = ("failed:sum", "skipped:sum", "unknown:sum")
FIGURES = (*SUMS, *FAILED, "delivered_rate:avg", "opened_rate:avg", "__count")


@tagged("post_install", "-at_install", "epd_mailing")
class TestCountedGroups(SendingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        april = cls.period._get_following()
        for period in (cls.period, april):
            mailing = cls.env["epd.mailing"].create(
                {"unisender_account_id": cls.unisender.id, "period_id": period.id}
            )
            mailing._add_documents(cls.documents)
        cls.letters = cls.env["epd.mailing.letter"].search([("mailing_id", "!=", False)])
        cls.env.flush_all()
        states = ("sent", "delivered", "opened", "read", "bounced", "skipped", "unknown")
        for number, letter in enumerate(cls.letters):
            cls.env.cr.execute(
                "UPDATE epd_mailing_letter SET state = %s, sent_at = %s, period_id = %s,"
                " failure_type = %s WHERE id = %s",
                (
                    states[number % len(states)],
                    # late in the evening: the day of the office's clock is the next one
                    Datetime.to_datetime("2026-04-05 22:30:00") + timedelta(days=number % 2),
                    (cls.period, april)[number % 2].id,
                    "address_bounced" if number % len(states) == 4 else None,
                    letter.id,
                ),
            )
        cls.env.invalidate_all()
        cls.report = cls.env["epd.letter.report"].with_user(cls.operator)

    def _ask(self, model, *call, **options):
        """Return (answer, that of the rows themselves, whether rows were counted first)."""
        queries = []
        query_rows = type(self.env).execute_query

        def listen(env, query):
            queries.append(query.code)
            return query_rows(env, query)

        with patch.object(type(self.env), "execute_query", listen):
            told = getattr(model, call[0])(*call[1:], **options)
        with patch.object(EpdCountedGroups, "_count_by", return_value=None):
            plain = getattr(model, call[0])(*call[1:], **options)
        return told, plain, any("AS counted" in code for code in queries)

    def test_what_is_counted_is_what_the_rows_tell(self):
        self.assertGreater(len(self.letters), 5)
        domains = (
            [],
            [("is_recent", "=", True)],
            [("day", ">=", "2026-04-06"), ("day", "<=", "2026-04-06")],
            [("state", "in", ("bounced", "rejected")), ("building_id", "ilike", "а")],
            [("mailing_id.state", "!=", "cancelled"), ("month", ">=", "2026-03-01")],
            [("period_id", "=", False)],
        )
        names = ("building_id", "state", "failure_type", "mailing_id", "day:day", "month:month")
        for domain in domains:
            for name in names:
                with self.subTest(domain=domain, name=name):
                    sets = [[], [name], ["period_id"], [name, "period_id"]]
                    told, plain, counted = self._ask(
                        self.report, "formatted_read_grouping_sets", domain, sets, FIGURES
                    )
                    self.assertTrue(counted)
                    self.assertEqual(told, plain)
                    told, plain, counted = self._ask(
                        self.report, "formatted_read_group", domain, [name, "state"], FIGURES
                    )
                    self.assertEqual(counted, name != "day:day")
                    self.assertEqual(told, plain)

    def test_days_are_those_of_the_office(self):
        told, _plain, counted = self._ask(
            self.report, "_read_grouping_sets", [], [["day:day"]], ["__count"]
        )
        self.assertTrue(counted)
        self.assertEqual({str(day) for day, _count in told[0]}, {"2026-04-06", "2026-04-07"})

    def test_what_counts_cannot_tell_is_asked_of_the_rows(self):
        for groups, figures, domain in (
            (["is_repeat"], ["__count"], []),
            (["account_id"], ["__count"], []),
            (["state"], ["hours_to_open:avg"], []),
            (["state"], ["mailing_id:count_distinct"], []),
            (["state"], ["letter_count:max"], []),
            (["period_id"], ["__count"], [("account_id", "in", self.letters.account_id[:2].ids)]),
            (["period_id"], ["__count"], [("id", "in", self.letters[:2].ids)]),
        ):
            with self.subTest(groups=groups, figures=figures):
                told, plain, _counted = self._ask(
                    self.report, "_read_grouping_sets", domain, [[], groups], figures
                )
                self.assertEqual(told, plain)
                self.assertTrue(told[0])

    def test_a_condition_of_another_kind_is_asked_of_the_rows(self):
        own = Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s = %s", model._field_to_sql(alias, "id", query), self.letters[0].id
            )
        )
        sent = Domain("state", "!=", False)
        for domain in (own, own & sent, ~(~own | ~sent)):
            told, plain, counted = self._ask(
                self.report, "_read_grouping_sets", domain, [[], ["state"]], ["__count"]
            )
            self.assertEqual(told, plain)
            self.assertEqual(told[0], [(1,)])
            self.assertFalse(counted)

    def test_letters_of_the_pivot(self):
        letters = self.env["epd.mailing.letter"].with_user(self.operator)
        told, plain, counted = self._ask(
            letters,
            "formatted_read_grouping_sets",
            [("is_test", "=", False)],
            [[], ["building_id"], ["state"], ["building_id", "state"]],
            ["__count"],
        )
        self.assertTrue(counted)
        self.assertEqual(told, plain)

    def _count_all(self, model):
        (((count,),), by_state), plain, counted = self._ask(
            model, "_read_grouping_sets", [], [[], ["state"]], ["__count"]
        )
        self.assertEqual([[(count,)], by_state], plain)
        self.assertEqual(sum(each for _state, each in by_state), count)
        return count, counted

    def test_letters_of_another_company_are_not_counted(self):
        letters = self.env["epd.mailing.letter"].with_user(self.operator)
        other = self.env["res.company"].create({"name": "УК «Чужая»"})
        before = [self._count_all(model)[0] for model in (self.report, letters)]
        self.env.cr.execute(
            "UPDATE epd_mailing_letter SET company_id = %s WHERE id IN %s",
            (other.id, tuple(self.letters[:2].ids)),
        )
        self.env.invalidate_all()
        for model, count in zip((self.report, letters), before, strict=True):
            self.assertEqual(self._count_all(model), (count - 2, True), model)

    def test_a_rule_about_what_is_not_counted_holds(self):
        """An administrator's own record rule: the rows themselves are asked then."""
        hidden = self.letters[0].account_id
        for name in ("epd.letter.report", "epd.mailing.letter"):
            model = self.env[name].with_user(self.operator)
            before, counted = self._count_all(model)
            self.assertTrue(counted)
            self.env["ir.rule"].create(
                {
                    "name": "not this account",
                    "model_id": self.env["ir.model"]._get_id(name),
                    "domain_force": f"[('account_id', '!=', {hidden.id})]",
                }
            )
            count, counted = self._count_all(model)
            self.assertEqual(count, model.search_count([]))
            self.assertLess(count, before)
            self.assertFalse(counted)

    def test_a_rule_about_rows_behind_letters_holds(self):
        """Such a condition asks for the ids of letters, which counts do not have."""
        letters = self.env["epd.mailing.letter"].with_user(self.operator)
        for force in (
            "[('event_ids', '=', False)]",
            "['!', ('event_ids', '!=', False)]",
            "['|', ('event_ids', '=', False), ('state', '=', 'sent')]",
        ):
            rule = self.env["ir.rule"].create(
                {
                    "name": "of events",
                    "model_id": self.env["ir.model"]._get_id(letters._name),
                    "domain_force": force,
                }
            )
            self.assertEqual(self._count_all(letters), (letters.search_count([]), False), force)
            rule.unlink()

    def test_letters_that_a_condition_asks_about_are_not_counted(self):
        """«Of mailings with such a letter»: these are looked for among the letters themselves."""
        letters = self.env["epd.mailing.letter"].with_user(self.operator)
        for model, groups in ((letters, ["is_test"]), (self.report, ["day:day"])):
            for domain in (
                [("mailing_id.letter_ids.event_ids", "=", False)],
                [("mailing_id.letter_ids.state", "=", "bounced")],
                [("mailing_id.letter_ids.email", "ilike", "ivanov")],
            ):
                with self.subTest(model=model, domain=domain):
                    told, plain, counted = self._ask(
                        model, "_read_grouping_sets", domain, [[], groups], ["__count"]
                    )
                    self.assertEqual(told, plain)
                    self.assertTrue(told[0][0][0])
                    self.assertTrue(counted)

    def test_nothing_counted_is_asked_further(self):
        """Groups know nothing of the counts; and what a caller says of them is not taken."""
        sets = self.report._read_grouping_sets([], [["building_id"]], ["__count"])
        for building, _count in sets[0]:
            self.assertNotIn(KEY, building.env.context)
        claimed = self.report.with_context(**{KEY: ["state"]})
        self.assertEqual(claimed.search([]).ids, self.report.search([]).ids)
