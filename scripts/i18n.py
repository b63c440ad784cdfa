#!/usr/bin/env python3
"""Keeps the translation template and the Russian translation in step with the code.

``i18n.py refresh EXPORTED``: writes epd_mailing.pot and merges it into ru.po, what is new staying empty.
``i18n.py check EXPORTED``: fails when the .pot is stale or ru.po misses, fuzzes or spoils an entry.
EXPORTED is what ``odoo i18n export`` of a database without demo data gave.
"""

import argparse
import re
import sys
from pathlib import Path

import polib

FOLDER = Path(__file__).resolve().parent.parent / "epd_mailing" / "i18n"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\{.*?\}\}|</?\w+")


def entries(path):
    """Return the entries of a file that count: message → its occurrences, without line numbers."""
    return {
        (entry.msgctxt, entry.msgid): sorted(place for place, _line in entry.occurrences)
        for entry in polib.pofile(str(path))
        if not entry.obsolete
    }


def find_stale(exported):
    """Return what differs between the code and the committed template."""
    template = FOLDER / "epd_mailing.pot"
    if not template.exists():
        return ["epd_mailing.pot is missing"]
    fresh, kept = entries(exported), entries(template)
    return (
        [f"epd_mailing.pot misses {text!r}" for _, text in fresh.keys() - kept.keys()]
        + [
            f"epd_mailing.pot has what the code has no more: {t!r}"
            for _, t in kept.keys() - fresh.keys()
        ]
        + [
            f"epd_mailing.pot: {key[1]!r} stands in other places now"
            for key in fresh.keys() & kept.keys()
            if fresh[key] != kept[key]
        ]
    )


def find_untranslated(exported):
    """Return what is wrong with the Russian translation."""
    path = FOLDER / "ru.po"
    if not path.exists():
        return ["ru.po is missing"]
    problems = []
    translation = {(e.msgctxt, e.msgid): e for e in polib.pofile(str(path)) if not e.obsolete}
    for key in entries(exported):
        entry = translation.get(key)
        if entry is None or not (entry.msgstr or entry.msgid_plural):
            problems.append(f"ru.po misses {key[1]!r}")
        elif entry.fuzzy:
            problems.append(f"ru.po: {key[1]!r} is fuzzy")
        elif sorted(PLACEHOLDER.findall(key[1])) != sorted(PLACEHOLDER.findall(entry.msgstr)):
            problems.append(f"ru.po: {key[1]!r}: placeholders or tags differ in {entry.msgstr!r}")
    return problems


def save(po, path):
    """Write a catalogue whole or not at all."""
    part = path.with_suffix(".part")
    po.save(str(part))
    part.replace(path)


def refresh(exported):
    """Write the template and merge it into ru.po; return what remains to be translated."""
    template = polib.pofile(str(exported), wrapwidth=0)
    # the same code gives the same file
    for field in ("POT-Creation-Date", "PO-Revision-Date"):
        template.metadata.pop(field, None)
    save(template, FOLDER / "epd_mailing.pot")
    path = FOLDER / "ru.po"
    old = polib.pofile(str(path), wrapwidth=0) if path.exists() else polib.POFile()
    known = {(entry.msgctxt, entry.msgid): entry for entry in old}
    merged = polib.POFile(wrapwidth=0)
    merged.metadata = dict(template.metadata) | {
        "Language": "ru",
        "Plural-Forms": "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && "
        "(n%100<10 || n%100>=20) ? 1 : 2);",
    }
    for entry in template:
        before = known.get((entry.msgctxt, entry.msgid))
        entry.msgstr = before.msgstr if before else ""
        entry.flags = before.flags if before else []
        merged.append(entry)
    save(merged, path)
    return find_untranslated(exported)


def main():
    """Do what the command line asks; exit status 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("refresh", "check"))
    parser.add_argument("exported", type=Path)
    arguments = parser.parse_args()
    if arguments.what == "refresh":
        remaining = refresh(arguments.exported)
        print("\n".join(remaining) or "ru.po is complete")
        return 0
    problems = find_stale(arguments.exported) + find_untranslated(arguments.exported)
    print("\n".join(sorted(problems)) or "translations are fresh and complete")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
