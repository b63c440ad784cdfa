"""What jinja2 says of a mistake in a template, read, so that it can be said in the user's language."""

import re
from dataclasses import dataclass

# jinja2's own sentences (jinja2/parser.py and lexer.py, 3.1.6 of 2025-03-05) and those of ``template_sandbox``;
# one that is not among them is told by its line alone
_SENTENCES = (
    ("not_closed", re.compile(r"Unexpected end of template\..*needs to be closed is '(\w+)'")),
    ("unknown_tag", re.compile(r"Encountered unknown tag '(\w+)'")),
    (
        "unfinished",
        re.compile(r"unexpected end of template|unexpected 'end of template'|Missing end of "),
    ),
    ("incomplete", re.compile(r"Expected an expression|tag name expected|expected name or number")),
    ("unexpected", re.compile(r"expected token .*, got '(.+)'$")),
    ("unexpected", re.compile(r"unexpected char (['\"].+['\"]) at \d+$")),
    ("unexpected", re.compile(r"unexpected '(.)'")),
    ("no_filter", re.compile(r"the filter (\w+) is not available")),
)
# how jinja2 calls what a person typed
_TYPED = {"end of statement block": "%}", "end of print statement": "}}", "end of template": ""}


@dataclass(frozen=True)
class Mistake:
    """A mistake in a template.

    ``kind``: not_closed (a tag that needs an end), unknown_tag, unfinished (no closing braces), incomplete
    (something is missing between the braces), unexpected, no_filter, or an empty text for any other;
    ``what``: the tag, the filter or the text that was typed.
    """

    kind: str = ""
    what: str = ""


def read_mistake(sentence: str) -> Mistake:
    """Return what a sentence of jinja2 says is wrong.

    :param sentence: the text of a ``jinja2.TemplateSyntaxError``, in English
    """
    for kind, pattern in _SENTENCES:
        found = pattern.match(sentence)
        if found:
            what = found[1] if pattern.groups else ""
            what = _TYPED.get(what, what)
            # a quote, and a character that Python would escape, come as Python writes them
            if len(what) > 1 and what[0] == what[-1] and what[0] in "'\"":
                what = what[1:-1]
            return Mistake(kind, what) if what or not pattern.groups else Mistake("unfinished")
    return Mistake()
