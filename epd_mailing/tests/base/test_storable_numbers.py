from odoo.exceptions import UserError
from odoo.tests import tagged

from ..common import EpdCommon

NONE_OF_OURS = (
    float("nan"),
    float("inf"),
    float("-inf"),
    "NaN",
    "-Infinity",
    "1e400",
    1e18,
    "ten",
    [1],
)


@tagged("post_install", "-at_install", "epd_mailing")
class TestStorableNumbers(EpdCommon):
    """What is no number enters no field of this addon, by no door, and is refused in words."""

    def _get_fields(self):
        """Return (records of a model, name) of all of this addon's fields of numbers that a model has."""
        found = []
        for model in self.env.registry.values():
            if model._abstract or not model._auto or model._table_query:
                continue
            records = self.env[model._name]
            if not hasattr(records, "_get_number_names"):
                numbers = [
                    field.name
                    for field in model._fields.values()
                    if field.type in ("float", "monetary", "integer")
                    and "epd_mailing" in field._modules
                    and field.store
                ]
                self.assertFalse(numbers, f"{model._name} takes any number")
                continue
            found += [(records, name) for name in sorted(records._get_number_names())]
        return found

    def _refuses(self, call, *args):
        with self.assertRaises(UserError) as refused:
            call(*args)
        return str(refused.exception)

    def test_every_field_by_every_door(self):
        fields = self._get_fields()
        self.assertGreater(len(fields), 50)
        for records, name in fields:
            record = records.search([], limit=1) or records.new({})
            label = records._fields[name]._description_string(self.env)
            vals = {name: float("nan")}
            context = {f"default_{name}": float("nan")}
            with self.subTest(model=records._name, field=name):
                self.assertIn(label, self._refuses(records.create, vals))
                self.assertIn(label, self._refuses(record.write, vals))
                self._refuses(record.web_save, vals, {})
                self._refuses(records.onchange, vals, [name], {name: {}})
                self._refuses(records.with_context(**context).create, {})
                self._refuses(records.with_context(**context).default_get, [name])

    def test_every_kind_of_value(self):
        fields = {
            "area": self.accounts,
            "residents": self.accounts,
            "total": self.env["epd.charge"],
        }
        for name, records in fields.items():
            for value in NONE_OF_OURS:
                with self.subTest(field=name, value=value):
                    self.assertIn("takes a number", self._refuses(records.create, {name: value}))

    def test_rows_beneath_a_record(self):
        for value in NONE_OF_OURS:
            with self.subTest(value=value):
                rows = [(1, self.accounts[0].id, {"area": value})]
                self._refuses(self.accounts[0].partner_id.write, {"epd_account_ids": rows})

    def test_what_is_imported_is_told_by_row(self):
        for value in ("NaN", "inf", "1e400"):
            with self.subTest(value=value):
                rows = [[str(self.accounts[0].id), value]]
                answer = self.accounts.load([".id", "area"], rows)
                self.assertFalse(answer["ids"])
                self.assertIn("takes a number", answer["messages"][0]["message"])
        self.assertEqual(self.accounts[0].area, 38.4)

    def test_usual_numbers_pass(self):
        self.accounts[0].write({"area": "41.5", "residents": False, "entrance": "3"})
        self.assertEqual(self.accounts[0].area, 41.5)
        self.assertEqual(self.accounts[0].entrance, 3)
