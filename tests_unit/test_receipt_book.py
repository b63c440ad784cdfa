"""One PDF of a whole house: each page proved to be of one account, or told."""

import io
from pathlib import Path

import pypdf
import pytest
from pypdf.generic import DictionaryObject, NameObject, TextStringObject
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas
from tools import receipt_archive, receipt_book
from tools.receipt_book import Book, BookError, find_numbers, find_owners, split

FILES = Path(__file__).parents[1] / "epd_mailing" / "tests" / "files"
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
NUMBERS = {"100001", "100002", "100003", "0100017", "0100017/1", "17"}


def find_known(texts):
    return NUMBERS.intersection(texts)


def make_book(*pages):
    pdfmetrics.registerFont(TTFont("DejaVu", FONT))
    out = io.BytesIO()
    drawing = canvas.Canvas(out)
    for lines in pages:
        drawing.setFont("DejaVu", 12)
        for place, line in enumerate(lines):
            drawing.drawString(50, 750 - 20 * place, line)
        drawing.showPage()
    drawing.save()
    return out.getvalue()


def own(data):
    book = Book(data)
    return find_owners([book.read_page(n) for n in range(1, book.count + 1)], find_known)


def test_the_book_of_a_house_is_divided():
    data = (FILES / "g03_all_in_one.pdf").read_bytes()
    owners = own(data)
    assert [(o.number, o.account, o.problem) for o in owners] == [
        (1, "100001", ""), (2, "100002", ""), (3, "100003", ""),
    ]  # fmt: skip
    parts = dict(split(data, {o.account: [o.number] for o in owners}))
    for account, pdf in parts.items():
        text = pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
        assert account in text
        assert not any(other in text for other in {"100001", "100002", "100003"} - {account})
        assert receipt_archive.check_pdf(pdf).problem == ""
    assert parts == dict(split(data, {o.account: [o.number] for o in owners}))


@pytest.mark.parametrize(
    ("lines", "account", "problem"),
    [
        (["Лицевой счёт № 100001", "к оплате 1765,54"], "100001", ""),
        (["Л/с: 100001, кв. 17"], "100001", ""),
        (["100001 Иванов"], "100001", ""),
        (["л/с 17", "Казань"], "17", ""),
        (["квартира 17"], "", "no_number"),  # a short number by itself is no account
        (["л/с 0100017/1"], "0100017/1", ""),
        (["л/с 0100017-1"], "", "no_number"),  # another number, of nobody here
        (["л/с 100001 (прежний 100002)"], "", "several"),
        (["продолжение"], "", "no_number"),
        (["счёт 40702810900000100001"], "", "no_number"),
        ([], "", "no_text"),
    ],
)
def test_whose_a_page_is(lines, account, problem):
    (owner,) = own(make_book(lines))
    assert (owner.account, owner.problem) == (account, problem)


def test_pages_of_one_account_that_stand_apart_are_told():
    pages = [["л/с 100001"], ["л/с 100002"], ["л/с 100001"]]
    assert [(o.account, o.problem) for o in own(make_book(*pages))] == [
        ("", "apart"), ("100002", ""), ("", "apart"),
    ]  # fmt: skip
    pages = [["л/с 100001"], ["оборот"], ["л/с 100001"], ["л/с 100002"]]
    assert [(o.account, o.problem) for o in own(make_book(*pages))] == [
        ("100001", ""), ("", "no_number"), ("100001", ""), ("100002", ""),
    ]  # fmt: skip


def test_what_is_no_book():
    for data, code in ((b"PK", "not_pdf"), (b"%PDF-1.4\n", "damaged")):
        with pytest.raises(BookError) as caught:
            Book(data)
        assert caught.value.code == code
    writer = pypdf.PdfWriter(clone_from=pypdf.PdfReader(io.BytesIO(make_book(["л/с 100001"]))))
    script = {
        NameObject("/S"): NameObject("/JavaScript"),
        NameObject("/JS"): TextStringObject("x()"),
    }
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(script)
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(BookError, match="active"):
        Book(out.getvalue())


def test_labels():
    text = "ЛИЦЕВОЙ СЧЁТ: 0100017 ЛС№100002 Лицевой счет № 100003 ЛСК 55555 account 17"
    page = find_numbers(1, text)
    assert page.labelled == {"0100017", "100002", "100003", "17"}
    assert "55555" in page.tokens
    assert receipt_book.find_numbers(1, " ").has_text is False
