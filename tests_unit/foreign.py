"""Reads a file as loading does, without Odoo: for the tests of files of others."""

import io
import itertools
from pathlib import Path

from tools import table_file
from tools.table_file import Column, RowParser, understand, unread_numbers

FILES = Path(__file__).parents[1] / "epd_mailing" / "tests" / "files"


def load(data, kind, name="", services=(), find_accounts=None, **given):
    """Return everything the tools say of a file: table, layout, records, problems, parser."""
    table = table_file.open_table(io.BytesIO(data), kind=kind, name=name, **given)
    rows = list(itertools.islice(table.rows(), 25))
    layout = understand(kind, table, rows, services, find_accounts=find_accounts)
    columns = [Column(n, *pair) for n, pair in enumerate(layout.columns) if pair[0]]
    data_rows = [row.cells for row in rows if row.number > layout.header_row]
    watch = unread_numbers(layout.columns, data_rows, layout.headings)
    width = len(layout.headings) if table.format == "csv" and layout.header_row else 0
    methods = {"volume_method": {"meter": ["прибор учета"], "norm": ["норматив"]}}
    parser = RowParser(
        kind, columns, methods, watch=watch, headings=layout.headings, width=width,
        controls=table.controls,
    )  # fmt: skip
    records, problems = [], []
    for row in table.rows():
        if row.number > layout.header_row:
            found, wrong = parser.parse(row.number, row.cells)
            records += found
            problems += wrong
    problems += parser.check_end()
    table.close()
    return table, layout, records, problems, parser


def load_file(start, kind, **given):
    path = next(FILES.glob(start + "*"))
    return load(path.read_bytes(), kind, path.name, **given)
