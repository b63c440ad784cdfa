from odoo.exceptions import UserError, ValidationError
from odoo.models import Constraint, UniqueIndex
from odoo.tests import tagged

from ...models.base.table_rules import EpdTableRules, split_keys
from ..sending_common import SendingCommon

LOG = "odoo.sql_db"


@tagged("post_install", "-at_install", "epd_mailing")
class TestTableRules(SendingCommon):
    """What a person does wrong meets a message, never the database: that would be an ERROR in the log."""

    def _refuse(self, action, words):
        """Check that an action is refused with the rule's own words, and that no statement failed."""
        with (
            self.assertNoLogs(LOG, "ERROR"),
            self.assertRaises(ValidationError) as caught,
            self.cr.savepoint(),
        ):
            action()
            self.env.flush_all()
        self.assertIn(words, str(caught.exception))

    def test_a_second_record_of_the_same_key(self):
        account, period, service = self.accounts[0], self.period, self.service_house
        line = {
            "account_id": account.id,
            "period_id": period.id,
            "service_id": service.id,
            "line_key": "twice",
        }
        for model, vals, words in (
            ("epd.billing.period", {"date_start": "2031-01-01"}, "billing period is already there"),
            ("epd.building", {"name": "ул. Двойная, д. 1"}, "This building is already there"),
            (
                "epd.personal.account",
                {"number": "0777", "building_id": self.building.id},
                "account with this number",
            ),
            (
                "epd.service",
                {"name": "Лифт", "code": "777", "uom_name": "м²"},
                "A service with this code",
            ),
            ("epd.charge", line, "This line of charges is already there"),
            (  # its index has COALESCE
                "epd.tariff",
                {"service_id": service.id, "date_from": "2026-01-01", "tariff": 5},
                "already has a tariff from this day",
            ),
            (  # its index has WHERE
                "epd.delivery.address",
                {"account_id": account.id, "email": "twice@example.com"},
                "This address is already there",
            ),
        ):
            model = self.env[model].with_user(self.manager)
            with self.subTest(model._name):
                model.create(dict(vals))
                self._refuse(lambda m=model, v=vals: m.create(dict(v)), words)
        again = self.unisender.name
        self._refuse(lambda: self._make_unisender(again), "This UniSender account is already there")

    def test_two_of_one_call(self):
        vals = {"name": "ул. Двойная, д. 1"}
        model = self.env["epd.building"]
        self._refuse(lambda: model.create([dict(vals), dict(vals)]), "This building")

    def test_a_record_moved_onto_another(self):
        one, two = self.env["epd.building"].create([{"name": "А"}, {"name": "Б"}])
        self._refuse(lambda: two.write({"name": "А"}), "This building")
        # the same value again is no second one
        one.write({"name": "А"})
        two.write({"name": "В"})
        one.write({"name": "Б"})
        self.env.flush_all()
        self.assertEqual((one.name, two.name), ("Б", "В"))

    def test_checks_of_values(self):
        self._refuse(lambda: self.building.write({"total_area": -1}), "cannot be negative")
        self._refuse(lambda: self.company.write({"epd_quiet_from": 24}), "Quiet hours")
        dates = {"date_open": "2026-02-01", "date_close": "2026-01-01"}
        self._refuse(lambda: self.accounts[0].write(dates), "closes before it opens")

    def test_what_is_used_is_not_deleted(self):
        for record in (self.period, self.building, self.unisender):
            if record == self.unisender:
                self._make_mailing()
            with (
                self.subTest(record._name),
                self.assertNoLogs(LOG, "ERROR"),
                self.assertRaises(UserError),
                self.cr.savepoint(),
            ):
                record.with_user(self.manager).unlink()

    def test_every_declared_rule_is_asked(self):
        """Each rule of ours with a message is read, and its question is one PostgreSQL takes."""
        asked = 0
        for model in self.env.registry.values():
            if not model._auto or model._abstract:
                continue
            records = self.env[model._name]
            declared = {
                name
                for name, rule in records._table_objects.items()
                if rule._module == "epd_mailing"
                and isinstance(rule, (Constraint, UniqueIndex))
                and rule.message
            }
            if not declared:
                continue
            with self.subTest(model._name):
                self.assertTrue(hasattr(records, "_get_table_rules"))
                rules = records._get_table_rules()
                found = {
                    rule.name: rule.columns for rule in EpdTableRules._get_table_rules(records)
                }
                self.assertEqual(set(found), declared)
                # the others are over columns that the program alone writes
                guarded = getattr(records, "_get_guarded_names", set)()
                left = {name for name, columns in found.items() if columns - guarded}
                self.assertEqual({rule.name for rule in rules}, left)
                for rule in rules:
                    self.assertTrue(rule.columns)
                    self.env.execute_query(records._ask_table_rule(rule, [{}]))
                    asked += 1
        self.assertGreater(asked, 15)

    def test_keys_are_split_outside_of_brackets(self):
        self.assertEqual(split_keys("a, COALESCE(b, 0), c"), ("a", "COALESCE(b, 0)", "c"))
