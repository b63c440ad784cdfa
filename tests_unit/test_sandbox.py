"""The sandbox behaves as the documented service does."""

import urllib.error
import urllib.parse
import urllib.request

import pytest

from sandbox import fates, forms
from sandbox.errors import ApiError
from sandbox.service import Service
from sandbox.store import Store

SENDER = "noreply@uk-demo.example.com"


@pytest.fixture
def service():
    return Service(Store(), "k", SENDER)


def args(email="anna@example.com", **more):
    values = {
        "api_key": "k",
        "email": email,
        "sender_name": "УК",
        "sender_email": SENDER,
        "subject": "Тема",
        "body": "<p>x</p>",
        "list_id": "20547",
        "error_checking": "1",
        "track_read": "1",
        **more,
    }
    return {
        key: value.encode() if isinstance(value, str) else value for key, value in values.items()
    }


def send(service, *positional, **more):
    return service.call("sendEmail", args(*positional, **more))


def code_of(answer):
    return answer[0]["errors"][0]["code"]


def test_both_shapes_of_the_answer(service):
    assert send(service)[0]["id"].isdigit()
    assert send(service, "b@example.com", error_checking="0")["email_id"].isdigit()


def test_refusals(service):
    assert code_of(send(service, "no-address")) == "invalid_email"
    assert code_of(send(service, sender_email="x@y.example")) == "unchecked_sender_email"
    assert code_of(send(service, subject=" ")) == "empty_subject"
    assert code_of(send(service, headers="X-Any: 1")) == "header_not_allowed"
    assert code_of(send(service, "unsubscribed.x@example.com")) == "unsubscribed_globally"
    big = {"attachments[a.pdf]": b"x" * 800_000}
    assert code_of(send(service, **big)) == "attachment_quota_error"


def test_whole_call_refusals(service):
    for change, code in (({"api_key": "z"}, "invalid_api_key"), ({}, "unknown_method")):
        with pytest.raises(ApiError) as caught:
            service.call("nothing" if not change else "sendEmail", args(**change))
        assert caught.value.code == code
    with pytest.raises(ApiError) as caught:
        service.call("sendEmail", {"api_key": b"k"})
    assert caught.value.code == "invalid_arg"


def test_one_address_waits_a_minute(service):
    send(service)
    assert code_of(send(service)) == "has_been_sent"
    service.store.offset += 61
    assert "id" in send(service)[0]


def test_calls_a_minute_and_letters_a_day(service):
    service.settings["per_minute"] = 3
    for number in range(3):
        send(service, f"a{number}@example.com")
    with pytest.raises(ApiError) as caught:
        send(service, "b@example.com")
    assert caught.value.code == "api_call_limit_exceeded_for_api_key"
    service.store.offset += 61
    service.settings.update(per_minute=0, per_day=4)
    send(service, "c@example.com")
    with pytest.raises(ApiError):
        send(service, "d@example.com")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("full", "err_mailbox_full"),
        ("unknown", "err_user_unknown"),
        ("retry", "ok_read"),
        ("giveup", "err_giveup"),
        ("spam", "ok_spam_folder"),
        ("unsub", "ok_unsubscribed"),
        ("new", "err_new_thing"),
        ("noread", "ok_delivered"),
    ],
)
def test_scripted_fates(service, word, status):
    letter = send(service, f"{word}.ivanov@example.com")[0]["id"]
    service.store.offset += 4 * 86400
    answer = service.call("checkEmail", {"api_key": b"k", "email_id": letter.encode()})
    assert answer["statuses"] == [{"id": letter, "status": status}]


def test_untracked_letters_are_never_read(service):
    letter = send(service, "read.x@example.com", track_read="0")[0]["id"]
    service.store.offset += 86400
    answer = service.call("checkEmail", {"api_key": b"k", "email_id": letter.encode()})
    assert answer["status"] == "ok_delivered"


def test_a_month_later_the_service_forgets(service):
    letter = send(service)[0]["id"]
    service.store.offset += fates.MONTH + 1
    answer = service.call("checkEmail", {"api_key": b"k", "email_id": letter.encode()})
    assert answer["failed_email_id"] == [{letter: "not found"}]
    with pytest.raises(ApiError):
        service.call("checkEmail", {"api_key": b"k", "email_id": ",".join(["1"] * 501).encode()})


def test_repeated_ref_key(service):
    send(service, ref_key="7")
    with pytest.raises(ApiError):
        send(service, "b@example.com", ref_key="7")
    service.settings["ref_key_unique"] = False
    send(service, "c@example.com", ref_key="7")


def test_form_bodies_are_binary_safe():
    data = bytes(range(256))
    body = b"attachments%5Ba.pdf%5D=" + urllib.parse.quote_from_bytes(data, safe="").encode()
    assert forms.parse(b"x=1+2", body) == {"x": b"1 2", "attachments[a.pdf]": data}
