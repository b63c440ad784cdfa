"""The small Unisender Go of the addon's tests answers as the sandbox does: one client, two services."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from tools.unisender.client import Letter
from tools.unisender_go import events
from tools.unisender_go.client import UniSenderGoClient

from sandbox.go.service import GoService
from sandbox.service import Service
from sandbox.store import Store
from tests_unit import two_services

fake_go = two_services.load_fake("fake_go")
KEY = fake_go.KEY
LETTER = Letter(
    email="noread.ivanov@example.com",
    sender_name="УК «Демо»",
    sender_email=f"noreply@{fake_go.DOMAIN}",
    subject="Квитанция & ё",
    body="<p>+ % & = ё</p>",
    list_id="",
    attachments=(("r.pdf", b"%PDF\xff\x00"),),
    metadata={"key": "ключ", "db": "office"},
    ref_key="k-1",
)
FACTS = ("email", "subject", "metadata", "attachments")


class Sandbox(two_services.Sandbox):
    """The sandbox of Go."""

    def __init__(self):
        self.go = GoService(
            Service(Store()).store, api_key=KEY, domain=fake_go.DOMAIN, dump_seconds=0
        )
        super().__init__(Service(Store()), self.go)

    def letters(self):
        return self.go.store.letters()

    def fail(self, kind, times=1, **more):
        self.go.faults.append({"times": times, "kind": kind, **more})

    def advance(self, seconds):
        self.go.store.store.offset += seconds


def live(service):
    """Return what a client gets of a service, step by step."""
    client = UniSenderGoClient(KEY, service.url, timeout=(1, 5))
    stranger = UniSenderGoClient("a-wrong-key-of-nobody", service.url, timeout=(1, 5))
    told = {
        "user": client.ping(),
        "stranger": two_services.attempt(stranger.ping),
        "domain": client.get_domain(fake_go.DOMAIN),
        "other domain": client.get_domain("other.example.com"),
        "registered": client.register_domain(fake_go.DOMAIN),
        "sent": bool(client.send_email(LETTER).provider_id),
        "once more": two_services.attempt(lambda: client.send_email(LETTER)),
        "stranger's domain": two_services.attempt(
            lambda: client.send_email(dataclasses.replace(LETTER, sender_email="a@b.example"))
        ),
    }
    for word in fake_go.REJECTIONS:
        letter = dataclasses.replace(LETTER, email=f"{word}.x@example.com", ref_key=word)
        told[word] = two_services.attempt(lambda letter=letter: client.send_email(letter))
    for number, kind in enumerate(("drop_after", "http_502")):
        service.fail(kind)
        letter = dataclasses.replace(
            LETTER, email=f"noread.{kind}@example.com", ref_key=f"f{number}"
        )
        told[kind] = two_services.attempt(
            lambda letter=letter: client.send_email(letter).provider_id
        )
    service.fail("drop_before")
    letter = dataclasses.replace(LETTER, email="noread.before@example.com", ref_key="f9")
    told["drop_before"] = bool(client.send_email(letter).provider_id)
    told["letters"] = [
        {name: letter[name] for name in FACTS[:-1]}
        | {"files": [(file["name"], file["sha256"]) for file in letter["attachments"]]}
        for letter in service.letters()
    ]
    service.advance(3600)
    start = datetime.now(UTC) - timedelta(hours=1)
    dump = client.get_dump(client.create_dump(start, start + timedelta(hours=3)))
    found = [event for url in dump.urls for event in events.read_dump(client.read_dump(url))]
    told["dump"] = dump.state, sorted((event.email, event.raw_status) for event in found)
    told["metadata"] = found[0].metadata
    client.delete_dump(dump.dump_id)
    told["deleted"] = two_services.attempt(lambda: client.get_dump(dump.dump_id))
    client.set_hook("http://127.0.0.1:9/hook")
    told["hooks"] = [(one["url"], one["delivery_info"]) for one in client.list_hooks()]
    client.remove_hook("http://127.0.0.1:9/hook")
    told["no hooks"] = client.list_hooks()
    told["suppressions"] = client.list_suppressions(start)
    told["method"] = two_services.attempt(lambda: client.call("no/such"))
    return told


@pytest.fixture
def services():
    both = fake_go.FakeGo(), Sandbox()
    yield both
    for service in both:
        service.stop()


def test_both_answer_alike(services):
    fake, sandbox = (live(service) for service in services)
    for step, value in sandbox.items():
        assert fake[step] == value, step
