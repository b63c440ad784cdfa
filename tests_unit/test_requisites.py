"""Requisites: check digits of Russian banks and taxpayers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools import requisites


@pytest.mark.parametrize(
    ("account", "bic", "correspondent"),
    [
        # from the rule of the Bank of Russia (515, 08.09.1997) and its readings
        ("30101810800000000746", "049805000", None),
        ("40602810700000000025", "049805746", False),
        ("40702810900000000025", "044514512", False),
        ("40702810138250123017", "044525225", False),
        ("30101810400000000225", "044525225", True),
        ("40702810900000001234", "049205999", False),
        ("40705810200000005678", "049205999", False),
    ],
)
def test_account_keys(account, bic, correspondent):
    if correspondent is None:
        correspondent = True
    assert requisites.check_account(account, bic, correspondent) == []


def test_rules_of_client_and_correspondent_accounts_are_not_mixed():
    assert requisites.check_account("30101810400000000225", "044525225")[0].code == "account_key"


@given(st.integers(min_value=0, max_value=19), st.integers(min_value=1, max_value=9))
def test_a_changed_digit_is_noticed(place, shift):
    account = "40702810900000001234"
    digit = str((int(account[place]) + shift) % 10)
    changed = account[:place] + digit + account[place + 1 :]
    assert requisites.check_account(changed, "049205999")


@pytest.mark.parametrize("inn", ["7707083893", "500100732259", "1655123453"])
def test_good_inn(inn):
    assert requisites.check_inn(inn) == []


@pytest.mark.parametrize("inn", ["6200098765", "564567867444", "123", ""])
def test_bad_inn(inn):
    assert requisites.check_inn(inn)


def test_gis_identifiers():
    assert requisites.check_unified_account("75да533315") == []
    assert requisites.check_service_id("75да533315-01") == []
    assert [p.code for p in requisites.check_unified_account("75da533315")] == [
        "gis_mask",
        "gis_latin",
    ]
    assert requisites.check_unified_account("75да53331")[0].code == "gis_length"


def test_payee_without_bank():
    codes = {(p.code, p.field) for p in requisites.check_payee({"name": "УК"})}
    assert ("missing", "bic") in codes and ("missing", "personal_acc") in codes
