"""The client against a real server on this machine: the sandbox, and one that misbehaves."""

import gzip
import hashlib
import json
import logging
import socket
import threading
import traceback

import pytest
from tools.unisender import errors, pool, statuses, transport, webhook
from tools.unisender.client import Letter, UniSenderClient, letter_size

from sandbox.hooks import encode
from sandbox.server import SandboxServer
from sandbox.service import Service
from sandbox.store import Store

KEY = "secret-key-5501"
SENDER = "noreply@uk-demo.example.com"


@pytest.fixture
def service():
    service = Service(Store(), KEY, SENDER, per_minute=0, address_seconds=0)
    server = SandboxServer(("127.0.0.1", 0), service)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}"
    yield service
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(service):
    return UniSenderClient(KEY, service.url, timeout=(1, 1))


def letter(email="anna@example.com", **more):
    values = {
        "email": email,
        "sender_name": "УК «Демо»",
        "sender_email": SENDER,
        "subject": "Квитанция & ё",
        "body": "<p>+ % & = ё</p>",
        "list_id": "20547",
        **more,
    }
    return Letter(**values)


def test_a_letter_arrives_byte_by_byte(service, client):
    data = bytes(range(256)) * 40
    sent = client.send_email(
        letter(attachments=(("r.pdf", data),), metadata={"key": "k1"}, reply_to="a@b.example")
    )
    row = service.store.letters()[0]
    assert sent.provider_id == str(row["id"])
    assert row["attachments"][0]["sha256"] == hashlib.sha256(data).hexdigest()
    assert (row["subject"], row["body"]) == ("Квитанция & ё", "<p>+ % & = ё</p>")
    assert row["metadata"] == {"key": "k1"} and row["reply_to"] == "a@b.example"
    assert row["track_read"] == 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("invalid_api_key", errors.AuthError),
        ("access_denied", errors.AuthError),
        ("not_enough_money", errors.NoMoney),
        ("api_call_limit_exceeded_for_api_key", errors.RateLimited),
        ("api_call_limit_exceeded_for_ip", errors.RateLimited),
        ("retry_later", errors.RetryLater),
        ("unknown_method", errors.BadCall),
        ("invalid_arg", errors.Rejected),
        ("something_new", errors.Rejected),
    ],
)
def test_codes_become_errors(service, client, code, kind):
    service.faults.append({"kind": "code", "code": code, "times": 1})
    with pytest.raises(kind) as caught:
        client.send_email(letter())
    assert caught.value.code == code


@pytest.mark.parametrize("fault", ["drop_after", "http_502", "http_504", "non_json", "slow_after"])
def test_doubt_is_never_read_as_not_sent(service, client, fault):
    service.faults.append({"kind": fault, "times": 1, "seconds": 3})
    with pytest.raises(errors.ResultUnknown):
        client.send_email(letter())
    assert len(service.store.letters()) == 1, "the letter had been taken in"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("http_429", errors.RateLimited),
        # nothing was taken, and the client cannot know it
        ("http_500", errors.ResultUnknown),
        ("http_503", errors.ResultUnknown),
    ],
)
def test_a_service_that_is_down_or_busy(service, client, fault, kind):
    service.faults.append({"kind": fault, "times": 1})
    with pytest.raises(kind) as caught:
        client.send_email(letter())
    assert caught.value.code == fault
    assert service.store.letters() == []


def test_refused_connection_is_safe_to_retry():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(errors.ConnectFailed):
        UniSenderClient(KEY, f"http://127.0.0.1:{port}").send_email(letter())


def test_per_recipient_refusals(service, client):
    with pytest.raises(errors.Rejected) as caught:
        client.send_email(letter("invalid.x@example.com"))
    assert caught.value.code == "invalid_email"
    with pytest.raises(errors.SenderProblem):
        client.send_email(letter(sender_email="other@example.com"))
    service.settings["address_seconds"] = 60
    client.send_email(letter("twice@example.com"))
    with pytest.raises(errors.RetryLater) as caught:
        client.send_email(letter("twice@example.com"))
    assert caught.value.code == "has_been_sent"


@pytest.mark.parametrize("fault", ["drop_after", "http_502", "slow_after", "drop_before", None])
def test_the_key_is_nowhere(service, caplog, fault):
    caplog.set_level(logging.DEBUG)
    client = UniSenderClient(KEY, service.url, timeout=(1, 0.2))
    service.faults.append(
        {"kind": fault or "code", "code": "invalid_arg", "times": 1, "seconds": 1}
    )
    with pytest.raises(errors.UniSenderError) as caught:
        client.send_email(letter())
    text = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(client)
    assert KEY not in text
    assert KEY not in caplog.text


def test_statuses_are_asked_in_both_places_of_the_failed(service, client):
    sent = client.send_email(letter("noread@example.com")).provider_id
    service.store.offset += 3600
    for inside in (True, False):
        service.settings["failed_ids_inside"] = inside
        answer = client.check_email([sent, "5"])
        assert answer.statuses == {sent: "ok_delivered"}
        assert set(answer.failed) == {"5"}


def test_texts_of_an_answer_are_fit_for_a_database():
    answer = b'{"\\u0000a": ["ok_\\u0000sent", "\\ud800x", {"b": "\\u0439"}, 1, null]}'
    assert transport.read_json(answer) == {"a": ["ok_sent", "?x", {"b": "й"}, 1, None]}
    with pytest.raises(ValueError):
        transport.read_json(b"<html></html>")


def test_one_odd_id_costs_the_others_nothing(service, client):
    service.settings["bad_id_refuses_all"] = True
    sent = [client.send_email(letter(f"noread.{n}@example.com")).provider_id for n in range(9)]
    service.store.offset += 3600
    answer = client.check_email([*sent[:5], "odd", *sent[5:], "7"])
    assert answer.statuses == dict.fromkeys(sent, "ok_delivered")
    assert set(answer.failed) == {"odd", "7"} and "invalid_arg" in answer.failed["odd"]
    assert client.check_email(["odd"]).failed.keys() == {"odd"}


@pytest.mark.parametrize(
    "is_odd",
    [lambda n: n % 8 == 0, lambda n: n < 300, lambda n: n >= 200, lambda n: n % 3],
    ids=["each eighth", "the first 300", "the last 300", "two of three"],
)
def test_many_odd_ids_are_found_in_a_few_rounds(service, client, is_odd):
    service.settings |= {"bad_id_refuses_all": True, "calls_per_minute": 0}
    ids = [f"odd{n}" if is_odd(n) else str(n) for n in range(500)]
    for _round in range(30):
        try:
            found = client.check_email(ids)
        except errors.Rejected:
            assert not any(one.isdigit() for one in ids), "nothing proves that it is about ids"
            break
        assert all(one.startswith("odd") or one.isdigit() for one in found.failed)
        assert found.failed, "each round comes nearer"
        ids = [one for one in ids if one not in found.failed and one not in found.statuses]
        if not ids:
            break
    assert not any(one.isdigit() for one in ids), "the good ones are all asked"


def test_a_refusal_that_is_not_about_ids_is_told_as_it_is(service, client):
    service.faults.append(
        {"kind": "code", "code": "invalid_arg", "method": "checkEmail", "times": 99}
    )
    with pytest.raises(errors.Rejected):
        client.check_email([str(n) for n in range(500)])
    assert 99 - service.faults[0]["times"] <= 65, "calls are not repeated without end"


def test_warnings_of_the_service(service, client):
    service.settings["warning"] = "Домен без DKIM"
    sent = client.send_email(letter())
    assert sent.warnings == ("Домен без DKIM",)
    assert client.check_email([sent.provider_id]).warnings == ("Домен без DKIM",)
    (outcome,) = pool.send_many(client, [("a", letter("b@example.com"))], 1).values()
    assert outcome.warnings == ("Домен без DKIM",)


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        ("api_call_limit_exceeded_for_api_key", "Daily limit", errors.DayLimit),
        ("api_call_limit_exceeded_for_ip", "Превышен лимит писем в сутки", errors.DayLimit),
        ("invalid_arg", "Исчерпан суточный лимит", errors.DayLimit),
        ("retry_later", "You exceeded the number of emails per day", errors.DayLimit),
        ("unspecified", "Лимит отправки за день исчерпан", errors.DayLimit),
        ("retry_later", "Лимит писем на сегодня исчерпан", errors.DayLimit),
        ("invalid_arg", "You have reached the maximum of emails for today", errors.DayLimit),
        ("invalid_arg", "Нельзя отправить больше 1000 писем в день", errors.DayLimit),
        ("unspecified", "You cannot send more than 1000 emails a day", errors.DayLimit),
        ("invalid_arg", "You cannot send mailings from: info@day.example", errors.Rejected),
        ("invalid_arg", "Письмо на сегодня уже поставлено", errors.Rejected),
        ("api_call_limit_exceeded_for_api_key", "Too many calls", errors.RateLimited),
        ("not_enough_money", "Daily limit of money", errors.NoMoney),
        ("invalid_arg", "Не хватает денег, предел достигнут", errors.Rejected),
        ("attachment_quota_error", "24 hours quota", errors.Rejected),
    ],
)
def test_the_number_of_the_day(service, client, code, words, kind):
    service.settings |= {"per_day": 1, "day_limit_code": code, "day_limit_text": words}
    client.send_email(letter())
    with pytest.raises(errors.UniSenderError) as caught:
        client.send_email(letter("b@example.com"))
    assert type(caught.value) is kind and words in caught.value.message
    assert isinstance(errors.DayLimit("x"), errors.RateLimited), "the queue waits"


def test_a_switched_off_api_is_not_a_wrong_key(service, client):
    service.settings["api_off"] = True
    with pytest.raises(errors.AccessDenied):
        client.get_lists()
    service.settings["api_off"] = False
    with pytest.raises(errors.AuthError) as caught:
        UniSenderClient("other", service.url).get_lists()
    assert not isinstance(caught.value, errors.AccessDenied)


def test_account_methods(service, client):
    assert client.get_lists() == [("20547", "Плательщики")]
    assert client.create_list("Новый") == "20548"
    info = client.get_user_info()
    assert info["currency"] == "RUB"
    assert client.get_checked_email(info["login"], SENDER)
    assert client.get_checked_email(info["login"], "other@example.com") is False
    with pytest.raises(errors.Rejected):
        client.get_checked_email(info["email"], SENDER)
    client.send_email(letter("read@example.com"))
    service.store.offset += 3600
    contact = client.get_contact("read@example.com")
    assert contact.last_read and contact.last_read.utcoffset().total_seconds() == 0


def test_many_at_once_and_a_stop(service, client):
    jobs = [(number, letter(f"a{number}@example.com")) for number in range(20)]
    outcomes = pool.send_many(client, jobs, 4)
    assert {outcome.kind for outcome in outcomes.values()} == {"sent"}
    assert len({outcome.provider_id for outcome in outcomes.values()}) == 20
    service.faults.append({"kind": "code", "code": "not_enough_money", "times": 1})
    outcomes = pool.send_many(client, jobs, 1)
    assert outcomes[0].kind == "stop"
    assert {outcomes[number].kind for number in range(1, 20)} == {"not_tried"}


def test_size_counts_coded_attachments():
    assert letter_size(letter(body="x" * 10, attachments=(("a", b"y" * 1000),))) == 1380


@pytest.mark.parametrize(
    ("raw", "kind", "final"),
    [
        ("ok_delivered", "delivered", False),
        ("ok_read", "opened", False),
        ("err_user_unknown", "failed", True),
        ("err_will_retry", "deferred", False),
        ("skip_dup_mailbox_full", "failed", True),
        ("err_new_thing", "failed", False),
        ("ok_new_thing", "sent", False),
        ("what", "pending", False),
    ],
)
def test_statuses(raw, kind, final):
    status = statuses.get_status(raw)
    assert (status.kind, status.final) == (kind, final)


EVENT = {
    "event_name": "email_status",
    "event_time": "2026-04-02 10:38:22",
    "event_data": {
        "email": "ё/a@x.ru",
        "status": "ok_delivered",
        "email_id": 11411542313,
        "metadata": {"key": "k1"},
    },
}


def test_hooks_are_verified_over_raw_bytes():
    raw = encode({"events_by_user": [{"login": "x", "events": [EVENT]}]}, KEY)
    assert b"\\/" in raw and b"\\u0451" in raw
    assert webhook.verify(raw, KEY)
    assert not webhook.verify(raw, "other")
    assert not webhook.verify(raw, "")
    assert not webhook.verify(raw.replace(b"ok_delivered", b"ok_read"), KEY)
    assert not webhook.verify(json.dumps(json.loads(raw)).encode(), KEY)


@pytest.mark.parametrize("auth", ['""', "0", "null", "[]", "{}", '"x"'])
def test_bad_auth_fails_closed(auth):
    assert not webhook.verify(f'{{"auth":{auth},"events_by_user":[]}}'.encode(), KEY)
    assert not webhook.verify(b'{"events_by_user":[]}', KEY)


@pytest.mark.parametrize("key", ["events", "Events"])
def test_batch_bodies(key):
    raw = json.dumps({"auth": "", "events_by_user": [{"login": "x", key: [EVENT, EVENT]}]})
    events = webhook.parse(raw.encode())
    assert len(events) == 2
    assert events[0].provider_id == "11411542313" and events[0].metadata == {"key": "k1"}
    assert events[0].event_at.isoformat() == "2026-04-02T10:38:22+00:00"


def test_flat_and_packed_bodies():
    flat = {key: EVENT[key] for key in ("event_name", "event_time")} | EVENT["event_data"]
    raw = gzip.compress(json.dumps({"auth": "", **flat}).encode())
    events = webhook.parse(webhook.unpack(raw))
    assert events[0].status == "ok_delivered" and events[0].provider_id == "11411542313"


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\xff"])
def test_malformed_bodies(raw):
    with pytest.raises(webhook.WebhookError):
        webhook.parse(raw)
