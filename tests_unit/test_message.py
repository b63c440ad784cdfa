"""Templates: plain fields only, errors name the line, nothing else can be reached."""

import pytest
from tools.message import (
    UNSUBSCRIBE,
    TemplateError,
    check_template,
    render_message,
    sample_data,
    text_to_html,
)


def body(template, **data):
    return render_message("Тема", template, {**sample_data(), **data}).html


def test_fields_are_filled_and_escaped():
    html = body("<p>{{ account_number }} {{ payer_name }}</p>", payer_name="<b>Ё & О’К</b>")
    assert html == "<p>0100001 &lt;b&gt;Ё &amp; О’К&lt;/b&gt;</p>"


def test_the_services_braces_come_only_from_our_field():
    html = body("{{ payer_name }} {{ unsubscribe_link }}", payer_name="{{UnsubscribeUrl}}")
    assert html.count(UNSUBSCRIBE) == 1 and html.endswith(UNSUBSCRIBE)
    message = render_message("{{ payer_name }}", "x", {**sample_data(), "payer_name": "{{a}}"})
    assert "{{" not in message.subject


@pytest.mark.parametrize(
    ("template", "code", "line"),
    [
        ("a\n{{ nope }}", "unknown_field", 2),
        ("a\nb\n{% for %}", "syntax", 3),
        ("", "empty_body", 0),
        ("<p> </p>", "empty_body", 0),
        ("x" * 300_000, "too_long", 0),
    ],
)
def test_mistakes_name_the_line(template, code, line):
    with pytest.raises(TemplateError) as caught:
        check_template("Тема", template)
    assert (caught.value.code, caught.value.line) == (code, line)


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ payer_name.__init__.__globals__ }}",
        "{{ '{0.__class__}'.format(payer_name) }}",
        "{{ payer_name|attr('__class__') }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ self._TemplateReference__context }}",
        "{{ lipsum.__globals__ }}",
        "{{ namespace().x }}",
        "{{ range(10000000)|list }}",
        "{{ 'a' * 100000000 }}",
        "{{ 9**9**9 }}",
        "{{ '%999999999d' % 1 }}",
        "{% for i in range(1000) %}{% for j in range(1000) %}xxxxxxxxxx{% endfor %}{% endfor %}",
        "{% include 'x' %}",
        "{% import 'os' as os %}",
        "{{ [].append(1) }}{{ payer_name.x }}",
    ],
)
def test_known_escapes_are_closed(template):
    with pytest.raises(TemplateError):
        body(template)


def test_only_plain_data_goes_in():
    with pytest.raises(TypeError):
        body("x", payer_name=object())


@pytest.mark.parametrize("field", ["amount_due", "document_link", "unsubscribe_link"])
def test_no_amounts_or_links_in_subjects(field):
    with pytest.raises(TemplateError) as caught:
        check_template("{{ %s }}" % field, "x")
    assert caught.value.code == "body_only"


def test_plain_text_becomes_decent_html():
    html = text_to_html("Здравствуйте!\nСсылка https://example.com/a.\n\n<конец>")
    assert '<a href="https://example.com/a">' in html
    assert "<br>" in html and html.count("<p>") == 2 and "&lt;конец&gt;" in html
