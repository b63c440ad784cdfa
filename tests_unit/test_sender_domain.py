"""A sender's domain against a DNS server on this machine, over a real socket."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
from tools import sender_domain
from tools.sender_domain import MISSING, OK, UNKNOWN, WAITING, WRONG, Wanted, check_domain

# by its path: the package it lies in would pull Odoo in
_SPEC = importlib.util.spec_from_file_location(
    "name_server", Path(__file__).resolve().parents[1] / "epd_mailing/tests/name_server.py"
)
name_server = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(name_server)

DOMAIN = "uk.example.com"
KEY = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCB" * 8  # longer than one string of a TXT record
WANTED = Wanted("spf.unisender.ru", KEY, "unisender-go-validate-hash=00e6")
RIGHT = {
    DOMAIN: ["unisender-go-validate-hash=00e6", "v=spf1 mx include:spf.unisender.ru ~all", "other"],
    f"us._domainkey.{DOMAIN}": [f"v=DKIM1; k=rsa; p={KEY}"],
    f"_dmarc.{DOMAIN}": ["v=DMARC1; p=none"],
}


@pytest.fixture
def names():
    server = name_server.Names()
    server.start()
    yield server
    server.socket.close()


def check(names, zone, wanted=WANTED, domain=DOMAIN):
    names.zone = zone
    return {one.kind: one for one in check_domain(domain, wanted, names.resolver)}


def test_a_domain_that_is_right(names):
    found = check(names, RIGHT)
    assert [one.state for one in found.values()] == [OK] * 4
    assert not any(one.put for one in found.values())
    assert list(found) == ["verification", "dkim", "spf", "dmarc"]


def test_an_empty_domain_says_what_to_put(names):
    found = check(names, {DOMAIN: []})
    assert {one.state for one in found.values()} == {MISSING}
    assert found["verification"].put == "unisender-go-validate-hash=00e6"
    assert (found["dkim"].host, found["dkim"].put) == (
        f"us._domainkey.{DOMAIN}",
        f"v=DKIM1; k=rsa; p={KEY}",
    )
    assert found["spf"].put == "v=spf1 include:spf.unisender.ru ~all"
    assert (found["dmarc"].host, found["dmarc"].put) == (f"_dmarc.{DOMAIN}", "v=DMARC1; p=none")


@pytest.mark.parametrize(
    ("records", "state", "put"),
    [
        (["v=spf1 include:spf.unisender.ru -all"], OK, ""),
        (["V=SPF1 +include:SPF.unisender.ru ?all"], OK, ""),
        (["v=spf1"], WRONG, "v=spf1 include:spf.unisender.ru ~all"),
        (["v=spf1 mx a:x -all"], WRONG, "v=spf1 mx a:x include:spf.unisender.ru -all"),
        (
            ["v=spf1 include:spf.unisender.com ~all"],
            WRONG,
            "v=spf1 include:spf.unisender.com include:spf.unisender.ru ~all",
        ),
        (
            ["v=spf1 mx ~all", "v=spf1 include:spf.unisender.ru ~all"],
            WRONG,
            "v=spf1 mx include:spf.unisender.ru ~all",
        ),
        (["v=spf10 x"], MISSING, "v=spf1 include:spf.unisender.ru ~all"),
        (
            ["v=spf1 redirect=_spf.example.com"],
            WRONG,
            "v=spf1 include:spf.unisender.ru redirect=_spf.example.com",
        ),
    ],
)
def test_spf(names, records, state, put):
    found = check(names, {DOMAIN: records})["spf"]
    assert (found.state, found.put) == (state, put)


def test_another_key_is_wrong_and_spaces_are_not(names):
    host = f"us._domainkey.{DOMAIN}"
    assert check(names, {host: ["v=DKIM1; p=AAAA"]})["dkim"].state == WRONG
    assert check(names, {host: [f"k=rsa; p={KEY[:50]} {KEY[50:]} ; t=s"]})["dkim"].state == OK
    wanted = Wanted("spf.unisender.ru", f"k=rsa; p={KEY}")
    assert check(names, RIGHT, wanted)["dkim"].state == OK


@pytest.mark.parametrize(
    ("zone", "state"),
    [
        ({f"_dmarc.{DOMAIN}": ["v=DMARC1;p=reject; rua=mailto:a@b"]}, OK),
        ({"_dmarc.example.com": ["v=DMARC1; p=none"]}, OK),
        ({f"_dmarc.{DOMAIN}": [], "x.dmarc.unisender.ru": []}, MISSING),
        (
            {
                f"_dmarc.{DOMAIN}": f"{DOMAIN}.dmarc.unisender.ru",
                f"{DOMAIN}.dmarc.unisender.ru": ["v=DMARC1; p=none"],
            },
            OK,
        ),
        ({f"_dmarc.{DOMAIN}": ["v=DMARC1"]}, WRONG),
        ({f"_dmarc.{DOMAIN}": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}, WRONG),
        ({"_dmarc.com": ["v=DMARC1; p=none"]}, MISSING),
    ],
)
def test_dmarc(names, zone, state):
    assert check(names, zone)["dmarc"].state == state


def test_dns_that_does_not_answer_says_nothing(names, monkeypatch):
    monkeypatch.setattr(sender_domain, "PATIENCE", 0.3)
    found = check(
        names, {DOMAIN: None, f"us._domainkey.{DOMAIN}": "fail", f"_dmarc.{DOMAIN}": "fail"}
    )
    assert {one.state for one in found.values()} == {UNKNOWN}


def test_a_cyrillic_domain_is_asked_in_its_coded_form(names):
    found = check(names, {}, domain="жкх-демо.рф")
    assert found["spf"].host == "xn----ctbhlb2au4a.xn--p1ai" or found["spf"].host.startswith("xn--")


@pytest.mark.parametrize(
    "domain", ["", ".", "a" * 70 + ".ru", "x..y", "пример" * 30 + ".рф", "a b"]
)
def test_odd_domains_do_not_break_it(names, domain, monkeypatch):
    monkeypatch.setattr(sender_domain, "PATIENCE", 0.3)
    assert check(names, {}, domain=domain)


def test_what_the_service_has_not_seen_yet_is_not_in_order(names):
    wanted = replace(WANTED, verified=False, signed=False)
    found = check(names, RIGHT, wanted)
    assert (found["verification"].state, found["dkim"].state) == (WAITING, WAITING)
    assert found["spf"].state == OK
    assert check(names, {DOMAIN: []}, wanted)["dkim"].state == MISSING


def test_no_text_of_dns_breaks_a_database(names):
    found = check(names, {DOMAIN: ["v=spf1 \\000 -all"]})["spf"]
    assert "\x00" not in found.present[0]
    assert "\x00" not in found.put
