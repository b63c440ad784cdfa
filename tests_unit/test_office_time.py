from datetime import date, datetime, timedelta

import pytest
import pytz
from hypothesis import given
from hypothesis import strategies as st
from tools import office_time
from tools.office_time import QuietHours


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        ("Europe/Moscow", datetime(2026, 3, 1, 1, 30)),
        ("Europe/Kaliningrad", datetime(2026, 3, 1, 0, 30)),
        ("Asia/Kamchatka", datetime(2026, 3, 1, 10, 30)),
        ("America/New_York", datetime(2026, 2, 28, 17, 30)),
        ("UTC", datetime(2026, 2, 28, 22, 30)),
        ("", datetime(2026, 2, 28, 22, 30)),
        (None, datetime(2026, 2, 28, 22, 30)),
        (False, datetime(2026, 2, 28, 22, 30)),  # an empty field of Odoo
    ],
)
def test_moment_and_clock_of_an_office(zone, local):
    moment = datetime(2026, 2, 28, 22, 30)
    assert office_time.to_local(moment, zone) == local
    assert office_time.to_utc(local, zone) == moment
    assert office_time.day_of(moment, zone) == local.date()


def test_last_evening_of_a_month_is_the_next_day_in_the_east():
    assert office_time.day_of(datetime(2026, 2, 28, 15), "Asia/Kamchatka") == date(2026, 3, 1)


@pytest.mark.parametrize("zone", pytz.all_timezones)
def test_every_zone_that_can_be_chosen_goes_there_and_back(zone):
    start = datetime(2026, 1, 1, 12)
    for days in range(0, 366, 61):
        moment = start + timedelta(days=days)
        assert office_time.to_utc(office_time.to_local(moment, zone), zone) == moment


def test_hour_that_comes_twice_and_hour_that_never_comes():
    berlin = "Europe/Berlin"
    assert office_time.to_utc(datetime(2026, 10, 25, 2, 30), berlin) == datetime(
        2026, 10, 25, 1, 30
    )
    assert office_time.to_utc(datetime(2026, 3, 29, 2, 30), berlin) == datetime(2026, 3, 29, 1, 30)


@pytest.mark.parametrize(
    ("start", "end", "moment", "free"),
    [
        (21, 8, (1, 22, 30), (2, 8, 0)),
        (21, 8, (1, 3, 0), (1, 8, 0)),
        (21, 8, (1, 8, 0), (1, 8, 0)),
        (21, 8, (1, 20, 59), (1, 20, 59)),
        (21, 8, (1, 21, 0), (2, 8, 0)),
        (13, 14.5, (1, 13, 30), (1, 14, 30)),
        (13, 14.5, (1, 14, 30), (1, 14, 30)),
        (22.5, 0, (1, 23, 0), (2, 0, 0)),
        (0, 7, (1, 0, 0), (1, 7, 0)),
        (5, 5, (1, 5, 0), (1, 5, 0)),
        (0, 0, (1, 5, 0), (1, 5, 0)),
    ],
)
def test_quiet_hours_end(start, end, moment, free):
    day, hour, minute = moment
    found = QuietHours(start, end).get_end(datetime(2026, 4, day, hour, minute))
    assert found == datetime(2026, 4, free[0], free[1], free[2])


@given(
    st.integers(0, 23 * 60),
    st.integers(0, 23 * 60),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 2, 1)),
    st.integers(0, 20 * 86400),
)
def test_work_that_fits_the_open_hours_takes_them(start, end, begin, seconds):
    quiet = QuietHours(start / 60, end / 60)
    begin = begin.replace(microsecond=0)
    length = quiet.stretch(begin, seconds)
    assert abs(quiet.count_open(begin, begin + timedelta(seconds=length)) - seconds) < 1
    free = quiet.get_end(begin)
    assert quiet.get_end(free) == free >= begin
