"""The next part is made while one is worked on; nothing is lost, in order, and errors come in their place."""

import threading
from contextlib import closing

import pytest
from tools.read_ahead import read_ahead


def test_all_parts_come_in_their_order():
    assert list(read_ahead(iter(range(1, 100)))) == list(range(1, 100))
    assert list(read_ahead(iter(()))) == []


def test_the_next_part_is_made_meanwhile_and_no_more():
    made, second = [], threading.Event()

    def make():
        for number in range(1, 5):
            made.append(number)
            if number == 2:
                second.set()
            yield number

    with closing(read_ahead(make())) as parts:
        assert next(parts) == 1
        assert second.wait(60), "it is made although nobody asked for it yet"
        assert made == [1, 2]
    assert made == [1, 2], "a reader that stops makes no more"
    assert not [one for one in threading.enumerate() if "epd-read-ahead" in one.name]


def test_an_error_comes_after_the_parts_before_it():
    def make():
        yield 1
        raise ValueError("damaged")

    parts = read_ahead(make())
    assert next(parts) == 1
    with pytest.raises(ValueError, match="damaged"):
        next(parts)
    assert not [one for one in threading.enumerate() if "epd-read-ahead" in one.name]
