from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tools.payment_register import Payment, settle

DAY = date(2026, 3, 5)


def pay(amount, number="", paid_on=DAY, source="a"):
    return Payment(number, paid_on, Decimal(amount), source)


def record(payments, known=None):
    """Return the recorded payments after a file, as the database keeps them."""
    known = dict(known or {})
    found = settle(payments, known, whole=False)
    for key, payment in found.changed:
        known[key] = payment
    for payment in found.new:
        known[len(known)] = payment
    return known


def test_a_second_register_adds_and_the_same_one_does_not():
    first = [pay(100), pay(50)]
    known = record(first)
    assert settle(first, known, whole=False).new == []
    second = [pay(70, paid_on=date(2026, 3, 6), source="b")]
    assert settle(second, known, whole=False).new == second


def test_equal_payments_are_counted():
    known = record([pay(100), pay(100)])
    found = settle([pay(100, source="b")] * 3, known, whole=False)
    assert (len(found.same), len(found.new)) == (2, 1)
    # known from another file by day and sum alone: a person is told
    assert sorted(found.repeated) == [0, 1]


def test_numbers_tell_payments_apart_and_need_no_word():
    known = record([pay(100, "17")])
    found = settle([pay(100, "17", source="b"), pay(100, "18", source="b")], known, whole=False)
    assert (found.same, found.repeated) == ([0], [])
    assert [payment.number for payment in found.new] == ["18"]


def test_a_known_number_with_another_sum_is_the_same_payment_corrected():
    known = record([pay(100, "17"), pay(5, "18")])
    found = settle([pay(90, "17", source="b")], known, whole=False)
    assert found.changed == [(0, pay(90, "17", source="b"))]
    assert (found.new, found.gone) == ([], [])


def test_two_rows_of_one_number_are_both_kept():
    rows = [pay(100, "17"), pay(50, "17")]
    known = record(rows)
    assert len(known) == 2
    assert record(rows, known) == known


def test_without_number_and_day_only_the_file_tells():
    known = record([pay(100, paid_on=None)])
    assert len(settle([pay(100, paid_on=None)], known, whole=False).same) == 1
    assert len(settle([pay(100, paid_on=None, source="b")], known, whole=False).new) == 1


def test_one_of_two_registers_has_numbers():
    for recorded, given_number in (("157", ""), ("", "157")):
        known = record([pay(500, recorded)])
        found = settle([pay(500, given_number, source="b")], known, whole=False)
        assert (found.new, found.same, found.repeated) == ([], [0], [0])
        # another day is another payment, and without a day nothing tells
        other = settle([pay(500, given_number, paid_on=None)], known, whole=False)
        assert (len(other.new), other.same) == (1, [])


def test_numbers_that_begin_anew_each_day():
    known = record([pay(500, "1")])
    next_day = pay(300, "1", paid_on=DAY.replace(day=6), source="b")
    found = settle([next_day], known, whole=False)
    assert (found.new, found.changed) == ([next_day], [])


def test_a_whole_file_takes_away_what_it_does_not_have():
    known = record([pay(100, "17"), pay(50, "18"), pay(1)])
    found = settle([pay(100, "17", source="b"), pay(60, "18", source="b")], known, whole=True)
    assert (found.gone, found.same) == ([2], [0])
    assert found.changed == [(1, pay(60, "18", source="b"))]


PAYMENTS = st.lists(
    st.builds(
        pay,
        st.sampled_from(["1", "2", "-1"]),
        st.sampled_from(["", "7", "8"]),
        st.sampled_from([None, DAY]),
        st.sampled_from("ab"),
    ),
    max_size=8,
)


@given(PAYMENTS, PAYMENTS)
def test_any_registers(before, after):
    known = record(before)
    once = record(after, known)
    # the same file again changes nothing, in whatever order its rows stand
    again = settle(after[::-1], once, whole=False)
    assert (again.new, again.changed) == ([], [])
    # nothing that a file says is lost, and what it does not say stays
    whole = settle(after, known, whole=True)
    told = [*(known[key] for key in whole.same), *whole.new, *(p for _key, p in whole.changed)]
    assert sorted(p.amount for p in told) == sorted(p.amount for p in after)
    rest = {*whole.same, *whole.gone, *(key for key, _payment in whole.changed)}
    assert rest == set(known)
    part = settle(after, known, whole=False)
    assert part._replace(gone=whole.gone) == whole
