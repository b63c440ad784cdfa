"""The client of Unisender Go against the sandbox over a real socket, and against servers that misbehave."""

import base64
import contextlib
import gzip
import hashlib
import io
import json
import threading
import urllib.request
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import Mock

import pytest
import requests
from tools.unisender import errors, pool, statuses, webhook
from tools.unisender.client import Letter
from tools.unisender_go import events
from tools.unisender_go.client import UniSenderGoClient, encode_header, neutralize
from tools.unisender_go.errors import DumpMissing
from urllib3 import HTTPResponse

from sandbox.go.hooks import GoHookSender
from sandbox.go.service import GoService
from sandbox.server import SandboxServer
from sandbox.service import Service
from sandbox.store import Store
from tests_unit.misbehaving import Server, answer

KEY = "go-key-of-the-office-1234"
LETTER = Letter(
    email="noread.anna@example.com",
    sender_name="УК «Демо»",
    sender_email="noreply@uk-demo.example.com",
    subject="Квитанция & ё {{name}}",
    body="<p>{{payer}} + % & = ё {% if %}</p>",
    list_id="",
    to_name="Анна <Петрова>",
    attachments=(("квитанция.pdf", b"%PDF-1.4 \x00\xff"),),
    metadata={"key": "k-1", "db": "office"},
    ref_key="k-1",
    reply_to="office@uk-demo.example.com",
)


@pytest.fixture
def box():
    """A sandbox: ``box.url``, ``box.go`` (its service), ``box.client()``."""
    server = SandboxServer(
        ("127.0.0.1", 0), (classic := Service(Store())), GoService(classic.store, api_key=KEY)
    )
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    server.client = lambda **more: UniSenderGoClient(KEY, server.url, timeout=(1, 1), **more)
    yield server
    server.shutdown()
    server.server_close()


@contextlib.contextmanager
def receiver():
    """Yield the address of a webhook on this machine and the list of the bodies it got."""
    bodies = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", bodies
    server.shutdown()
    server.server_close()


def replaced(**changes):
    return Letter(**{**LETTER.__dict__, **changes})


def test_a_letter_arrives_byte_by_byte(box):
    job = box.client().send_email(LETTER).provider_id
    (letter,) = box.go.store.letters()
    assert letter["job_id"] == job
    assert letter["email"] == LETTER.email
    assert letter["metadata"] == LETTER.metadata
    assert letter["reply_to"] == LETTER.reply_to
    (file,) = letter["attachments"]
    assert file["name"] == "квитанция.pdf"
    assert file["sha256"] == hashlib.sha256(LETTER.attachments[0][1]).hexdigest()


def test_braces_of_data_are_no_fields_of_the_service(box):
    box.client().send_email(LETTER)
    (letter,) = box.go.store.letters()
    assert "payer" in letter["body"], "the service took a text of ours for a field of its own"
    assert "{{payer}}" not in letter["body"]
    assert neutralize("a {b} {{c}} {{{d}}}").replace("\u2060", "") == "a {b} {{c}} {{{d}}}"


def test_header_values_are_coded():
    assert encode_header("a\r\nBcc: x") == "a Bcc: x"
    assert encode_header("УК Демо").startswith("=?utf-8?")


@pytest.mark.parametrize(
    ("local", "code"),
    [
        ("unsubscribed", "unsubscribed_globally"),
        ("invalid", "invalid_email"),
        ("later", "temporary_unavailable"),
        ("dead", "permanent_unavailable"),
        ("complained", "unsubscribed_globally"),
        ("blocked", "blocked"),
    ],
)
def test_a_refused_recipient_is_told_with_its_reason(box, local, code):
    with pytest.raises(errors.Rejected) as caught:
        box.client().send_email(replaced(email=f"{local}@example.com"))
    assert caught.value.code == code
    assert not box.go.store.letters()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"wrong_server": True}, errors.AuthError),
        ({"api_key": "another"}, errors.AuthError),
        ({"free_tariff": True}, errors.NoMoney),
        ({"no_money": True}, errors.NoMoney),
        ({"domain_verified": False}, errors.SenderProblem),
        ({"dkim_active": False}, errors.SenderProblem),
    ],
)
def test_a_refusal_is_of_the_right_class(box, settings, expected):
    box.go.change_settings(settings)
    with pytest.raises(expected) as caught:
        box.client().send_email(LETTER)
    assert KEY not in str(caught.value)


def test_the_days_limit_waits_for_the_day(box):
    box.go.change_settings({"per_day": 1})
    client = box.client()
    client.send_email(LETTER)
    with pytest.raises(errors.DayLimit):
        client.send_email(replaced(ref_key="k-2"))


@pytest.mark.parametrize("kind", ["slow_after", "drop_after", "http_502", "http_504", "non_json"])
def test_a_lost_answer_is_asked_for_again_within_the_minute(box, kind):
    box.go.faults.append({"kind": kind, "times": 1, "seconds": 2})
    assert box.client().send_email(LETTER).provider_id == ""
    assert len(box.go.store.letters()) == 1


@pytest.mark.parametrize("kind", ["http_500", "http_503"])
def test_a_letter_that_the_service_failed_to_take_goes_by_the_second_try(box, kind):
    box.go.faults.append({"kind": kind, "times": 1})
    assert box.client().send_email(LETTER).provider_id
    assert len(box.go.store.letters()) == 1


@pytest.mark.parametrize("kind", ["slow_after", "drop_after", "http_502", "non_json"])
def test_after_the_minute_nothing_is_repeated(box, kind):
    clock = iter([0, 50])
    box.go.faults.append({"kind": kind, "times": 1, "seconds": 2})
    with pytest.raises(errors.ResultUnknown):
        box.client(clock=lambda: next(clock)).send_email(LETTER)
    assert len(box.go.store.letters()) == 1


def test_without_a_key_nothing_is_repeated(box):
    box.go.faults.append({"kind": "drop_after", "times": 1})
    with pytest.raises(errors.ResultUnknown):
        box.client().send_email(replaced(ref_key=None))
    assert len(box.go.store.letters()) == 1


def test_a_suppressed_address_may_come_of_the_first_try(box):
    """The lost try was taken and bounced at once: the second is rejected for that very bounce."""
    box.go.faults.append({"kind": "drop_after", "times": 1})
    real = box.go._read_rejection
    box.go._read_rejection = lambda email: (
        "permanent_unavailable" if box.go.store.letters() else real(email)
    )
    box.go.change_settings(
        {"idempotence_seconds": 0}
    )  # the order of the service's checks is not known
    with pytest.raises(errors.ResultUnknown):
        box.client().send_email(LETTER)
    assert len(box.go.store.letters()) == 1


def test_a_dump_is_not_fetched_from_this_machine():
    client = UniSenderGoClient(KEY, "https://go1.unisender.ru")
    for url in ("http://127.0.0.1:8069/web", "http://LOCALHOST/x", "http://[::1]:1/"):
        with pytest.raises(errors.ForbiddenAddress):
            client.read_dump(url)


def test_a_dump_tells_a_proxy_by_its_user_agent():
    head = (
        b"event_time;job_id;email;status;user_agent\r\n2026-11-26 10:00:00;j;a@example.com;opened;"
    )
    for agent, raw in (
        (
            b'"Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"',
            "opened_protected",
        ),
        (b"Mozilla/5.0", "opened_protected"),
        (b'"Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"', "opened"),
        (b"", "opened"),
    ):
        (event,) = events.read_dump(head + agent + b"\r\n")
        assert event.raw_status == raw


def test_what_hinders_the_second_try_leaves_the_first_unknown(box):
    box.go.faults += [
        {"kind": "drop_after", "times": 1},
        {"kind": "http_429", "times": 1},
    ]
    with pytest.raises(errors.ResultUnknown):
        box.client().send_email(LETTER)
    assert len(box.go.store.letters()) == 1


def test_the_pool_sends_by_go_too(box):
    letters = [(n, replaced(email=f"noread.p{n}@example.com", ref_key=f"k{n}")) for n in range(20)]
    outcomes = pool.send_many(box.client(), letters, 4)
    assert {one.kind for one in outcomes.values()} == {"sent"}
    assert len(box.go.store.letters()) == 20


def test_a_server_that_is_no_service(box):
    with Server(answer(b"<html>", status=500)) as server:
        client = UniSenderGoClient(KEY, server.url, timeout=(1, 1), clock=iter([0, 99]).__next__)
        with pytest.raises(errors.ResultUnknown):
            client.send_email(LETTER)
    with pytest.raises(errors.ConnectFailed):
        UniSenderGoClient(KEY, "http://127.0.0.1:9", timeout=(1, 1)).ping()


def test_too_large_is_of_the_letter():
    client = UniSenderGoClient(KEY, "http://127.0.0.1:9")
    with pytest.raises(errors.Rejected) as caught:
        client.send_email(replaced(attachments=(("a.pdf", b"x" * (7 * 2**20 + 1)),)))
    assert caught.value.code == "attachment_quota_error"


def test_the_account_and_the_domain(box):
    client = box.client()
    assert client.ping() == "11344"
    assert client.get_account().email == "office@uk-demo.example.com"
    state = client.get_domain("uk-demo.example.com")
    assert (state.verified, state.dkim) == (True, True)
    assert not client.get_domain("other.example.com").verified


def test_suppressions(box):
    client = box.client()
    client.call("suppression/set", {"email": "a@example.com", "cause": "unsubscribed"})
    (found,) = client.get_suppression("a@example.com")
    assert (found.cause, found.deletable) == ("unsubscribed", True)
    listed, cursor = client.list_suppressions(datetime.now(UTC) - timedelta(days=1))
    assert [one.email for one in listed] == ["a@example.com"] and not cursor
    with pytest.raises(errors.Rejected):
        client.send_email(replaced(email="a@example.com"))


def test_a_dump_is_read_whole(box):
    box.go.change_settings({"speed": 1e6, "dump_seconds": 0})
    client = box.client()
    for number in range(60):  # more than the service's default limit of 50 rows
        client.send_email(replaced(email=f"noread.p{number}@example.com", ref_key=f"k{number}"))
    box.go.store.store.offset += 10
    now = datetime.now(UTC)
    dump = client.get_dump(client.create_dump(now - timedelta(hours=1), now + timedelta(hours=1)))
    assert dump.state == "ready"
    found = list(events.read_dump(client.read_dump(dump.urls[0])))
    assert len([one for one in found if one.status == "delivered"]) == 60
    assert found[0].metadata == LETTER.metadata
    client.delete_dump(dump.dump_id)
    with pytest.raises(errors.UniSenderError):
        client.get_dump(dump.dump_id)


def test_files_of_a_dump_may_come_as_an_object():
    """As PHP writes a list with holes; without them the dump would be taken for one of no events."""
    found = {
        "dump_status": "ready",
        "files": {"1": {"url": "https://a/1"}, "3": {"url": "https://a/3"}},
    }
    client = UniSenderGoClient(KEY)
    client.call = lambda *_arguments: {"event_dump": found}
    assert client.get_dump("d").urls == ("https://a/1", "https://a/3")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("project", [False, True])
def test_events_come_signed_in_every_shape(box, packed, flat, project):
    box.go.change_settings(
        {"speed": 1e6, "hook_gzip": packed, "hook_flat": flat, "hook_project": project}
    )
    with receiver() as (url, bodies):
        client = box.client()
        client.set_hook(url)
        assert [one["url"] for one in client.list_hooks()] == [url]
        client.send_email(replaced(email="click.mpp@example.com", track_links=True))
        box.go.store.store.offset += 3600
        GoHookSender(box.go).turn()
    found = []
    for raw in bodies:
        raw = webhook.unpack(raw)
        assert webhook.verify(raw, KEY)
        assert not webhook.verify(raw, KEY + "x")
        found += events.parse(raw)
    assert [one.status for one in found] == ["sent", "delivered", "opened", "clicked"]
    assert found[0].metadata == LETTER.metadata
    assert len({one.key for one in found}) == 4


def test_an_image_proxy_proves_no_person():
    event = events.GoEvent("j", "a@x", "opened", "", None, traffic="protected")
    assert statuses.get_status(event.raw_status).kind == "machine_opened"
    event = events.GoEvent("j", "a@x", "opened", "", None, traffic="human")
    assert statuses.get_status(event.raw_status).kind == "opened"


@pytest.mark.parametrize(
    ("raw", "kind", "final", "failure"),
    [
        ("sent", "sent", False, None),
        ("soft_bounced:err_mailbox_full", "deferred", False, "mailbox_full"),
        ("soft_bounced:err_new_thing", "deferred", False, None),
        ("hard_bounced:err_user_unknown", "failed", True, "invalid_address"),
        ("hard_bounced:err_new_thing", "failed", True, "other"),
        ("hard_bounced", "failed", True, "other"),
        ("delivered", "delivered", False, None),
        ("spam", "complained", True, None),
        ("unsubscribed", "unsubscribed", True, None),
        ("subscribed", "pending", False, None),
        ("something_new", "pending", False, None),
    ],
)
def test_statuses(raw, kind, final, failure):
    status = statuses.get_status(raw)
    assert (status.kind, status.final, status.failure_type) == (kind, final, failure)


def test_the_captured_signature_holds():
    """A body captured by others is 525 bytes with this mark; ours has the same shape: compact, ``/`` escaped."""
    body = (
        b'{"auth":"%s","events_by_user":[{"user_id":456,"events":[{"event_name":"transactional_email_status",'
        b'"event_data":{"job_id":"1a-b","email":"a@example.com","status":"clicked",'
        b'"event_time":"2026-11-26 10:00:00","url":"http:\\/\\/x.example\\/"}}]}]}'
    )
    mark = hashlib.md5(body % KEY.encode()).hexdigest().encode()
    raw = body % mark
    assert webhook.verify(webhook.unpack(gzip.compress(raw)), KEY)
    (event,) = events.parse(raw)
    assert event.url == "http://x.example/"
    assert event.event_at == datetime(2026, 11, 26, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b'{"events_by_user":5}', b'{"a":1}', b"[" * 9999]
)
def test_odd_bodies_raise_or_are_empty(raw):
    try:
        assert events.parse(raw) == []
    except webhook.WebhookError:
        pass


def test_the_request_is_what_the_reference_says(box):
    seen = []
    original = box.go.call
    box.go.call = lambda method, data, key: (
        seen.append((method, data, key)),
        original(method, data, key),
    )[1]
    box.client().send_email(LETTER)
    method, data, key = seen[0]
    message = data["message"]
    assert (method, key) == ("email/send", KEY)
    assert "api_key" not in data, "the key goes in the header alone"
    assert base64.b64decode(message["attachments"][0]["content"]) == LETTER.attachments[0][1]
    assert message["attachments"][0]["type"] == "application/pdf"
    assert message["recipients"] == [
        {"email": LETTER.email, "substitutions": {"to_name": "Анна Петрова"}}
    ]
    assert message["global_metadata"] == LETTER.metadata
    assert message["idempotence_key"] == "k-1"
    assert (message["track_read"], message["track_links"]) == (1, 0)


def test_the_sandbox_lists_its_behaviours(box):
    box.client().send_email(LETTER)
    for path in ("/go/", "/go/letter/1"):
        with urllib.request.urlopen(box.url + path) as page:
            text = page.read().decode()
    assert "квитанция.pdf" in text
    with urllib.request.urlopen(f"{box.url}/sandbox/go/letters?email={LETTER.email}") as page:
        assert len(json.load(page)) == 1


def test_a_letter_declined_at_its_first_call_is_not_called_sent(box):
    """The key of an earlier, rejected try may be remembered: nobody knows that a letter went."""
    box.go.faults.append({"kind": "drop_after", "times": 1})
    with pytest.raises(errors.ResultUnknown):
        box.client(clock=iter([0, 50]).__next__).send_email(LETTER)
    with pytest.raises(errors.ResultUnknown):
        box.client().send_email(LETTER)
    assert len(box.go.store.letters()) == 1


@pytest.mark.parametrize("traffic", ["machine", "protected"])
def test_a_link_that_a_program_followed_proves_no_person(traffic):
    data = {
        "event_name": "transactional_email_status",
        "job_id": "j",
        "status": "clicked",
        "event_time": "2026-11-26 10:00:00",
        "delivery_info": {"traffic_type": traffic},
    }
    (event,) = events.parse(json.dumps(data).encode())
    assert event.raw_status == f"clicked_{traffic}"
    assert statuses.get_status(event.raw_status).kind == "machine_opened"


def test_a_dump_of_nothing_is_empty_and_another_file_is_none():
    head = b"job_id;email;status;event_time\r\n"
    rows = b"a;x@x;sent;2026-04-02 12:00:00\r\n\r\nb;y@y;sent\r\nc;z@z;sent;2026-4-2 1:2:3;more\r\n"
    found = list(events.read_dump(head + rows))
    assert [(one.job_id, str(one.event_at)) for one in found] == [
        ("a", "2026-04-02 12:00:00+00:00"),
        ("b", "None"),
        ("c", "2026-04-02 01:02:03+00:00"),
    ]
    assert list(events.read_dump(head + rows, 2)) == [None, None, found[2]]
    assert list(events.read_dump(b"")) == list(events.read_dump(b"\xef\xbb\xbf\r\n")) == []
    with pytest.raises(webhook.WebhookError):
        list(events.read_dump(b"<html>busy</html>"))


@pytest.mark.parametrize("code", ["²", "9" * 5000, None, [], "abc", -1, 1.5])
def test_an_odd_code_is_no_code(code):
    body = json.dumps({"status": "error", "code": code, "message": "odd"}).encode()
    with Server(answer(body, status=400)) as server:
        client = UniSenderGoClient(KEY, server.url, timeout=(1, 1))
        with pytest.raises(errors.ResultUnknown):
            client.ping()


def test_a_letter_that_was_taken_is_not_rejected_by_another_case_of_its_address():
    taken = {"status": "success", "job_id": "j", "emails": ["Noread.Anna@example.com"]}
    body = json.dumps({**taken, "failed_emails": {LETTER.email: "duplicate"}}).encode()
    with Server(answer(body)) as server:
        client = UniSenderGoClient(KEY, server.url, timeout=(1, 1))
        assert client.send_email(LETTER).provider_id == "j"


def test_an_odd_byte_of_a_dump_costs_no_event_and_a_cut_one_is_ordered_again():
    head = b"job_id;email;status;event_time;user_agent\r\n"
    rows = b"a;x@x;sent;2026-04-02 12:00:00;Caf\xe9 1.0\r\nb;y@y;sent;2026-04-02 12:00:00;\r\n"
    assert [one.job_id for one in events.read_dump(head + rows)] == ["a", "b"]
    for cut in (head + "c;ё".encode()[:-1], gzip.compress(head + rows)):
        with pytest.raises(webhook.WebhookError):
            list(events.read_dump(cut))


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_dump_that_ends_within_its_last_row_is_damaged(quote):
    """The row's metadata may be gone: the letter would not be known, and the dump pass for read."""
    head = "event_time;job_id;email;status;metadata;url;user_agent\r\n"
    values = ("2026-04-02 12:00:00", "%s", "x@x", "opened", "{}", "", "Mozilla/5.0 (X11)")
    row = ";".join(f"{quote}{value}{quote}" for value in values)
    whole, last = f"{head}{row % 'a'}\r\n", row % "b"
    ends = [place for place, mark in enumerate(last) if mark == ";"]
    for place in range(1, ends[-1] + 1):
        found = events.read_dump(f"{whole}{last[:place]}".encode())
        assert next(found).job_id == "a", "what came before is kept"
        with pytest.raises(webhook.WebhookError):
            list(found)
    for end in ("", "\n", "\r\n"):  # the last row of another writer of such files may have none
        assert [one.job_id for one in events.read_dump(f"{whole}{last}{end}".encode())] == [
            "a",
            "b",
        ]
        (skipped, read) = events.read_dump(f"{whole}{last}{end}".encode(), 1)
        assert skipped is None and read.job_id == "b"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, DumpMissing) for status in (400, 403, 404, 410)),
        *((status, errors.ConnectFailed) for status in (302, 408, 425, 429, 500, 503)),
    ],
)
def test_a_file_that_is_not_there_is_told_from_one_that_is_not_to_be_had_now(status, error):
    with Server(answer(b"no such key", status=status)) as server:
        client = UniSenderGoClient(KEY, server.url, timeout=(1, 1))
        with pytest.raises(error):
            client.read_dump(f"{server.url}/dump.csv")


@pytest.mark.parametrize("checks_length", [True, False])
@pytest.mark.parametrize("announced", [len(b"whole\n"), len(b"whole\n") + 1, None])
def test_a_file_shorter_than_announced_was_cut_off(announced, checks_length):
    """urllib3 1.26 looks for it only when asked to."""
    headers = {} if announced is None else {"Content-Length": str(announced)}
    raw = HTTPResponse(
        io.BytesIO(b"whole\n"),
        headers,
        preload_content=False,
        enforce_content_length=checks_length,
    )
    answered = requests.Response()
    answered.raw, answered.status_code, answered.headers = raw, 200, raw.headers
    client = UniSenderGoClient(KEY)
    client._session = Mock(get=lambda *_args, **_options: answered)
    if announced in (None, 6):
        assert client.read_dump("https://example.com/dump.csv") == b"whole\n"
    else:
        with pytest.raises(errors.ConnectFailed):
            client.read_dump("https://example.com/dump.csv")


@pytest.mark.parametrize(
    "row",
    [
        'b;y@y;sent;2026-04-02 12:00:00;"Mozilla',  # never closed: all that follows is in it
        'b;"y@y;sent;2026-04-02 12:00:00;"Mozilla"',  # closed where another value begins
        '"b";"y@y";"sent";"2026-04-02 12:00:00";""Mozilla"',
        '"b";"y@y";"sent";"2026-04-02 12:00:00";"Mozilla',
    ],
)
def test_a_stray_quote_swallows_no_rows_in_silence(row):
    head = "job_id;email;status;event_time;user_agent\r\n"
    whole = 'a;x@x;sent;2026-04-02 12:00:00;Say "hello"\r\n'
    last = '"c";"z@z";"sent";"2026-04-02 12:00:00";"Mozilla"\r\n'
    found = events.read_dump(f"{head}{whole}{row}\r\n{last}".encode())
    assert next(found).job_id == "a"
    with pytest.raises(webhook.WebhookError):
        list(found)
    rows = events.read_dump(f"{head}{whole}{last}".encode())
    assert [one.job_id for one in rows] == ["a", "c"]


def test_a_number_of_any_length_costs_no_call():
    """Python turns no text of more than 4 300 digits into a number."""
    one = b'{"event_name":"transactional_email_status","event_data":{"job_id":%s,"status":"sent"}}'
    raw = b'{"events_by_user":[{"events":[%s]}]}' % b",".join((one % (b"1" * 5000), one % b"7"))
    assert [event.job_id for event in events.parse(raw)] == ["1" * 5000, "7"]
