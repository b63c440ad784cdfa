"""A ZIP of receipts of another program: what is taken and what is told."""

import io
import time
import zipfile
from unittest.mock import patch

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf.generic import DictionaryObject, NameObject, StreamObject, TextStringObject
from tools import receipt_archive
from tools.name_pattern import Pattern
from tools.receipt_archive import ArchiveError, ArchiveLimits


def make_pdf(pages=1, password="", script=False):
    writer = pypdf.PdfWriter()
    for _page in range(pages):
        writer.add_blank_page(width=200, height=200)
    if script:
        script = {"/S": "/JavaScript", "/JS": "app.alert(1)"}
        writer.root_object[NameObject("/OpenAction")] = DictionaryObject(
            {NameObject(key): TextStringObject(value) for key, value in script.items()}
        )
    if password:
        writer.encrypt(password)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def make_zip(files, method=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return stream


PDF = make_pdf()


def test_problems_are_told_one_by_one():
    link = zipfile.ZipInfo("link.pdf")
    link.external_attr = 0o120777 << 16
    stream = make_zip(
        [("a.pdf", PDF), ("../b.pdf", PDF), ("/c.pdf", PDF), ("d:e.pdf", PDF), (link, b"a.pdf"),
         ("big.pdf", b"1" * 3000), ("bomb.pdf", b"0" * 150_000), ("note.txt", b"x"), ("A.PDF", PDF),
         ("empty.pdf", b""), ("__MACOSX/a.pdf", b"x"), ("folder/", b""), ("folder/ok.pdf", PDF)]
    )  # fmt: skip
    limits = ArchiveLimits(entry_size=200_000)
    found = {entry.name: entry.problem for entry in receipt_archive.read_archive(stream, limits)}
    assert found == {
        "a.pdf": "", "../b.pdf": "path", "/c.pdf": "path", "d:e.pdf": "path", "link.pdf": "path",
        "big.pdf": "", "bomb.pdf": "bomb", "note.txt": "not_pdf", "A.PDF": "same_name",
        "empty.pdf": "empty", "folder/ok.pdf": "",
    }  # fmt: skip
    small = ArchiveLimits(entry_size=2000)
    found = {entry.name: entry.problem for entry in receipt_archive.read_archive(stream, small)}
    assert found["big.pdf"] == "too_big"


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"%PDF", "not_zip"), (b"PK\x03\x04junk", "damaged"), (make_zip([]).getvalue(), "empty")],
)
def test_what_is_no_archive(data, code):
    with pytest.raises(ArchiveError) as caught:
        receipt_archive.read_archive(io.BytesIO(data))
    assert caught.value.code == code


def test_too_many_and_too_much():
    stream = make_zip([(f"{n}.pdf", PDF) for n in range(5)])
    with pytest.raises(ArchiveError, match="too_many"):
        receipt_archive.read_archive(stream, ArchiveLimits(entries=4))
    with pytest.raises(ArchiveError, match="bomb"):
        receipt_archive.read_archive(stream, ArchiveLimits(unpacked=len(PDF)))


def test_a_head_that_lies_about_the_size():
    data = bytearray(make_zip([("a.pdf", b"1" * 5000)]).getvalue())
    at = data.rfind(b"PK\x01\x02") + 24
    data[at : at + 4] = (10).to_bytes(4, "little")
    stream = io.BytesIO(bytes(data))
    entry = receipt_archive.read_archive(stream)[0]
    with zipfile.ZipFile(stream) as archive:
        content, problem = receipt_archive.read_entry(archive, entry.index)
    assert (content, problem) == (b"", "damaged")


def test_names_of_windows_archives():
    info = zipfile.ZipInfo("x.pdf")
    stream = make_zip([(info, PDF)])
    data = stream.getvalue().replace(b"x.pdf", "ё.pdf".encode("cp866"))
    assert receipt_archive.read_archive(io.BytesIO(data))[0].name == "ё.pdf"


def test_pdf():
    assert receipt_archive.check_pdf(make_pdf(2))[:2] == ("", 2)
    assert receipt_archive.check_pdf(make_pdf(password="x")).problem == "encrypted"
    assert receipt_archive.check_pdf(make_pdf(script=True)).problem == "active"
    assert receipt_archive.check_pdf(b"MZ").problem == "not_pdf"
    assert receipt_archive.check_pdf(PDF[:200]).problem == "damaged"
    assert receipt_archive.check_pdf(make_pdf(3), max_pages=2).problem == "too_many_pages"


def draw(content, pages=1, chain=0):
    """Return a PDF whose pages share one drawing; ``chain`` forms each draw the next one ten times."""
    writer = pypdf.PdfWriter()
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    font = DictionaryObject({NameObject(key): NameObject(value) for key, value in font.items()})
    resources = DictionaryObject(
        {NameObject("/Font"): DictionaryObject({NameObject("/F1"): writer._add_object(font)})}
    )
    drawing = writer._add_object(pack(content))
    for _step in range(chain):
        form = drawing.get_object()
        form[NameObject("/Type")] = NameObject("/XObject")
        form[NameObject("/Subtype")] = NameObject("/Form")
        form[NameObject("/Resources")] = resources
        forms = DictionaryObject({NameObject("/X"): drawing})
        resources = DictionaryObject({**resources, NameObject("/XObject"): forms})
        drawing = writer._add_object(pack(b"/X Do " * 10))
    for _page in range(pages):
        page = writer.add_blank_page(width=200, height=200)
        page[NameObject("/Contents")] = drawing
        page[NameObject("/Resources")] = resources
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def pack(content):
    stream = StreamObject()
    stream.set_data(content)
    return stream.flate_encode()


TEXT = b"BT /F1 9 Tf (Account 0100017) Tj ET\n"


def test_text_of_a_usual_receipt():
    for data in (draw(TEXT), draw(TEXT, chain=1), draw(TEXT + b"q Q\n" * 100_000)):
        facts = receipt_archive.check_pdf(data)
        assert facts.problem == ""
        assert "0100017" in facts.text


@pytest.mark.parametrize(
    ("size", "more"), [(9 * 2**20, {}), (2**20, {"pages": 10}), (9 * 2**20, {"chain": 1})]
)
def test_a_pdf_that_unpacks_to_too_much(size, more):
    data = draw(TEXT + b" " * size, **more)
    assert len(data) < 20_000
    with patch.object(pypdf.PageObject, "extract_text", side_effect=AssertionError):
        assert receipt_archive.check_pdf(data).problem == "bomb"


def test_a_pdf_that_takes_too_long():
    with patch.object(receipt_archive, "PDF_SECONDS", 0.2):
        began = time.monotonic()
        assert receipt_archive.check_pdf(draw(TEXT * 3000, chain=4)).problem == "bomb"
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("pattern", "name", "found"),
    [("{account}.pdf", "dir/0100001.PDF", ("0100001", None)),
     ("{account}_{month}.pdf", "0100017_1_03.2026.pdf", ("0100017_1", (2026, 3))),
     ("{account}_{month}", "0100017_2026-03.pdf", ("0100017", (2026, 3))),
     ("ЕПД {month} л-с {account}*.pdf", "епд 0326 л-с 7 (1).pdf", ("7", (2026, 3))),
     ("{account}_{month}.pdf", "0100001.pdf", None),
     ("{account}*.pdf", "12.pdf", ("12", None)), ("{account}*", "12.pdf", ("12", None)),
     ("{account}*.pdf", "0100001_03.2026.pdf", ("0100001", None)),
     ("{account}*.pdf", "0100001_2026-03 (1).pdf", ("0100001", None)),
     ("{account}*.pdf", "0100001 - 03.2026.pdf", ("0100001", None)),
     ("{account}*.pdf", "0100017_1_03.2026.pdf", ("0100017_1", None)),
     ("{account}*.pdf", "12-1.pdf", ("12-1", None)), ("{account}*.pdf", "12 1.pdf", ("12 1", None)),
     ("{account}*.pdf", "12_1.pdf", ("12_1", None)), ("{account}*.pdf", "12.1.pdf", ("12.1", None)),
     ("{account}*.pdf", "12 - 1.pdf", ("12 - 1", None)),
     ("{account}*.pdf", "12 Иванов.pdf", ("12", None)),
     ("{account}*.pdf", "12 А.pdf", ("12 А", None)),
     ("{account}*.pdf", "0100017_12_03.2026.pdf", ("0100017_12", None)),
     ("{account}*.pdf", "12(1).pdf", ("12", None)), ("{account}*.pdf", "12--1.pdf", ("12--1", None)),
     ("{account}*.pdf", "readme.pdf", None),
     ("ЕПД {month} л-с {account}*.pdf", "ЕПД 0326 л-с 72 (1).pdf", ("72", (2026, 3))),
     ("*{account}.pdf", "receipt_12.pdf", ("12", None)),
     ("*{account}.pdf", "12.pdf", ("12", None)),
     ("*{account}.pdf", "x-12-1.pdf", ("x-12-1", None)),
     ("*{account}.pdf", "receipt_12_1.pdf", ("12_1", None)),
     ("*{account}.pdf", "03.2026_12.pdf", ("12", None)),
     ("*{account}.pdf", "ЕПД 03.2026 - 12.pdf", ("12", None)),
     ("*{account}.pdf", "ЕПД№12.pdf", ("12", None)), ("*{account}.pdf", "17А_1.pdf", ("17А_1", None)),
     ("*{account}.pdf", "12 - 1.pdf", ("12 - 1", None)),
     ("*{account}.pdf", "receipt 12 (1).pdf", None),
     ("*{account}_{month}.pdf", "receipt_12-1_0326.pdf", ("12-1", (2026, 3))),
     ("*{account}*.pdf", "ЕПД 72.pdf", None), ("*{account}*.pdf", "72 (1).pdf", ("72", None)),
     ("*{account}*.pdf", "№72.pdf", ("72", None))],
)  # fmt: skip
def test_patterns(pattern, name, found):
    assert Pattern(pattern).match(name) == found


@pytest.mark.parametrize("joint", ["", *"-_.+,=~;–—", " ", " - ", "_-_", "--", " -", "__"])
@pytest.mark.parametrize("more", ["1", "12", "А", "1а"])
def test_a_star_never_cuts_an_account(joint, more):
    for before in ("", "ЕПД ", "x-", "receipt_", "03.2026_", "№"):
        for after in ("", " (1)", "_03.2026", " 2026-03", " Иванов", "_Иванов"):
            name = f"{before}0100017{joint}{more}{after}.pdf"
            for pattern in ("{account}*.pdf", "*{account}.pdf", "*{account}*.pdf"):
                found = Pattern(pattern).match(name)
                assert not found or found[0] not in ("0100017", "1", "12", "А", "1а"), name


@pytest.mark.parametrize(
    "text", ["", "*.pdf", "{month}.pdf", "{account}{account}", "{account}{x}", "{account"]
)
def test_wrong_patterns(text):
    with pytest.raises(ValueError):
        Pattern(text)


def test_numbers_as_file_names_hold_them():
    assert (
        receipt_archive.name_key("0100017/1")
        == receipt_archive.name_key("0100017-1")
        == "0100017_1"
    )


@settings(deadline=None)
@given(st.binary(max_size=40), st.integers(0, 10**6))
def test_mutated_archives_raise_nothing_else(patch, place):
    data = bytearray(make_zip([("a.pdf", PDF), ("b.pdf", PDF)]).getvalue())
    at = place % len(data)
    data[at : at + len(patch)] = patch
    stream = io.BytesIO(bytes(data))
    try:
        entries = receipt_archive.read_archive(stream)
    except ArchiveError:
        return
    with zipfile.ZipFile(stream) as archive:
        for entry in entries:
            content, problem = receipt_archive.read_entry(archive, entry.index)
            if not problem:
                receipt_archive.check_pdf(content)
