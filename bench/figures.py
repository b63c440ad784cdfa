"""How a part tells its figures: a line of JSON each, into the file that ``bench.__main__`` reads."""

import dataclasses
import json
import os
from pathlib import Path

from .table import BEFORE, BY_KEY, OURS, Figure

FILE = "BENCH_FIGURES"  # environment: path of the file
CODE = "BENCH_CODE"  # environment: the column of the code that runs


def is_before():
    """Whether the code at work is that of the last release: Odoo's own way needs no second look."""
    return os.environ.get(CODE) == BEFORE


def record(key, value, column=OURS, count=0, note=""):
    """Keep a figure of the table, and print it; with the last release's code ours goes into its column.

    :param key: of a ``bench.table.Work``
    :param value: in the unit of that work
    :param column: one of ``bench.table.COLUMNS``
    :param count: of how many things
    :param note: what else there is to say, in a few words
    """
    work = BY_KEY[key]
    if is_before():
        if column != OURS:
            return
        column = BEFORE
    figure = Figure(key, column, float(value), count, note)
    print(f"  = {work.title}, {column}: {value:.3f} {work.unit}", flush=True)
    if path := os.environ.get(FILE):
        with open(path, "a", encoding="utf-8") as lines:
            lines.write(json.dumps(dataclasses.asdict(figure), ensure_ascii=False) + "\n")


def read(path):
    """Return the figures of a file, none where there is no file."""
    if not Path(path).exists():
        return []
    with open(path, encoding="utf-8") as lines:
        return [Figure(**json.loads(line)) for line in lines]
