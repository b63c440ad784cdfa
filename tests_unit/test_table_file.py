"""Tables of offices: encodings, numbers, headers, rows, and files that are not what they say."""

import datetime
import io
import os
import tracemalloc
import zipfile
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.xml.constants import SHEET_MAIN_NS
from tools import table_file
from tools.table_file import (
    Column,
    RowParser,
    TableError,
    parse_date,
    parse_month,
    parse_number,
    strings,
)
from tools.table_file.kinds import KINDS

HEADER = ["Лицевой счёт", "Услуга", "Объём", "Тариф", "Начислено"]
ROWS = [[f"01{n:05d}", "Отопление", "1,5", "2 640,00", f"{n}960,00"] for n in range(1, 400)]


def as_csv(rows, encoding="utf-8", delimiter=";"):
    return io.BytesIO("\r\n".join(delimiter.join(row) for row in rows).encode(encoding))


def as_xlsx(rows):
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Начисления")
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8", ";"), ("utf-8-sig", ","), ("cp1251", ";"), ("cp866", "\t"), ("koi8-r", "|"),
     ("utf-16", "\t")],
)  # fmt: skip
def test_text_in_any_encoding(encoding, delimiter):
    rows = [[cell.replace(",", ".") if delimiter == "," else cell for cell in row] for row in ROWS]
    table = table_file.open_table(as_csv([HEADER, *rows], encoding, delimiter))
    assert table.delimiter == delimiter
    assert [row.cells for row in table.rows()] == [HEADER, *rows]


@pytest.mark.parametrize("sign", ["\x0b", "\x0c", "\x85", "\u2028"])
def test_signs_that_look_like_ends_of_lines_do_not_hide_the_delimiter(sign):
    rows = [["ЛС", "Дом", "Кв.", "Плательщик"]]
    rows += [[f"{n}", "Казань, Новая, 2", sign * (n > 3) + "5", "Иванов"] for n in range(6)]
    table = table_file.open_table(as_csv(rows))
    assert table.delimiter == ";"
    assert [row.cells for row in table.rows()] == rows


@pytest.mark.parametrize("make", [as_csv, as_xlsx])
def test_reading_goes_on_from_any_row(make, monkeypatch):
    monkeypatch.setattr("tools.table_file.workbook.BLOCK", 700)
    table = table_file.open_table(make([HEADER, *ROWS]))
    whole = list(table.rows())
    assert [row.number for row in whole] == list(range(1, 401))
    for at in (1, 7, 250, 399):
        again = list(table.rows(whole[at - 1].end, whole[at - 1].number))
        assert again == whole[at:]


def test_workbook_values():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([1, 2.5, "текст", datetime.date(2026, 3, 1), None, True])
    sheet["A3"] = "=1+1"
    sheet["B5"] = "после пустой"
    stream = io.BytesIO()
    book.save(stream)
    rows = {row.number: row.cells for row in table_file.open_table(stream).rows()}
    assert rows[1][:3] == [1, 2.5, "текст"]
    assert parse_date(rows[1][3]) == datetime.date(2026, 3, 1)
    # a formula is its value, and this one has none yet
    assert isinstance(rows[3][0], table_file.Formula)
    assert rows[3][0] == "=1+1"
    assert rows[5][1] == "после пустой"


def _zip(**parts):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name.replace("__", "/"), data)
    return stream


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "empty"), (b"%PDF-1.4 ...", "pdf"), (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old_excel"),
     (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
     (b"PK\x03\x04 broken", "damaged"), (bytes(range(32)) * 50, "not_table")],
)  # fmt: skip
def test_what_is_no_table(data, code):
    with pytest.raises(TableError) as caught:
        table_file.open_table(io.BytesIO(data))
    assert caught.value.code == code


def test_bombs_and_entities_are_refused():
    plain = as_xlsx([HEADER, *ROWS[:3]])
    with zipfile.ZipFile(plain) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    sheet = next(name for name in parts if "sheet1" in name)

    def rebuilt(**changed):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in (parts | changed).items():
                archive.writestr(name, data)
        return stream

    bomb = rebuilt(**{sheet: parts[sheet].replace(b"</sheetData>", b" " * 2**26 + b"</sheetData>")})
    with pytest.raises(TableError, match="bomb"):
        table_file.open_table(bomb)
    evil = b'<!DOCTYPE x [<!ENTITY a "b">]>' + parts[sheet].partition(b"?>")[2]
    with pytest.raises(TableError, match="unsafe_xml"):
        table_file.open_table(rebuilt(**{sheet: evil}))
    cut = rebuilt(**{sheet: parts[sheet].partition(b"</sheetData>")[0][:-9]})
    with pytest.raises(TableError, match="damaged"):
        list(table_file.open_table(cut).rows())


def as_excel(rows, strings=None):
    """Return a workbook as Excel writes it: texts in a table of their own, by number."""
    texts = {}
    for row in rows:
        for cell in row:
            texts.setdefault(cell, len(texts))
    sheet = "".join(
        "<row>" + "".join(f'<c t="s"><v>{texts[cell]}</v></c>' for cell in row) + "</row>"
        for row in rows
    )
    strings = strings or "".join(f"<si><t>{text}</t></si>" for text in texts)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(as_xlsx([["x"]])) as archive,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for info in archive.infolist():
            data = archive.read(info).decode()
            if info.filename == "[Content_Types].xml":
                part = f'<Override PartName="/xl/texts.xml" ContentType="{kind}"/>'
                data = data.replace("</Types>", part + "</Types>")
            elif "sheet1" in info.filename:
                head, _start, rest = data.partition("<sheetData>")
                data = head + "<sheetData>" + sheet + "</sheetData>" + rest.split("</sheetData>")[1]
            made.writestr(info.filename, data)
        made.writestr("xl/texts.xml", f'<sst xmlns="{SHEET_MAIN_NS}">{strings}</sst>')
    return stream


def with_part(stream, name, data):
    """Return the archive with one part replaced."""
    made = io.BytesIO()
    with zipfile.ZipFile(stream) as archive, zipfile.ZipFile(made, "w") as out:
        for info in archive.infolist():
            if info.filename != name:
                out.writestr(info.filename, archive.read(info))
        out.writestr(name, data)
    return made


def test_many_texts_lie_on_the_disk_and_are_the_same(monkeypatch):
    rows = [[f"ЛС {n:05d}", f"{n * 7919 % 1000} " + "длинно" * (n % 9)] for n in range(3000)]
    few = table_file.open_table(as_excel(rows))
    monkeypatch.setattr(strings, "HELD_TEXTS", 100)
    monkeypatch.setattr(strings, "CACHED_BLOCKS", 4)
    monkeypatch.setattr(strings, "BLOCK_CHARACTERS", 200)
    many = table_file.open_table(as_excel(rows))
    assert isinstance(few._strings, list)
    assert isinstance(many._strings, strings.StoredStrings)
    assert [row.cells for row in many.rows()] == [row.cells for row in few.rows()] == rows
    # as a sheet that was sorted asks for them
    count = len(few._strings)
    for n in range(count):
        assert many._strings[n * 7919 % count] == few._strings[n * 7919 % count]
    for wrong in (-1, count):
        with pytest.raises(IndexError):
            many._strings[wrong]
    many.close()
    assert many._strings._file.closed


def test_texts_in_pieces_are_read_as_openpyxl_reads_them():
    rows = [["a", "b", "c", "d", "e"]]
    texts = (
        '<si><t xml:space="preserve"> Иванов </t></si><si><r><t>Иван</t></r><r><rPr><b/></rPr>'
        "<t>ов &amp; сын</t></r></si><si><t>山</t><rPh sb='0' eb='1'><t>やま</t></rPh></si>"
        "<si/><si><t>_x005F_x000D_</t></si>"
    )
    data = as_excel(rows, texts)
    found = [row.cells for row in table_file.open_table(data).rows()]
    sheet = openpyxl.load_workbook(data, read_only=True).active
    assert found == [[" Иванов ", "Иванов & сын", "山", "", "_x000D_"]]
    assert [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)] == found


def test_texts_in_bounds():
    rows = [["а" * 40_000, "б"]]
    cells = next(table_file.open_table(as_excel(rows)).rows()).cells
    assert [len(cell) for cell in cells] == [32_768, 1]  # still told as too long
    with pytest.raises(TableError, match="too_big"):
        table_file.open_table(as_excel(rows), limits=table_file.Limits(strings=50_000))
    huge = b"<a>" + os.urandom(13 * 2**20).hex().encode() + b"</a>"
    with pytest.raises(TableError, match="too_big"):
        table_file.open_table(with_part(as_excel([["а"]]), "xl/styles.xml", huge))


def test_a_document_type_is_refused_wherever_it_hides():
    sheet = f'<worksheet xmlns="{SHEET_MAIN_NS}"><sheetData/></worksheet>'
    for name, start in (
        ("xl/worksheets/sheet1.xml", "<!--" + "x" * 9000 + "-->"),
        ("xl/texts.xml", ""),
        ("xl/drawings/drawing1.xml", "<!--" + "x" * 99_000 + "-->"),
    ):
        stream = with_part(as_excel([["а"]]), name, f'{start}<!DOCTYPE x [<!ENTITY a "b">]>{sheet}')
        with pytest.raises(TableError, match="unsafe_xml"):
            table_file.open_table(stream)
    # a part of another name, which no check the archive finds
    with pytest.raises(TableError, match="unsafe_xml"):
        strings.read_strings(io.BytesIO(b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>"), 999, 99)


def test_a_sheet_that_does_not_say_its_size_is_not_read_through_to_open_it(monkeypatch):
    data = as_xlsx([HEADER, *ROWS])
    read = []
    original = zipfile.ZipExtFile.read

    def note(self, count=-1):
        found = original(self, count)
        read.append((self.name, len(found)))
        return found

    monkeypatch.setattr(zipfile.ZipExtFile, "read", note)
    monkeypatch.setattr("tools.table_file.workbook.HEAD", 1000)
    table = table_file.open_table(data)
    assert sum(count for name, count in read if "sheet1" in name) < 10_000 < table.size
    assert len(list(table.rows())) == len(ROWS) + 1


def test_memory_does_not_grow_with_the_texts(tmp_path, monkeypatch):
    monkeypatch.setattr(strings, "HELD_TEXTS", 1000)
    monkeypatch.setattr(strings, "CACHED_BLOCKS", 16)
    monkeypatch.setattr("tools.table_file.workbook.BLOCK", 32 * 1024)

    def get_peak(count):
        path = tmp_path / f"{count}.xlsx"
        rows = [[f"{n} показания прибора учёта за период"] for n in range(count)]
        path.write_bytes(as_excel(rows).getvalue())
        tracemalloc.start()
        try:
            with path.open("rb") as stream:
                table = table_file.open_table(stream)
                assert sum(1 for _row in table.rows()) == count
                table.close()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    get_peak(10)  # what is made once only
    small, large = get_peak(2_000), get_peak(47_000)
    # 45 000 more such texts, held, would take some 8 MB
    assert large < small + 4 * 2**20


def test_an_open_quote_is_told_with_its_row():
    stream = io.BytesIO('a;b\n1;"ООО\n2;x\n'.encode())
    with pytest.raises(TableError) as caught:
        list(table_file.open_table(stream, delimiter=";").rows())
    assert (caught.value.code, caught.value.row) == ("quotes", 2)


@pytest.mark.parametrize(
    ("text", "number"),
    [("1 234,56", "1234.56"), ("1\u00a0234,5", "1234.5"), ("1.234,56", "1234.56"),
     ("1,234.56", "1234.56"), ("1,234,567", "1234567"), ("−5", "-5"), ("5-", "-5"), ("(5,1)", "-5.1"),
     ("12,50 руб.", "12.50"), ("0,5", "0.5"), (",5", "0.5"), (114.60000000000001, "114.6"), (7, "7"),
     ("5%", "5")],
)  # fmt: skip
def test_numbers(text, number):
    assert parse_number(text) == Decimal(number)


@pytest.mark.parametrize(
    "text", ["abc", "1.2.3,4,5", "nan", "inf", "1e5", "12 кв", "1,23,4", True, "--5", "9" * 20]
)
def test_what_is_no_number(text):
    with pytest.raises(ValueError):
        parse_number(text)


def test_nothing_and_dashes_are_no_figure():
    assert [parse_number(text) for text in (None, "", " ", "-", "—")] == [None] * 5


def test_dates_and_months():
    day = datetime.date(2026, 3, 31)
    for text in (
        "31.03.2026",
        "2026-03-31",
        "31/3/26",
        datetime.datetime(2026, 3, 31, 12),
        "31.03.2026 г.",
    ):
        assert parse_date(text) == day
    for text in ("03.2026", "2026-03", "март 2026", "Марта 2026 г.", "31.03.2026", "202603"):
        assert parse_month(text) == day.replace(day=1)
    with pytest.raises(ValueError):
        parse_date("31.02.2026")


def test_headers_are_known_and_services_stand_across():
    title = [
        ["Ведомость начислений за март"],
        [],
        ["№ лицевого счета", "Отопление", "Отопление, тариф", "ФИО"],
    ]
    rows = [table_file.Row(number, cells, number) for number, cells in enumerate(title, 1)]
    layout = table_file.understand("charge", table_file.Table(format="csv"), rows, ["Отопление"])
    assert layout.header_row == 3
    assert table_file.guess_columns("charge", title[2], ["Отопление"]) == [
        ("account", ""), ("amount", "Отопление"), ("tariff", "Отопление"), ("payer", "")
    ]  # fmt: skip
    assert table_file.signature("charge", ["Услуга "]) == table_file.signature(
        "charge", ["услуга", ""]
    )
    assert table_file.signature("charge", ["Услуга"]) != table_file.signature("gis", ["Услуга"])


def test_sample_files_are_understood_whole():
    for kind in KINDS:
        header, *examples = table_file.sample_rows(kind)
        assert len(examples) > 1 and all(len(row) == len(header) for row in examples)
        guessed = table_file.guess_columns(kind, header)
        assert all(code for code, _service in guessed), (kind, header, guessed)
        columns = [Column(n, code) for n, (code, _s) in enumerate(guessed)]
        choices = {"premises_kind": {"flat": ("Квартира",)}, "service_kind": {"housing": ("Жилищная",), "utility": ("Коммунальная",), "repair": ("Капитальный ремонт",)},
                   "volume_method": {"other": ("Иное",), "meter": ("Прибор учёта",)}, "channel": {"email": ("E-mail",), "paper": ("Бумага",)}}  # fmt: skip
        for example in examples:
            records, problems = RowParser(kind, columns, choices).parse(2, example)
            assert (len(records), problems) == (1, []), kind


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("ФИО собственника", "payer"),
        ("Ф.И.О. собственника", "payer"),
        ("Собственник (ФИО)", "payer"),
        ("Собственник/наниматель", "payer"),
        ("Квартиросъёмщик", "payer"),
        ("Кол-во проживающих, чел", "residents"),
        ("Адрес электронной почты", "email"),
        ("Номер ЛС", "account"),
    ],
)
def test_registers_of_accounts_are_headed_as_offices_head_them(heading, field):
    assert table_file.guess_columns("account", [heading]) == [(field, "")]


def test_a_row_of_services_across():
    columns = [
        Column(0, "account"),
        Column(1, "amount", "1"),
        Column(2, "amount", "5"),
        Column(3, "tariff", "5"),
    ]
    parser = RowParser("charge", columns)
    records, problems = parser.parse(3, ["0100001", "1 209,60", "", None])
    assert [(r.values["service"], r.values["amount"]) for r in records] == [
        ("1", Decimal("1209.60"))
    ]
    assert problems == []
    assert parser.parse(4, ["", "", "", ""]) == ([], [])
    assert parser.parse(5, ["Итого", "1209,60", "0", "7"]) == ([], [])
    records, problems = parser.parse(6, ["Итого", "1209,61", "0", "7"])
    assert [(p.row, p.column, p.code, p.value, p.detail) for p in problems] == [
        (6, 1, "control_sum", "1209.61", "0.00")
    ]


def test_problems_name_row_and_column():
    columns = [Column(n, code) for n, code in enumerate(
        ("account", "service", "amount", "recalculation", "recalculation_reason", "discount", "total"))]  # fmt: skip
    records, problems = RowParser("charge", columns).parse(9, ["", "1", "сто", "5", "", "-1", "7"])
    assert not records
    found = {(p.row, p.column, p.code) for p in problems}
    assert {
        (9, 0, "required"),
        (9, 2, "number"),
        (9, 4, "no_reason"),
        (9, 5, "negative_discount"),
    } <= found
    _records, problems = RowParser("charge", columns).parse(9, ["1", "1", "5", "", "", "", "6"])
    assert [(p.column, p.code, p.detail) for p in problems] == [(6, "not_total", "5.00")]


def test_rounding_is_told():
    parser = RowParser("charge", [Column(0, "account"), Column(1, "service"), Column(2, "amount")])
    records, problems = parser.parse(2, ["1", "1", 114.596])
    assert records[0].values["amount"] == Decimal("114.60")
    assert [(p.code, p.severity) for p in problems] == [("rounded", "warning")]


def test_column_letters():
    assert [table_file.column_letter(n) for n in (0, 25, 26, 701, 702)] == [
        "A",
        "Z",
        "AA",
        "ZZ",
        "AAA",
    ]


WELL_FORMED = {
    "csv": as_csv([HEADER, *ROWS[:30]]).getvalue(),
    "xlsx": as_xlsx([HEADER, *ROWS[:30]]).getvalue(),
}
WORKBOOK = as_excel([HEADER, *ROWS[:30]]).getvalue()
with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as _archive:
    PARTS = {name: _archive.read(name) for name in _archive.namelist() if "docProps" not in name}


CHANGES = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 255), st.sampled_from("scdi")), max_size=12
)


def mutate(data, changes):
    """Return the bytes with each change (place, byte, how) made."""
    data = bytearray(data)
    for place, byte, how in changes:
        at = place % max(len(data), 1)
        if how == "s":
            data[at : at + 1] = bytes([byte])
        elif how == "c":
            del data[at:]
        elif how == "d":
            del data[at : at + byte]
        else:
            data[at:at] = bytes([byte])
    return bytes(data)


def read_whole(data):
    """Read rows and what they say, or take a ``TableError`` for an answer."""
    columns = [
        Column(n, code)
        for n, code in enumerate(("account", "service", "volume_individual", "tariff", "amount"))
    ]
    parser = RowParser("charge", columns)
    try:
        table = table_file.open_table(io.BytesIO(data))
        for row in table.rows():
            parser.parse(row.number, row.cells)
    except TableError:
        pass


@settings(deadline=None)
@given(st.sampled_from(sorted(WELL_FORMED)), CHANGES)
def test_mutated_files_raise_nothing_else(kind, changes):
    """Whatever the bytes: rows, or a ``TableError``; and each row gives records or problems."""
    read_whole(mutate(WELL_FORMED[kind], changes))


@settings(deadline=None)
@given(st.sampled_from(sorted(PARTS)), CHANGES)
def test_mutated_parts_of_a_workbook_raise_nothing_else(name, changes):
    """The same for what is inside a sound archive: the parsers meet it, not the check of its sums."""
    data = mutate(PARTS[name], changes)
    read_whole(with_part(io.BytesIO(WORKBOOK), name, data).getvalue())


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=40),
            st.floats(),
            st.integers(),
            st.none(),
            st.booleans(),
            st.datetimes(),
        ),
        max_size=9,
    )
)
def test_any_cells_give_records_or_problems(cells):
    codes = [code for code in KINDS["charge"] if code not in ("period",)]
    parser = RowParser("charge", [Column(n, code) for n, code in enumerate(codes)])
    records, problems = parser.parse(2, cells)
    errors = [problem for problem in problems if problem.severity == "error"]
    assert not (records and errors)
