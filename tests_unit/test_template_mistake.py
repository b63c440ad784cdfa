"""jinja2's sentences, as the installed jinja2 says them."""

import pytest
from tools.message import TemplateError, check_template
from tools.template_mistake import Mistake, read_mistake


@pytest.mark.parametrize(
    ("template", "kind", "what"),
    [
        ("{% fro x %}", "unknown_tag", "fro"),
        ("{% если period %}", "unknown_tag", "если"),
        ("{% endif %}", "unknown_tag", "endif"),
        ("{% if period %}{% endfor %}{% endif %}", "unknown_tag", "endfor"),
        ("{% if period %}да", "not_closed", "if"),
        ("{{ period", "unfinished", ""),
        ("{{", "unfinished", ""),
        ("{# period", "unfinished", ""),
        ("{{ period }", "unexpected", "}"),
        ("{{ (period }}", "unexpected", "}"),
        ("{{ period) }}", "unexpected", ")"),
        ("{{ period payer }}", "unexpected", "payer"),
        ("{{ ФИО владельца }}", "unexpected", "владельца"),
        ("{{ period & 1 }}", "unexpected", "&"),
        ("{{ «period» }}", "unexpected", "«"),
        ("{{ 'period }}", "unexpected", "'"),
        ("{% for x %}", "unexpected", "%}"),
        ("{{ }}", "incomplete", ""),
        ("{% %}", "incomplete", ""),
        ("{% if %}", "incomplete", ""),
        ("{{ period. }}", "incomplete", ""),
        ("{{ period|frobnicate }}", "no_filter", "frobnicate"),
        ("{% set 1 = 2 %}", "", ""),
        ("{{ period.__class__ }}", "", ""),
    ],
)
def test_what_a_mistake_is(template, kind, what):
    with pytest.raises(TemplateError) as caught:
        check_template("Тема", template, is_html=False)
    assert caught.value.code in ("syntax", "forbidden")
    assert read_mistake(caught.value.name) == Mistake(kind, what)
