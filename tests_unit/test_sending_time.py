"""How long letters take, and which product fits."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.sending_time import choose, seconds_needed


@pytest.mark.parametrize(
    ("letters", "days", "minutes", "fits"),
    [
        (0, 0, 1, "classic"),
        (300, 0, 1, "classic"),
        (2000, 2, 2, "classic"),
        (2001, 3, 2, "go"),
        (9000, 9, 12, "go"),
        (100000, 100, 133, "go"),
    ],
)
def test_new_accounts(letters, days, minutes, fits):
    found = choose(letters)
    assert (found.classic_days, found.go_minutes, found.fits) == (days, minutes, fits)


def test_the_day_of_the_last_letter():
    found = choose(9000)
    assert found.get_end(date(2026, 12, 1), "classic") == date(2026, 12, 9)
    assert found.get_end(date(2026, 12, 1), "go") == date(2026, 12, 1)


def test_a_slip_of_the_hand_has_an_end():
    for found in (choose(2**31 - 1, 1, 1), choose(10**7, 60, 1)):
        assert found.get_end(date(2026, 12, 1), "classic") == date.max


def test_a_raised_limit_fits_more():
    assert choose(9000, 60, 10000).fits == "classic"
    assert choose(9000, 0, 0).classic_minutes == choose(9000).go_minutes
    assert choose(200000, 60, 0).classic_days == 3


@given(st.integers(0, 10**6), st.integers(0, 1000), st.integers(0, 10**5), st.integers(0, 10**5))
def test_more_letters_take_no_less(count, per_minute, per_day, today):
    today = min(today, per_day)
    assert seconds_needed(count, per_minute, per_day, today) <= seconds_needed(
        count + 1, per_minute, per_day, today
    )
