"""A jinja2 for people who are not programmers: printing, ``if``, ``for``, a few filters, no more.

jinja2's own sandbox guards attributes. Here only what is listed is available at all, and every
template has a bounded amount of work: one that would run for hours stops within a second or two.
"""

from collections import namedtuple
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from jinja2 import StrictUndefined, Undefined, meta, nodes, pass_context
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment, SecurityError
from markupsafe import Markup

RANGE_LIMIT = 1000
VALUE_LIMIT = 50_000  # characters of a text, items of a list
NODE_LIMIT = 5_000  # parts of a template
WORK_LIMIT = 200_000  # parts run and characters made while one text is rendered
DIGITS_LIMIT = 2_000  # bits of a whole number

SCALARS = (str, Markup, int, float, bool, Decimal, date, datetime, type(None))
# the compiled template and the names it takes from outside: ((line, name), …) by line
Compiled = namedtuple("Compiled", "template names")

_WORK = " work"  # no name of a template can have a space
_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Assign,
    nodes.With, nodes.CondExpr, nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem,
    nodes.Slice, nodes.Call, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.And,
    nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div,
    nodes.FloorDiv, nodes.Mod, nodes.Concat, nodes.List, nodes.Tuple, nodes.Keyword,
)  # fmt: skip
_FILTERS = (
    "abs capitalize count d default e escape first float int last length list lower max min "
    "reverse sort string striptags sum title trim truncate unique upper urlencode wordcount"
).split()
_TESTS = (
    "!= < <= == > >= boolean defined divisibleby eq even false ge gt integer le lt ne none "
    "number odd string true undefined"
).split()
_TEXT_METHODS = "capitalize endswith isdigit lower lstrip rstrip split startswith strip title upper"
_ATTRIBUTES = {
    str: _TEXT_METHODS.split(),
    Markup: _TEXT_METHODS.split(),
    dict: "get items keys values".split(),
    date: "day isoformat month year".split(),
    datetime: "day hour isoformat minute month year".split(),
    LoopContext: "cycle depth first index index0 last length nextitem previtem revindex "
    "revindex0".split(),
}


class _Work:
    """How much one rendering may still do."""

    def __init__(self):
        self.left = WORK_LIMIT

    def spend(self, amount):
        self.left -= amount
        if self.left < 0:
            raise SecurityError("the template does too much")


def _measured(value):
    """Return a value, refusing a text or list that is too long."""
    if isinstance(value, (str, list, tuple)) and len(value) > VALUE_LIMIT:
        raise SecurityError("a text or list is too long")
    return value


def _scalar(value):
    """Return a value, refusing lists and whatever else has no printed form of its own."""
    if type(value) not in SCALARS and not isinstance(value, Undefined):
        raise SecurityError(f"{type(value).__name__} cannot be printed, only single values")
    return value


def _printed(value):
    return "" if value is None else _scalar(value)


def _range(*args):
    values = range(*args)
    if len(values) > RANGE_LIMIT:
        raise SecurityError("the range is too long")
    return values


# --- filters ---------------------------------------------------------------------------------


def _charged(function):
    """Wrap a filter of jinja2: what it makes is charged and measured."""
    takes = getattr(function, "jinja_pass_arg", None)
    wants = takes.name if takes else None

    @pass_context
    def wrapped(context, value, *args, **kwargs):
        if isinstance(value, (str, list, tuple)):
            context[_WORK].spend(len(value))
        given = {
            "context": (context,),
            "eval_context": (context.eval_ctx,),
            "environment": (context.environment,),
        }.get(wants, ())
        result = function(*given, value, *args, **kwargs)
        if isinstance(result, (str, list, tuple)):
            context[_WORK].spend(len(result))
        return _measured(result)

    return wrapped


@pass_context
def _join(context, value, separator=""):
    """``join`` of single values, measured before it is made."""
    items = [_text(context, _scalar(item)) for item in value]
    separator = _text(context, _scalar(separator))
    size = sum(map(len, items)) + len(separator) * len(items)
    context[_WORK].spend(size + len(items))
    if size > VALUE_LIMIT:
        raise SecurityError("a text or list is too long")
    return separator.join(items)


def _text(context, value):
    """Return a value as text, escaped where the template escapes."""
    if context.eval_ctx.autoescape:
        return Markup.escape(_printed(value))
    return str(_printed(value))


@pass_context
def _replace(context, value, old, new):
    """``replace``, measured before it is made."""
    value, old, new = (_text(context, _scalar(one)) for one in (value, old, new))
    size = len(value) + (value.count(old) * max(0, len(new) - len(old)))
    context[_WORK].spend(size)
    if size > VALUE_LIMIT:
        raise SecurityError("a text or list is too long")
    return value.replace(old, new)


def _round(value, precision=0):
    """``round`` half up, to at most six decimals."""
    if type(precision) is not int or not 0 <= precision <= 6:
        raise SecurityError("round takes 0 to 6 decimals")
    exact = Decimal(str(value)).quantize(Decimal(1).scaleb(-precision), rounding="ROUND_HALF_UP")
    return int(exact) if not precision else exact


@pass_context
def _loop(context, value, weight):
    """What a ``for`` goes over: each turn is charged with the parts of its body."""
    work = context[_WORK]
    for item in value:
        work.spend(weight)
        yield item


@pass_context
def _flat(context, value):
    """A written list: of single values, so that none grows into a list of lists of lists."""
    context[_WORK].spend(len(value))
    for item in value:
        _scalar(item)
    return value


@pass_context
def _compared(context, value):
    """What is compared or searched: long texts are charged for."""
    if isinstance(value, (str, list, tuple)):
        context[_WORK].spend(len(value) // 100)
    return value


# --- the environment -------------------------------------------------------------------------


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment; see the module."""

    intercepted_binops = frozenset(["*", "%", "+"])

    def __init__(self, autoescape):
        super().__init__(
            autoescape=autoescape,
            undefined=StrictUndefined,
            loader=None,
            cache_size=0,
            finalize=_printed,
            optimized=False,  # nothing runs while a template is only compiled
        )
        self.globals = {"range": _range}
        self.filters = {name: _charged(self.filters[name]) for name in _FILTERS}
        self.filters |= {"join": _join, "replace": _replace, "round": _round}
        self._allowed = frozenset(self.filters)
        self.filters |= {"loop ": _loop, "flat ": _flat, "compared ": _compared}
        self.tests = {name: self.tests[name] for name in _TESTS}

    def _parse(self, source, name, filename):
        tree = super()._parse(source, name, filename)
        self._vet(tree)
        self._guard(tree)
        return tree

    def _vet(self, tree):
        """Refuse whatever is not listed.

        :raise Forbidden: naming the line
        """
        pending, count = [(tree, 1)], 0
        while pending:
            node, line = pending.pop()
            line = node.lineno or line
            count += 1
            if count > NODE_LIMIT:
                raise Forbidden("the template has too many parts", line)
            if not isinstance(node, _NODES) or (isinstance(node, nodes.For) and node.recursive):
                raise Forbidden(f"{type(node).__name__} is not available", line)
            if isinstance(node, nodes.Filter) and (
                node.node is None or node.name not in self._allowed
            ):
                raise Forbidden(f"the filter {node.name} is not available", line)
            if isinstance(node, nodes.Call) and (node.dyn_args or node.dyn_kwargs):
                raise Forbidden("* is not available in a call", line)
            pending.extend((child, line) for child in node.iter_child_nodes())

    def _guard(self, tree):
        """Put the guards of this module into the tree: loops, written lists, ``~``."""
        # the innermost first: a node that is replaced takes its guarded parts along
        for node in reversed([tree, *tree.find_all(nodes.Node)]):
            for field, value in list(node.iter_fields()):
                if isinstance(value, nodes.Node):
                    setattr(node, field, self._guarded(value))
                elif isinstance(value, list):
                    setattr(
                        node,
                        field,
                        [self._guarded(x) if isinstance(x, nodes.Node) else x for x in value],
                    )
            if isinstance(node, (nodes.Compare, nodes.Operand)):
                node.expr = self._filter(node.expr, "compared ")
            elif isinstance(node, nodes.For):
                weight = 1 + sum(1 for part in node.body for _node in part.find_all(nodes.Node))
                node.iter = self._filter(node.iter, "loop ", nodes.Const(weight))

    def _guarded(self, node):
        if isinstance(node, nodes.Concat):
            return self._filter(nodes.Tuple(node.nodes, "load", lineno=node.lineno), "join")
        if isinstance(node, nodes.List) or (isinstance(node, nodes.Tuple) and node.ctx == "load"):
            return self._filter(node, "flat ")
        return node

    def _filter(self, node, name, *args):
        made = nodes.Filter(node, name, list(args), [], None, None, lineno=node.lineno)
        made.set_environment(self)
        for arg in args:
            arg.set_environment(self)
        node.set_environment(self)
        return made

    def is_safe_attribute(self, obj, attr, value):
        """Only the listed attributes of the listed types."""
        return attr in _ATTRIBUTES.get(type(obj), ())

    def is_safe_callable(self, obj):
        """Only ``range`` and the listed methods."""
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        return obj is _range or name in _ATTRIBUTES.get(type(owner), ())

    def call(self, context, obj, *args, **kwargs):
        """Call what is safe, charging for long texts."""
        owner = getattr(obj, "__self__", None)
        if isinstance(owner, str):
            context[_WORK].spend(len(owner))
        return _measured(super().call(context, obj, *args, **kwargs))

    def call_binop(self, context, operator, left, right):
        """Numbers are calculated; texts and lists may only be added, to a bounded length."""
        numbers = all(isinstance(side, (int, float, Decimal)) for side in (left, right))
        if numbers:
            bits = sum(side.bit_length() for side in (left, right) if isinstance(side, int))
            if bits > DIGITS_LIMIT:
                raise SecurityError("the number is too large")
        elif operator != "+":
            raise SecurityError(f"the operator {operator} is for numbers only")
        elif all(isinstance(side, (str, list, tuple)) for side in (left, right)):
            size = len(left) + len(right)
            context[_WORK].spend(size)
            if size > VALUE_LIMIT:
                raise SecurityError("a text or list is too long")
        return super().call_binop(context, operator, left, right)


class Forbidden(SecurityError):
    """What a template may not do, with its line."""

    def __init__(self, message, lineno):
        super().__init__(message)
        self.lineno = lineno


_PLAIN, _ESCAPING = Sandbox(False), Sandbox(True)


@lru_cache(maxsize=64)
def compile_template(source, autoescape):
    """Return the ``Compiled`` template; a mailing uses the same one for each letter.

    :raise jinja2.TemplateSyntaxError, Forbidden, RecursionError, SyntaxError, MemoryError:
        the last three when it is nested too deep
    """
    environment = _ESCAPING if autoescape else _PLAIN
    tree = environment.parse(source)
    wanted = meta.find_undeclared_variables(tree) - set(environment.globals)
    lines = {}
    for node in tree.find_all(nodes.Name):
        if node.name in wanted and node.ctx == "load":
            lines[node.name] = min(node.lineno, lines.get(node.name, node.lineno))
    names = tuple(sorted((line, name) for name, line in lines.items()))
    return Compiled(environment.from_string(tree), names)


def generate(compiled, data):
    """Yield the parts of the rendered text.

    :param dict data: plain values
    """
    return compiled.template.generate({**data, _WORK: _Work()})
