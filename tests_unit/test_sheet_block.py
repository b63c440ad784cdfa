"""The quick way through a sheet gives what openpyxl gives, and leaves to it what it does not know."""

import datetime
import io
import zipfile

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from tools import table_file
from tools.table_file import Formula
from tools.table_file.workbook import WorkbookTable

texts = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"
    ),
    max_size=12,
)
cells = st.one_of(
    st.none(),
    texts,
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.booleans(),
    st.dates(datetime.date(1930, 1, 1), datetime.date(2090, 1, 1)),
)
tables = st.lists(st.lists(cells, max_size=6), min_size=1, max_size=12)


def write_openpyxl(rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([None if isinstance(c, str) and c.startswith("=") else c for c in row])
    stream = io.BytesIO()
    book.save(stream)
    return stream


def write_xlsxwriter(rows, inline):
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"constant_memory": inline, "strings_to_formulas": False,
                                        "strings_to_urls": False, "strings_to_numbers": False})  # fmt: skip
    sheet, day = book.add_worksheet(), book.add_format({"num_format": "dd.mm.yyyy"})
    for place, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, datetime.date):
                sheet.write_datetime(place, column, cell, day)
            elif isinstance(cell, float) and place % 2:
                sheet.write_formula(place, column, "=A1&B1*2", None, cell)
            elif cell is not None:
                sheet.write(place, column, cell)
    book.close()
    return stream


def read_both(stream, monkeypatch=None):
    quick = table_file.open_table(stream)
    assert isinstance(quick, WorkbookTable)
    with pytest.MonkeyPatch.context() as patch:
        rows = list(quick.rows())
        patch.setattr(quick._fast, "read_block", lambda *_block: None)
        slow = list(quick.rows())
    return rows, slow


@settings(deadline=None)
@given(tables, st.sampled_from(["openpyxl", "shared", "inline"]))
def test_both_ways_give_the_same(rows, writer):
    stream = (
        write_openpyxl(rows) if writer == "openpyxl" else write_xlsxwriter(rows, writer == "inline")
    )
    quick, slow = read_both(stream)
    strip = [(row.number, trim(row.cells), row.end) for row in quick]
    assert strip == [(row.number, trim(row.cells), row.end) for row in slow]
    kinds = [[type(cell) for cell in trim(row.cells)] for row in quick]
    assert kinds == [[type(cell) for cell in trim(row.cells)] for row in slow]


def trim(cells):
    cells = list(cells)
    while cells and cells[-1] is None:
        cells.pop()
    return cells


def with_sheet(data):
    """Return a workbook whose sheet holds the given rows, as XML."""
    book, made = write_openpyxl([["x"]]), io.BytesIO()
    with zipfile.ZipFile(book) as archive, zipfile.ZipFile(made, "w") as out:
        for info in archive.infolist():
            text = archive.read(info).decode()
            if "sheet1" in info.filename:
                head, _mark, rest = text.partition("<sheetData>")
                text = (
                    head + "<sheetData>" + data + "</sheetData>" + rest.partition("</sheetData>")[2]
                )
            out.writestr(info.filename, text)
    return made


@pytest.mark.parametrize(
    ("data", "cells", "is_quick"),
    [
        ('<row r="1"><c r="A1"><f>B1*2</f></c></row>', [Formula("=B1*2")], True),
        ('<row r="1"><c r="A1"><f>B1*2</f><v></v></c></row>', [Formula("=B1*2")], True),
        ('<row r="1"><c r="A1"><f>B1*2</f><v/></c></row>', [Formula("=B1*2")], True),
        ('<row r="1"><c r="A1"><f t="shared" si="0"/></c></row>', [Formula("=")], True),
        ('<row r="1"><c r="A1" t="str"><f>B1&amp;C1</f><v></v></c></row>', [None], True),
        ('<row r="1"><c r="A1"><f>B1*2</f><v>4.5</v></c></row>', [4.5], True),
        ('<row r="1"><c r="A1" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>', ["#DIV/0!"], True),
        ('<row r="1"><c r="B1"><v>7</v></c></row>', [None, 7], True),
        ('<row r="1"><c r="A1" t="inlineStr"><is><r><t>а</t></r><r><t>б</t></r></is></c></row>', ["аб"], False),
        ('<row r="1"><c><v>7</v></c><c><v>8</v></c></row>', [7, 8], False),
        ('<row r="1"><c r="A1" t="d"><v>2026-03-01</v></c></row>', [datetime.date(2026, 3, 1)], False),
        ('<row r="1"><!-- x --><c r="A1"><v>7</v></c></row>', [7], False),
    ],
)  # fmt: skip
def test_single_cells(data, cells, is_quick):
    table = table_file.open_table(with_sheet(data))
    (row,) = table.rows()
    found = trim(row.cells)
    assert found == trim(cells)
    assert [type(cell) for cell in found] == [type(cell) for cell in trim(cells)]
    assert (table._fast.read_block(data.encode(), 0) is not None) == is_quick
    quick, slow = read_both(with_sheet(data))
    assert [trim(r.cells) for r in quick] == [trim(r.cells) for r in slow]
