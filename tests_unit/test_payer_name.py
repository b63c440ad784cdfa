"""Names of payers as offices write them → parts of a payment code."""

import pytest
from tools.payer_name import PayerName, read_payer_name


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Иванов Иван Иванович", ("Иванов", "Иван", "Иванович")),
        ("  Иванов   Иван ", ("Иванов", "Иван", "")),
        ("Иванов", ("Иванов", "", "")),
        ("Сёмин О’Коннор Пётр", ("Сёмин", "О’Коннор", "Пётр")),
        ("Салтыков-Щедрин Михаил Евграфович", ("Салтыков-Щедрин", "Михаил", "Евграфович")),
        ("Алиев Вели Гасан оглы", ("Алиев", "Вели", "Гасан оглы")),
        ("Иванов И.И.", ("Иванов", "И.", "И.")),
        ("Иванов И. И.", ("Иванов", "И.", "И.")),
        ("ИП Иванов Иван Иванович", ("Иванов", "Иван", "Иванович")),
        ("Индивидуальный предприниматель Петрова Анна", ("Петрова", "Анна", "")),
        ("Иванов Иван Иванович (1/2)", ("Иванов", "Иван", "Иванович")),
        ("Ипатов Олег", ("Ипатов", "Олег", "")),
    ],
)
def test_one_person_is_taken_apart(name, parts):
    assert read_payer_name(name) == PayerName(*parts)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ООО «Ромашка»",
        'ПАО "Сбербанк"',
        "ТСЖ Берёзка",
        "Администрация города Казани",
        "Муниципальное образование",
        "Иванов Иван Иванович, Иванова Анна Петровна",
        "Иванов И.И.; Иванова А.П.",
        "Иванов Иван и Иванова Анна",
        "Иванов Иван Иванович / Петров Пётр",
        "Квартира 12",
        "Иванов Иван Иванович Иванова Анна Петровна",
    ],
)
def test_others_give_nothing(name):
    assert read_payer_name(name) == PayerName()


def test_an_organisation_gives_nothing_but_a_sole_trader():
    assert read_payer_name("Ромашка", is_organisation=True) == PayerName()
    trader = read_payer_name("ИП Иванов Иван Иванович", is_organisation=True)
    assert trader == PayerName("Иванов", "Иван", "Иванович")
