"""What a clerk types finds the account, and not its neighbour's."""

import fnmatch
import time

import pytest
from tools.account_search import make_patterns, make_text

ACCOUNTS = {
    "семь": make_text(
        ["0100007", "16АК330070"], "г. Казань, ул. Примерная, д. 10", "7", "Фёдорова-О’Коннор Алёна"
    ),
    "семнадцать": make_text(["0100017/1"], "г. Казань, ул. Примерная, д. 10", "17", "Ли Ян"),
    "двенадцать": make_text(["0100012"], "г. Казань, ул. Примерная, д. 10", "12А", "Егоров Артём"),
    "сад": make_text(["ЛС-7010"], "1-я Садовая ул., 7, корп. 2", "10", "ООО «Ромашка-3»"),
    "мира": make_text(["77"], "пр-т Мира, д. 5 А, стр. 1", "Н-3", "Иванов Иван Ильич"),
    "марта": make_text(["3000"], "ул. 8 Марта, дом 10/2", "", ""),
}
TABLE = [
    # part of a number
    ("0100007", "семь"),
    ("00007", "семь"),
    ("0100 007", "семь"),
    ("330070", "семь"),
    ("16ак33", "семь"),
    ("16AK330070", "семь"),
    ("0100017/1", "семнадцать"),
    ("01000171", "семнадцать"),
    ("ЛС-7010", "сад"),
    ("лс 7010", "сад"),
    ("л/с №0100012", "двенадцать"),
    # payers
    ("федорова", "семь"),
    ("Фёдорова", "семь"),
    ("ФЕДОРОВА АЛЕНА", "семь"),
    ("алёна федор", "семь"),
    ("О'Коннор", "семь"),
    ("коннор", "семь"),
    ("Фёдорова-О’Коннор", "семь"),
    ("Иванов И.И.", "мира"),
    ("ли", "семнадцать"),
    ("ромашка", "сад"),
    ("Ромашка-3", "сад"),
    ("артем", "двенадцать"),
    # addresses
    ("Примерная 10-7", "семь"),
    ("10-7 примерная", "семь"),
    ("Примерная, 10, 7", "семь"),
    ("ул. Примерная, д. 10, кв. 7", "семь"),
    ("кв 7 дом 10 примерная казань", "семь"),
    ("кв. 7", "семь"),
    ("кв7", "семь"),
    ("квартира №7", "семь"),
    ("кв. 12а", "двенадцать"),
    ("кв.12A", "двенадцать"),  # a Latin A
    ("Примерная 12А", "двенадцать"),
    ("садовая 7к2-10", "сад"),
    ("1-я Садовая 7", "сад"),
    ("7 корпус 2", "сад"),
    ("проспект Мира 5а", "мира"),
    ("мира 5 А", "мира"),
    ("мира н-3", "мира"),
    ("8 марта", "марта"),
    ("марта 10/2", "марта"),
    # payer and address
    ("федорова кв 7", "семь"),
    ("егоров примерная 10", "двенадцать"),
    ("7 фёдорова", "семь"),
]


def find(query):
    groups = make_patterns(query)
    if groups is None:
        return []
    return [
        name
        for name, text in ACCOUNTS.items()
        if all(
            any(fnmatch.fnmatchcase(text, pattern.replace("%", "*")) for pattern in group)
            for group in groups
        )
    ]


@pytest.mark.parametrize(("query", "name"), TABLE)
def test_finds_just_the_account(query, name):
    assert find(query) == [name]


def test_finds_all_of_a_house():
    assert find("Примерная 10") == find("примерная") == ["семь", "семнадцать", "двенадцать"]


@pytest.mark.parametrize("query", ["???", "–", "_", "%", "№", "петров", "Примерная 11", "кв. 70"])
def test_finds_nothing(query):
    assert find(query) == []


def test_blanks_ask_for_nothing():
    assert make_patterns("  ") == make_patterns("") == []


def test_words_of_an_address_alone_are_looked_for():
    assert "семь" in find("ул")
    assert find("пр") == ["семь", "семнадцать", "двенадцать", "мира"]


@pytest.mark.parametrize(
    "query", ["1 " * 5000, "а" * 99999, "10-7-" * 5000, "кв" * 9999, "№" * 9999]
)
def test_long_texts_take_no_time(query):
    begun = time.perf_counter()
    groups = make_patterns(query)
    assert time.perf_counter() - begun < 0.5
    assert groups is None or len(groups) <= 120
