"""Message templates: jinja2 in a sandbox, over fields that are texts.

The fields of a letter stand in one table: name, label, example, and where the value comes from. The service's own ``{{…}}`` may stand in a letter only through our field ``unsubscribe_link``; braces
that come with a payer's data are made harmless.
"""

import difflib
import html as html_entities
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateAssertionError, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError
from markupsafe import Markup, escape

from . import letter_html, money, template_sandbox


@dataclass(frozen=True)
class Message:
    """A rendered letter: subject, one line of text; HTML of the body, with the preview text hidden in it.

    ``preheader``: that preview text, one line; may be empty
    """

    subject: str
    html: str
    preheader: str = ""


@dataclass(frozen=True)
class Field:
    """A field of templates.

    :param label: English, shown translated
    :param example: shown beside it, and used to check templates
    :param value: function of the snapshot of a document (see ``receipt_data``) that returns the
        text; None for fields that only a letter has
    :param in_subject: whether it may stand in a subject
    """

    name: str
    label: str
    example: str
    value: Callable[[dict[str, Any]], str] | None
    in_subject: bool = True


TEMPLATE_LIMIT = 200_000
RESULT_LIMIT = 500_000
READ_LIMIT = 20 * TEMPLATE_LIMIT  # a pasted photo makes a text too long, and is to be named
SUBJECT_LIMIT = 250
UNSUBSCRIBE = "{{UnsubscribeUrl}}"
# mail programs show it behind the subject in their lists, and not in the letter itself: as Odoo's own
# «mail.render.mixin» of 19.0 hides it (``_prepend_preview``), seen 2026-11-26
_HIDDEN = (
    '<div style="display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden">'
    "{}</div>"
)
_BODY_TAG = re.compile(r"<body\b[^<>]*>", re.IGNORECASE)
_MARK = "\ue000unsubscribe\ue000"  # private use: cannot come from data, see _clean_values
_URL = re.compile(r"https?://[^\s<>\"'«»]*[^\s<>\"'«».,;:!?)\]]")
# «{{ … }}» and «{% … %}» of a template, without braces inside: read in linear time
_TAG = re.compile(r"\{\{[^{}]*\}\}|\{%[^{}]*%\}")
# what XML, databases and mail cannot carry, and marks that turn text around
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ue000\ufffe\uffff]"
)


def _(text: str) -> str:
    """Mark a label for the translators; ``env._`` of the model that shows it translates it."""
    return text


# no environment here: the labels are marked only
# pylint: disable=prefer-env-translation
FIELDS = (
    Field("account_number", _("Account number"), "0100001", lambda x: x["account"]["number"]),
    Field(
        "unified_account_number",
        _("Unified account number (ЕЛС)"),
        "16АК330010",
        lambda x: x["account"]["unified_number"],
    ),
    Field("payer_name", _("Payer"), "Иванов Иван Иванович", lambda x: x["payer"]["name"]),
    Field(
        "responsible_name",
        _("Responsible person"),
        "Иванов Иван Иванович",
        lambda x: x["payer"]["name"],
    ),
    Field(
        "premises_address",
        _("Address"),
        "г. Казань, ул. Примерная, д. 10, кв. 1",
        lambda x: x["premises"]["address"],
    ),
    Field(
        "period",
        _("Billing period"),
        "март 2026",
        lambda x: money.month_name(x["period"]["start"]),
    ),
    Field(
        "period_month",
        _("Month in the genitive"),
        "марта 2026",
        lambda x: money.month_name_genitive(x["period"]["start"]),
    ),
    Field(
        "due_date", _("Pay by"), "15.04.2026", lambda x: money.format_date(x["period"]["pay_by"])
    ),
    Field(
        "present_by_date",
        _("Present by"),
        "05.04.2026",
        lambda x: money.format_date(x["period"]["present_by"]),
    ),
    Field("form_name", _("Kind of the document"), "Единый платёжный документ", None),
    Field("document_number", _("Number of the document"), "0100001-0326-Е1", lambda x: x["number"]),
    Field(
        "provider_name",
        _("Housing manager"),
        "ООО «УК Демо Сервис»",
        lambda x: x["issuer"]["name"],
    ),
    Field("provider_phone", _("Its phone"), "+7 843 000-00-00", lambda x: x["issuer"]["phone"]),
    Field(
        "provider_email",
        _("Its e-mail"),
        "office@uk-demo.example.com",
        lambda x: x["issuer"]["email"],
    ),
    Field(
        "amount_due",
        _("Amount due (body only)"),
        "5 209,26",
        lambda x: money.format_money(x["total"]["due"]),
        in_subject=False,
    ),
    Field(
        "document_link",
        _("Link to the receipt (body only)"),
        "https://example.com/r/1",
        None,
        in_subject=False,
    ),
    Field(
        "unsubscribe_link",
        _("Link to unsubscribe (body only)"),
        UNSUBSCRIBE,
        None,
        in_subject=False,
    ),
)
# pylint: enable=prefer-env-translation
_BODY_ONLY = frozenset(field.name for field in FIELDS if not field.in_subject)


class TemplateError(ValueError):
    """A template does not work.

    ``code``: syntax, unknown_field, body_only (the field may not stand in a subject), forbidden,
    active (what mail programs remove from a letter), too_long, too_complex, empty_subject, long_subject, long_preheader, empty_body, fault;
    ``line``: 0 when it is no one line; ``name``: the field or the detail.
    """

    def __init__(self, code: str, line: int = 0, name: str = "") -> None:
        super().__init__(f"{code}, line {line}: {name}")
        self.code = code
        self.line = line
        self.name = name


def letter_values(snapshot: dict[str, Any], form_name: str, document_link: str) -> dict[str, str]:
    """Return the values of all fields for a letter with a document.

    :param snapshot: dict of ``receipt_data``, as saved with the document
    :param form_name: name of the document's form, as the payer reads it
    :param document_link: address of the receipt
    """
    values = {field.name: field.value(snapshot) or "" for field in FIELDS if field.value}
    return {**values, "form_name": form_name, "document_link": document_link}


def suggest_field(name: str) -> str:
    """Return the known field that was probably meant by an unknown name, or an empty text."""
    close = difflib.get_close_matches(name[:80], [field.name for field in FIELDS], n=1, cutoff=0.6)
    return close[0] if close else ""


def get_field_names(in_subject: bool = False) -> list[str]:
    """Return the names of the fields, in the order of the table; those of a subject alone or all."""
    return [field.name for field in FIELDS if field.in_subject or not in_subject]


def _read_tags(source: str) -> str:
    """Return a template in HTML with the texts of its tags as they were typed.

    An editor of HTML writes ``{{ a &gt; b }}`` for what its author typed as ``{{ a > b }}``.
    """
    return _TAG.sub(lambda found: html_entities.unescape(found.group()), source)


def _clean_values(data: Mapping[str, str]) -> dict[str, str]:
    """Return the values without characters that letters cannot carry.

    :raise TypeError: a value that is no text
    """
    for name, value in data.items():
        if type(value) is not str:
            raise TypeError(f"{name}: a template gets texts only, not {type(value).__name__}")
    return {
        name: _CONTROL.sub("", value).encode("utf-8", "replace").decode()
        for name, value in data.items()
    }


def _compile(source: str, autoescape: bool) -> template_sandbox.Compiled:
    if len(source) > TEMPLATE_LIMIT:
        raise TemplateError("too_long")
    try:
        return template_sandbox.compile_template(
            _read_tags(source) if autoescape else source, autoescape
        )
    except TemplateAssertionError as error:
        raise TemplateError("forbidden", error.lineno or 0, error.message or "") from error
    except TemplateSyntaxError as error:
        raise TemplateError("syntax", error.lineno or 0, error.message or "") from error
    except (RecursionError, SyntaxError, MemoryError) as error:
        raise TemplateError("too_complex") from error
    except ValueError as error:  # a number of thousands of digits
        raise TemplateError("syntax", 0, str(error)) from error


def _render(source: str, data: dict[str, str], autoescape: bool) -> str:
    compiled = _compile(source, autoescape)
    try:
        parts: list[str] = []
        size = 0
        for part in compiled.template.generate(data):
            size += len(part)
            if size > RESULT_LIMIT:
                raise TemplateError("too_long")
            parts.append(part)
        return "".join(parts)
    except UndefinedError as error:
        raise TemplateError("unknown_field", _line(error), _undefined_name(error)) from error
    except SecurityError as error:
        raise TemplateError("forbidden", _line(error), str(error)) from error
    except TemplateError:
        raise
    except Exception as error:  # filters raise what they like: OverflowError for 1e400, AssertionError for truncate
        raise TemplateError("fault", _line(error), str(error)) from error


def _line(error: BaseException) -> int:
    """Return the template's line from the traceback (jinja2 rewrites it to template lines)."""
    line, trace = 0, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _undefined_name(error: UndefinedError) -> str:
    """Return the name behind jinja2's «'x' is undefined» or «… has no attribute 'x'»."""
    quoted = re.findall(r"'([^']*)'", error.message or "")
    return quoted[-1] if quoted else error.message or ""


def text_to_html(text: str) -> str:
    """Return plain text as decent HTML: paragraphs, line breaks, links."""
    text = re.sub(r"\r\n?", "\n", text).strip()
    html = []
    for paragraph in re.split(r"\n[^\S\n]*\n\s*", text):
        pieces: list[str] = []
        at = 0
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


def _render_line(source: str, values: dict[str, str]) -> str:
    """Return a subject or a preview text: one line, without what only a letter may hold."""
    head = {key: value for key, value in values.items() if key not in _BODY_ONLY}
    try:
        title = _render(source, head, autoescape=False)
    except TemplateError as error:
        if error.code == "unknown_field" and error.name in _BODY_ONLY:
            raise TemplateError("body_only", error.line, error.name) from error
        raise
    title = re.sub(r"[\s\x00-\x1f\x7f]+", " ", title).strip()
    # no entities in a subject: a space parts the braces, a third one too
    return re.sub(r"(?<=\{)(?=\{)|(?<=\})(?=\})", " ", title)


def _render_subject(source: str, values: dict[str, str]) -> str:
    title = _render_line(source, values)
    if not title:
        raise TemplateError("empty_subject")
    if len(title) > SUBJECT_LIMIT:
        raise TemplateError("long_subject")
    return title


def _render_preheader(source: str, values: dict[str, str]) -> str:
    text = _render_line(source, values) if source else ""
    if len(text) > SUBJECT_LIMIT:
        raise TemplateError("long_preheader")
    return text


def _hide(preheader: str, html: str) -> str:
    """Put a preview text before everything else of a letter, unseen."""
    if not preheader:
        return html
    hidden = _HIDDEN.format(escape(preheader))
    found = _BODY_TAG.search(html)
    at = found.end() if found else 0
    return html[:at] + hidden + html[at:]


def _render_body(source: str, values: dict[str, str], is_html: bool) -> str:
    values = {**values, "unsubscribe_link": Markup(_MARK) if is_html else _MARK}
    # read once for all letters of a mailing
    if is_html and len(source) <= TEMPLATE_LIMIT and (active := letter_html.find_active(source)):
        code = "active" if active.kind == "active" else "too_complex"
        raise TemplateError(code, active.line, active.what)
    html = _render(source, values, autoescape=is_html)
    if not is_html:
        html = text_to_html(html)
        html = html.replace(_MARK, f'<a href="{_MARK}">{_MARK}</a>')
    # «{{» begins the service's substitution; «}}» alone is left, it may end a style sheet
    html = html.replace("{{", "&#123;&#123;")
    html = html.replace(_MARK, UNSUBSCRIBE).replace("\ue000", "")
    # behind the last bracket no tag is looked for: that takes the square of the length
    tags, bracket, tail = html.rpartition(">")
    if not re.sub(r"<[^>]*>|\s|&nbsp;", "", tags + bracket) + re.sub(r"\s|&nbsp;", "", tail):
        raise TemplateError("empty_body")
    return html


def render_message(
    subject: str,
    body: str,
    data: Mapping[str, str],
    is_html: bool = True,
    preheader: str = "",
) -> Message:
    """Return the ``Message`` for one letter.

    :param subject: template of the subject; amounts and links may not stand in it
    :param body: template of the body, HTML (values are escaped) or plain text
    :param data: ``{field: text}``; ``unsubscribe_link`` is ours
    :param preheader: template of the preview text, with the fields of a subject
    :raise TemplateError: naming the line
    :raise TypeError: a value that is no text
    """
    values = _clean_values(data)
    title, hint = _render_subject(subject, values), _render_preheader(preheader, values)
    return Message(title, _hide(hint, _render_body(body, values, is_html)), hint)


def find_closed(body: str, is_html: bool) -> tuple[letter_html.Finding, ...]:
    """Return the addresses of pictures, links and styles in a template that its payers cannot open.

    :param body: template of the body; what is far too long is not looked at
    """
    if len(body) > READ_LIMIT:
        return ()
    if is_html:
        return letter_html.find_closed(body)
    return tuple(letter_html.find_closed_in_text(body, _URL))


def sample_data() -> dict[str, str]:
    """Return example values of all fields."""
    return {field.name: field.example for field in FIELDS}


def check_template(
    subject: str,
    body: str,
    is_html: bool = True,
    sample: Mapping[str, str] | None = None,
    preheader: str = "",
) -> Message:
    """Render against a sample and return the ``Message``.

    Names are checked in every branch, also in those that the sample does not take: a mistake is to
    meet the author now, not one payer in the night.

    :raise TemplateError: naming the line of what does not work
    """
    data = sample or sample_data()
    known = {field.name for field in FIELDS} | set(data)
    for source, autoescape, allowed in (
        (subject, False, known - _BODY_ONLY),
        (preheader, False, known - _BODY_ONLY),
        (body, is_html, known),
    ):
        for line, name in _compile(source, autoescape).names:
            if name not in allowed:
                code = "body_only" if name in _BODY_ONLY else "unknown_field"
                raise TemplateError(code, line, name)
    return render_message(subject, body, data, is_html, preheader)
