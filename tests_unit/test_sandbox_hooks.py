"""The sandbox calls webhooks back as the service is documented and captured to do."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tools.unisender import webhook

from sandbox.errors import ApiError
from sandbox.hooks import HookSender
from sandbox.service import Service
from sandbox.store import Store

KEY = "k"


class Listener(ThreadingHTTPServer):
    """Takes posts in; answers with ``status``."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.status, self.bodies, self.asked = 200, [], threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/h"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def payloads(self):
        """Return what came, parsed."""
        return [json.loads(webhook.unpack(body)) for body in self.bodies]


class Answer(BaseHTTPRequestHandler):
    """See ``Listener``."""

    def log_message(self, *args):
        """Keep quiet."""

    def do_GET(self):
        """The activation."""
        self.server.asked.set()
        self._end()

    def do_POST(self):
        """An event message."""
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self._end()

    def _end(self):
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def service():
    return Service(
        Store(),
        KEY,
        "from@example.com",
        **dict.fromkeys(("per_minute", "calls_per_minute", "per_day", "address_seconds"), 0),
    )


@pytest.fixture
def listener():
    server = Listener()
    yield server
    server.shutdown()
    server.server_close()


def call(service, method, **args):
    return service.call(
        method, {"api_key": KEY.encode()} | {name: str(x).encode() for name, x in args.items()}
    )


def hook(service, url, **more):
    return call(service, "setHook", **{"hook_url": url, "events[email_status]": "*", **more})


def send(service, email="noread@example.com", **more):
    facts = dict(sender_name="УК", sender_email="from@example.com", subject="s", body="b/c")
    return call(
        service, "sendEmail", email=email, list_id=20547, error_checking=1, **facts, **more
    )[0]["id"]


def events_of(payloads):
    return [
        event
        for payload in payloads
        for user in payload["events_by_user"]
        for event in user.get("events", user.get("Events"))
    ]


def test_hooks_stay_on_this_machine_and_need_events(service):
    with pytest.raises(ApiError):
        hook(service, "https://example.com/h")
    with pytest.raises(ApiError):
        call(service, "setHook", hook_url="http://127.0.0.1:9/h")


def test_activation_get(service, listener):
    hook(service, listener.url)
    assert listener.asked.wait(10)
    assert call(service, "listHooks")[0]["hook_url"] == listener.url
    call(service, "removeHook", hook_url=listener.url)
    assert call(service, "listHooks") == []


def test_a_url_that_does_not_answer_may_be_refused(service, listener):
    service.settings["hook_must_answer"] = True
    hook(service, listener.url)
    listener.status = 404
    with pytest.raises(ApiError):
        hook(service, listener.url)


@pytest.mark.parametrize("form", ["json_post", "json_post_gzip"])
def test_batch_body(service, listener, form):
    hook(service, listener.url, event_format=form)
    letter = send(service, **{"metadata[key]": "k1"})
    service.store.offset += 60
    HookSender(service).turn()
    (raw,) = listener.bodies
    assert raw.startswith(b"\x1f\x8b") == (form == "json_post_gzip")
    body = webhook.unpack(raw)
    assert webhook.verify(body, KEY) and not webhook.verify(body, "other")
    events = events_of(listener.payloads())
    assert [event["event_data"]["status"] for event in events] == ["ok_sent", "ok_delivered"]
    data = events[0]["event_data"]
    assert data["email_id"] == int(letter)
    assert data["metadata"] == {"key": "k1"}
    assert gzip.compress(body)  # the body is bytes as they are signed


def test_php_like_json(service, listener):
    hook(service, listener.url)
    send(service, **{"metadata[key]": "дом/5"})
    service.store.offset += 60
    HookSender(service).turn()
    assert b"\\u0434\\u043e\\u043c\\/5" in listener.bodies[0] and b'": ' not in listener.bodies[0]


def test_flat_body_other_spelling_and_place_of_metadata(service, listener):
    hook(service, listener.url, single_event=1)
    send(service)
    service.store.offset += 60
    HookSender(service).turn()
    assert [payload["status"] for payload in listener.payloads()] == ["ok_sent", "ok_delivered"]
    listener.bodies.clear()
    hook(service, listener.url)
    service.change_settings({"events_key": "Events", "metadata_inside": False})
    send(service, "read@example.com", **{"metadata[key]": "k2"})
    service.store.offset += 60
    HookSender(service).turn()
    assert "Events" in listener.payloads()[0]["events_by_user"][0]
    assert webhook.parse(webhook.unpack(listener.bodies[0]))[0].metadata == {"key": "k2"}


def test_what_is_not_taken_comes_again_until_the_hook_stops(service, listener):
    hook(service, listener.url)
    send(service)
    service.store.offset += 60
    sender = HookSender(service)
    listener.status = 500
    sender.turn()
    sender.turn()
    assert len(listener.bodies) == 1, "not before ten minutes"
    service.store.offset += 600
    sender.turn()
    first, second = listener.payloads()
    assert "retry_count" not in first and second["retry_count"] == 1
    assert first["events_by_user"] == second["events_by_user"]
    service.store.offset += 86400
    sender.turn()
    assert call(service, "listHooks")[0]["status"] == "stopped"
    service.store.offset += 600
    sender.turn()
    assert len(listener.bodies) == 3
    listener.status = 200
    hook(service, listener.url, status="active")
    sender.turn()
    assert listener.payloads()[-1]["retry_count"] == 3
    sender.turn()
    assert len(listener.bodies) == 4, "taken once, told no more"


def test_repeats_and_disorder_on_demand(service, listener):
    hook(service, listener.url)
    service.change_settings({"hook_repeat": True, "hook_shuffle": True})
    for number in range(20):
        send(service, f"noread.{number}@example.com")
    service.store.offset += 60
    HookSender(service).turn()
    events = events_of(listener.payloads())
    assert len(events) == 80
    times = [(event["event_data"]["email_id"], event["event_time"]) for event in events]
    assert times != sorted(times)


def test_asking_takes_no_event_away(service, listener):
    hook(service, listener.url)
    letter = send(service)
    service.store.offset += 60
    assert call(service, "checkEmail", email_id=letter)["status"] == "ok_delivered"
    HookSender(service).turn()
    assert len(events_of(listener.payloads())) == 2


def test_only_the_statuses_asked_for(service, listener):
    hook(service, listener.url, **{"events[email_status]": "ok_delivered,ok_read"})
    send(service)
    service.store.offset += 60
    HookSender(service).turn()
    statuses = [event["event_data"]["status"] for event in events_of(listener.payloads())]
    assert statuses == ["ok_delivered"]


def test_a_status_by_order_is_told(service, listener):
    hook(service, listener.url)
    letter = send(service)
    service.set_status(letter, "err_new_thing")
    service.store.offset += 86400
    HookSender(service).turn()
    statuses = [event["event_data"]["status"] for event in events_of(listener.payloads())]
    assert statuses == ["err_new_thing"]
    assert call(service, "checkEmail", email_id=letter)["status"] == "err_new_thing"
