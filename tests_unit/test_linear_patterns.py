"""No expression that reads other people's texts takes the square of their length, or worse.

Every expression of the product is found in its source and tried on texts that are made to be read
again and again. Names of files have a matcher of their own, tried with every pattern that fits.
"""

import ast
import importlib
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools import message, name_pattern, payer_name
from tools.name_pattern import Pattern

ADDON = Path(__file__).parent.parent / "epd_mailing"
USES = ("search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer")
LENGTH = 4_000
# one linear reading takes about a hundredth of it; what takes the square comes to it by 3 billionths of a second a step
SECONDS = 0.045
UNITS = [" ", "0", "а", "a", ",", ".", "-", "/", '"', "<", "(", "\n", "1 ", "1,", "а ", "а-", '" "',
         "<a ", "\n ", "лс ", "00.", "{", "http://", " кв", "0\n", "1\xa0", "_", "; ", "//", "[", " за"]  # fmt: skip
# their callers look no further than the last bracket, or at the length of a subject
BOUNDED = {
    r"\([^)]*\)",
    r"<[^>]*>|\s|&nbsp;",
    r"(?:[\s,;:.№–—-]|(?<!\w)(?:за|для|по|от|на|о|об|и)(?!\w))+$",
}


def list_files():
    return [
        path
        for path in sorted(ADDON.rglob("*.py"))
        if not {"tests", "migrations"} & set(path.relative_to(ADDON).parts)
    ]


def read_constants(path, tree):
    """Return the names that a module knows: of tools/ all, of others what is written as a value."""
    if path.is_relative_to(ADDON / "tools"):
        name = ".".join(path.relative_to(ADDON).with_suffix("").parts).removesuffix(".__init__")
        return dict(vars(importlib.import_module(name)))
    known = {"re": re}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            try:
                exec(compile(ast.Module([node], []), str(path), "exec"), known)
            except Exception:
                continue
    return known


def list_expressions():
    """Yield ``(place, use, expression)`` of all that can be known without running the product."""
    for path in list_files():
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        known = None
        for node in ast.walk(tree):
            if not (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and ast.unparse(node.func.value) == "re"
                and node.func.attr in ("compile", *USES)
            ):
                continue
            known = known or read_constants(path, tree)
            try:
                pattern = eval(compile(ast.Expression(node.args[0]), str(path), "eval"), known)
            except NameError:
                continue  # built of an argument: escaped, or one of a table that is found itself
            flags = 0
            for value in [*node.args[1:], *(keyword.value for keyword in node.keywords)]:
                if ast.unparse(value).startswith("re."):
                    flags |= eval(compile(ast.Expression(value), str(path), "eval"), known)
            use = node.func.attr
            if use == "compile":
                names = [
                    name for name, value in known.items() if getattr(value, "pattern", 0) == pattern
                ]
                uses = set(re.findall(rf"\b(?:{'|'.join(names) or '-'})\.(\w+)", source))
                use = "match" if uses and uses <= {"match", "fullmatch"} else "search"
                use = "fullmatch" if uses == {"fullmatch"} else use
            place = f"{path.relative_to(ADDON)}:{node.lineno}"
            yield pytest.param(use, re.compile(pattern, flags), id=place)


def measure(use, expression, text):
    text = text.encode() if isinstance(expression.pattern, bytes) else text
    began = time.process_time()
    if use in ("match", "fullmatch"):
        getattr(expression, use)(text)
    else:
        for _found in expression.finditer(text):
            pass
    return time.process_time() - began


@pytest.mark.parametrize(("use", "expression"), list(list_expressions()))
def test_expressions_are_linear(use, expression):
    if expression.pattern in BOUNDED:
        return
    for before in ("", "1", "а", "x кв", "(", '"'):
        for unit in UNITS:
            for after in ("!", "\x00,"):
                text = before + unit * (LENGTH // len(unit)) + after
                if measure(use, expression, text) > SECONDS:
                    # once more: the machine may have been busy
                    assert measure(use, expression, text) < SECONDS, (before, unit, after)


def test_brackets_without_an_end():
    began = time.process_time()
    payer_name.read_payer_name("(" * 200_000)
    payer_name.read_payer_name("Иванов " + "(" * 200_000 + ")" + "(" * 200_000)
    with pytest.raises(message.TemplateError):
        message.render_message("с", "<" * 150_000, {"period": ""}, True)
        message.render_message("с", "<" * 150_000 + ">", {"period": ""}, True)
    assert time.process_time() - began < 5


def test_the_pattern_that_held_a_worker():
    """Seen: `*a*a*a*a*a*a*a*a*{account}.pdf` and one long name took 120 s."""
    with pytest.raises(ValueError):
        Pattern("*a*a*a*a*a*a*a*a*{account}.pdf")
    began = time.process_time()
    for text in (
        "*a*a*a*a*{account}.pdf",
        "*1*{account}*1*1*",
        "*{account}*{month}*",
        "*" * 4 + "{account}*",
    ):
        pattern = Pattern(text)
        for name in (
            "a" * 251,
            "1" * 251,
            "1_" * 125,
            "1a" * 120 + "!",
            "12 - " * 50,
            "a" * 60_000,
        ):
            pattern.match(f"{name}.pdf")
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "text", ["*" * 6 + "{account}", "{account}" + "x" * 120, "x" * 10**6 + "{account}"]
)
def test_patterns_have_bounds(text):
    with pytest.raises(ValueError):
        Pattern(text)


PARTS = st.sampled_from(["*", "{month}", "_", "-", " ", ".", "ЕПД", "№", "12", "(1)", "a"])


@settings(deadline=2000, max_examples=200)
@given(
    st.lists(PARTS, max_size=4),
    st.lists(PARTS, max_size=4),
    st.text("12aАЖ_-. ()№/3²", max_size=name_pattern.NAME_LENGTH + 5),
)
def test_any_pattern_and_name(before, after, name):
    try:
        pattern = Pattern("".join([*before, "{account}", *after]))
    except ValueError:
        return
    found = pattern.match(f"{name}.pdf")
    assert found is None or found[0] in name
