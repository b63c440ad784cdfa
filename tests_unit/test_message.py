"""Templates: plain fields only, errors name the line, nothing else can be reached."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from tools import template_sandbox
from tools.message import (
    FIELDS,
    UNSUBSCRIBE,
    TemplateError,
    check_template,
    get_field_names,
    render_message,
    sample_data,
    suggest_field,
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
        # attributes and what leads to them
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ payer_name.__init__.__globals__ }}",
        "{{ payer_name['__class__'] }}",
        "{{ payer_name['__cl' ~ 'ass__'] }}",
        "{{ payer_name['\\x5f\\x5fclass\\x5f\\x5f'] }}",
        "{{ payer_name|attr('__class__') }}",
        "{{ payer_name.upper.__self__ }}",
        "{{ range.__globals__ }}",
        "{{ (1).real.__class__ }}",
        "{{ [payer_name]|map(attribute='__class__')|list }}",
        "{{ [payer_name]|max(attribute='__class__.__mro__') }}",
        "{{ [payer_name]|groupby('__class__') }}",
        "{% for x in [1] %}{{ loop.__class__ }}{% endfor %}",
        "{{ none.__class__ }}",
        # what formats
        "{{ '{0.__class__}'.format(payer_name) }}",
        "{{ '{a.__class__}'.format_map({'a': 1}) }}",
        "{{ '%s'|format(payer_name) }}",
        "{{ '%999999999d' % 1 }}",
        "{% set f = '{0.__class__}'.format %}{{ f(payer_name) }}",
        # jinja2's own objects and tags
        "{{ self }}",
        "{{ self._TemplateReference__context }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ joiner(', ') }}",
        "{{ dict(a=1) }}",
        "{{ lipsum() }}",
        "{{ namespace().x }}",
        "{{ loop }}",
        "{% for x in [1] %}{{ loop }}{% endfor %}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% include 'x' %}",
        "{% import 'os' as os %}",
        "{% from 'x' import y %}",
        "{% extends 'x' %}",
        "{% block a %}x{% endblock %}",
        "{% macro m() %}x{% endmacro %}{{ m() }}",
        "{% call range() %}x{% endcall %}",
        "{% filter upper %}x{% endfilter %}",
        "{% set ns.x = 1 %}x",
        "{% set x %}y{% endset %}{{ x }}",
        "{% do 1 %}x",
        "{{ range(*[3]) }}",
        "{{ payer_name.encode() }}",
        "{{ payer_name.join(['a', 'b']) }}",
        "{{ 'x'|no_such_filter }}",
        "{{ 'ab'|list|random }}",
        "{{ 1 is callable }}",
        # around the escaping
        "{{ payer_name|safe }}",
        "{{ payer_name|forceescape|safe }}",
        "{% autoescape false %}{{ payer_name }}{% endautoescape %}",
        "{{ {'a': payer_name}|xmlattr }}",
        # what is not there at all
        "{% for x in payer_name %}{{ x }}{% endfor %}",
        "{% set x = 1 %}{{ x }}",
        "{{ payer_name[:4] }}",
        "{{ payer_name.split() }}",
        "{{ 1 + 1 }}",
        "{{ -1 }}",
        "{{ payer_name|truncate(*[3]) }}",
        "{{ payer_name|truncate(**{'length': 3}) }}",
        # no printed form
        "{{ [1, 2] }}",
        "{{ payer_name.upper }}",
        "{{ range }}",
    ],
)
def test_known_escapes_are_closed(template):
    with pytest.raises(TemplateError):
        body(template)


DOUBLE = "{% set a = 'xxxxxxxxxx' %}{% set b = [1] %}{% set n = 99 %}"


@pytest.mark.parametrize(
    "template",
    [
        "{{ range(10000000)|list }}",
        "{{ 'a' * 100000000 }}",
        "{{ [1] * 100000000 }}",
        "{{ 9**9**9 }}",
        "{{ 'a'.center(1000000000) }}",
        "{{ 'a'.zfill(1000000000) }}",
        "{{ 'a'|center(1000000000) }}",
        "{{ [1]|batch(1000000000, 'x')|list }}",
        "{{ 5|round(-1000000000) }}",
        "{{ 5|round(1000000000) }}",
        "{% for i in range(1000) %}{% for j in range(1000) %}xxxxxxxxxx{% endfor %}{% endfor %}",
        "{% for i in range(999) %}{% for j in range(999) %}{% for k in range(999) %}{% endfor %}"
        "{% endfor %}{% endfor %}x",
        "{% for i in range(999) %}{% for j in range(999) %}{% if 'zz' in payer_name %}{% endif %}"
        "{% endfor %}{% endfor %}x",
        "{% for i in range(999) %}{% for j in range(999) %}{% set x = payer_name|upper %}"
        "{% endfor %}{% endfor %}x",
        DOUBLE + "{% set a = a ~ a %}" * 60 + "{{ a }}",
        DOUBLE + "{% set a = '' ~ ('' ~ (a ~ a)) %}" * 60 + "{{ a }}",
        DOUBLE + "{% set a = a + a %}" * 60 + "{{ a }}",
        DOUBLE + "{% set a = [a, a]|join %}" * 60 + "{{ a }}",
        DOUBLE + "{% set a = a|replace('x', a) %}" * 60 + "{{ a }}",
        DOUBLE + "{% set a = a|urlencode ~ '%' %}" * 400 + "{{ a }}",
        DOUBLE + "{% set b = b + b %}" * 60 + "{{ b|length }}",
        DOUBLE + "{% set b = [b, b] %}" * 60 + "{{ b == b }}",
        DOUBLE + "{% set b = (b, b) %}" * 60 + "{{ b|length }}",
        DOUBLE + "{% set n = n * n %}" * 60 + "x",
        "{{ " + "9" * 10_000 + " }}",
        "{{ " + "not " * 3000 + "1 }}",
        "{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}",
        "{% for i in [1] %}" * 30 + "x" + "{% endfor %}" * 30,
        "{{" * 50_000,
        "{{ account_number }}" * 6000,
        "{{ " + "payer_name ~ " * 3000 + "'x' }}",
        "{{ " + "(" * 15 + "payer_name" + "|urlencode)" * 15 + " }}",
        "{{ " + "(" * 15 + "payer_name" + "|e ~ '')" * 15 + " }}",
        "{{ payer_name" + "|replace('я', payer_name)" * 5 + " }}",
        "{{ " + "[" * 30 + "'\\\\'" + "]|upper" * 30 + " }}",
        "{{ " + "([" * 30 + "'\\\\'" + "] ~ '')" * 30 + " }}",
        "{{ " + "(" * 30 + "'\\\\'" + ",)|trim" * 30 + " }}",
    ],
)
def test_no_template_takes_all_the_time_or_memory(template):
    with pytest.raises(TemplateError):
        body(template, payer_name="я" * 1000)


@pytest.mark.parametrize(
    "text",
    ["payer_name is divisibleby(3)", "payer_name|foo", "[payer_name]", "payer_name[0]", "self"],
)
def test_what_is_not_available_is_found_in_every_branch(text):
    with pytest.raises(TemplateError) as caught:
        check_template(
            "Тема", "x\n{% if account_number == 'never' %}\n{{ " + text + " }}{% endif %}"
        )
    assert (caught.value.code, caught.value.line) == ("forbidden", 3)


def test_what_templates_may_do():
    assert body(
        "{% if amount_due != '0,00' and period %}{{ period|upper }}{% elif x %}?{% else %}-{% endif %}"
        " {{ 'Л/с ' ~ account_number }}{{ ', ЕЛС' if unified_account_number else '' }}"
        " {{ nothing|default('—') }} {{ payer_name|truncate(6, True, '…') }} {{ none or '' }}"
        "{% if period in ['март 2026', 'май 2026'] and payer_name|length > 5 %}!{% endif %}"
        "{{ 'да' if period == 'никогда' }}{{ '!' if period is in ['март 2026', period] else '?' }}"
        "{% if provider_phone is defined and provider_phone is ne '' %}{{ '<' ~ ' a '|trim }}{% endif %}"
    ) == ("МАРТ 2026 Л/с 0100001, ЕЛС — Ивано… !!&lt;a")


@given(st.text(alphabet="{}%# abc'\"|~()[]+*.0123456789\n", max_size=60), st.booleans())
def test_any_text_is_a_message_or_an_error_of_the_template(source, is_html):
    for subject, text in (("s", source), (source, "x")):
        try:
            message = render_message(subject, text, sample_data(), is_html)
        except TemplateError:
            continue
        assert "{{" not in message.subject + message.html


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_payer_data_can_do_anything(name, address):
    data = {**sample_data(), "payer_name": name, "premises_address": address}
    message = render_message("s {{ payer_name }}{{ premises_address }}"[:200], HOSTILE, data)
    assert "{{" not in message.subject and "\n" not in message.subject
    assert message.html.count("{{") == message.html.count(UNSUBSCRIBE) == 1
    inner = message.html.removeprefix('<p title="').removesuffix(f"</p>{UNSUBSCRIBE}")
    assert inner.count("<") == inner.count(">") - 1 == 0 and inner.count('"') == 1
    text = render_message("s", "{{ payer_name }}{{ premises_address }}.", data, is_html=False).html
    assert "{{" not in text and "\ue000" not in text


HOSTILE = '<p title="{{ payer_name }}">{{ premises_address }}</p>{{ unsubscribe_link }}'


@pytest.mark.parametrize("braces", ["{{a}}", "{{{a}}}", "{{{{", "{ {{", "{\u202e{a}}", "{\x00{a}}"])
def test_braces_of_payers_open_nothing(braces):
    data = {**sample_data(), "payer_name": braces}
    message = render_message("{{ payer_name }}", "{{ payer_name }}", data)
    assert "{{" not in message.subject and "{{" not in message.html
    joined = render_message("{{ '{' }}{{ '{' }}a", "{{ '{' }}{{ '{' }}a", data)
    assert "{{" not in joined.subject and "{{" not in joined.html


def test_style_sheets_stay_whole():
    css = "<style>@media print{p{color:red}}</style>x"
    assert body(css) == css


@pytest.mark.parametrize(
    "value",
    [object(), 1, 1.5, None, b"x", Markup("<b>"), {1, 2}, len, ["a"], {"a": "b"}, Decimal(1)],
)
def test_only_texts_go_in(value):
    with pytest.raises(TypeError):
        body("x", payer_name=value)


@pytest.mark.parametrize("field", ["amount_due", "document_link", "unsubscribe_link"])
def test_no_amounts_or_links_in_subjects(field):
    with pytest.raises(TemplateError) as caught:
        check_template("{{ " + field + " }}", "x")
    assert caught.value.code == "body_only"


def test_unknown_names_are_found_in_every_branch():
    template = "x\n{% if account_number == 'never' %}\n{{ payer_nme }}{% endif %}"
    with pytest.raises(TemplateError) as caught:
        check_template("Тема", template)
    assert (caught.value.code, caught.value.line) == ("unknown_field", 3)
    assert caught.value.name == "payer_nme"


def test_a_mistake_that_shows_only_for_one_payer_names_its_line():
    with pytest.raises(TemplateError) as caught:
        body(
            "x\n{% if account_number == '7' %}\n{{ '!' if payer_name > 5 }}{% endif %}",
            account_number="7",
        )
    assert (caught.value.code, caught.value.line) == ("fault", 3)


def test_subjects():
    data = {**sample_data(), "payer_name": "А\r\nBcc: x@example.com\x0b\u2028Б"}
    assert render_message(" {{ payer_name }}\n", "x", data).subject == "А Bcc: x@example.com Б"
    assert render_message("{{ payer_name }}", "x", {**data, "payer_name": "<&"}).subject == "<&"
    for subject, code in (
        ("  ", "empty_subject"),
        ("{{ '' }}", "empty_subject"),
        ("x" * 251, "long_subject"),
    ):
        with pytest.raises(TemplateError) as caught:
            render_message(subject, "x", data)
        assert caught.value.code == code


def test_the_same_template_is_compiled_once():
    template_sandbox.compile_template.cache_clear()
    for number in range(5):
        body("<p>{{ account_number }}</p>", account_number=str(number))
    assert template_sandbox.compile_template.cache_info().misses == 2  # subject and body


def test_every_field_has_an_example_that_works():
    for field in FIELDS:
        check_template("x", "{{ " + field.name + " }}")
        if field.in_subject:
            check_template("{{ " + field.name + " }}", "x")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("см. https://example.com/a?b=1&c=2.", '<a href="https://example.com/a?b=1&amp;c=2">'),
        (
            "<https://example.com/a>",
            '&lt;<a href="https://example.com/a">https://example.com/a</a>&gt;',
        ),
        ("(https://example.com/a)", '(<a href="https://example.com/a">'),
        ('https://x.y/" onclick="z', '<a href="https://x.y/">https://x.y/</a>&#34; onclick'),
        ("javascript:alert(1)", "<p>javascript:alert(1)</p>"),
        ("a\r\n\r\nb\rc", "<p>a</p>\n<p>b<br>\nc</p>"),
    ],
)
def test_links_and_lines_of_plain_text(text, part):
    assert part in text_to_html(text)


def test_the_link_to_unsubscribe_works_in_plain_text_too():
    html = render_message("s", "Отписаться: {{ unsubscribe_link }}", sample_data(), False).html
    assert f'<a href="{UNSUBSCRIBE}">{UNSUBSCRIBE}</a>' in html


def test_plain_text_becomes_decent_html():
    html = text_to_html("Здравствуйте!\nСсылка https://example.com/a.\n\n<конец>")
    assert '<a href="https://example.com/a">' in html
    assert "<br>" in html and html.count("<p>") == 2 and "&lt;конец&gt;" in html


BAD_ARGUMENTS = (
    "period|truncate(-1)", "1e400", "-1e400", "1e400|truncate", "period|truncate(1e400)", "9e999 in [1]",
    "period|truncate(3, true, 'aaaaaaa')", "period|truncate('a')", "period|truncate(none)", "period|upper(1)",
    "period|length(1, 2)", "period|trim(5)", "period|truncate(foo=1)", "period|d(1, 2, 3, 4)",
    "period|truncate(5, end=5)", "period|truncate(length=-5)", "[1]|upper", "(1, 2)|title",
)  # fmt: skip


@pytest.mark.parametrize("text", BAD_ARGUMENTS)
@pytest.mark.parametrize("is_html", [True, False])
def test_errors_of_arguments_are_told(text, is_html):
    """Whatever a filter raises is a mistake of the template, in subject and body alike."""
    for subject, body in ((f"{{{{ {text} }}}}", "b"), ("s", f"{{{{ {text} }}}}")):
        try:
            check_template(subject, body, is_html)
        except TemplateError as error:
            assert error.code in ("fault", "forbidden", "syntax")


def test_an_unknown_field_has_the_one_that_may_be_meant():
    assert suggest_field("payer_nmae") == "payer_name"
    assert suggest_field("acount_number") == "account_number"
    assert suggest_field("zzzzzz") == suggest_field("") == ""
    suggest_field("a" * 100_000)
    assert "amount_due" in get_field_names()
    assert "amount_due" not in get_field_names(in_subject=True)


def test_an_editors_entities_stand_for_what_was_typed():
    assert body(
        "<p>{% if payer_name &gt; '' and period != &quot;x&quot; %}да{% endif %} &lt;{{&nbsp;period }}</p>"
    ) == ("<p>да &lt;март 2026</p>")
    # in plain text they are text
    with pytest.raises(TemplateError):
        check_template("Тема", "{{ period &gt; '' }}", is_html=False)
    # values are escaped after that as ever
    assert "<b>" not in body("<p>{{ payer_name }}</p>", payer_name="<b>")
    with pytest.raises(TemplateError):
        check_template("Тема", "<p>{{ payer_name&#46;__class__ }}</p>")


# --- preview text ------------------------------------------------------------------------------


def test_preview_text_stands_unseen_before_the_letter():
    data = sample_data() | {"payer_name": "<b>Иванов</b> & {{x}}"}
    made = render_message("С", "<p>Т</p>", data, preheader="Для {{ payer_name }}\n раз")
    assert made.preheader == "Для <b>Иванов</b> & { {x} } раз"
    assert made.html.startswith('<div style="display:none;')
    assert made.html.endswith("Для &lt;b&gt;Иванов&lt;/b&gt; &amp; { {x} } раз</div><p>Т</p>")


def test_preview_text_of_a_whole_page_stands_in_its_body():
    page = "<html><head><title>x</title></head><body bgcolor='red'>\n<p>Т</p></body></html>"
    made = render_message("С", page, sample_data(), preheader="Кратко")
    assert "<body bgcolor='red'><div style=" in made.html
    assert made.html.index("Кратко") < made.html.index("<p>Т")


def test_a_letter_without_preview_text_is_as_it_was():
    assert render_message("С", "<p>Т</p>", sample_data()).html == "<p>Т</p>"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{ amount_due }}", "body_only"),
        ("{{ document_link }}", "body_only"),
        ("{{ acount }}", "unknown_field"),
        ("{% if period %}{{ acount }}{% endif %}", "unknown_field"),
        ("{{", "syntax"),
        ("x" * 251, "long_preheader"),
    ],
)
def test_preview_text_is_checked_like_a_subject(text, code):
    with pytest.raises(TemplateError) as caught:
        check_template("С", "<p>Т</p>", preheader=text)
    assert caught.value.code == code
