"""Rooms refer downward only: imports and names of models are read from the files themselves.

A room is a folder of ``epd_mailing/models``; reports, wizards and controllers stand above all of them. A name of a
model belongs to the room whose class has it as ``_name``.
"""

import ast
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


# file above → what it gives a model of a room below: its part of the form (fields, buttons), or the
# answer to a hook that the lower room calls without knowing who answers
FORM, HOOK = "form", "hook"
EXTENDED = {
    "models/charge/epd_building.py": FORM,
    "models/charge/epd_personal_account.py": FORM,
    "models/document/epd_document_source.py": HOOK,  # changed figures mark the documents
    "models/document/epd_personal_account.py": FORM,
    "models/gis/epd_document_snapshot.py": HOOK,  # identifiers of ГИС ЖКХ in the snapshot
    "models/gis/epd_payment_document.py": FORM,
    "models/intake/epd_account_payment.py": FORM,
    "models/mailing/epd_delivery_address.py": FORM,
    "models/mailing/epd_payment_document.py": FORM,
    "models/mailing/epd_personal_account.py": FORM,
    "models/mailing/epd_unisender_account.py": FORM,
    "models/paper/epd_billing_run.py": FORM,
    "models/paper/epd_payment_document.py": FORM,
    "models/run/drilldown.py": HOOK,  # what a number of the run's screen counts
    "models/run/epd_mailing.py": FORM,
    "models/run/epd_payment_document.py": FORM,
    "reports/epd_mailing.py": FORM,
}


# a table of ours in SQL: a reference as good as the model's name
IN_SQL = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+(epd_\w+)")


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
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == name for target in statement.targets
        ):
            values = getattr(statement.value, "elts", [statement.value])
            return [one.value for one in values if isinstance(one, ast.Constant)]
    return []


def read_homes():
    """Return {model: room that names it}, and the classes that extend a model of ours in place."""
    homes, extended = {}, []
    for room, path in files():
        for node in ast.walk(ast.parse(path.read_text())):
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
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for table in IN_SQL.findall(node.value):
                    model = tables.get(table)
                    if model and ORDER.index(homes[model]) > place:
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


def test_rooms_refer_downward_only():
    new = {key: lines for key, lines in upward().items() if key not in ALLOWED}
    assert not new, "turn it round with a hook, or list it in ALLOWED with its reason: " + str(new)


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


def test_who_answers_a_hook_adds_nothing_else():
    for name, what in EXTENDED.items():
        text = (ADDON / name).read_text()
        assert what == FORM or ("fields." not in text and "super()." in text), name


def test_every_room_has_its_plate():
    for room in ORDER[:13]:
        text = (ADDON / "models" / room / "__init__.py").read_text()
        assert ast.get_docstring(ast.parse(text)), f"{room} says nothing of itself"


def test_every_file_has_a_room():
    loose = [p.name for p in (ADDON / "models").glob("*.py") if p.name != "__init__.py"]
    assert not loose
