"""Rooms refer downward only: imports and names of models are read from the files themselves.

A room is a folder of ``epd_mailing/models``; reports, wizards and controllers stand above all of them. A name of a
model belongs to the room whose class has it as ``_name``.

What is read is text, so two things are not seen: a name that is put together of variables (one of constants alone is, and
one that begins with ``epd.``), and a field of a room above whose name a lower room has too (``document_ids``): whose record
stands before the dot is known only when it runs.
"""

import ast
import functools
import re
from collections import defaultdict
from pathlib import Path

ADDON = Path(__file__).resolve().parent.parent / "epd_mailing"
ORDER = (
    *("base", "core", "account", "charge", "document", "service", "mailing", "run", "paper"),
    *("gis", "intake", "api", "start", "reports", "wizards", "controllers"),
)
# (file, name of the model or module above) → why it may look up
_LIST = "models/account/epd_account_list.py"
_FILTER = (
    "the address book is opened with the accounts; its filters ask what the month says of them"
)
ALLOWED: dict[tuple[str, str], str] = {
    (_LIST, "epd.account.balance"): _FILTER,
    (_LIST, "epd.service"): _FILTER,
    (_LIST, "epd.billing.period"): _FILTER,
    (_LIST, "epd.payment.document"): _FILTER,
    ("models/run/epd_readiness_accounts.py", "epd.gis.placement"): (
        "what keeps a document from being printed whole stands on one page, whichever room knows it"
    ),
}


# (file, field of a room above) → why the lower room may read it
FIELDS_ABOVE = {
    (_LIST, "charge_ids"): _FILTER,
    ("models/document/epd_document_snapshot.py", "gis_document_id"): (
        "a key of the snapshot, given by the hook _get_gis_document_ids; the field is another thing"
    ),
}

# file above → what it gives a model of a room below
FORM = "form"  # its part of the form: buttons, and fields that are read from records above
HOOK = "hook"  # the answer to a hook that the lower room calls without knowing who answers
LINK = "link"  # a stored link to the record above that the row was made for or brought by
KEPT = "kept"  # columns that the room above alone writes
EXTENDED = {
    "models/charge/epd_building.py": FORM,
    "models/charge/epd_personal_account.py": FORM,
    "models/document/epd_document_source.py": HOOK,  # changed figures mark the documents
    "models/document/epd_personal_account.py": FORM,
    "models/gis/epd_document_snapshot.py": HOOK,  # identifiers of ГИС ЖКХ in the snapshot
    "models/gis/epd_payment_document.py": FORM,  # the identifier, read from the placement
    "models/intake/epd_account_payment.py": LINK,  # the register that brought the payment
    "models/mailing/epd_delivery_address.py": HOOK,  # a closed address withdraws its letters
    "models/mailing/epd_payment_document.py": FORM,
    "models/mailing/epd_personal_account.py": FORM,
    "models/mailing/epd_unisender_account.py": KEPT,  # how far the events were read
    "models/paper/epd_billing_run.py": FORM,
    "models/paper/epd_payment_document.py": FORM,
    "models/run/drilldown.py": HOOK,  # what a number of the run's screen counts
    "models/run/epd_mailing.py": LINK,  # the run whose documents the letters carry
    "models/run/epd_payment_document.py": LINK,  # the run that made the document
    "reports/epd_mailing.py": FORM,
}


# text that is SQL: a table of ours in it is a reference as good as the model's name
IS_SQL = re.compile(r"\b(?:SELECT|FROM|JOIN|INTO|UPDATE|DELETE|WITH)\b")
TABLE = re.compile(r"\bepd_\w+")
# a name of a model that is put together where it is used cannot be followed
PUT_TOGETHER = re.compile(r"epd\.(?:[a-z.]+\.)?(?:[%{].*)?")


@functools.cache
def parse_text(text):
    """Return the tree of a text."""
    return ast.parse(text)


def parse(path):
    """Return the tree of a file; one that did not change is read once."""
    return parse_text(path.read_text())


@functools.cache
def nodes(path):
    """Return all nodes of a file's tree; walking costs more than parsing."""
    return tuple(ast.walk(parse(path)))


def files():
    """Yield (room, path) of every Python file of the addon that has a room."""
    for path in sorted(ADDON.rglob("*.py")):
        parts = path.relative_to(ADDON).parts
        room = parts[1] if parts[0] == "models" and len(parts) > 2 else parts[0]
        if room in ORDER:
            yield room, path


def assigned(node, name):
    """Return the text or texts a class body gives to ``name``."""
    for statement in node.body:
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            values = getattr(statement.value, "elts", [statement.value])
            assert all(isinstance(one, ast.Constant) for one in values), (
                f"line {statement.lineno}: {name} is written as it is, so that it can be followed"
            )
            return [one.value for one in values]
    return []


def read_homes():
    """Return {model: room that names it}, and the classes that extend a model of ours in place."""
    homes, extended = {}, []
    for room, path in files():
        for node in nodes(path):
            if not isinstance(node, ast.ClassDef):
                continue
            name = (assigned(node, "_name") or [None])[0]
            inherit = assigned(node, "_inherit")
            if name and name not in inherit:
                assert name not in homes, f"{name} is named twice"
                homes[name] = room
            for model in inherit:
                if model.startswith("epd.") and (not name or name == model):
                    extended.append((room, path, model))
    return homes, extended


def absolute_names(node):
    """Return the modules of this addon that a statement imports by their whole name."""
    if isinstance(node, ast.Import):
        names = [one.name for one in node.names]
    elif isinstance(node, ast.ImportFrom) and not node.level:
        names = [f"{node.module}.{one.name}" for one in node.names]
    else:
        return []
    return [name for name in names if name.startswith("odoo.addons.epd_mailing.")]


def upward():
    """Return {(file, model or room above)} of every reference from a lower room to an upper one."""
    homes, _extended = read_homes()
    tables = {model.replace(".", "_"): model for model in homes}
    found = defaultdict(list)
    for room, path in files():
        short = str(path.relative_to(ADDON))
        place = ORDER.index(room)
        for node in nodes(path):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                is_sql, alone = IS_SQL.search(node.value), node.value != "epd_mailing"  # the addon
                words = TABLE.findall(node.value) if is_sql else [node.value] if alone else []
                for table in words:
                    model = tables.get(table)
                    if model and ORDER.index(homes[model]) > place:
                        found[short, model].append(node.lineno)
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                model = tables.get(node.value.removeprefix("epd_mailing.model_"))
                if model and node.value.startswith("epd_mailing.model_"):
                    if ORDER.index(homes[model]) > place:
                        found[short, model].append(node.lineno)
            if isinstance(node, ast.Constant) and node.value in homes:
                # a button of a form may open a wizard
                if ORDER.index(homes[node.value]) > place and homes[node.value] != "wizards":
                    found[short, node.value].append(node.lineno)
            for name in absolute_names(node):
                rooms = [part for part in name.split(".")[3:] if part in ORDER]
                if rooms and ORDER.index(rooms[0]) > place:
                    found[short, rooms[0]].append(node.lineno)
            if isinstance(node, ast.ImportFrom) and node.level:
                # models/<room>/file.py: one dot is the room, two the models, three the addon
                base = path.relative_to(ADDON).parts[: -node.level]
                target = (*base, *(node.module or "").split("."), *(n.name for n in node.names))
                rooms = [part for part in target if part in ORDER]
                if rooms and ORDER.index(rooms[0]) > place:
                    found[short, rooms[0]].append(node.lineno)
    return found


# of what an expression is made that says the same whenever it runs
FIXED = (
    *(
        ast.Constant,
        ast.BinOp,
        ast.operator,
        ast.JoinedStr,
        ast.FormattedValue,
        ast.Tuple,
        ast.List,
    ),
    *(ast.Call, ast.Attribute, ast.Load),
)


def get_fixed_text(node):
    """Return the text that an expression of constants makes, empty where it is something else."""
    if not isinstance(node, ast.BinOp | ast.JoinedStr | ast.Call):
        return ""
    if not all(isinstance(part, FIXED) for part in ast.walk(node)):
        return ""
    try:
        value = eval(compile(ast.Expression(node), "", "eval"), {"__builtins__": {}})
    except Exception:  # no such text can be made
        return ""
    return value if isinstance(value, str) else ""


def hidden():
    """Yield (file, line) of what leads to a room in a way that this test cannot follow."""
    homes, _extended = read_homes()
    ours = homes.keys() | {model.replace(".", "_") for model in homes}
    for _room, path in files():
        short = str(path.relative_to(ADDON))
        tree = parse(path)
        asked = {
            id(arg)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".startswith")
            for arg in node.args
        }
        for node in ast.walk(tree):
            if get_fixed_text(node) in ours:
                yield short, node.lineno
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if PUT_TOGETHER.fullmatch(node.value) and id(node) not in asked:
                    yield short, node.lineno
            if isinstance(node, ast.ImportFrom) and node.level:
                base = path.relative_to(ADDON).parts[: -node.level]
                module = (*base, *filter(None, (node.module or "").split(".")))
                if module in ((), ("models",)) and any(
                    n.name in ("models", "*") for n in node.names
                ):
                    yield short, node.lineno
            names = absolute_names(node)
            if any(name.endswith(("epd_mailing.models", ".*")) for name in names):
                yield short, node.lineno
            if isinstance(node, ast.Name | ast.alias | ast.Attribute):
                words = {getattr(node, key, None) for key in ("id", "name", "attr")}
                if words & {"import_module", "__import__"}:
                    yield short, node.lineno


def declared(path):
    """Yield (name, type, keywords, arguments) of each field that the classes of a file declare."""
    for node in nodes(path):
        value = node.value if isinstance(node, ast.Assign) else None
        if isinstance(value, ast.Call) and ast.unparse(value.func).startswith("fields."):
            words = {one.arg for one in value.keywords}
            yield node.targets[0].id, ast.unparse(value.func)[7:], words, value.args


def fields_above():
    """Return {field: room} of what the rooms above add to models below, by names of their own."""
    homes = defaultdict(set)
    for room, path in files():
        for name, *_rest in declared(path):
            homes[name].add(room)
    added = {}
    for short in EXTENDED:
        path = ADDON / short
        room = next(part for part in path.relative_to(ADDON).parts if part in ORDER)
        added.update({name: room for name, *_rest in declared(path) if homes[name] == {room}})
    return added


def read_above():
    """Return {(file, field)} of fields of a room above that a lower room reads."""
    added, found = fields_above(), set()
    for room, path in files():
        for node in nodes(path):
            text = node.attr if isinstance(node, ast.Attribute) else getattr(node, "value", None)
            if not isinstance(text, str) or not re.fullmatch(r"[a-z_.]+", text):
                continue
            for name in text.split("."):
                if name in added and ORDER.index(added[name]) > ORDER.index(room):
                    found.add((str(path.relative_to(ADDON)), name))
    return found


def test_rooms_refer_downward_only():
    new = {key: lines for key, lines in upward().items() if key not in ALLOWED}
    assert not new, "turn it round with a hook, or list it in ALLOWED with its reason: " + str(new)


def test_no_reference_is_hidden():
    assert not list(hidden())


def test_a_name_put_together_of_constants_is_read():
    for text in (
        "'.'.join(('epd', 'mailing'))",
        "'epd' + '.' + 'mailing'",
        "'%s.%s' % ('epd', 'mailing')",
        "'{}.mailing'.format('epd')",
        "f'{\"epd\"}.mailing'",
    ):
        assert get_fixed_text(ast.parse(text, mode="eval").body) == "epd.mailing", text
    assert not get_fixed_text(ast.parse("'.'.join(names)", mode="eval").body)


def test_a_lower_room_reads_no_field_of_a_room_above():
    new = read_above() - FIELDS_ABOVE.keys()
    assert not new, f"ask by a hook, or list it in FIELDS_ABOVE with its reason: {new}"
    assert not FIELDS_ABOVE.keys() - read_above(), "no longer needed in FIELDS_ABOVE"


def test_what_is_allowed_is_still_there():
    gone = ALLOWED.keys() - upward().keys()
    assert not gone, f"no longer needed in ALLOWED: {gone}"


def test_a_model_is_extended_from_above_only():
    homes, extended = read_homes()
    wrong = [
        (str(path.relative_to(ADDON)), model)
        for room, path, model in extended
        if ORDER.index(room) <= ORDER.index(homes[model])
    ]
    assert not wrong, f"one model, one file: {wrong}"


def test_who_extends_a_lower_room_is_known():
    _homes, extended = read_homes()
    found = {str(path.relative_to(ADDON)) for _room, path, _model in extended}
    assert found == EXTENDED.keys(), "a collaborator, or a line here with what it is"


def is_column(kind, words):
    """Tell whether a field is stored by itself: neither rows beneath nor read from elsewhere."""
    read = words & {"compute", "related"} and "store" not in words
    return kind not in ("One2many", "Many2many") and not read


def test_who_extends_a_lower_room_holds_what_it_says():
    homes, _extended = read_homes()
    for name, what in EXTENDED.items():
        path = ADDON / name
        found = list(declared(path))
        columns = [one for one in found if is_column(one[1], one[2])]
        if what == HOOK:
            assert not found and "super()." in path.read_text(), name
        elif what == FORM:
            assert not columns, f"{name} stores something: a model of its own, or LINK or KEPT"
        elif what == LINK:
            room = path.relative_to(ADDON / "models").parts[0]
            targets = [args[0].value for _name, kind, _words, args in columns if kind == "Many2one"]
            assert targets and len(targets) == len(columns), name
            assert {homes[model] for model in targets} == {room}, name
        else:
            assert columns, f"{name} stores nothing"


def test_every_room_has_its_plate():
    for room in ORDER[:13]:
        text = (ADDON / "models" / room / "__init__.py").read_text()
        assert ast.get_docstring(ast.parse(text)), f"{room} says nothing of itself"


def test_every_file_has_a_room():
    loose = [p.name for p in (ADDON / "models").glob("*.py") if p.name != "__init__.py"]
    assert not loose


def test_odoo_finds_every_file_of_tests():
    """pytest looks for files, Odoo's own runner for what their room imports: what it is given alone would be left out."""
    tests = ADDON / "tests"
    rooms = {path.parent for path in tests.glob("*/test_*.py")}
    left = [room.name for room in rooms if f"from .{room.name} import *" not in read(tests)]
    for room in rooms:
        named = set(re.findall(r"^from \. import (\w+)$", read(room), re.MULTILINE))
        left += [path.name for path in room.glob("test_*.py") if path.stem not in named]
    assert not left
    assert not list(tests.glob("test_*.py")), "a test outside the rooms"


def read(package):
    return (package / "__init__.py").read_text()


def test_files_and_functions_stay_small():
    """A reader holds one of them at once: 800 lines of a model's file, 60 of a function."""
    long = []
    for path in sorted(ADDON.rglob("*.py")):
        text = path.read_text()
        if path.is_relative_to(ADDON / "models") and text.count("\n") > 800:
            long.append(path.name)
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= 60:
                long.append(f"{path.name}: {node.name}")
    assert not long, "a collaborator, or a function of a part of it"
