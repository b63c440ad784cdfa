"""A jinja2 for people who are not programmers: fields, ``if`` and a few filters, no more.

All fields are texts. Only the syntax that is listed here is available at all: no attributes, no
calls, no loops, no arithmetic, no variables. So a template can reach nothing but its fields, and
its work grows with its length alone. jinja2's own sandbox stands behind as a second wall
(https://jinja.palletsprojects.com/en/stable/sandbox/, seen 2026-11-26).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import StrictUndefined, Template, meta, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

NODE_LIMIT = 5_000  # parts of a template

_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.CondExpr, nodes.Const,
    nodes.Name, nodes.Filter, nodes.Keyword, nodes.Test, nodes.Compare, nodes.Operand, nodes.And,
    nodes.Or, nodes.Not, nodes.Concat, nodes.List, nodes.Tuple,
)  # fmt: skip
# none makes a text much longer than it was, however often it is applied: no escape, urlencode,
# replace, center, indent
_FILTERS = ("capitalize", "d", "default", "length", "lower", "title", "trim", "truncate", "upper")
_TESTS = ("defined", "undefined", "none", "in", "eq", "==", "ne", "!=", "lower", "upper")
_PRINTED = (str, Markup, int, float, bool)


class Forbidden(SecurityError):
    """What a template may not do, with its line (from 1)."""

    def __init__(self, message: str, lineno: int) -> None:
        super().__init__(message)
        self.lineno = lineno


@dataclass(frozen=True)
class Compiled:
    """A compiled template, and the names it takes from outside: ``((line, name), …)`` by line."""

    template: Template
    names: tuple[tuple[int, str], ...]


@pass_context  # with it jinja2 also asks for constants, and only when they are printed
def _print(_context: Context, value: object) -> object:
    """Return what is printed for a value, rejecting lists and whatever is no single value."""
    if value is None:
        return ""
    if type(value) not in _PRINTED and not isinstance(value, StrictUndefined):
        raise SecurityError(f"{type(value).__name__} cannot be printed, only single values")
    return value


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment; see the module."""

    def __init__(self, autoescape: bool) -> None:
        super().__init__(
            autoescape=autoescape,
            undefined=StrictUndefined,
            loader=None,
            cache_size=0,
            finalize=_print,
            optimized=False,  # nothing runs while a template is only compiled
        )
        self.globals = {}
        self.filters = {name: self.filters[name] for name in _FILTERS}
        self.tests = {name: self.tests[name] for name in _TESTS}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        pending: list[tuple[nodes.Node, int]] = [(tree, 1)]
        count = 0
        while pending:
            node, line = pending.pop()
            line = node.lineno or line
            count += 1
            if count > NODE_LIMIT:
                raise Forbidden("the template has too many parts", line)
            if not isinstance(node, _NODES) or getattr(node, "dyn_args", None):
                raise Forbidden(f"{type(node).__name__} is not available", line)
            if type(node) is nodes.Const and node.value in (float("inf"), float("-inf")):
                raise Forbidden("the number is too large", line)  # jinja2 writes it as a name
            if type(node) is nodes.Filter and node.name not in _FILTERS:
                raise Forbidden(f"the filter {node.name} is not available", line)
            pending.extend((child, line) for child in node.iter_child_nodes())
        return tree


_PLAIN, _ESCAPING = Sandbox(False), Sandbox(True)


@lru_cache(maxsize=64)
def compile_template(source: str, autoescape: bool) -> Compiled:
    """Return the :class:`Compiled` template; a mailing uses the same one for each letter.

    :raise jinja2.TemplateSyntaxError, Forbidden, RecursionError, SyntaxError, MemoryError:
        the last three when it is nested too deep
    """
    environment = _ESCAPING if autoescape else _PLAIN
    tree = environment.parse(source)
    wanted = meta.find_undeclared_variables(tree)
    lines: dict[str, int] = {}
    for node in tree.find_all(nodes.Name):
        if node.name in wanted:
            lines[node.name] = min(node.lineno, lines.get(node.name, node.lineno))
    names = tuple(sorted((line, name) for name, line in lines.items()))
    return Compiled(environment.from_string(tree), names)


def generate(compiled: Compiled, data: dict[str, str]) -> Iterator[str]:
    """Yield the parts of the rendered text.

    :param data: ``{field: text}``
    """
    return compiled.template.generate(data)
