"""A jinja2 for people who are not programmers: fields, ``if`` and a few filters, no more.

All fields are texts. Only the syntax that is listed here is available at all: no attributes, no
calls, no loops, no arithmetic, no variables. So a template can reach nothing but its fields, and
its work grows with its length alone. jinja2's own sandbox stands behind as a second wall
(https://jinja.palletsprojects.com/en/stable/sandbox/, seen 2026-11-26).
"""

from dataclasses import dataclass
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateAssertionError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

NODE_LIMIT = 5_000  # parts of a template

_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.CondExpr, nodes.Const,
    nodes.Name, nodes.Filter, nodes.Keyword, nodes.Test, nodes.Compare, nodes.Operand, nodes.And,
    nodes.Or, nodes.Not, nodes.Concat, nodes.List, nodes.Tuple,
)  # fmt: skip
# a list is for comparing alone: its text doubles each backslash, and a list of that text again
_COMPARING = (nodes.Compare, nodes.Operand, nodes.Test)
# none makes a text much longer than it was, however often it is applied: no escape, urlencode,
# replace, center, indent
_FILTERS = ("capitalize", "d", "default", "length", "lower", "title", "trim", "truncate", "upper")
_TESTS = ("defined", "undefined", "none", "in", "eq", "==", "ne", "!=", "lower", "upper")


@dataclass(frozen=True)
class Compiled:
    """A compiled template, and the fields it names: ``((line, name), …)`` by line (from 1)."""

    template: Template
    names: tuple[tuple[int, str], ...]


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment; see the module."""

    def __init__(self, autoescape: bool) -> None:
        super().__init__(autoescape=autoescape, undefined=StrictUndefined, cache_size=0)
        self.globals = {}
        self.filters = {name: self.filters[name] for name in _FILTERS}
        self.tests = {name: self.tests[name] for name in _TESTS}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        parts = [tree, *tree.find_all(nodes.Node)]
        if len(parts) > NODE_LIMIT:
            raise TemplateAssertionError("the template has too many parts", 1)
        for part in parts:
            for child in part.iter_child_nodes():
                listed = isinstance(child, nodes.List | nodes.Tuple)
                if not isinstance(child, _NODES) or listed and not isinstance(part, _COMPARING):
                    what = f"{type(child).__name__} is not available"
                elif isinstance(child, nodes.Filter) and child.name not in _FILTERS:
                    what = f"the filter {child.name} is not available"
                elif isinstance(child, nodes.Test) and child.name not in _TESTS:
                    what = f"the test {child.name} is not available"
                elif isinstance(child, nodes.Name) and child.name == "self":
                    what = "self is not available"  # jinja2's own, there without globals
                else:
                    continue
                raise TemplateAssertionError(what, child.lineno or part.lineno or 1)
        return tree


_PLAIN, _ESCAPING = Sandbox(False), Sandbox(True)


@lru_cache(maxsize=64)
def compile_template(source: str, autoescape: bool) -> Compiled:
    """Return the :class:`Compiled` template; a mailing uses the same one for each letter.

    :raise jinja2.TemplateAssertionError: what a template may not do, with its line
    :raise jinja2.TemplateSyntaxError, RecursionError, SyntaxError, MemoryError:
        the last three when it is nested too deep
    """
    environment = _ESCAPING if autoescape else _PLAIN
    tree = environment.parse(source)
    names = {(node.lineno, node.name) for node in tree.find_all(nodes.Name)}
    return Compiled(environment.from_string(tree), tuple(sorted(names)))
