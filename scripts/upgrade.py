#!/usr/bin/env python3
"""What an update does to a database, and whether the changes are named.

``upgrade.py snapshot DSN FILE``: writes the tables and columns, the XML ids and every record of ours.
``upgrade.py compare BEFORE AFTER CHANGELOG``: fails when something is gone, or has changed, that the first
section of CHANGELOG.md does not name (``table``, ``table.column`` or ``xml_id`` in backquotes).
"""

import json
import re
import sys
from pathlib import Path

import psycopg2

COLUMNS = """
    SELECT table_name, column_name, data_type FROM information_schema.columns
    WHERE table_schema = 'public' AND (table_name LIKE 'epd\\_%' OR column_name LIKE 'epd\\_%')
"""
# Odoo writes these at every update
VOLATILE = {"write_date", "write_uid"}


def snapshot(dsn):
    """Return ``{"columns": {table.column: type}, "xml_ids": [name], "records": {table: {id: row}}}``."""
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        columns = {f"{table}.{column}": kind for table, column, kind in cursor.fetchall()}
        cursor.execute("SELECT name FROM ir_model_data WHERE module = 'epd_mailing'")
        xml_ids = sorted(name for (name,) in cursor.fetchall())
        cursor.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'epd\\_%'")
        records = {}
        for (table,) in cursor.fetchall():
            # a relation table has no id: its rows are their own key
            key = "id::text" if f"{table}.id" in columns else "md5(row::text)"
            cursor.execute(f"SELECT {key}, to_jsonb(row) FROM {table} AS row")
            records[table] = dict(cursor.fetchall())
    return {"columns": columns, "xml_ids": xml_ids, "records": records}


def named(changelog):
    """Return the words in backquotes of the first version's section."""
    section = re.split(r"^## ", Path(changelog).read_text(), flags=re.M)[1]
    return set(re.findall(r"`([\w.]+)`", section))


def compare(before, after, known):
    """Return what an update changed without its being named in ``known``."""
    problems = []
    tables = {key.split(".")[0] for key in before["columns"]}
    for key in sorted(before["columns"].keys() | after["columns"].keys()):
        table = key.split(".")[0]
        old, new = before["columns"].get(key), after["columns"].get(key)
        # a new table is named once, by itself or by its id
        new_table = {table, f"{table}.id"} if table not in tables else set()
        if old != new and not ({key} | new_table) & known:
            problems.append(f"column {key}: {old or 'not there'} -> {new or 'not there'}")
    for name in sorted(set(before["xml_ids"]) - set(after["xml_ids"])):
        # fields and constraints follow their columns; a model's own id must stay
        if name not in known and not name.startswith(("field_", "constraint_", "selection__")):
            problems.append(f"the XML id {name} is gone")
    for table, rows in before["records"].items():
        if table in known and table not in after["records"]:
            continue
        lost = rows.keys() - after["records"].get(table, {}).keys()
        if lost and table not in known:
            problems.append(f"{table}: {len(lost)} of {len(rows)} records are lost")
        for key in rows.keys() - lost:
            was, now = rows[key], after["records"][table][key]
            changed = {
                column
                for column in was.keys() - VOLATILE
                if column in now and was[column] != now[column]
            }
            changed = {c for c in changed if f"{table}.{c}" not in known}
            if changed and table not in known:
                problems.append(f"{table} {key}: {', '.join(sorted(changed))} changed")
                break
    return problems


def main(arguments):
    """Run one of the two commands of this file."""
    if arguments[0] == "snapshot":
        Path(arguments[2]).write_text(json.dumps(snapshot(arguments[1])))
        return 0
    before, after = (json.loads(Path(path).read_text()) for path in arguments[1:3])
    problems = compare(before, after, named(arguments[3]))
    rows = sum(map(len, before["records"].values()))
    print(
        "\n".join(problems) or f"nothing is lost: {rows} records, {len(before['columns'])} columns"
    )
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
