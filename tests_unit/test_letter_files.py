"""Names of the files beside a receipt, and what may be numbers of accounts in them."""

import io

import pytest
from reportlab.pdfgen import canvas
from tools import letter_files
from tools.receipt_book import BookError

RECEIPT = "epd_0100001_2026_03_v1.pdf"


def make_pdf(*lines):
    out = io.BytesIO()
    page = canvas.Canvas(out)
    for line in lines:
        page.drawString(72, 700, line)
        page.showPage()
    page.save()
    return out.getvalue()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Объявление.pdf"], ["Obieiavlenie.pdf"]),
        ([RECEIPT], ["epd_0100001_2026_03_v1_2.pdf"]),
        ([RECEIPT.upper()], ["EPD_0100001_2026_03_V1_2.pdf"]),
        (["a.txt", "A.TXT", "а.txt"], ["a.txt", "A_2.txt", "a_3.txt"]),
        (["a[0].txt", "../../b.txt", "c"], ["a_0.txt", "b.txt", "c"]),
        (["№.pdf", ".pdf", "日本.pdf"], ["file.pdf", "file_2.pdf", "file_3.pdf"]),
        (["x" * 300 + ".pdf"], ["x" * 100 + ".pdf"]),
    ],
)
def test_each_file_has_a_name_of_its_own(names, expected):
    assert letter_files.name_files(RECEIPT, names) == expected


def test_numbers_that_may_be_accounts():
    found = letter_files.find_number_candidates(
        make_pdf("account 77, flat 5", "code 0100001 day 12")
    )
    assert {"77", "0100001"} <= found
    assert not {"5", "12"} & found


@pytest.mark.parametrize("data", [b"", b"text", b"%PDF-1.7 nothing"])
def test_what_is_no_pdf_is_told(data):
    with pytest.raises(BookError):
        letter_files.count_pages(data)


@pytest.mark.parametrize(
    ("count", "text"), [(1, "1 КБ"), (2048, "2 КБ"), (1572864, "1,5 МБ"), (1024**2, "1,0 МБ")]
)
def test_sizes_in_words(count, text):
    assert letter_files.describe_size(count, ("КБ", "МБ")) == text
