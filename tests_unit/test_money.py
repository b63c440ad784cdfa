"""Money: Decimal, half-up, Russian formats."""

from decimal import Decimal

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st
from tools import money


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.285, "0.29"), (2.675, "2.68"), ("-1.005", "-1.01"), (None, "0.00"), (False, "0.00")],
)
def test_rounds_half_up(value, expected):
    assert money.to_decimal(value) == Decimal(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1234567.891, "1 234 567,89"), (-1234.5, "−1 234,50"), (0, "0,00"), (999, "999,00")],
)
def test_money_is_printed_with_hard_spaces(value, expected):
    assert money.format_money(value) == expected.replace(" ", money.NBSP)


@pytest.mark.parametrize(
    ("value", "expected"), [("0.0975", "0,0975"), (100, "100"), ("3.50", "3,5"), (1200, "1 200")]
)
def test_numbers_lose_trailing_zeros(value, expected):
    assert money.format_number(value) == expected.replace(" ", money.NBSP)


def test_tariff_keeps_kopecks():
    assert money.format_tariff("2640") == f"2{money.NBSP}640,00"
    assert money.format_tariff("4.123456") == "4,123456"


def test_months():
    assert money.month_name("2026-03-01") == "март 2026"
    assert money.month_name_genitive("2026-03-01") == "марта 2026"
    assert money.format_date("2026-04-05") == "05.04.2026"


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_kopecks_and_roubles_agree(kopecks):
    assert money.kopecks(Decimal(kopecks) / 100) == kopecks


def _as_babel(text):
    return text.replace(money.MINUS, "-")


@given(st.integers(min_value=-(10**14), max_value=10**14))
def test_numbers_are_printed_as_babel_prints_them_in_russian(millionths):
    number = Decimal(millionths).scaleb(-6)
    for text, pattern in (
        (money.format_money(number), "#,##0.00"),
        (money.format_number(number), "#,##0.####"),
        (money.format_tariff(number), "#,##0.00####"),
    ):
        places = {"#,##0.00": 2, "#,##0.####": 4, "#,##0.00####": 6}[pattern]
        rounded = money.to_decimal(number, places) + 0  # no minus before a zero
        assert _as_babel(text) == format_decimal(rounded, pattern, locale="ru")


def test_all_months():
    assert money.MONTHS_RU[0] == "январь" and money.MONTHS_RU[11] == "декабрь"
    assert money.MONTHS_RU_GENITIVE[4] == "мая"
    assert len(set(money.MONTHS_RU)) == len(set(money.MONTHS_RU_GENITIVE)) == 12
