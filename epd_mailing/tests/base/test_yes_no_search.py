from odoo.tests import tagged

from ..common import EpdCommon


@tagged("post_install", "-at_install")
class TestYesNoSearch(EpdCommon):
    """Every field of ours that is worked out as yes or no, and can be searched."""

    def find_fields(self):
        for model in self.env.values():
            if model._abstract:
                continue
            for field in model._fields.values():
                ours = "epd_mailing" in field._modules
                if ours and field.type == "boolean" and field.search and not field.store:
                    if not field.related:
                        yield model, field.name

    def test_yes_and_no_are_all(self):
        """Nothing is left out by «yes or no», and a record is found by its own answer alone."""
        found, offices = set(), self.env["res.company"].search([]).ids
        for model, name in self.find_fields():
            with self.subTest(model=model._name, field=name):
                records = model.with_context(active_test=False, allowed_company_ids=offices)
                every = records.search([])
                self.assertEqual(records.search([(name, "in", [True, False])]), every)
                yes = every.filtered(name)
                self.assertEqual(records.search([(name, "=", True)]), yes)
                self.assertEqual(records.search([(name, "=", False)]), every - yes)
            found.add((model._name, name))
        self.assertIn(("epd.charge", "is_current"), found)
        self.assertIn(("epd.delivery.consent", "is_joint"), found)
        self.assertGreater(len(found), 6)
