"""Money: Decimal, half-up, Russian formats."""

from decimal import Decimal

import pytest
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
