"""Many values as the text of one PostgreSQL array."""

from datetime import UTC, date, datetime
from decimal import Decimal

from markupsafe import Markup
from tools.sql_array import to_array


def test_each_kind_of_value():
    values = [None, "a", "", True, False, 5, -1, Decimal("10.50"), 1.5]
    assert to_array(values) == '{NULL,"a","",t,f,5,-1,10.50,1.5}'
    assert to_array([date(2026, 4, 2), datetime(2026, 4, 2, 12, 0, 1)]) == (
        '{2026-04-02,"2026-04-02 12:00:01"}'
    )
    assert to_array([datetime(2026, 4, 2, 12), None]) == '{"2026-04-02 12:00:00",NULL}'
    assert to_array([None, None]) == "{NULL,NULL}"
    assert to_array([]) == "{}"


def test_what_acts_in_an_array_is_escaped():
    assert to_array(['a"b', "c\\d", "{e,f}", "NULL", " g "]) == (
        '{"a\\"b","c\\\\d","{e,f}","NULL"," g "}'
    )


def test_a_text_that_is_more_than_a_text_goes_as_it_stands():
    assert to_array([Markup('<b class="c">\\ "d" &amp;</b>')]) == (
        r'{"<b class=\"c\">\\ \"d\" &amp;</b>"}'
    )


def test_values_of_other_types_are_left_to_the_driver():
    moment = datetime(2026, 4, 2, tzinfo=UTC)
    assert to_array([moment, b"x"]) == [moment, b"x"]
