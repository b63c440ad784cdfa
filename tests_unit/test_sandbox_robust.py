"""What the sandbox makes of odd calls: an answer, as a service gives it, and never a cut connection."""

import gzip
import json
import urllib.parse

import pytest

from tests_unit.test_sandbox_behaviours import KEY, LETTER, serving

HOOK = {"hook_url": "http://127.0.0.1:9/x", "events[email_status]": "*"}


@pytest.fixture
def line():
    with serving() as running:
        yield running


@pytest.mark.parametrize(
    ("method", "values"),
    [
        ("getSenderDomainList", {"username": "ID7208007", "limit": "abc"}),
        ("getSenderDomainList", {"username": "ID7208007", "offset": "1e9"}),
        ("sendEmail", {**LETTER, "track_read": "yes"}),
        ("setHook", {**HOOK, "single_event": "x"}),
        ("subscribe", {}),
        ("checkEmail", {"email_id[0]": "7"}),
        ("importContacts", {"data[0][0]": "a@example.com"}),
    ],
)
def test_a_malformed_argument_is_answered(line, method, values):
    assert line.code(method, **values) == "invalid_arg"
    assert not line.service.store.letters()


@pytest.mark.parametrize("path", ["settings", "clock", "fault", "confirm", "status"])
def test_a_malformed_control_call_is_answered(line, path):
    for body in (b"{", b"[]", b'{"speed": 0}'):
        assert line.post(f"/sandbox/{path}", body)[0] in (200, 400)
    line.send()
    line.service.advance()


@pytest.mark.parametrize("value", ["0", "-1", "nan"])
def test_a_speed_that_is_none_is_left_alone(line, value):
    line.post("/do", urllib.parse.urlencode({"setting": "speed", "value": value}).encode())
    line.send()
    line.service.advance()
    assert line.service.settings["speed"] == 1.0


@pytest.mark.parametrize("name", ["gzip", "GZIP", "x-gzip"])
def test_names_of_packings(line, name):
    body = gzip.compress(f"api_key={KEY}".encode())
    status, content = line.post("/ru/api/getLists", body, **{"Content-Encoding": name})
    assert status == 200 and "result" in json.loads(content)


def test_identity_is_no_packing(line):
    body = f"api_key={KEY}".encode()
    content = line.post("/ru/api/getLists", body, **{"Content-Encoding": "identity"})[1]
    assert "result" in json.loads(content)


def test_a_refused_call_takes_in_none_of_its_letters():
    with serving(free_plan=True) as line:
        line.ask(
            "subscribe",
            **{"list_ids": "20547", "fields[email]": "known@example.com", "double_optin": "3"},
        )
        people = {"email[0]": "known@example.com", "email[1]": "stranger@example.com"}
        values = {name: value for name, value in LETTER.items() if name != "email"}
        assert line.code("sendEmail", **values, **people) == "invalid_arg"
        assert not line.service.store.letters(), "refused as a whole"


def test_several_letters_of_one_call_count_together():
    people = {"email[0]": "a@example.com", "email[1]": "b@example.com"}
    values = {name: value for name, value in LETTER.items() if name != "email"}
    with serving(per_day=1) as line:
        assert line.code("sendEmail", **values, **people)
        assert not line.service.store.letters()
    with serving(address_seconds=60) as line:
        twice = {"email[0]": "a@example.com", "email[1]": "a@example.com"}
        first, second = line.ask("sendEmail", **values, **twice)["result"]
        assert "id" in first and second["errors"][0]["code"] == "has_been_sent"


def test_names_without_a_number_come_after_those_with_one(line):
    body = urllib.parse.urlencode(
        [
            *{"api_key": KEY, **LETTER, "email": ""}.items(),
            ("email[0]", "a@example.com"),
            ("email[]", "b@example.com"),
        ]
    )
    result = json.loads(line.post("/ru/api/sendEmail", body.encode())[1])["result"]
    assert [entry["email"] for entry in result] == ["a@example.com", "b@example.com"]


def test_imported_into_a_list_that_is_not_there(line):
    found = line.ask(
        "importContacts",
        **{
            "field_names[0]": "email",
            "field_names[1]": "email_list_ids",
            "data[0][0]": "a@example.com",
            "data[0][1]": "999",
        },
    )["result"]
    assert (found["inserted"], found["invalid"]) == (0, 1)
    assert not line.service.is_contact("a@example.com")
