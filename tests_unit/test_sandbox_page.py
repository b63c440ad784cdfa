"""The page «Поведение» leaves nothing out: what the code can do or answer stands on it."""

import re
from pathlib import Path

from sandbox import behaviours, fates
from sandbox.service import Service

FOLDER = Path(behaviours.__file__).parent


def _page():
    return " ".join(f"{one.text} {one.name} {one.default}" for one in behaviours.BEHAVIOURS)


def _words(text):
    return set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text))


def test_every_method_is_on_it():
    methods = {name[3:] for name in dir(Service) if name.startswith("do_")}
    asked = {"sendEmail", "checkEmail", "getContact", "getUserInfo", "getCheckedEmail"}
    assert asked < methods
    assert not methods - _words(_page())


def test_every_code_is_on_it():
    source = "".join(path.read_text() for path in FOLDER.glob("*.py"))
    codes = set(re.findall(r'ApiError\(\s*"([a-z_]+)"', source))
    codes |= set(re.findall(r'return "([a-z]+_[a-z_]+)", ', source))
    codes |= set(fates.REJECTIONS.values())
    assert len(codes) >= 15
    known = _words(_page()) | {"api_call_limit_exceeded_for_"}
    assert not codes - known


def test_every_fate_is_on_it():
    scripts = fates.FATES.keys() | fates.REJECTIONS.keys() | fates.FAULTS.keys()
    assert not scripts - _words(_page())


def test_each_has_its_mark_and_stands_once():
    for one in behaviours.BEHAVIOURS:
        assert one.mark in behaviours.MARKS and one.text.strip()
    texts = [one.text for one in behaviours.BEHAVIOURS]
    assert len(texts) == len(set(texts)), "each once"
