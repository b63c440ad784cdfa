"""The sandbox over its socket: routes, faults by the control API and from the inbox page, limits."""

import json
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager

import pytest

from sandbox import faults
from sandbox.server import SandboxServer
from sandbox.service import Service
from sandbox.store import Store

KEY = "k"
LETTER = {
    "email": "a@example.com",
    "sender_name": "УК",
    "sender_email": "from@example.com",
    "subject": "s",
    "body": "<p>b</p>",
    "list_id": "20547",
    "error_checking": "1",
}


@contextmanager
def serving(**settings):
    lifted = dict.fromkeys(("per_minute", "calls_per_minute", "per_day", "address_seconds"), 0)
    service = Service(Store(), KEY, "from@example.com", **{**lifted, **settings})
    server = SandboxServer(("127.0.0.1", 0), service)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def server():
    with serving() as running:
        yield running


def ask(server, path, data=None, timeout=10):
    """Return (HTTP status, bytes)."""
    url = f"http://127.0.0.1:{server.server_port}{path}"
    try:
        with urllib.request.urlopen(url, data, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def form(**values):
    return urllib.parse.urlencode(values).encode()


def call(server, method, lang="ru", **values):
    status, content = ask(server, f"/{lang}/api/{method}?format=json", form(api_key=KEY, **values))
    assert status == 200
    return json.loads(content)


def send(server, **more):
    return call(server, "sendEmail", **{**LETTER, **more})


def control(server, name, **data):
    status, content = ask(server, f"/sandbox/{name}", json.dumps(data).encode())
    assert status == 200, content
    return json.loads(content)


def letters(server):
    return json.loads(ask(server, "/sandbox/letters")[1])


def test_get_and_post_key_in_query_or_body(server):
    assert "result" in call(server, "getLists", lang="en")
    query = urllib.parse.urlencode({"api_key": KEY, "format": "json"})
    assert b"result" in ask(server, f"/ru/api/getLists?{query}")[1]
    assert b"result" in ask(server, f"/ru/api/getLists?{query}", b"platform=x")[1]


def test_errors_come_with_http_200(server):
    assert call(server, "noSuchMethod")["code"] == "unknown_method"
    status, content = ask(server, "/ru/api/getLists", form(api_key="other"))
    assert status == 200 and json.loads(content)["code"] == "invalid_api_key"
    assert send(server, email="")["result"][0]["errors"][0]["code"] == "invalid_email"


def test_attachments_are_kept_byte_by_byte(server):
    data = bytes(range(256)) * 40
    body = form(api_key=KEY, **LETTER).decode() + "&attachments%5Br.pdf%5D="
    body += urllib.parse.quote_from_bytes(data, safe="")
    assert ask(server, "/ru/api/sendEmail", body.encode())[0] == 200
    (file,) = letters(server)[0]["attachments"]
    assert ask(server, f"/sandbox/attachment/{file['rowid']}")[1] == data


def test_base64_is_stored_as_it_is(server):
    send(server, **{"attachments[r.pdf]": "JVBERi0xLjQ="})
    (file,) = letters(server)[0]["attachments"]
    assert ask(server, f"/sandbox/attachment/{file['rowid']}")[1] == b"JVBERi0xLjQ="


def test_old_form_of_the_recipient(server):
    values = {name: value for name, value in LETTER.items() if name != "email"}
    assert "id" in call(server, "sendEmail", **{"email[]": "a@example.com"}, **values)["result"][0]


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"per_minute": 2}, "api_call_limit_exceeded_for_api_key"),
        ({"calls_per_minute": 2}, "api_call_limit_exceeded_for_api_key"),
        ({"calls_per_minute": 2, "ip_limit": True}, "api_call_limit_exceeded_for_ip"),
        ({"per_day": 2}, "api_call_limit_exceeded_for_api_key"),
    ],
)
def test_limits(settings, code):
    with serving(**settings) as server:
        for number in range(2):
            assert "result" in send(server, email=f"a{number}@example.com")
        assert send(server, email="b@example.com")["code"] == code
        control(server, "clock", advance=86401)
        assert "result" in send(server, email="b@example.com")


def test_many_at_once_get_no_more_than_the_limit():
    with serving(per_minute=5, address_seconds=60) as server:
        answers = []
        threads = [
            threading.Thread(target=lambda n=n: answers.append(send(server, email=f"{n}@x.ru")))
            for n in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum("result" in answer for answer in answers) == len(letters(server)) == 5


@pytest.mark.parametrize(
    ("settings", "code"),
    [({"api_off": True}, "access_denied"), ({"empty_account": True}, "not_enough_money")],
)
def test_moods_of_the_account(server, settings, code):
    control(server, "settings", **settings)
    assert send(server)["code"] == code
    assert letters(server) == []


def test_unknown_setting_is_refused(server):
    assert ask(server, "/sandbox/settings", b'{"no_such": 1}')[0] == 400


@pytest.mark.parametrize(
    "code",
    "retry_later not_enough_money access_denied unspecified api_call_limit_exceeded_for_ip".split(),
)
def test_each_error_code_by_order(server, code):
    control(server, "fault", kind="code", code=code)
    assert send(server)["code"] == code
    assert letters(server) == []
    assert "result" in send(server)


@pytest.mark.parametrize(("kind", "taken"), [("drop_before", 0), ("drop_after", 1)])
def test_dropped_connection(server, kind, taken):
    control(server, "fault", kind=kind)
    with pytest.raises((urllib.error.URLError, OSError)):
        send(server)
    assert len(letters(server)) == taken


def test_slow_after_acceptance_is_the_duplicate_trap(server, capfd):
    control(server, "fault", kind="slow_after", seconds=0.5)
    with pytest.raises((TimeoutError, urllib.error.URLError)):
        ask(server, "/ru/api/sendEmail", form(api_key=KEY, **LETTER), timeout=0.1)
    assert len(letters(server)) == 1


@pytest.mark.parametrize(
    ("kind", "status", "taken"),
    [
        *((kind, status, 1) for kind, status in faults.LOST.items()),
        *((kind, status, 0) for kind, status in faults.REFUSED.items()),
    ],
)
def test_odd_answers(server, kind, status, taken):
    control(server, "fault", kind=kind)
    found, content = ask(server, "/ru/api/sendEmail", form(api_key=KEY, **LETTER))
    assert found == status
    with pytest.raises(ValueError):
        json.loads(content)
    assert len(letters(server)) == taken
    assert "result" in send(server)


def test_fault_by_chance_and_for_another_method(server):
    control(server, "fault", kind="code", code="retry_later", method="getLists", times=1)
    control(server, "fault", kind="drop_before", chance=0, times=100)
    assert "result" in send(server)
    assert call(server, "getLists")["code"] == "retry_later"


def test_a_client_that_goes_away_leaves_no_traceback(server, capfd):
    control(server, "fault", kind="slow_after", seconds=0.2, times=3)
    done = threading.Event()
    original = server.shutdown_request

    def closed(request):
        original(request)
        done.set()

    server.shutdown_request = closed
    body = form(api_key=KEY, **LETTER)
    with socket.create_connection(("127.0.0.1", server.server_port)) as client:
        head = f"POST /ru/api/sendEmail HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall(head.encode() + body)
        # a reset, not a polite end
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    assert done.wait(10)
    assert "Traceback" not in capfd.readouterr().err


def test_faults_limits_and_clock_from_the_inbox(server):
    page = ask(server, "/")[1].decode()
    assert "Писем пока нет" in page and "not_enough_money" in page
    ask(server, "/do", form(code="not_enough_money"))
    assert send(server)["code"] == "not_enough_money"
    ask(server, "/do", form(fault="http_502"))
    assert ask(server, "/ru/api/sendEmail", form(api_key=KEY, **LETTER))[0] == 502
    before = control(server, "clock", advance=0)["now"]
    ask(server, "/do", form(advance=86400))
    assert control(server, "clock", advance=0)["now"] - before >= 86400
    assert "a@example.com" in ask(server, "/")[1].decode()
    ask(server, "/do", form(mood=0))
    assert control(server, "settings")["per_minute"] == 5


def test_account_methods(server):
    assert call(server, "getUserInfo")["result"]["currency"] == "RUB"
    made = call(server, "createList", title="Новый")["result"]["id"]
    assert made in [entry["id"] for entry in call(server, "getLists")["result"]]
    assert call(server, "createList", title="Новый")["code"] == "invalid_arg"
    checked = call(server, "getCheckedEmail", login="ID7208007", email="from@example.com")["result"]
    assert checked[0]["is_checked"] is True


def test_contact_has_the_times_of_the_last_letter(server):
    send(server, email="read@example.com", track_read="1")
    control(server, "clock", advance=3600)
    contact = call(server, "getContact", email="read@example.com")["result"]["email"]
    assert contact["last_send_datetime"] < contact["last_delivery_datetime"]
    assert contact["last_delivery_datetime"] < contact["last_read_datetime"]
    assert contact["last_click_datetime"] is None


@pytest.mark.parametrize("inside", [True, False])
def test_place_of_failed_ids(server, inside):
    control(server, "settings", failed_ids_inside=inside)
    answer = call(server, "checkEmail", email_id="1,2")
    place = answer["result"] if inside else answer
    assert place["failed_email_id"] == [{"1": "not found"}, {"2": "not found"}]


def test_a_month_of_statuses_passes_in_a_second(server):
    numbers = [send(server, email=f"noread.{n}@example.com")["result"][0]["id"] for n in range(9)]
    control(server, "clock", advance=29 * 86400)
    statuses = call(server, "checkEmail", email_id=",".join(numbers))["result"]["statuses"]
    assert {entry["status"] for entry in statuses} == {"ok_delivered"}
    control(server, "clock", advance=2 * 86400)
    found = call(server, "checkEmail", email_id=",".join(numbers))["result"]
    assert found["statuses"] == [] and len(found["failed_email_id"]) == 9


@pytest.mark.parametrize(
    "path", ["/", "/sandbox/letters", "/sandbox/go/letters", "/go/", "/do", "/body/1"]
)
def test_inbox_and_control_ask_for_the_token(server, path):
    server.token = "secret-token"
    data = b"{}" if path == "/do" else None
    assert ask(server, path, data)[0] == 403
    assert ask(server, f"{path}?token=wrong", data)[0] == 403
    assert ask(server, f"{path}?token=secret-token", data)[0] != 403


def test_the_token_is_kept_by_a_browser_and_not_asked_of_callers(server):
    server.token = "secret-token"
    url = f"http://127.0.0.1:{server.server_port}"
    with urllib.request.urlopen(f"{url}/?token=secret-token", timeout=10) as answer:
        cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    for headers in ({"Cookie": cookie.partition(";")[0]}, {"X-Sandbox-Token": "secret-token"}):
        request = urllib.request.Request(f"{url}/sandbox/letters", headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200 and not answer.headers["Set-Cookie"]
    assert ask(server, "/ru/api/getLists", form(api_key=KEY))[0] == 200
