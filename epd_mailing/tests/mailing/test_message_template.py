from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..common import EpdCommon


@tagged("post_install", "-at_install", "epd_mailing")
class TestMessageTemplate(EpdCommon):
    """A template is tried when it is saved; its author reaches nothing but the fields."""

    def _make(self, body, subject="Счёт {{ account_number }}", **vals):
        return self.env["epd.message.template"].create(
            {"name": "T", "company_id": self.company.id, "subject": subject, "body": body, **vals}
        )

    def test_good_ones(self):
        template = self._make("<p>{{ payer_name }}, {{ amount_due }}, {{ document_link }}</p>")
        self.assertIn("account_number", [field["name"] for field in template.letter_fields])
        self._make("Здравствуйте, {{ responsible_name }}", body_format="text")

    def test_mistakes_name_the_line(self):
        for body in ("a\nb {{ nonsense }}", "a\n{% if %}", "a\n{{ payer_name.__class__ }}"):
            with self.subTest(body), self.assertRaisesRegex(ValidationError, "line 2"):
                self._make(body)

    def test_an_unknown_field_is_told_with_the_known_ones(self):
        template = self.env["epd.message.template"].new(
            {"subject": "Счёт", "body": "<p>{{ payer_nane }}</p>", "body_format": "html"}
        )
        for word in ("payer_nane", "“payer_name” may be meant", "document_link"):
            self.assertIn(word, template.text_problem)
        self.assertFalse(template.preview_html)
        template.body = "<p>{{ payer_name }}</p>"
        self.assertFalse(template.text_problem)
        self.assertTrue(template.preview_html)

    def test_a_mistake_is_told_in_words_of_ours(self):
        """jinja2 tells it in English; what is not among the usual mistakes is told by its line."""
        for body, word in (
            ("x\n{% fro payer_name %}", "no tag “fro”"),
            ("x\n{% if payer_name %}да", "“{% if … %}” is not closed: write “{% endif %}”"),
            ("x\n{{ payer_name", "An opened brace is not closed"),
            ("x\n{{ payer_name || }}", "“|” is not expected"),
            ("x\n{{ payer_name|frobnicate }}", "There is no filter “frobnicate”."),
            ("x\n{% set 1 = 2 %}", "The template has a mistake in line 2."),
        ):
            template = self.env["epd.message.template"].new(
                {"subject": "Счёт", "body": body, "body_format": "text"}
            )
            self.assertIn(word, template.text_problem)
            self.assertIn("line 2", template.text_problem)
            for foreign in ("Jinja", "expected token", "available", "assign"):
                self.assertNotIn(foreign, template.text_problem)

    def test_what_an_editor_makes_of_a_comparison(self):
        template = self._make(
            "<p>{% if payer_name == &quot;Ё&quot; and&nbsp;period &gt; '' %}да{% else %}нет{% endif %}</p>"
        )
        self.assertIn("нет", template.preview_html)

    def test_amounts_stay_out_of_subjects(self):
        with self.assertRaises(ValidationError):
            self._make("x", subject="К оплате {{ amount_due }}")

    def test_known_escapes(self):
        for body in (
            "{{ ''.__class__.__mro__ }}",
            "{{ self.__init__.__globals__ }}",
            "{{ cycler.__init__.__globals__.os }}",
            "{% import 'os' as os %}",
            "{% include '/etc/passwd' %}",
            "{{ '%s' % payer_name }}",
            "{{ 'a' * 10**9 }}",
            "{% for i in range(10**9) %}x{% endfor %}",
            "{{ ''|attr('__class__') }}",
            "{{ env }}",
            "{{ lipsum }}",
        ):
            with self.subTest(body), self.assertRaises(ValidationError):
                self._make(body)
