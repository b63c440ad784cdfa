"""The client against servers that misbehave: what may be sent again, and what may never be."""

import contextlib
import gzip
import json
import logging
import socket
import threading
import traceback

import pytest
from tools.unisender import errors
from tools.unisender.client import Letter, UniSenderClient

from sandbox.certificate import make_certificate
from tests_unit.misbehaving import Server, answer, raw

KEY = "secret-key+5501"
LETTER = Letter(
    email="anna@example.com",
    sender_name="УК «Демо»",
    sender_email="noreply@uk-demo.example.com",
    subject="Квитанция & ё",
    body="<p>+ % & = ё</p>",
    list_id="20547",
)
FINE = json.dumps({"result": [{"index": 0, "email": "anna@example.com", "id": "7"}]})


def client(url, read=1.0):
    return UniSenderClient(KEY, url, timeout=(1, read))


@contextlib.contextmanager
def answering(value, **more):
    body = value if isinstance(value, (str, bytes)) else json.dumps(value)
    with Server(answer(body, **more)) as server:
        yield server, client(server.url)


# --- doubt -----------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n"


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (raw(b"", then_wait=0.6), "timeout"),
        (raw(HEAD + b'{"res', then_wait=0.6), "timeout"),
        (raw(b""), "broken_connection"),
        (raw(HEAD + b'{"res'), None),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"), "broken_connection"),
        (raw(b"what is this\r\n\r\n"), "broken_connection"),
        (answer("<html>Bad Gateway</html>", 502), "http_502"),
        (answer('{"error": "x", "code": "retry_later"}', 500), "http_500"),
        (answer("<html>Not found</html>", 404), "http_404"),
        (answer("", 302, ["Location: http://127.0.0.1:9/"]), "http_302"),
        (answer("<html>Welcome to the hotel</html>"), "not_json"),
        (answer(""), "not_json"),
        (answer("[1]"), "not_json"),
        (answer("{}"), "not_json"),
        (answer("[" * 100_000), "not_json"),
        (answer('{"result": []}'), "no_id"),
        (answer('{"result": null}'), "no_id"),
        (answer('{"result": [{"index": 0}]}'), "no_id"),
        (answer('{"result": "ok"}'), "no_id"),
        (answer(b"\xff\xfe"), "not_json"),
        (answer("not gzip", headers=["Content-Encoding: gzip"]), "broken_connection"),
    ],
)
def test_every_doubt_is_an_unknown_result(script, code):
    with Server(script) as server:
        with pytest.raises(errors.ResultUnknown) as caught:
            client(server.url, read=0.3).send_email(LETTER)
        assert code in (None, caught.value.code)
        assert len(server.requests) == 1, "never sent again by itself"


def test_an_endless_answer_is_cut():
    with answering(b"x" * (9 * 2**20)) as (_server, uni):
        with pytest.raises(errors.ResultUnknown) as caught:
            uni.send_email(LETTER)
    assert caught.value.code == "too_long_answer"


def test_a_cut_while_the_body_goes_out_is_a_doubt_too():
    """The service may have read all it needs before the connection broke."""
    with Server(raw(b""), read_body=False) as server:
        big = Letter(**{**LETTER.__dict__, "attachments": (("a.pdf", b"x" * 5_000_000),)})
        with pytest.raises(errors.ResultUnknown):
            client(server.url).send_email(big)


# --- nothing went out --------------------------------------------------------------------------


def test_a_refused_connection():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(errors.ConnectFailed) as caught:
        client(f"http://127.0.0.1:{port}").send_email(LETTER)
    assert caught.value.code == "connect_failed"


@pytest.mark.parametrize(
    "url", ["http://no-such-host.invalid", "http://", "nonsense", "ftp://127.0.0.1", "http://[::1"]
)
def test_no_such_address(url):
    with pytest.raises(errors.ConnectFailed):
        client(url).send_email(LETTER)


def test_no_tls_on_the_other_side():
    with answering(FINE) as (server, _uni):
        with pytest.raises(errors.ConnectFailed):
            client(server.url.replace("http:", "https:")).send_email(LETTER)


def test_a_handshake_that_hangs(monkeypatch):
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    monkeypatch.delenv("https_proxy", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        uni = UniSenderClient(KEY, url, timeout=(0.3, 0.3))
        with pytest.raises(errors.ConnectFailed):
            uni.send_email(LETTER)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of localhost that nobody vouches for, and its key: two PEM files."""
    return make_certificate(tmp_path_factory.mktemp("tls"), ["localhost"])


def test_a_certificate_that_is_not_trusted(certificate):
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            with contextlib.suppress(OSError):
                peer, _address = listener.accept()
                context.wrap_socket(peer, server_side=True)

        threading.Thread(target=serve, daemon=True).start()
        url = f"https://localhost:{listener.getsockname()[1]}"
        with pytest.raises(errors.ConnectFailed) as caught:
            client(url).send_email(LETTER)
    assert KEY not in str(caught.value)


def test_a_text_that_cannot_be_sent_is_refused_before_it_goes():
    with answering(FINE) as (server, uni):
        with pytest.raises(errors.Rejected) as caught:
            uni.send_email(Letter(**{**LETTER.__dict__, "subject": "\ud800"}))
        assert caught.value.code == "bad_text" and not server.requests


# --- definite answers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "status", "kind"),
    [
        ({"error": "x", "code": "invalid_api_key"}, 200, errors.AuthError),
        ({"error": "x", "code": "invalid_api_key"}, 401, errors.AuthError),
        ({"error": "x", "code": "api_call_limit_exceeded_for_ip"}, 429, errors.RateLimited),
        ("<html>Too many requests</html>", 429, errors.RateLimited),
        ("<html>Too large</html>", 413, errors.Rejected),
        ({"error": "x"}, 200, errors.Rejected),
        ({"error": "x", "code": ["odd"]}, 200, errors.Rejected),
        ({"error": "x", "code": 7}, 200, errors.Rejected),
        ({"result": [{"errors": [{"code": "has_been_sent"}]}]}, 200, errors.RetryLater),
        ({"result": [{"errors": {"0": {"code": "retry_later"}}}]}, 200, errors.RetryLater),
        ({"result": [{"errors": {"code": "invalid_email"}}]}, 200, errors.Rejected),
        ({"result": [{"errors": ["odd"]}]}, 200, errors.Rejected),
        ({"result": [{"error": "old form"}]}, 200, errors.Rejected),
        ({"result": {"errors": [{"code": "empty_sender_name"}]}}, 200, errors.SenderProblem),
    ],
)
def test_definite_refusals(value, status, kind):
    with answering(value, status=status) as (_server, uni), pytest.raises(kind):
        uni.send_email(LETTER)


@pytest.mark.parametrize(
    "value",
    [
        {"result": [{"index": 0, "email": "a@x", "id": "7"}]},
        {"result": [{"id": 7}], "warnings": [{"warning": "x"}]},
        {"result": {"email_id": 7}},
        {"result": {"email_id": "7"}, "request": "any other key"},
        {"result": [{"id": "7", "errors": []}], "error": None},
        gzip.compress(FINE.encode()),
    ],
)
def test_all_shapes_of_success(value):
    headers = ["Content-Encoding: gzip"] if isinstance(value, bytes) else []
    with answering(value, headers=headers) as (_server, uni):
        assert uni.send_email(LETTER).provider_id == "7"


# --- what goes out -----------------------------------------------------------------------------


def test_the_request_byte_by_byte():
    file = bytes(range(256)) * 10
    letter = Letter(
        **{
            **LETTER.__dict__,
            "to_name": 'Анна <x@y>, "К"',
            "attachments": (("r[1].pdf", file), ("empty.txt", b"")),
            "metadata": {"key": "k1"},
            "reply_to": "a@b.example\r\nBcc: all@example.com",
            "ref_key": "5",
            "track_links": True,
        }
    )
    with answering(FINE) as (server, uni):
        uni.send_email(letter)
        line, headers, form = server.requests[0]
    assert line == "POST /ru/api/sendEmail HTTP/1.1", "the key never stands in an address"
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert "authorization" not in headers
    assert form["api_key"] == KEY.encode() and form["format"] == b"json"
    assert form["attachments[r_1_.pdf]"] == file and form["attachments[empty.txt]"] == b""
    assert form["body"].decode() == LETTER.body and form["subject"].decode() == LETTER.subject
    assert form["email"].decode() == "Анна x@y К <anna@example.com>"
    assert b"\n" not in form["headers"] and b"\r" not in form["headers"]
    assert form["metadata[key]"] == b"k1" and form["ref_key"] == b"5"
    assert [form[x] for x in ("error_checking", "track_read", "track_links")] == [b"1"] * 3


def test_connections_are_kept():
    with answering(FINE) as (server, uni):
        for _turn in range(5):
            uni.send_email(LETTER)
        assert server.connections == 1 and len(server.requests) == 5
        uni.close()


def test_a_kept_connection_that_went_stale_does_no_harm():
    """The server hangs up an idle connection: seen before the next call, which takes a new one."""
    gone = threading.Event()

    def script(number, connection):
        answer(FINE)(number, connection)
        if number == 1:
            connection.shutdown(socket.SHUT_RDWR)
            gone.set()
            return False
        return True

    with Server(script) as server:
        uni = client(server.url)
        uni.send_email(LETTER)
        assert gone.wait(2)
        assert uni.send_email(LETTER).provider_id == "7"
        assert len(server.requests) == 2


# --- the key -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script",
    [
        raw(b""),
        raw(b"", then_wait=0.6),
        answer("<html>", 502),
        answer(json.dumps({"error": f"wrong key {KEY}!", "code": "invalid_api_key"})),
        answer(json.dumps({"result": [{"errors": [{"code": "x", "message": KEY}]}]})),
        answer("", 302, ["Location: /elsewhere"]),
    ],
)
def test_the_key_is_in_no_error_log_or_frame(script, caplog):
    caplog.set_level(logging.DEBUG)
    with Server(script) as server:
        uni = client(server.url, read=0.3)
        with pytest.raises(errors.UniSenderError) as caught:
            uni.send_email(LETTER)
    error = caught.value
    seen = "".join(traceback.format_exception(error)) + repr(error) + str(error.args) + repr(uni)
    assert KEY not in seen and KEY not in caplog.text
    assert error.__cause__ is None and error.__context__ is None
    trace = error.__traceback__.tb_next  # the first frame is this test
    while trace:
        for name, value in trace.tb_frame.f_locals.items():
            assert KEY not in repr(value) and "secret-key%2B" not in repr(value), name
        trace = trace.tb_next


# --- reading -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "statuses", "failed"),
    [
        (
            {"result": {"statuses": [{"id": 1, "status": "ok_sent"}], "status": "ok_sent"}},
            {"1": "ok_sent"},
            {},
        ),
        (
            {"result": {"statuses": [], "failed_email_id": [{"5": "x"}, {"6": "y"}]}},
            {},
            {"5": "x", "6": "y"},
        ),
        ({"result": {"statuses": []}, "failed_email_id": {"5": "x"}}, {}, {"5": "x"}),
        ({"result": {"statuses": []}, "failed_email_id": [5, "6"]}, {}, {"5": "", "6": ""}),
        ({"result": {"statuses": [], "failed_email_id": "5,6"}}, {}, {"5": "", "6": ""}),
        (
            {"result": {"statuses": {"3": {"id": "1", "status": "ok_read"}}}},
            {"1": "ok_read"},
            {},
        ),
        ({"result": []}, {}, {}),
        ({"result": {"statuses": [None, {"id": 1}, {"status": "ok_read"}, "x"]}}, {}, {}),
    ],
)
def test_all_shapes_of_statuses(value, statuses, failed):
    with answering(value) as (server, uni):
        found = uni.check_email(["1", 5])
        assert (found.statuses, found.failed) == (statuses, failed)
        assert server.requests[0][2]["email_id"] == b"1,5"


def test_at_most_500_ids_a_call():
    with answering(FINE) as (server, uni), pytest.raises(ValueError):
        uni.check_email(range(501))
    assert not server.requests


def test_contacts_in_utc():
    times = {"last_delivery_datetime": "2026-04-02 10:38:22", "last_read_datetime": "0000-00-00"}
    with answering({"result": {"email": {"email": "a@x", "status": "active", **times}}}) as (
        _s,
        uni,
    ):
        contact = uni.get_contact("a@x")
    assert contact.last_delivery.isoformat() == "2026-04-02T10:38:22+00:00"
    assert contact.last_read is None and contact.last_send is None
    with answering({"result": []}) as (_server, uni):
        assert uni.get_contact("a@x").last_send is None


@pytest.mark.parametrize(
    ("value", "expected"), [(True, True), ("1", True), (1, True), ("0", False), (False, False)]
)
def test_confirmed_senders(value, expected):
    with answering({"result": [{"email": "A@x", "is_checked": value}]}) as (_server, uni):
        assert uni.get_checked_email("login", "a@X") is expected
        assert uni.get_checked_email("login", "other@x") is None


@pytest.mark.parametrize(
    "told",
    ["w", ["w"], [{"warning": "w"}], {"0": "w"}, ["w", "w"], [["w"]], None, [], 5],
)
def test_warnings_in_any_shape(told):
    entry = {"index": 0, "email": "a@x", "id": "7", "warnings": told}
    for value in ({"result": [entry]}, {"result": {"email_id": "7"}, "warnings": told}):
        with answering(value) as (_server, uni):
            found = uni.send_email(LETTER).warnings
        assert len(found) <= 1 and all(isinstance(one, str) for one in found)
        assert not told or found


def test_lists_and_hooks():
    with answering({"result": [{"id": 5, "title": "Т"}, {"id": "6"}, None]}) as (_server, uni):
        assert uni.get_lists() == [("5", "Т"), ("6", "6")]
    with answering({"result": {"id": 5}}) as (server, uni):
        assert uni.create_list("Т") == "5"
        uni.set_hook("https://x/y")
        uni.remove_hook("https://x/y")
        assert server.requests[1][2]["events[email_status]"] == b"*"
    with answering({"result": [{"hook_url": "https://x"}]}) as (_server, uni):
        assert uni.list_hooks() == [{"hook_url": "https://x"}]
