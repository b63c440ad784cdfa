"""Which times of the service can be true."""

from datetime import datetime, timedelta

import pytest
from tools.unisender import times

RECEIVED = datetime(2026, 4, 2, 12, 0, 0)
SENDING = RECEIVED - timedelta(minutes=30)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    "told",
    [SENDING, SENDING + MINUTE, RECEIVED - MINUTE, RECEIVED],
)
def test_times_between_sending_and_receipt(told):
    assert times.judge(told, SENDING, RECEIVED) == times.Judged(told, True)


def test_a_clock_that_is_a_little_slow_is_no_time_before_sending():
    assert times.judge(SENDING - MINUTE, SENDING, RECEIVED) == times.Judged(SENDING, True)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (RECEIVED - MINUTE, times.Judged(RECEIVED - MINUTE, True)),
        (RECEIVED - 20 * MINUTE, times.Judged(RECEIVED, False)),
        (RECEIVED - 3 * HOUR, times.Judged(RECEIVED, False, -3)),
    ],
)
def test_a_doubted_zone_is_believed_near_the_receipt_alone(told, expected):
    sending = RECEIVED - 20 * HOUR
    assert times.judge(told, sending, RECEIVED, zone_doubted=True) == expected
    assert times.judge(told, sending, RECEIVED) == times.Judged(told, True)


def test_a_clock_that_is_a_little_fast_is_no_time_of_the_future():
    assert times.judge(RECEIVED + MINUTE, SENDING, RECEIVED) == times.Judged(RECEIVED, True)


@pytest.mark.parametrize(
    ("told", "offset"),
    [
        (RECEIVED + 3 * HOUR, 3),
        (RECEIVED + 3 * HOUR - 4 * MINUTE, 3),
        (RECEIVED - 5 * HOUR, -5),
        (RECEIVED + 2 * MINUTE, 0),
        (RECEIVED + 2.5 * HOUR, 0),
        (RECEIVED + 15 * HOUR, 0),
        (datetime(2099, 1, 1), 0),
        (datetime(2017, 6, 19, 10, 38, 22), 0),
        (SENDING - 2 * MINUTE, 0),
        (None, 0),
    ],
)
def test_times_that_cannot_be_true(told, offset):
    assert times.judge(told, SENDING, RECEIVED) == times.Judged(RECEIVED, False, offset)


def test_a_letter_whose_sending_is_not_known():
    old = datetime(2017, 6, 19)
    assert times.judge(old, None, RECEIVED) == times.Judged(old, True)
    assert not times.judge(RECEIVED + HOUR, None, RECEIVED).is_exact


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-6, False), (-5, True), (0, True), (30, True), (150, True), (151, False), (86400, False)],
)
def test_the_contacts_last_letter_is_the_calls(seconds, expected):
    timeout = timedelta(seconds=30)
    assert times.is_of_call(SENDING + timedelta(seconds=seconds), SENDING, timeout) is expected


def test_nothing_known_is_not_of_the_call():
    assert not times.is_of_call(None, SENDING, MINUTE)
    assert not times.is_of_call(SENDING, None, MINUTE)
