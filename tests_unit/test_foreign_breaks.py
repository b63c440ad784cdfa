"""Registers in which payments were once lost or misread without a word: each is read whole, or an error."""

from decimal import Decimal

import pytest
from tools.table_file import Column, RowParser, TableError, is_in_kopecks, unread_numbers
from tools.table_file.control import Control, Running

from tests_unit.foreign import load

D = Decimal
KNOWN = {"А-12", "А-13", "100001", "100002", "100003"}


def read(text, kind="payment"):
    """Return ``(row of headings, [(account, roubles)], [(row, code)])`` of a text."""
    _table, layout, records, problems, _parser = load(
        text.encode("cp1251"), kind, find_accounts=KNOWN.intersection
    )
    paid = [(r.values["account"], r.values["paid"]) for r in records]
    return layout.header_row, paid, [(p.row, p.code) for p in problems if p.severity == "error"]


@pytest.mark.parametrize(
    ("first", "amount"),
    [("50", 50), ("1 500", 1500), ("1 500 руб.", 1500), ("-50", -50), ("50 р.", 50)],
)
@pytest.mark.parametrize("name", ["Иванов", "Оплата"])
def test_a_first_row_with_a_sum_is_no_heading_however_it_is_written(first, amount, name):
    text = f"А-12;{name};{first}\r\nА-13;{name};1500,50\r\n"
    assert read(text) == (0, [("А-12", D(amount)), ("А-13", D("1500.50"))], [])


def test_two_registers_one_below_the_other():
    head, paid, errors = read(
        "ЛС;Сумма\n100001;10,00\n100002;20,00\nЛС;ФИО;Дата платежа;Сумма\n100003;И;01.11.2026;5,00\n"
    )
    assert (head, paid) == (1, [("100001", D(10)), ("100002", D(20))])
    assert {row for row, _code in errors} == {4, 5}
    head, paid, errors = read("100001;10,00\n100002;20,00\nЛС;Сумма\n100003;30,00\n")
    assert [amount for _account, amount in paid] == [D(10), D(20), D(30)]
    assert errors == [(3, "number")]


@pytest.mark.parametrize("end", ["\r", "\r\r\n", "\n\r"])
def test_rows_may_end_with_a_carriage_return(end):
    text = end.join(["ЛС;Сумма;ФИО", "100001;10,00;Иванов", "100002;20,00;Петров", ""])
    assert read(text)[1:] == ([("100001", D(10)), ("100002", D(20))], [])


def test_rows_may_end_this_way_and_that():
    text = "100001;10,00;Иванов\r100002;20,00;Петров\r\n100003;30,00;Сидоров\n"
    assert read(text) == (0, [("100001", D(10)), ("100002", D(20)), ("100003", D(30))], [])


def test_carriage_returns_at_the_borders_of_blocks():
    for size in range(2**20 - 3, 2**20 + 3):
        first = "100001;10,00;" + "я" * 20
        pad = size - len(first) - 1
        rows = [first, *(["100002;0,00;" + "я" * 1000] * (pad // 1014))]
        text = "\r".join([*rows, "100003;30,00;" + "я" * (size % 1000), "100003;1,00;x"])
        assert len(read(text)[1]) == len(rows) + 2


@pytest.mark.parametrize("amount", ["1,500", "1.500", "1,500 руб.", "(1.500)", "-1,500"])
def test_thousands_or_decimals_is_asked(amount):
    text = f"ЛС;Сумма\r\n100001;{amount}\r\n100002;250,00\r\n"
    assert read(text)[1:] == ([("100002", D(250))], [(2, "thousands")])
    columns = [Column(0, "account"), Column(1, "paid")]
    found = {}
    for decimal in ",.":
        records, problems = RowParser("payment", columns, decimal=decimal).parse(
            1, ["100001", amount]
        )
        assert not problems
        found[decimal] = abs(records[0].values["paid"])
    assert {found[","], found["."]} == {D("1.5"), D(1500)}


@pytest.mark.parametrize("amount", ["0,500", "1 500,00", "1.500,00", "1,234,567", "1500,5"])
def test_sums_that_are_clear_are_taken(amount):
    assert read(f"ЛС;Сумма\r\n100001;{amount}\r\n")[2] == []


def test_a_sum_divided_by_its_own_comma_is_an_error():
    text = "ЛС,ФИО,Сумма\r\n100001,Иванов,10,50\r\n100002,Петров,20\r\n"
    assert read(text)[1:] == ([("100002", D(20))], [(2, "extra_cells")])
    # a note beside the table is none
    assert read("ЛС;Сумма\r\n100001;10,00;долг\r\n")[2] == []


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("Итого;31,00", "control_sum"), ("Итого;;;31", "control_sum"), ("=2;31", "control_sum"),
        ("Итого;;30,00", None), ("=2;30", None), ("Количество платежей: 3", "control_count"),
        ("Количество платежей: 2", None), ("Кол-во операций;3", "control_count"),
        ("Сумма: 31,00", "control_sum"), ("Общая сумма: 30,00", None), ("Итого;2", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("ahead", [False, True])
def test_control_rows_are_compared_wherever_they_stand(row, code, ahead):
    rows = ["100001;Иванов;10,00", "100002;Петров;20,00"]
    rows.insert(0 if ahead else 2, row)
    head, paid, errors = read("\r\n".join(["ЛС;ФИО;Сумма", *rows, ""]))
    assert len(paid) == 2
    assert [each for _row, each in errors] == ([code] if code else [])


def test_a_payer_whose_name_begins_as_a_total():
    text = "ЛС;ФИО;Сумма\r\n100001;Иванов;10,00\r\n;Итогов Пётр;10,00\r\n"
    assert read(text)[2] == [(3, "required")]


def test_control_rows_ahead_outlive_a_stop():
    running = Running()
    assert running.compare(Control(2, 2, loose=(D(31),)), [1]) == []
    again = Running.load(running.dump())
    again.add([(1, D(30))])
    assert [p.code for p in again.check_end([1])] == ["control_count", "control_sum"]


def test_a_number_that_excel_wrote_in_short_is_no_account():
    assert read("ЛС;Сумма\r\n1,00001E+11;10,00\r\n")[2] == [(2, "lost_digits")]


def test_columns_with_money_are_named_wherever_it_begins():
    rows = ["ЛС;Начислено;Прочие", *(f"10{n:04};10,00;" for n in range(60)), "100100;10,00;55,55"]
    parser = load("\r\n".join(rows).encode("cp1251"), "balance")[4]
    assert parser.watch == [2]
    assert parser.running.sums[2] == D("55.55")
    cells = [["100001", "1500", "79170000000", "5"]]
    headings = ["ЛС", "Прочие пени", "Телефон", "Оплачиваемый месяц"]
    assert unread_numbers([("account", ""), *[("", "")] * 3], cells, headings) == [1]


KL = (
    "1CClientBankExchange\r\nКодировка=Windows\r\nРасчСчет=40702810462000012345\r\n"
    "СекцияДокумент=Платежное поручение\r\nНомер=1\r\nДата=01.11.2026\r\nСумма=10.00\r\n"
    "ПолучательСчет=40702810462000012345\r\nНазначениеПлатежа=ЛС 100001\r\nКонецДокумента\r\n"
)


def test_a_statement_cut_between_two_documents_is_not_whole():
    assert read(KL + "КонецФайла\r\n\r\n")[1:] == ([("100001", D(10))], [])
    with pytest.raises(TableError, match="damaged"):
        read(KL)


def test_the_sum_above_a_register_ends_with_its_line():
    text = "#TYPE 7\r\n#FILESUM 30.00\r\n100001;10,00;1\r\n100002;20,00;2\r\n"
    assert read(text)[1:] == ([("100001", D(10)), ("100002", D(20))], [])


@pytest.mark.parametrize(
    "heading", ["Сумма (коп.)", "Сумма, коп", "Оплачено в копейках", "Сумма коп."]
)
def test_whole_kopecks_are_not_taken_for_roubles(heading):
    """«1050» under «Сумма (коп.)» was 1050 roubles."""
    data = f"ЛС;ФИО;{heading}\n100001;Иванов;1050\n100002;Петров;2000\n".encode("cp1251")
    _table, layout, _records, _problems, parser = load(data, "payment")
    assert [field for field, _service in layout.columns] == ["account", "", ""]
    assert parser.missing_fields() == ["paid"]
    assert parser.watch == [2]
    assert is_in_kopecks(heading)


@pytest.mark.parametrize(
    "unit", [", ₽", " (₽)", ", руб", " (руб.)", ", руб. коп.", " (руб., коп.)", " ₽", ""]
)
def test_a_sum_is_known_whatever_stands_for_roubles(unit):
    data = f"ЛС;Сумма{unit};Дата\n100001;1 234,56;05.11.2026\n100002;1000,00;05.11.2026\n"
    records, problems = load(data.encode("utf-8-sig"), "payment")[2:4]
    assert [r.values["paid"] for r in records] == [D("1234.56"), D(1000)]
    assert not problems
    assert not is_in_kopecks(f"Сумма{unit}")


NOTES = [
    "Исполнитель: Сидорова, тел. 123-45-67;;",
    ";Подпись;",
    "Принято банком;М.П.;",
    "Лист 2 из 2;;",
]


@pytest.mark.parametrize("note", NOTES)
def test_words_below_the_rows_are_told_and_stop_nothing(note):
    """The account column stands last: the words are not in it."""
    data = f"Сумма;ФИО;ЛС\n10,50;Иванов;100001\n20,00;Петров;100002\n{note}\n".encode("cp1251")
    records, problems = load(data, "payment")[2:4]
    assert [r.values["paid"] for r in records] == [D("10.50"), D(20)]
    assert [(p.row, p.code, p.severity) for p in problems] == [(4, "note", "warning")]


@pytest.mark.parametrize(
    "row", ["10,50;Иванов;", "10;;", "1 500 руб.;;", "=C2*D2;;", "-5;;", ";Иванов 5;x"]
)
def test_a_sum_without_an_account_is_no_note(row):
    data = f"Сумма;ФИО;ЛС\n10,50;Иванов;100001\n{row}\n20,00;Петров;100002\n".encode("cp1251")
    problems = load(data, "payment")[3]
    assert [p for p in problems if p.severity == "error"]
    assert "note" not in [p.code for p in problems]


def test_words_below_the_accounts_are_told_and_an_account_without_a_sum_is_an_error():
    data = "ЛС;ФИО;Сумма\n100001;И;1,50\nПодпись ______;;\nВсё\n".encode("cp1251")
    assert [p[2:3] for p in load(data, "payment")[3]] == [("note",), ("note",)]
    for row in ("100002;;", "А-12;;", "ЛС;ФИО;Сумма", "А;Б;"):
        data = f"ЛС;ФИО;Сумма\n100001;И;1,50\n{row}\n".encode("cp1251")
        assert [p.severity for p in load(data, "payment")[3]] == ["error"], row
