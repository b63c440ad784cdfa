"""Names that were given up: code written beside a rename must not bring them back unseen."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GIVEN_UP = re.compile(
    r"\b(_through_gate|_gate_open|_gate_names|_gated_fields|_raise_gate|epd_gate|_check_user_may"
    r"|_told_fields|_tell_screens|_tell_manager|_work_pass|_pause_for_fault|_fault_text|PASS_WALL"
    r"|PASS_CPU|_compute_behind|_search_behind|_find_refused|_fill_slice|_drop_told|_order_dump"
    r"|_tell_of_left_out|_refuse_unbalanced|_describe_taken_back|plain_person|_is_plain)\b"
)
# words that say everything and nothing, and words of ours where the field has its own:
# reported, rejected, accepted, created, error, drilldown, guard, downloads
VAGUE = {
    *("found", "wrong", "plain", "order", "told", "tell", "made", "taken", "refuse", "refused"),
    *("fault", "faults", "behind", "gate", "gated", "outgo", "passes", "look"),
}
# (where, name) → why it stays
KEPT = {
    ("models/account/epd_personal_account.py", "_dates_order"): "a constraint of the database",
    ("models/charge/epd_service_provision.py", "_dates_order"): "a constraint of the database",
    ("models/service/epd_service_rest.py", "fault_count"): "a column of the database",
    ("wizards/epd_sender_domain.py", "found"): "a column of the database",
    ("models/document/epd_payment_document.py", "is_ready_made"): "a column of the database",
    ("models/document/epd_payment_document.py", "_save_ready_made"): "ready-made receipts",
    ("models/document/document_writer.py", "save_ready_made"): "ready-made receipts",
    (
        "wizards/epd_run_outlook.py",
        "_cron_look",
    ): "called by a scheduled action that is never updated",
    ("models/document/epd_document_snapshot.py", "_get_payment_order"): "a payment order",
    ("tools/payment_qr.py", "order"): "a payment order",
    ("models/mailing/epd_letter_facts.py", "_put_in_order"): "sorts",
    ("models/base/company_money.py", "order"): "an argument of Odoo's own method",
    ("models/mailing/epd_mailing_letter.py", "_order_field_to_sql"): "Odoo's own method",
    ("models/intake/loader/setup.py", "look_up"): "looks up",
    ("tools/address_text.py", "_hint_look_alike"): "look-alikes",
    ("tools/unisender_go/errors.py", "WRONG_SERVER"): "the vendor's codes",
    ("tools/unisender_go/errors.py", "ALREADY_TAKEN"): "the vendor's codes",
    ("controllers/import_example.py", "order_id"): "the law's order on the form",
    ("controllers/import_example.py", "order"): "the law's order on the form",
    ("tools/address_text.py", "_LOOK_ALIKES"): "look-alikes",
    ("models/mailing/epd_letter_facts.py", "IN_ORDER"): "sorts",
}
# what docstrings, comments and texts say in the field's terms
PROSE = re.compile(r"\b(left out|leaves? out|leaving out|taken in\b(?! by)|outgo(es)?\b)")


def read(*tops, suffixes=(".py",)):
    """Yield (path, text) of the files below some folders."""
    for top in tops:
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in suffixes and path != Path(__file__).resolve():
                yield path, path.read_text()


def get_product():
    """Yield (path in the addon, text) of the addon's own files, without its tests."""
    for path, text in read("epd_mailing", suffixes=(".py", ".xml", ".js")):
        short = path.relative_to(ROOT / "epd_mailing")
        if short.parts[0] not in ("tests", "i18n"):
            yield short.as_posix(), text


def get_names(tree):
    """Yield the names that others meet: functions, parameters, classes, fields, attributes, constants."""
    bodies = [tree.body]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        if isinstance(node, ast.FunctionDef):
            yield from (one.arg for one in (*node.args.args, *node.args.kwonlyargs))
        if isinstance(node, ast.ClassDef):
            bodies.append(node.body)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
    for statement in (statement for body in bodies for statement in body):
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = getattr(statement, "targets", None) or [statement.target]
            yield from (one.id for one in targets if isinstance(one, ast.Name))


def find_vague():
    """Return {(file of the addon, name)} of the vague names that others meet."""
    return {
        (path, name)
        for path, text in get_product()
        if path.endswith(".py")
        for name in get_names(ast.parse(text))
        if name != "_order" and VAGUE & set(name.lower().split("_"))
    }


def test_no_name_that_was_given_up():
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, text in read(
            "epd_mailing", "tests_unit", "tests_system", "bench", "scripts", "sandbox"
        )
        for name in GIVEN_UP.findall(text)
    ]
    assert not found


def test_no_vague_name_that_others_meet():
    assert not find_vague() - KEPT.keys(), "say what it is, or list it in KEPT with its reason"
    assert not KEPT.keys() - find_vague(), "no longer needed in KEPT"


def test_texts_are_in_the_terms_of_the_field():
    found = [
        f"{path}:{number}: {line.strip()[:120]}"
        for path, text in get_product()
        for number, line in enumerate(text.splitlines(), start=1)
        if PROSE.search(line) and "left_out" not in line
    ]
    assert not found, "skipped, accepted, downloads: " + "\n".join(found)
