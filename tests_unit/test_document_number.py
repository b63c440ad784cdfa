"""Names of documents and of their files."""

from datetime import date
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.document_number import FORMS, make_file_name, transliterate

MARCH = date(2026, 3, 1)


def test_form_account_month_and_version():
    assert make_file_name("0100001", 7, MARCH, "epd", 2) == "epd_0100001_2026_03_v2.pdf"
    assert make_file_name("А-1", 7, MARCH, "receipt", 1) == "receipt_A_1_id7_2026_03_v1.pdf"


@pytest.mark.parametrize(
    ("text", "latin"), [("Щукин Ё-1", "SHCHukin E-1"), ("б/н", "b/n"), ("0100017/1", "0100017/1")]
)
def test_transliterated(text, latin):
    assert transliterate(text) == latin


def test_different_receipts_have_different_names():
    documents = [
        (number, account, start, form, version)
        for account, number in enumerate(
            ("А-1", "Б-1", "A-1", "A_1", "A1", "a1", "1", "№", "№№"), 1
        )
        for start in (MARCH, date(2026, 4, 1))
        for form in FORMS
        for version in (1, 2, 12)
    ]
    names = [make_file_name(*each) for each in documents]
    assert len({name.lower() for name in names}) == len(names), "on Windows too"


@given(st.lists(st.text(alphabet="АБAa1_-/ .№v", min_size=1, max_size=6), min_size=2, unique=True))
def test_any_numbers(numbers):
    names = [make_file_name(number, n, MARCH, "epd", 1) for n, number in enumerate(numbers, 1)]
    for one, other in combinations(names, 2):
        assert one.lower() != other.lower()
    assert all(name.isascii() and "/" not in name and " " not in name for name in names)
