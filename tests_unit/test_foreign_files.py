"""Files of the kinds that offices exchange: each loads with the right sums, or says exactly why not."""

import io
import zipfile
from decimal import Decimal

import openpyxl
import pytest
from tools import table_file
from tools.table_file import Column, RowParser, TableError

from tests_unit.foreign import FILES, load, load_file

D = Decimal


# file, kind → rows, {figure: sum}, problems (code, severity), columns with numbers that are not read
LOADED = {
    ("f01_", "payment"): (1, {"paid": "21643.63"}, [], ["К перечислению", "Комиссия"]),
    ("f01_", "reading"): (4, {"current": "210"}, [], ["Сумма", "К перечислению", "Комиссия"]),
    ("f01b", "payment"): (3, {"paid": "4500.50"}, [], ["К перечислению", "Комиссия"]),
    ("f02", "payment"): (3, {"paid": "3793.83"}, [], []),
    ("f02", "balance"): (3, {"opening": "3793.83"}, [], []),
    ("f03", "gis"): (5, {}, [], []),
    ("f03", "account"): (5, {}, [], []),
    ("f04", "account"): (2, {"area": "102.4"}, [], ["Отапливаемая площадь, кв. м"]),
    ("f05", "charge"): (3, {"amount": "316.62", "volume_individual": "9"}, [], []),
    ("f05", "balance"): (
        3, {"charged": "5296.62", "opening": "0", "paid": "0"}, [],
        ["Общая площадь для ЛС", "Отапливаемая площадь"],
    ),
    ("f06", "payment"): (1, {"paid": "1234.56"}, [], []),
    ("f07", "payment"): (
        3, {"paid": "1500.50"}, [("refund", "warning")], ["COMMISSION", "ITV_COMMISSION"],
    ),
    ("f08", "charge"): (
        2, {"amount": "729.81", "recalculation": "187.05", "total": "916.86"}, [],
        ["obshaya_ploshad", "nachisleno", "nachalniy_ostatok", "koplate"],
    ),
    # its own figures do not make its closing balance: 2065,60 + 921,49 is 2987,09 and not 2994,41
    ("f08", "balance"): (0, {}, [("not_due", "error")], ["obshaya_ploshad"]),
    ("f08", "account"): (
        1, {"area": "25.8"}, [], ["period", "nachisleno", "nachalniy_ostatok", "koplate"],
    ),
    ("f09", "charge"): (1, {"amount": "105.54", "total": "105.54", "volume_individual": "3"}, [], []),
    ("f10", "payment"): (2, {"paid": "700.50"}, [], []),
    ("f11", "balance"): (
        3, {"opening": "130", "charged": "5416.62", "penalty": "1.15", "paid": "100"}, [],
        ["Перекидка", "Зачет средств"],
    ),
    ("f12", "reading"): (6, {"current": "775"}, [], []),
    ("f13", "payment"): (2, {"paid": "2805.54"}, [], ["Начислено", "Долг", "Переплата"]),
    ("f13", "balance"): (2, {"charged": "3571.08", "paid": "2805.54"}, [], ["Долг", "Переплата"]),
    ("f14", "account"): (1, {}, [], []),
    ("f15", "payment"): (3, {"paid": "4500.50"}, [], ["К перечислению", "Комиссия"]),
    ("f16", "charge"): (6, {"amount": "3531.08"}, [], ["Сальдо на конец"]),
    ("f16", "balance"): (2, {"opening": "0", "charged": "3531.08", "paid": "0"}, [], []),
    ("f17_", "account"): (3, {}, [], []),
    ("f17c", "account"): (2, {}, [], []),
}  # fmt: skip


@pytest.mark.parametrize(("start", "kind"), LOADED)
def test_files_of_offices_load_with_the_right_sums(start, kind):
    rows, sums, told, unread = LOADED[start, kind]
    table, layout, records, problems, parser = load_file(start, kind)
    assert [(problem.code, problem.severity) for problem in problems] == told
    assert parser.missing_fields() == []
    assert len(records) == rows
    for name, total in sums.items():
        assert sum(record.values.get(name) or 0 for record in records) == D(total), name
    assert [layout.headings[place] for place in parser.watch] == unread
    assert not (table.guess and table.guess.doubtful)


REJECTED = {"g01": "receipts", "g02": "receipts", "g03": "pdf", "g04": "receipts"}


@pytest.mark.parametrize("start", REJECTED)
def test_files_that_are_no_tables_say_what_they_are(start):
    with pytest.raises(TableError) as caught:
        load_file(start, "payment")
    assert caught.value.code == REJECTED[start]


def test_every_file_is_tried():
    tried = {start for start, _kind in LOADED} | set(REJECTED)
    assert [
        path.name for path in FILES.iterdir() if not any(path.name.startswith(t) for t in tried)
    ] == []


# ----------------------------------------------------------------------
# What single files say
# ----------------------------------------------------------------------
def get_values(records, *names):
    return [tuple(record.values.get(name) for name in names) for record in records]


def test_a_register_without_headings_keeps_its_first_payment():
    _table, layout, records, _problems, _parser = load_file("f01b", "payment")
    assert layout.header_row == 0
    assert get_values(records, "account", "paid", "payment_number") == [
        ("100001", D("1000.00"), "350611123501"),
        ("100002", D("1500.50"), "350611123502"),
        ("100003", D("2000.00"), "350611123503"),
    ]


def test_a_control_row_that_differs_is_an_error():
    data = next(FILES.glob("f01b*")).read_bytes()
    for was, now, code in (
        (b"=3;4500,50", b"=4;4500,50", "control_count"),
        (b"=3;4500,50", b"=3;4500,51", "control_sum"),
        (b"1000,00;995", b"1000,01;995", "control_sum"),
    ):
        assert data.count(was) == 1
        problems = load(data.replace(was, now), "payment")[3]
        assert [(p.code, p.severity) for p in problems] == [(code, "error")]
    lines = data.splitlines(keepends=True)
    assert [p.code for p in load(b"".join(lines[1:]), "payment")[3]] == [
        "control_count", "control_sum",
    ]  # fmt: skip
    assert [p.code for p in load(b"".join([lines[0], *lines]), "payment")[3]] == [
        "control_count", "control_sum",
    ]  # fmt: skip


def test_the_sum_above_the_rows_is_compared():
    data = next(FILES.glob("f02*")).read_bytes().replace(b"1000.00", b"1000.10")
    (problem,) = load(data, "payment")[3]
    assert (problem.code, problem.value, problem.detail) == ("control_sum", "3793.83", "3793.93")


def test_totals_of_houses_and_of_the_whole_are_compared():
    rows = [
        "ЛС;Оплачено", "1001;10,00", "1002;20,00", "Итого по дому 1;30,00", "2001;5,00",
        "Итого по дому 2;5,00", "Итого по улице;35,00", "3001;1,00", "Итого по дому 3;1,00", "Всего;36,00",
    ]  # fmt: skip
    records, problems = load("\n".join(rows).encode(), "payment")[2:4]
    assert (len(records), problems) == (4, [])
    rows[6] = "Итого по улице;36,00"
    (problem,) = load("\n".join(rows).encode(), "payment")[3]
    assert (problem.row, problem.code) == (7, "control_sum")


def test_payers_of_two_accounts_in_one_file_name():
    assert load_file("f15", "payment")[0].payee == "40702810462000012345"


def test_the_account_is_found_in_the_purpose():
    from tools.table_file.client_bank import find_account

    for purpose, number in {
        "Оплата ЖКУ за 10.2026 л/с 100001": "100001",
        "ЛС 0100017/1, квартплата": "0100017/1",
        "лицевой счет №100002 за октябрь": "100002",
        "по лиц.сч. 100003": "100003",
        "Оплата///ЖКУ16АК330011-01": "16АК330011-01",
        "за л/с 100001 и л/с 100002": "",
        "Перечисление по реестру №15 от 20.11.2026": "",
        "СОПЛС 100001": "",
    }.items():
        assert find_account(purpose) == number, purpose


def test_money_that_goes_out_is_no_payment():
    text = next(FILES.glob("f06*")).read_bytes().decode("cp1251")
    section = text[text.index("СекцияДокумент") : text.index("КонецФайла")]
    out = section.replace("Номер=42", "Номер=43").replace("1234.56", "99.00")
    out = out.replace("ПлательщикСчет=40817810000000000003", "ПлательщикСчет=40702810462000012345")
    out = out.replace("ПолучательСчет=40702810462000012345", "ПолучательСчет=40702810900000000001")
    both = text.replace("КонецФайла", out + "КонецФайла")
    records, problems = load(both.encode("cp1251"), "payment")[2:4]
    assert get_values(records, "payment_number", "paid") == [("42", D("1234.56"))]
    assert [(p.row, p.code, p.severity) for p in problems] == [(2, "outgoing", "warning")]


def test_readings_across_name_service_and_meter():
    records = load_file("f12", "reading")[2]
    assert get_values(
        records[-2:], "account", "service", "service_hint", "meter_place", "current"
    ) == [
        ("100002", "ХВС", "Холодное водоснабжение", 2, D(12)),
        ("100002", "ГВС", "Горячее водоснабжение", 2, D(7)),
    ]
    records = load_file("f01_", "reading")[2]
    assert get_values(records, "meter_number", "service", "zone", "current")[2:] == [
        ("10000248", "ЭЛ/ЭН1", "1", D(192)), ("10000248", "ЭЛ/ЭН2", "2", D(9)),
    ]  # fmt: skip


def test_accounts_of_gis_have_their_premises_and_full_names():
    records = load_file("f04", "account")[2]
    assert get_values(records, "account", "payer", "building", "premises", "residents")[0] == (
        "100006", "Кузнецов Олег Петрович", "г. Казань, ул. Пушкина, д. 10", "6", 3,
    )  # fmt: skip


def test_two_rows_of_headings_either_way():
    records = load_file("f16", "charge")[2]
    assert get_values(records[:2], "service", "amount") == [
        ("Содержание жилого помещения", D("1307.25")), ("Холодное водоснабжение", D("105.54")),
    ]  # fmt: skip
    rows = [
        "Лицевой счет;ФИО;Отопление;;Вода;", ";;Начислено;Перерасчет;Начислено;Перерасчет",
        "100001;Иванов;10,00;-1,00;5,00;", "Итого;;10,00;-1,00;5,00;0,00",
    ]  # fmt: skip
    records, problems = load("\n".join(rows).encode(), "charge")[2:4]
    assert problems == []
    assert get_values(records, "service", "amount", "recalculation") == [
        ("Отопление", D("10.00"), D("-1.00")), ("Вода", D("5.00"), None),
    ]  # fmt: skip


def test_a_sum_of_the_whole_row_is_not_counted_for_each_service():
    columns = [Column(0, "account"), Column(1, "amount", "1"), Column(2, "amount", "2"),
               Column(3, "recalculation")]  # fmt: skip
    records, problems = RowParser("charge", columns).parse(2, ["100001", "10", "20", "-5"])
    assert records == []
    assert [(p.column, p.code) for p in problems] == [(3, "of_all")]


def test_a_formula_without_a_value_is_an_error():
    book = openpyxl.Workbook()
    book.active.append(["Лицевой счёт", "Услуга", "Объём", "Тариф", "Начислено"])
    book.active.append(["100001", "1", 2, 10, "=C2*D2"])
    stream = io.BytesIO()
    book.save(stream)
    records, problems = load(stream.getvalue(), "charge")[2:4]
    assert records == []
    assert [(p.row, p.column, p.code, p.value) for p in problems if p.code == "formula"] == [
        (2, 4, "formula", "=C2*D2")
    ]


def test_an_empty_amount_beside_volume_and_tariff_is_an_error():
    data = "ЛС;Услуга;Объём;Тариф;Начислено\n100001;1;2;10;\n100001;2;;;\n".encode()
    problems = load(data, "charge")[3]
    assert [(p.row, p.column, p.code) for p in problems] == [(2, 4, "no_amount")]


def test_the_cell_itself_stands_in_the_list_of_errors():
    data = "ЛС;Услуга;Начислено;Итого\n100001;1;36,92;9 999,00\n".encode()
    (problem,) = load(data, "charge")[3]
    assert (problem.code, problem.value, problem.detail) == ("not_total", "9 999,00", "36.92")


def test_columns_with_money_that_are_not_read_make_the_balance_differ():
    rows = "ЛС;Входящее сальдо;Начислено;Оплачено;Субсидия;Исходящее сальдо\n100001;1,00;10,00;0;2,00;9,00\n"
    _table, layout, records, problems, parser = load(rows.encode(), "balance")
    assert [layout.headings[place] for place in parser.watch] == ["Субсидия"]
    assert records == []
    assert [(p.code, p.value, p.detail) for p in problems] == [("not_due", "9,00", "11.00")]


# ----------------------------------------------------------------------
# Encodings
# ----------------------------------------------------------------------
@pytest.mark.parametrize("page", ["cp1251", "cp866", "koi8-r"])
@pytest.mark.parametrize("upper", [False, True])
def test_code_pages_are_told_in_any_case(page, upper):
    text = "Лицевой счет;Адрес;Кв.;ФИО\n100021;Казань Пушкина ул д.10;21;Иванов Сергей Петрович\n"
    text += "100022;Казань Щорса ул д.3;22;Шарафутдинова Гузель Ильдаровна\n"
    data = (text.upper() if upper else text).encode(page)
    table = load(data, "account")[0]
    assert table.encoding == page
    assert not table.guess.doubtful


def test_doubt_is_told_with_both_readings():
    table = load("ЛС;Услуга;Начислено\n100001;ХВС;1\n".encode("koi8-r")[18:], "charge")[0]
    assert table.guess.doubtful
    assert {reading.sample.split(";")[1] for reading in table.guess.readings} >= {"ХВС"}


def test_russian_letters_far_down_count_too():
    text = "".join(f"{n};1;10,00\n" for n in range(100_000, 130_000))
    data = (text + "Итого;;300 000,00\n").encode("cp866")
    table, _layout, records, problems, _parser = load(data, "charge")
    assert (table.encoding, len(records), problems) == ("cp866", 30_000, [])


# ----------------------------------------------------------------------
# What is no table
# ----------------------------------------------------------------------
def make_zip(**parts):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<html><body><table><tr><td>1</td></tr></table>", "html"),
        (b"<?xml version='1.0'?><!-- x --><html/>", "html"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "excel_xml"),
        (b'<?xml version="1.0"?><export><row/></export>', "xml_other"),
        (b'<!DOCTYPE platezhki [<!ENTITY a "b">]><platezhki/>', "unsafe_xml"),
        (b'<?xml version="1.0"?><platezhki period="2021.05"><item', "damaged"),
        (b'{"a": [{"b": 1}], "c": [{"d": 1}]}', "json_other"),
        (b'[1, 2]', "json_other"),
        (b"[{" + b'"a": [' * 100_000, "damaged"),
        (b"\x89PNG\r\n\x1a\n", "image"),
        (b"Rar!\x1a\x07\x01\x00", "archive"),
        (b"{\\rtf1", "word"),
        (make_zip(**{"[Content_Types].xml": "<x/>", "word__document.xml": "<x/>"}), "word"),
        (make_zip(a_dot_txt="1", b_dot_txt="2"), "many_files"),
        (make_zip(a_dot_txt=""), "empty"),
        (make_zip(a_dot_zip=make_zip(b_dot_txt="1")), "archive"),
        (make_zip(a_dot_txt=b"\0" * 2**22), "bomb"),
        (make_zip(mimetype="application/vnd.oasis.opendocument.text"), "word"),
    ],
)  # fmt: skip
def test_what_is_no_table_says_its_kind(data, code):
    with pytest.raises(TableError) as caught:
        load(data, "charge")
    assert caught.value.code == code
    assert code in table_file.NO_TABLES or code in TableError.__doc__


def make_ods(rows):
    ns = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<office:document-content xmlns:office="{ns}:office:1.0" xmlns:table="{ns}:table:1.0" '
        f'xmlns:text="{ns}:text:1.0"><office:body><office:spreadsheet><table:table table:name="Лист">'
        f"{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    )
    return make_zip(
        mimetype="application/vnd.oasis.opendocument.spreadsheet",
        **{"content.xml": content, "META-INF__manifest.xml": manifest},
    )


def ods_row(*cells, repeat=""):
    made = "".join(
        f'<table:table-cell office:value-type="float" office:value="{cell}"/>'
        if isinstance(cell, float)
        else f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
        for cell in cells
    )
    return f"<table:table-row{repeat}>{made}</table:table-row>"


def test_ods_is_read():
    data = make_ods(
        ods_row("Лицевой счёт", "Оплачено") + ods_row("0100001", 10.55) + ods_row("0100002", 20.0)
    )
    table, _layout, records, problems, _parser = load(data, "payment")
    assert (table.format, problems) == ("ods", [])
    assert get_values(records, "account", "paid") == [
        ("0100001", D("10.55")),
        ("0100002", D("20.00")),
    ]


def test_an_ods_of_repeated_cells_is_a_bomb():
    rows = ods_row(*["x"] * 100, repeat=' table:number-rows-repeated="1000000"')
    with pytest.raises(TableError, match="bomb"):
        load(make_ods(rows), "payment")
    # what programs write to fill a sheet is none
    empty = '<table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    assert (
        len(load(make_ods(ods_row("ЛС", "Оплачено") + ods_row("1", 1.5) + empty), "payment")[2])
        == 1
    )


def test_a_cut_old_workbook_is_told():
    data = next(FILES.glob("f14*")).read_bytes()
    for cut in (600, 2000, 4000):
        with pytest.raises(TableError) as caught:
            load(data[:cut], "account")
        assert caught.value.code in ("old_excel", "damaged")


def test_a_cut_dbf_is_told():
    data = next(FILES.glob("f10*")).read_bytes()
    for cut in (100, 300, 520, 600, 800):
        with pytest.raises(TableError, match="damaged"):
            load(data[:cut], "payment")


# ----------------------------------------------------------------------
# Reading goes on from any place, in each format
# ----------------------------------------------------------------------
@pytest.mark.parametrize(("start", "kind"), LOADED)
def test_reading_goes_on_from_any_row(start, kind):
    path = next(FILES.glob(start + "*"))
    with path.open("rb") as stream:
        table = table_file.open_table(stream, kind=kind, name=path.name)
        whole = list(table.rows())
        assert whole[-1].end <= table.size
        for row in whole:
            rest = list(table.rows(row.end, row.number))
            assert rest == [later for later in whole if later.number > row.number]
        table.close()
