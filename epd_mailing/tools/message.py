"""Message templates: jinja2 in a sandbox, over plain fields only.

The service's own ``{{…}}`` may stand in a letter only through our field ``unsubscribe_link``; braces
that come with a payer's data are made harmless.
"""

import re
from collections import namedtuple
from datetime import date, datetime
from decimal import Decimal

from jinja2 import TemplateSyntaxError, UndefinedError
from jinja2.sandbox import SecurityError
from markupsafe import Markup, escape

from . import template_sandbox

Message = namedtuple("Message", "subject html")
Field = namedtuple("Field", "name label example in_subject")

TEMPLATE_LIMIT = 200_000
RESULT_LIMIT = 500_000
SUBJECT_LIMIT = 250
UNSUBSCRIBE = "{{UnsubscribeUrl}}"
_MARK = "\ue000unsubscribe\ue000"  # private use: cannot come from data, see _plain
_URL = re.compile(r"https?://[^\s<>\"'«»]*[^\s<>\"'«».,;:!?)\]]")
# what XML, databases and mail cannot carry, and marks that turn text around
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ue000\ufffe\uffff]"
)


def _(text):
    """Mark a label for the translators; ``env._`` of the model that shows it translates it."""
    return text


# no environment here: the labels are marked only
# pylint: disable=prefer-env-translation
FIELDS = (
    Field("account_number", _("Account number"), "0100001", True),
    Field("unified_account_number", _("Unified account number (ЕЛС)"), "16АК330010", True),
    Field("payer_name", _("Payer"), "Иванов Иван Иванович", True),
    Field("responsible_name", _("Responsible person"), "Иванов Иван Иванович", True),
    Field("premises_address", _("Address"), "г. Казань, ул. Примерная, д. 10, кв. 1", True),
    Field("period", _("Billing period"), "март 2026", True),
    Field("period_month", _("Month in the genitive"), "марта 2026", True),
    Field("due_date", _("Pay by"), "15.04.2026", True),
    Field("present_by_date", _("Present by"), "05.04.2026", True),
    Field("form_name", _("Kind of the document"), "Единый платёжный документ", True),
    Field("document_number", _("Number of the document"), "0100001-0326-Е1", True),
    Field("provider_name", _("Housing manager"), "ООО «УК Демо Сервис»", True),
    Field("provider_phone", _("Its phone"), "+7 843 000-00-00", True),
    Field("provider_email", _("Its e-mail"), "office@uk-demo.example.com", True),
    Field("amount_due", _("Amount due (body only)"), "5 209,26", False),
    Field("document_link", _("Link to the receipt (body only)"), "https://example.com/r/1", False),
    Field("unsubscribe_link", _("Link to unsubscribe (body only)"), UNSUBSCRIBE, False),
)
# pylint: enable=prefer-env-translation
_BODY_ONLY = frozenset(field.name for field in FIELDS if not field.in_subject)


class TemplateError(ValueError):
    """A template does not work.

    ``code``: syntax, unknown_field, body_only (the field may not stand in a subject), forbidden,
    too_long, too_complex, empty_subject, long_subject, empty_body, fault;
    ``line``: 0 when it is no one line; ``name``: the field or the detail.
    """

    def __init__(self, code, line=0, name=""):
        super().__init__(f"{code}, line {line}: {name}")
        self.code = code
        self.line = line
        self.name = name


def _plain(value):
    """Return plain data without characters that letters cannot carry.

    :raise TypeError: an object that a template must not get hold of
    """
    if type(value) is dict:
        return {_plain(str(key)): _plain(inner) for key, inner in value.items()}
    if type(value) in (list, tuple):
        return [_plain(inner) for inner in value]
    if value is None or type(value) in (bool, int, Decimal, date, datetime):
        return value
    if type(value) is str:
        return _CONTROL.sub("", value).encode("utf-8", "replace").decode()
    raise TypeError(f"a template gets plain data only, not {type(value).__name__}")


def _compile(source, autoescape):
    if len(source) > TEMPLATE_LIMIT:
        raise TemplateError("too_long")
    try:
        return template_sandbox.compile_template(source, autoescape)
    except TemplateSyntaxError as error:
        raise TemplateError("syntax", error.lineno or 0, error.message or "") from error
    except template_sandbox.Forbidden as error:
        raise TemplateError("forbidden", error.lineno, str(error)) from error
    except (RecursionError, SyntaxError, MemoryError) as error:
        raise TemplateError("too_complex") from error
    except ValueError as error:  # a number of thousands of digits
        raise TemplateError("syntax", 0, str(error)) from error


def _render(source, data, autoescape):
    compiled = _compile(source, autoescape)
    try:
        parts, size = [], 0
        for part in template_sandbox.generate(compiled, data):
            size += len(part)
            if size > RESULT_LIMIT:
                raise TemplateError("too_long")
            parts.append(part)
        return "".join(parts)
    except UndefinedError as error:
        raise TemplateError("unknown_field", _line(error), _undefined_name(error)) from error
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


def _undefined_name(error):
    """Return the name behind jinja2's «'x' is undefined» or «… has no attribute 'x'»."""
    quoted = re.findall(r"'([^']*)'", error.message or "")
    return quoted[-1] if quoted else error.message or ""


def text_to_html(text):
    """Return plain text as decent HTML: paragraphs, line breaks, links."""
    text = re.sub(r"\r\n?", "\n", text).strip()
    html = []
    for paragraph in re.split(r"\n[^\S\n]*\n\s*", text):
        pieces, at = [], 0
        for found in _URL.finditer(paragraph):
            url = str(escape(found.group()))
            pieces.append(str(escape(paragraph[at : found.start()])))
            pieces.append(f'<a href="{url}">{url}</a>')
            at = found.end()
        pieces.append(str(escape(paragraph[at:])))
        html.append("<p>" + "".join(pieces).replace("\n", "<br>\n") + "</p>")
    return (
        '<div style="font-family: Arial, sans-serif; font-size: 14px; line-height: 1.45">\n'
        + "\n".join(html)
        + "\n</div>"
    )


def _render_subject(source, values):
    head = {key: value for key, value in values.items() if key not in _BODY_ONLY}
    try:
        title = _render(source, head, autoescape=False)
    except TemplateError as error:
        if error.code == "unknown_field" and error.name in _BODY_ONLY:
            raise TemplateError("body_only", error.line, error.name) from error
        raise
    title = re.sub(r"[\s\x00-\x1f\x7f]+", " ", title).strip()
    # no entities in a subject: a space parts the braces, a third one too
    title = re.sub(r"(?<=\{)(?=\{)|(?<=\})(?=\})", " ", title)
    if not title:
        raise TemplateError("empty_subject")
    if len(title) > SUBJECT_LIMIT:
        raise TemplateError("long_subject")
    return title


def _render_body(source, values, is_html):
    values = {**values, "unsubscribe_link": Markup(_MARK) if is_html else _MARK}
    html = _render(source, values, autoescape=is_html)
    if not is_html:
        html = text_to_html(html)
        html = html.replace(_MARK, f'<a href="{_MARK}">{_MARK}</a>')
    # «{{» begins the service's substitution; «}}» alone is left, it may end a style sheet
    html = html.replace("{{", "&#123;&#123;")
    html = html.replace(_MARK, UNSUBSCRIBE).replace("\ue000", "")
    if not re.sub(r"<[^>]*>|\s|&nbsp;", "", html):
        raise TemplateError("empty_body")
    return html


def render_message(subject, body, data, is_html=True):
    """Return the ``Message`` for one letter.

    :param subject: template of the subject; amounts and links may not stand in it
    :param body: template of the body, HTML (values are escaped) or plain text
    :param data: ``{field: value}``, plain data; ``unsubscribe_link`` is ours
    :raise TemplateError: naming the line
    :raise TypeError: data that are not plain
    """
    values = _plain(dict(data))
    return Message(_render_subject(subject, values), _render_body(body, values, is_html))


def sample_data():
    """Return example values of all fields."""
    return {field.name: field.example for field in FIELDS}


def check_template(subject, body, is_html=True, sample=None):
    """Render against a sample and return the ``Message``.

    Names are checked in every branch, also in those that the sample does not take: a mistake is to
    meet the author now, not one payer in the night.

    :raise TemplateError: naming the line of what does not work
    """
    data = sample or sample_data()
    known = {field.name for field in FIELDS} | set(data)
    for source, autoescape, allowed in (
        (subject, False, known - _BODY_ONLY),
        (body, is_html, known),
    ):
        for line, name in _compile(source, autoescape).names:
            if name not in allowed:
                code = "body_only" if name in _BODY_ONLY else "unknown_field"
                raise TemplateError(code, line, name)
    return render_message(subject, body, data, is_html)
