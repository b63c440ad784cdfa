import ast
import itertools

from lxml import etree
from odoo.tests import tagged

from ..common import EpdCommon

NUMBERS = (0, 1, 2)  # enough for «none», «some» and «fewer than»
# what never comes together: a letter of unknown outcome is not mended, but settled first
NEVER = {"epd.mailing.letter": lambda case: case["send_state"] == "unknown" and case["can_mend"]}


@tagged("post_install", "-at_install", "epd_mailing")
class TestNextStep(EpdCommon):
    """The head of a form highlights one button at most: what is to be done next."""

    def _get_highlighted(self, arch):
        """Return the conditions under which the highlighted buttons of the head are not shown."""
        return [
            node.get("invisible") or "False"
            for node in arch.xpath("/form/header/button")
            if "oe_highlight" in (node.get("class") or "")
        ]

    def _get_cases(self, model, conditions):
        """Yield the values of the fields that the conditions name, in every combination."""
        names = {
            node.id
            for condition in conditions
            for node in ast.walk(ast.parse(condition, mode="eval"))
            if isinstance(node, ast.Name)
        }
        fields = self.env[model]._fields
        values = [
            [key for key, _label in fields[name]._description_selection(self.env)]
            if fields[name].type == "selection"
            else NUMBERS
            for name in names
        ]
        for case in itertools.product(*values):
            found = dict(zip(names, case, strict=True))
            if model not in NEVER or not NEVER[model](found):
                yield found

    def test_one_step_at_most(self):
        views = self.env["ir.ui.view"].search(
            [("type", "=", "form"), ("model", "=like", "epd.%"), ("inherit_id", "=", False)]
        )
        tried = 0
        for view in views:
            arch = etree.fromstring(self.env[view.model].get_view(view.id, "form")["arch"])
            conditions = self._get_highlighted(arch)
            for case in self._get_cases(view.model, conditions):
                shown = [each for each in conditions if not eval(each, {}, dict(case))]  # pylint: disable=eval-used
                self.assertLessEqual(len(shown), 1, (view.xml_id, case))
                tried += 1
        self.assertGreater(tried, 100)

    def test_nothing_is_left_when_the_month_is_done(self):
        view = self.env.ref("epd_mailing.epd_billing_run_view_form")
        arch = etree.fromstring(self.env[view.model].get_view(view.id, "form")["arch"])
        conditions = self._get_highlighted(arch)
        done = {"state": "done", "document_count": 2}
        for mailed, paper, steps in ((0, 0, 1), (1, 0, 1), (1, 1, 1), (2, 1, 1), (2, 0, 0)):
            case = {**done, "mailed_count": mailed, "is_paper_next": paper}
            self.assertEqual(sum(not eval(each, {}, case) for each in conditions), steps, mailed)  # pylint: disable=eval-used
