"""Message templates: jinja2 in a sandbox, over plain fields only.

The service's own ``{{…}}`` may stand in a letter only through our field ``unsubscribe_link``; braces
that come with a payer's data are made harmless.
"""

import re
from collections import namedtuple
from datetime import date
from decimal import Decimal

from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment, SecurityError
from markupsafe import Markup, escape

Message = namedtuple("Message", "subject html")
Field = namedtuple("Field", "name label example in_subject")

TEMPLATE_LIMIT = 200_000
RESULT_LIMIT = 500_000
SUBJECT_LIMIT = 250
RANGE_LIMIT = 1000
UNSUBSCRIBE = "{{UnsubscribeUrl}}"
_MARK = "\ue000unsubscribe\ue000"  # private use: cannot come from data, see _plain

FIELDS = (
    Field("account_number", "Account number", "0100001", True),
    Field("unified_account_number", "Unified account number (ЕЛС)", "16АК330010", True),
    Field("payer_name", "Payer", "Иванов Иван Иванович", True),
    Field("responsible_name", "Responsible person", "Иванов Иван Иванович", True),
    Field("premises_address", "Address", "г. Казань, ул. Примерная, д. 10, кв. 1", True),
    Field("period", "Billing period", "март 2026", True),
    Field("period_month", "Month in the genitive", "марта 2026", True),
    Field("due_date", "Pay by", "15.04.2026", True),
    Field("present_by_date", "Present by", "05.04.2026", True),
    Field("form_name", "Kind of the document", "Единый платёжный документ", True),
    Field("document_number", "Number of the document", "0100001-0326-Е1", True),
    Field("provider_name", "Housing manager", "ООО «УК Демо Сервис»", True),
    Field("provider_phone", "Its phone", "+7 843 000-00-00", True),
    Field("provider_email", "Its e-mail", "office@uk-demo.example.com", True),
    Field("amount_due", "Amount due (body only)", "5 209,26", False),
    Field("document_link", "Link to the receipt (body only)", "https://example.com/r/1", False),
    Field("unsubscribe_link", "Link to unsubscribe (body only)", UNSUBSCRIBE, False),
)


class TemplateError(ValueError):
    """A template does not work: ``code``, the ``line`` (0: unknown) and a ``name`` or detail."""

    def __init__(self, code, line=0, name=""):
        super().__init__(f"{code}, line {line}: {name}")
        self.code = code
        self.line = line
        self.name = name


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset(["**", "*", "%", "+"])

    def call_binop(self, context, operator, left, right):
        if operator == "**" or (operator == "%" and isinstance(left, str)):
            raise SecurityError(f"the operator {operator} is not available")
        if operator == "*" and not all(isinstance(side, (int, Decimal)) for side in (left, right)):
            raise SecurityError("only numbers are multiplied")
        return super().call_binop(context, operator, left, right)


def _short_range(*args):
    values = range(*args)
    if len(values) > RANGE_LIMIT:
        raise SecurityError("the range is too long")
    return values


def _environment(autoescape):
    environment = _Sandbox(
        autoescape=autoescape, undefined=StrictUndefined, loader=None, cache_size=0
    )
    environment.globals.clear()
    environment.globals["range"] = _short_range
    for name in ("format", "attr", "pprint", "xmlattr", "map", "tojson", "center", "indent"):
        environment.filters.pop(name, None)
    return environment


def _plain(value):
    """Return plain data with the service's braces and private-use marks taken apart."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, (bool, int, Decimal, date)):
        return value
    if type(value) is str:
        return value.replace("\ue000", "")
    raise TypeError(f"a template gets plain data only, not {type(value).__name__}")


def _render(source, data, autoescape):
    if len(source) > TEMPLATE_LIMIT:
        raise TemplateError("too_long")
    try:
        template = _environment(autoescape).from_string(source)
        parts, size = [], 0
        for part in template.generate(data):
            size += len(part)
            if size > RESULT_LIMIT:
                raise TemplateError("too_long")
            parts.append(part)
        return "".join(parts)
    except TemplateSyntaxError as error:
        raise TemplateError("syntax", error.lineno or 0, error.message or "") from error
    except UndefinedError as error:
        raise TemplateError("unknown_field", _line(error), error.message or "") from error
    except SecurityError as error:
        raise TemplateError("forbidden", _line(error), str(error)) from error
    except (TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        if isinstance(error, TemplateError):
            raise
        raise TemplateError("fault", _line(error), str(error)) from error


def _line(error):
    """Return the template's line from the traceback (jinja2 rewrites it to template lines)."""
    line, trace = 0, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def text_to_html(text):
    """Return plain text as decent HTML: paragraphs, line breaks, links."""
    paragraphs = re.split(r"\n\s*\n", text.strip().replace("\r\n", "\n"))
    html = []
    for paragraph in paragraphs:
        safe = str(escape(paragraph)).replace("\n", "<br>\n")
        safe = re.sub(r"(https?://[^\s<]+[^\s<.,;:!?)])", r'<a href="\1">\1</a>', safe)
        html.append(f"<p>{safe}</p>")
    return (
        '<div style="font-family: Arial, sans-serif; font-size: 14px; line-height: 1.45">\n'
        + "\n".join(html)
        + "\n</div>"
    )


def render_message(subject, body, data, is_html=True):
    """Return the ``Message`` for one letter.

    :param subject: template of the subject; fields marked «body only» are unknown in it
    :param body: template of the body, HTML (values are escaped) or plain text
    :param data: ``{field: str}`` plain data; ``unsubscribe_link`` is ours
    :raise TemplateError: naming the line
    """
    values = _plain(data)
    only_body = {field.name for field in FIELDS if not field.in_subject}
    head = {key: value for key, value in values.items() if key not in only_body}
    title = re.sub(r"\s+", " ", _render(subject, head, autoescape=False)).strip()
    title = title.replace("{{", "{ {").replace("}}", "} }")
    if not title:
        raise TemplateError("empty_subject")
    if len(title) > SUBJECT_LIMIT:
        raise TemplateError("long_subject")
    values["unsubscribe_link"] = Markup(_MARK) if is_html else _MARK
    text = _render(body, values, autoescape=is_html)
    html = text if is_html else text_to_html(text)
    html = html.replace("{{", "&#123;&#123;").replace("}}", "&#125;&#125;")
    html = html.replace(_MARK, UNSUBSCRIBE)
    if not re.sub(r"<[^>]*>|\s|&nbsp;", "", html):
        raise TemplateError("empty_body")
    return Message(title, html)


def sample_data():
    """Return example values of all fields."""
    return {field.name: field.example for field in FIELDS}


def check_template(subject, body, is_html=True, sample=None):
    """Render against a sample.

    :raise TemplateError: naming the line of what does not work
    """
    return render_message(subject, body, sample or sample_data(), is_html)
