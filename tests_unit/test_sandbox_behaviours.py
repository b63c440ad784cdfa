"""Every behaviour of the sandbox that can be switched: what each position of the switch does."""

import bz2
import gzip
import json
import re
import threading
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager

import pytest

from sandbox import behaviours
from sandbox.hooks import HookSender
from sandbox.server import SandboxServer
from sandbox.service import Service
from sandbox.store import Store

KEY = "k"
LIFTED = dict.fromkeys(("per_minute", "calls_per_minute", "per_day", "address_seconds"), 0)
LETTER = {
    "email": "noread@example.com",
    "sender_name": "УК",
    "sender_email": "from@example.com",
    "subject": "s",
    "body": "<p>b</p>",
    "list_id": "20547",
    "error_checking": "1",
}


class Line:
    """A sandbox on a socket, as a client meets it."""

    def __init__(self, server):
        self.server, self.service = server, server.service

    def post(self, path, body, **headers):
        url = f"http://127.0.0.1:{self.server.server_port}{path}"
        request = urllib.request.Request(url, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def ask(self, method, path="/ru/api/", **values):
        body = urllib.parse.urlencode({"api_key": KEY, **values}).encode()
        return json.loads(self.post(f"{path}{method}?format=json", body)[1])

    def code(self, method, **values):
        return self.ask(method, **values).get("code")

    def send(self, **more):
        return self.ask("sendEmail", **{**LETTER, **more})

    def events(self, seconds=60):
        """Return what a webhook would be posted after some time, raw."""
        service, sender = self.service, HookSender(self.service)
        service.store.run(
            "INSERT INTO hook VALUES ('http://127.0.0.1:9/', 'json_post', 0, 'active', '*', 1)"
        )
        sent = self.send()["result"][0]["id"]
        service.store.offset += seconds
        sender.turn()
        return sent, [parcel.payload for parcel in sender.waiting["http://127.0.0.1:9/"]]


@contextmanager
def serving(**settings):
    service = Service(Store(), KEY, "from@example.com", **{**LIFTED, **settings})
    server = SandboxServer(("127.0.0.1", 0), service)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield Line(server)
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def line():
    with serving() as running:
        yield running


def _packed(line):
    body = gzip.compress(urllib.parse.urlencode({"api_key": KEY}).encode())
    answer = json.loads(line.post("/ru/api/getLists", body, **{"Content-Encoding": "gzip"})[1])
    return answer.get("code", "taken")


def _no_language(line):
    status, content = line.post("/api/getLists", f"api_key={KEY}".encode())
    return status == 200 and "result" in json.loads(content)


def _second_letter(line):
    line.send()
    answer = line.send()
    return answer.get("code") or answer["result"][0].get("errors", [{}])[0].get("code")


def _login_reported(line):
    return line.ask("getUserInfo")["result"]["login"]


def _event(line):
    return line.events()[1][0]["events_by_user"][0]["events"][0]


def _hook_url(line):
    return line.code("setHook", **{"hook_url": "http://127.0.0.1:9/x", "events[email_status]": "*"})


def _delivered(line):
    sent = line.send()["result"][0]["id"]
    line.service.store.offset += 3
    return line.ask("checkEmail", email_id=sent)["result"]["status"]


def _failed_place(line):
    return "failed_email_id" in line.ask("checkEmail", email_id="7")["result"]


def _two_calls(line):
    line.ask("getLists")
    return line.code("getLists")


def _ref_key(line):
    line.send(ref_key="7")
    return line.send(email="b@example.com", ref_key="7").get("code")


def _retries(line):
    line.service.settings["hook_stop_seconds"] = 10**6
    sender = HookSender(line.service)
    line.service.store.run(
        "INSERT INTO hook VALUES ('http://127.0.0.1:9/', 'json_post', 0, 'active', '*', 1)"
    )
    line.send()
    line.service.store.offset += 3
    for seconds in (0, 50):
        line.service.store.offset += seconds
        sender.turn()
    return sender.waiting["http://127.0.0.1:9/"][0].retries


def _stopped(line):
    sender = HookSender(line.service)
    line.service.store.run(
        "INSERT INTO hook VALUES ('http://127.0.0.1:9/', 'json_post', 0, 'active', '*', 1)"
    )
    line.send()
    for seconds in (3, 700):
        line.service.store.offset += seconds
        sender.turn()
    return line.ask("listHooks")["result"][0]["status"]


def _order(line):
    for number in range(12):
        line.send(email=f"noread.{number}@example.com")
    _sent, payloads = line.events()
    told = [event for one in payloads for event in one["events_by_user"][0]["events"]]
    ids = [event["event_data"]["email_id"] for event in told]
    return ids == sorted(ids)


def _code(answer):
    return answer["result"][0].get("errors", [{}])[0].get("code")


def _with_metadata(line):
    LETTER["metadata[key]"] = "k1"
    try:
        return _event(line)
    finally:
        del LETTER["metadata[key]"]


def _hours_ahead(line):
    event, letter = _event(line), line.service.store.letters()[0]
    told = re.sub(r":\d\d:\d\d$", "", event["event_time"])
    known = re.sub(r":\d\d:\d\d$", "", letter["received_at"])
    return (int(told[-2:]) - int(known[-2:])) % 24


def _count_events(line):
    return sum(len(one["events_by_user"][0]["events"]) for one in line.events()[1])


# {setting: (value, what is checked, what it is then, what it is as the sandbox starts)}
SWITCHES = {
    "lang_optional": (False, _no_language, False, True),
    "packed_bodies": (False, _packed, "invalid_api_key", "taken"),
    "calls_per_minute": (1, _two_calls, "api_call_limit_exceeded_for_api_key", None),
    "ip_limit": (True, None, None, None),
    "api_off": (True, lambda line: line.code("getLists"), "access_denied", None),
    "warning": (
        "Осторожно",
        lambda line: line.send().get("warnings"),
        [{"warning": "Осторожно"}],
        None,
    ),
    "per_minute": (1, _second_letter, "api_call_limit_exceeded_for_api_key", None),
    "per_day": (1, _second_letter, "api_call_limit_exceeded_for_api_key", None),
    "day_limit_code": ("invalid_arg", None, None, None),
    "day_limit_text": ("В сутки", None, None, None),
    "address_seconds": (60, _second_letter, "has_been_sent", None),
    "letter_bytes": (5, lambda line: _code(line.send()), "body_exceeds_length", None),
    "empty_account": (True, lambda line: line.send().get("code"), "not_enough_money", None),
    "list_must_exist": (
        False,
        lambda line: line.send(list_id="9").get("code"),
        None,
        "invalid_arg",
    ),
    "ref_key_unique": (False, _ref_key, None, "invalid_arg"),
    "unsubscribe_link_required": (
        True,
        lambda line: _code(line.send()),
        "unsubscribe_link_missing",
        None,
    ),
    "free_plan": (True, lambda line: line.send().get("code"), "invalid_arg", None),
    "ids_as_numbers": (True, lambda line: type(line.send()["result"][0]["id"]), int, str),
    "email_beside_id": (
        True,
        lambda line: line.send(error_checking="0")["result"].get("email"),
        "noread@example.com",
        None,
    ),
    "failed_ids_inside": (False, _failed_place, False, True),
    "bad_id_refuses_all": (
        True,
        lambda line: line.code("checkEmail", email_id="1,x"),
        "invalid_arg",
        None,
    ),
    "login": ("be-interactive", _login_reported, "be-interactive", "ID7208007"),
    "unknown_login_code": (
        "unspecified",
        lambda line: line.code("getCheckedEmail", login="office@x.ru"),
        "unspecified",
        "invalid_arg",
    ),
    "user_info_denied": (True, lambda line: line.code("getUserInfo"), "access_denied", None),
    "checked_email_denied": (
        True,
        lambda line: line.code("getCheckedEmail", login="ID7208007"),
        "access_denied",
        None,
    ),
    "letters_subscribe": (
        False,
        lambda line: (line.send(), line.service.is_contact("noread@example.com"))[1],
        False,
        True,
    ),
    "hook_retry_seconds": (40, _retries, 2, 1),
    "hook_stop_seconds": (650, _stopped, "stopped", "active"),
    "hook_must_answer": (True, _hook_url, "invalid_arg", None),
    "metadata_inside": (
        False,
        lambda line: "metadata" in _with_metadata(line)["event_data"],
        False,
        True,
    ),
    "flat_events": (True, lambda line: "event_name" in line.events()[1][0], True, False),
    "events_key": (
        "Events",
        lambda line: sorted(line.events()[1][0]["events_by_user"][0]),
        ["Events", "login"],
        ["events", "login"],
    ),
    "event_hours": (3, _hours_ahead, 3, 0),
    "speed": (0.5, _delivered, "not_sent", "ok_sent"),
    "hook_paused": (True, None, None, None),
    "hook_repeat": (True, _count_events, 4, 2),
    "hook_shuffle": (True, _order, False, True),
}


def test_every_setting_is_in_the_table():
    assert SWITCHES.keys() == behaviours.DEFAULTS.keys()


@pytest.mark.parametrize("name", [name for name in SWITCHES if SWITCHES[name][1]])
def test_switch(name):
    value, look, then, at_first = SWITCHES[name]
    with serving() as line:
        assert look(line) == at_first
    with serving(**{name: value}) as line:
        assert look(line) == then


def test_ip_limit():
    with serving(calls_per_minute=1, ip_limit=True) as line:
        assert _two_calls(line) == "api_call_limit_exceeded_for_ip"


def test_answer_over_the_number_of_the_day():
    with serving(per_day=1, day_limit_code="invalid_arg", day_limit_text="Лимит в сутки") as line:
        line.send()
        assert line.send(email="b@example.com") == {"error": "Лимит в сутки", "code": "invalid_arg"}


def test_paused_hooks_are_told_later():
    with serving(hook_paused=True) as line:
        line.events()
        assert line.service.store.rows("SELECT status FROM hook") == [{"status": "active"}]


# --- the call ------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["ru", "en", "ua", "it"])
def test_languages(line, lang):
    assert "result" in line.ask("getLists", path=f"/{lang}/api/")


@pytest.mark.parametrize("packing", [("gzip", gzip.compress), ("bzip2", bz2.compress)])
def test_packed_bodies(line, packing):
    name, pack = packing
    body = pack(urllib.parse.urlencode({"api_key": KEY, **LETTER}).encode())
    assert b'"id"' in line.post("/ru/api/sendEmail", body, **{"Content-Encoding": name})[1]
    assert b'"id"' in line.post(f"/ru/api/sendEmail?request_compression={name}", body)[1]
    assert b"not packed" in line.post("/ru/api/getLists", b"x", **{"Content-Encoding": name})[1]


def test_multipart_with_a_binary_file(line):
    data = bytes(range(256)) + b"\r\n--edge-\r\n"
    fields = {"api_key": KEY, **LETTER}
    parts = [
        f'--edge\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    head = (
        '--edge\r\nContent-Disposition: form-data; name="attachments[a.pdf]"; filename="a.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n"
    )
    body = b"".join([*parts, head.encode(), data, b"\r\n--edge--\r\n"])
    kind = {"Content-Type": "multipart/form-data; boundary=edge"}
    assert b'"id"' in line.post("/ru/api/sendEmail", body, **kind)[1]
    (letter,) = line.service.store.letters()
    assert letter["attachments"][0]["size"] == len(data)
    assert line.service.store.rows("SELECT data FROM attachment")[0]["data"] == data


def test_a_body_of_json_is_no_form(line):
    body = json.dumps({"api_key": KEY}).encode()
    answer = line.post("/ru/api/getLists", body, **{"Content-Type": "application/json"})[1]
    assert json.loads(answer)["code"] == "invalid_api_key"


def test_unknown_method_of_several_words(line):
    assert line.code("async/exportContacts") == "unknown_method"


# --- sendEmail -----------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("email[0]", "email[1]"), ("email[]", "email[]")])
def test_several_recipients(line, names):
    rest = [(key, value) for key, value in LETTER.items() if key != "email"]
    people = list(zip(names, ("a@example.com", "invalid@example.com"), strict=True))
    body = urllib.parse.urlencode([("api_key", KEY), *people, *rest]).encode()
    first, second = json.loads(line.post("/ru/api/sendEmail", body)[1])["result"]
    assert (first["index"], first["email"], first["id"].isdigit()) == (0, "a@example.com", True)
    assert (second["index"], second["errors"][0]["code"]) == (1, "invalid_email")


def test_several_recipients_without_error_checking(line):
    values = {**LETTER, "email[0]": "a@example.com", "email[1]": "invalid@example.com"}
    first, second = line.ask("sendEmail", **{**values, "error_checking": "0"})["result"]
    assert first["id"] and second["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"headers": "Reply-To: r@example.com\nPriority: urgent"},
        {"headers[Reply-To]": "r@example.com"},
        {"headers[0]": "Reply-To: r@example.com"},
    ],
)
def test_headers_as_text_and_as_array(line, headers):
    assert "id" in line.send(**headers)["result"][0]
    assert line.service.store.letters()[0]["reply_to"] == "r@example.com"
    refused = {key: value.replace("Reply-To", "X-Any") for key, value in headers.items()}
    refused = {key.replace("Reply-To", "X-Any"): value for key, value in refused.items()}
    assert _code(line.send(**refused)) == "header_not_allowed"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"headers": "Reply-To:"}, "wrong_header_parameter"),
        ({"lang": "xx"}, "unsupported_lang"),
        ({"cc": "a@x.ru,b@x.ru"}, "cc_exceeded"),
        ({"attachments[a.pdf]": "x" * 900_000}, "attachment_quota_error"),
        ({"body": "x" * 1_100_000}, "body_exceeds_length"),
    ],
)
def test_refusals_of_one_letter(line, change, code):
    assert _code(line.send(**change)) == code


def test_a_link_of_unsubscription_satisfies():
    with serving(unsubscribe_link_required=True) as line:
        for link in ("{{UnsubscribeUrl}}", "{{_UnsubscribeUrl}}"):
            assert "id" in line.send(body=link)["result"][0]


# --- contacts and account ------------------------------------------------------------------------


def test_subscribe_contact_exclude(line):
    who = {"fields[email]": "new@example.com", "list_ids": "20547", "double_optin": "3"}
    assert line.ask("subscribe", **who)["result"]["person_id"]
    contact = line.ask("getContact", email="new@example.com", include_lists="1")["result"]
    assert contact["lists"][0]["id"] == 20547 and contact["email"]["last_send_datetime"] is None
    out = {"contact_type": "email", "contact": "new@example.com", "list_ids": "20547"}
    assert line.ask("exclude", **out) == {"result": {}}
    assert line.code("getContact", email="new@example.com") == "invalid_arg"
    assert line.code("subscribe", **{**who, "list_ids": "1"}) == "invalid_arg"
    assert line.code("exclude", contact="x@y.ru") == "invalid_arg"


def test_unsubscribed_contact_gets_nothing_on_a_free_plan():
    with serving(free_plan=True) as line:
        line.ask(
            "subscribe",
            **{"fields[email]": "noread@example.com", "list_ids": "20547", "double_optin": "3"},
        )
        assert "result" in line.send()
        line.ask("unsubscribe", contact_type="email", contact="noread@example.com")
        assert line.send()["code"] == "invalid_arg"


def test_import_contacts(line):
    rows = {
        "field_names[0]": "email",
        "field_names[1]": "email_list_ids",
        "data[0][0]": "a@example.com",
        "data[0][1]": "20547",
        "data[1][0]": "not an address",
    }
    found = line.ask("importContacts", **rows)["result"]
    assert (found["total"], found["inserted"], found["invalid"]) == (2, 1, 1)
    assert found["log"][0]["index"] == 1
    assert line.ask("importContacts", **rows)["result"]["updated"] == 1
    many = {f"data[{n}][0]": f"{n}@x.ru" for n in range(501)}
    assert line.code("importContacts", **{"field_names[0]": "email", **many}) == "invalid_arg"


def test_full_user_info(line):
    names = (
        "login email firstname middlename lastname reg_time phone company channel timezone master "
        "balance currency emails_paid emails_used period_emails_paid period_emails_used "
        "email_period_start email_period_end"
    ).split()
    assert sorted(line.ask("getUserInfo")["result"]) == sorted(names)


def test_unknown_login_is_refused(line):
    answer = line.ask(
        "getCheckedEmail", login="office@uk-demo.example.com", email="from@example.com"
    )
    assert answer["error"] == "OB13012016 [Can't find user by provided login]"
    assert line.code("getCheckedEmail") == "invalid_arg"
    known = line.ask("getCheckedEmail", login="ID7208007")["result"]
    assert known == [{"email": "from@example.com", "name": "", "is_checked": True}]


def test_a_sender_is_confirmed_by_his_letter(line):
    new = "new@example.com"
    assert line.ask("validateSender", email=new)["result"]["message"]
    (told,) = line.ask("getCheckedEmail", login="ID7208007", email=new)["result"]
    assert told["is_checked"] is False
    assert _code(line.send(sender_email=new)) == "unchecked_sender_email"
    line.post("/sandbox/confirm", json.dumps({"email": new}).encode())
    assert "id" in line.send(sender_email=new)["result"][0]
    assert line.code("validateSender", email=new) == "invalid_arg"


def test_sender_domains(line):
    found = line.ask("getSenderDomainList", username="ID7208007")["result"]
    assert found["domains"][0]["Domain"] == "example.com"
    assert line.code("getSenderDomainList", username="x") == "invalid_arg"
    assert line.code("getSenderDomainList", username="ID7208007", limit="101") == "invalid_arg"


# --- the page ------------------------------------------------------------------------------------


def test_the_page_lists_everything_with_its_mark_and_switches(line):
    page = line.post("/behaviours", None)[1].decode()
    for one in behaviours.BEHAVIOURS:
        assert one.name in page and one.mark in behaviours.MARKS
    assert page.count("предположение") >= 10
    form = urllib.parse.urlencode({"setting": "ids_as_numbers", "value": "true"}).encode()
    line.post("/do", form)
    assert line.service.settings["ids_as_numbers"] is True
    line.post("/do", urllib.parse.urlencode({"setting": "per_day", "value": "x"}).encode())
    assert line.service.settings["per_day"] == 0
    line.post("/do", urllib.parse.urlencode({"setting": "per_day", "value": "7"}).encode())
    assert line.service.settings["per_day"] == 7
