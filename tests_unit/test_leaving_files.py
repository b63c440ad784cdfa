"""Tables, joined files, page numbers, and the values that programs send."""

import io
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter
from tools import pdf_merge, pdf_numbers, plain_values, xlsx_table


def make_pdf(pages):
    """Return a PDF of so many pages."""
    writer, out = PdfWriter(), io.BytesIO()
    for _ in range(pages):
        writer.add_blank_page(200, 300)
    writer.write(out)
    return out.getvalue()


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.booleans())
def test_each_file_keeps_its_pages_and_its_place(counts, odd_start):
    data, places = pdf_merge.merge([make_pdf(count) for count in counts], odd_start)
    assert [pages for _first, pages in places] == counts
    if odd_start:
        assert all(first % 2 for first, _pages in places)
    else:
        assert len(PdfReader(io.BytesIO(data)).pages) == sum(counts)


def test_every_page_says_its_number():
    data = pdf_numbers.number_pages(make_pdf(3))
    texts = [page.extract_text().strip() for page in PdfReader(io.BytesIO(data)).pages]
    assert texts == ["1 / 3", "2 / 3", "3 / 3"]


@given(st.sampled_from("=+-@"), st.text("ABC(1)", max_size=8))
def test_texts_stay_texts(sign, rest):
    out = io.BytesIO()
    moment = datetime(2026, 4, 5, 23, 59)
    columns = [("Name", 20, "text"), ("Sum", 10, "money"), ("When", 17, "moment")]
    with xlsx_table.Book(out) as book:
        assert (
            book.write_table("Лист", columns, [[sign + rest, 1.5, moment], ["", None, None]]) == 2
        )
    sheet = openpyxl.load_workbook(out).active
    assert (sheet["A2"].value, sheet["A2"].data_type) == (sign + rest, "s")
    assert (sheet["B2"].value, sheet["C2"].value) == (1.5, moment)
    assert sheet["C2"].is_date and sheet.freeze_panes == "A2"


@pytest.mark.parametrize(
    ("value", "code"),
    [(1.5, "not_a_decimal"), ("1,5", "not_a_decimal"), ("1e3", "not_a_decimal")]
    + [("NaN", "not_a_decimal"), (None, "not_a_decimal"), ("1.005", "too_precise")],
)
def test_decimals_are_read_strictly(value, code):
    with pytest.raises(plain_values.PlainValueError) as caught:
        plain_values.read_decimal(value, 2)
    assert caught.value.code == code


def test_good_values():
    assert plain_values.read_decimal("-118.40", 2) == Decimal("-118.4")
    assert plain_values.read_decimal("", 2) == 0
    assert plain_values.read_day("2026-03-31") == date(2026, 3, 31)
    assert plain_values.read_day("") is None
    for wrong in ("31.03.2026", "2026-02-30", "20260331", 5):
        with pytest.raises(plain_values.PlainValueError):
            plain_values.read_day(wrong)
