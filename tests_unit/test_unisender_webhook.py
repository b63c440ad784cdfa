"""Webhook bodies: genuine or not, and every shape that they are known to have."""

import gzip
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.unisender import webhook

KEY = "secret-key-5501"


def signed(data, key=KEY, spelling='"auth":"%s"'):
    """Return bytes as PHP writes them, with ``auth`` first."""
    rest = json.dumps(data, separators=(",", ":")).replace("/", "\\/")[1:]
    text = "{" + spelling + ("," + rest if rest != "}" else rest)
    digest = hashlib.md5((text % key).encode()).hexdigest()
    return (text % digest).encode()


def batch(*events, name="events"):
    return {"events_by_user": [{"login": "x", name: list(events)}]}


def event(**data):
    return {
        "event_name": "email_status",
        "event_time": "2026-04-02 10:38:22",
        "event_data": {
            "email": "a@x.ru",
            "status": "ok_delivered",
            "email_id": 11411542313,
            **data,
        },
    }


# --- genuine -----------------------------------------------------------------------------------


def test_the_rule_by_hand():
    """MD5 of the body in which the key stands for the value of ``auth``."""
    body = b'{"auth":"%s","events_by_user":[]}'
    digest = hashlib.md5(body % KEY.encode()).hexdigest().encode()
    assert webhook.verify(body % digest, KEY)


@pytest.mark.parametrize("spelling", ['"auth":"%s"', '"auth": "%s"', '"auth" : "%s"'])
def test_spaces_do_not_matter(spelling):
    assert webhook.verify(signed(batch(event()), spelling=spelling), KEY)


def test_a_key_pasted_with_a_line_break_is_the_same_key():
    assert webhook.verify(signed(batch(event())), KEY + "\n")


@pytest.mark.parametrize("key", ["other", KEY + "x", KEY[:-1], KEY.upper()])
def test_other_keys_are_refused(key):
    assert not webhook.verify(signed(batch(event())), key)


@pytest.mark.parametrize("key", ["", None, " "])
def test_without_a_key_nothing_is_genuine(key):
    assert not webhook.verify(signed(batch(event()), key=(key or "").strip()), key)


@pytest.mark.parametrize(
    "auth",
    ['""', "0", "null", "[]", "{}", "true", '"x"', '["' + "a" * 32 + '"]', '"' + "a" * 32 + '"']
    + ['"' + "g" * 32 + '"', '"' + "0" * 32 + '"'],
)
def test_odd_auth_fails_closed(auth):
    assert not webhook.verify(f'{{"auth":{auth},"events_by_user":[]}}'.encode(), KEY)


def test_missing_and_doubled_auth_fail_closed():
    raw = signed(batch(event()))
    assert not webhook.verify(b'{"events_by_user":[]}', KEY)
    assert not webhook.verify(b"", KEY)
    assert not webhook.verify(raw[:-1] + b',"auth":"' + b"0" * 32 + b'"}', KEY)
    assert not webhook.verify(b'{"auth":0,' + raw[1:], KEY)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_is_seen(place, change):
    raw = bytearray(signed(batch(event(email="ё/a@x.ru"))))
    raw[place % len(raw)] ^= change
    assert not webhook.verify(bytes(raw), KEY)


# --- shapes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["events", "Events"])
def test_both_spellings_of_the_list(name):
    found = webhook.parse(signed(batch(event(), event(status="ok_read"), name=name)))
    assert [one.status for one in found] == ["ok_delivered", "ok_read"]
    assert found[0].event_name == "email_status" and found[0].email == "a@x.ru"
    assert found[0].event_time == "2026-04-02 10:38:22"
    assert found[0].event_at.isoformat() == "2026-04-02T10:38:22+00:00"


@pytest.mark.parametrize("value", [11411542313, "11411542313", 11411542313.0])
def test_ids_as_text(value):
    assert webhook.parse(signed(batch(event(email_id=value))))[0].provider_id == "11411542313"


@pytest.mark.parametrize(
    "one",
    [
        event(metadata={"key": "k1", "n": 5}),
        event() | {"metadata": {"key": "k1", "n": 5}},
        event(metadata='{"key": "k1", "n": 5}'),
        event(metadata=[]) | {"metadata": {"key": "k1", "n": 5}},
    ],
)
def test_metadata_wherever_it_stands(one):
    assert webhook.parse(signed(batch(one)))[0].metadata == {"key": "k1", "n": "5"}


@pytest.mark.parametrize("value", [[], None, "", "x", "{", 5, {}])
def test_no_metadata(value):
    assert webhook.parse(signed(batch(event(metadata=value))))[0].metadata == {}


def test_flat_bodies():
    flat = {"login": "x", "event_name": "email_status", "event_time": "2026-04-02 10:38:22"}
    flat |= {"email": "a@x", "status": "ok_read", "email_id": 7, "metadata": {"key": "k"}}
    found = webhook.parse(signed(flat))
    assert [(one.provider_id, one.status, one.metadata) for one in found] == [
        ("7", "ok_read", {"key": "k"})
    ]


def test_other_events_come_through_by_name():
    found = webhook.parse(signed({"event_name": "subscribe", "email": "a@x"}))
    assert found[0].event_name == "subscribe" and found[0].status == ""


def test_time_inside_the_data_and_in_another_zone():
    one = event(event_time="2026-04-02 00:30:00")
    zone = "Europe/Moscow"
    found = webhook.parse(signed(batch(one)), zone=zone)[0]
    assert found.event_at.isoformat() == "2026-04-01T21:30:00+00:00"


@pytest.mark.parametrize(
    "value", ["", None, "yesterday", 5, [], "0001-01-01 00:00:00", "2026-13-01"]
)
def test_odd_times_are_kept_as_they_came(value):
    one = event() | {"event_time": value}
    found = webhook.parse(signed(batch(one)), zone="Europe/Moscow")[0]
    assert found.event_at is None
    assert found.status == "ok_delivered", "the event itself is not lost"


def test_odd_parts_do_not_cost_the_others():
    body = {
        "events_by_user": [
            None, "x", 5, [], {"events": None}, {"events": "x"}, {"login": "x"},
            {"events": [None, "x", [], 7, {"event_data": []}, event()]},
            {"events": {"0": event(email="b@x.ru"), "2": event(email="c@x.ru")}},
        ]
    }  # fmt: skip
    found = [one for one in webhook.parse(signed(body)) if one.status]
    assert [one.email for one in found] == ["a@x.ru", "b@x.ru", "c@x.ru"]


def test_a_number_of_any_length_costs_no_call():
    """Python turns no text of more than 4 300 digits into a number."""
    longest = "1" * 5000
    inner = f'{{"key": "abc", "n": {longest}}}'
    text = json.dumps(batch(event(email_id=0), event(email_id=7, metadata=inner)))
    odd, good = webhook.parse(text.replace('"email_id": 0', f'"email_id": {longest}').encode())
    assert (odd.provider_id, good.provider_id) == (longest, "7")
    assert good.metadata["key"] == "abc"


def test_texts_are_fit_for_the_database():
    found = webhook.parse(signed(batch(event(email="a\x00b", status="\ud800"))))[0]
    assert found.email == "ab"
    found.status.encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b"5",
        b'{"events_by_user":5}',
        b'{"events_by_user":"x"}',
        b"[" * 10**6,
    ],
)
def test_malformed_bodies(raw):
    with pytest.raises(webhook.WebhookError):
        webhook.parse(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(JSON)
def test_no_body_is_a_fault(value):
    for body in (value, {"events_by_user": value}, batch({"event_data": value, "metadata": value})):
        try:
            webhook.parse(json.dumps(body).encode())
        except webhook.WebhookError:
            pass


# --- packed ------------------------------------------------------------------------------------


def test_packed_bodies():
    raw = signed(batch(event()))
    assert webhook.unpack(raw) == raw
    assert webhook.verify(webhook.unpack(gzip.compress(raw)), KEY)


def test_damaged_or_endless_packing():
    packed = gzip.compress(signed(batch(*[event(email_id=n) for n in range(500)])))
    middle = len(packed) // 2
    for damaged in (
        packed[:20],
        packed[:-1],
        packed[:middle] + bytes([packed[middle] ^ 255]) + packed[middle + 1 :],
        b"\x1f\x8bnonsense",
    ):
        with pytest.raises(webhook.WebhookError):
            webhook.unpack(damaged)
    with pytest.raises(webhook.WebhookError, match="large"):
        webhook.unpack(gzip.compress(b" " * (webhook.UNPACKED_LIMIT + 1)))
