"""The small UniSender of the addon's tests answers as the sandbox does: one client, two services."""

import dataclasses

import pytest
from tools.unisender.client import Letter, UniSenderClient

from sandbox.service import Service
from sandbox.store import Store
from tests_unit import two_services

fake_unisender = two_services.load_fake("fake_unisender")
KEY, SENDER = fake_unisender.KEY, fake_unisender.SENDER

LETTER = Letter(
    email="read.ivanov@example.com",
    sender_name="УК «Демо»",
    sender_email=SENDER,
    subject="Квитанция & ё",
    body="<p>+ % & = ё</p>",
    list_id="20547",
    attachments=(("r.pdf", b"%PDF\xff\x00"),),
    metadata={"key": "ключ"},
    reply_to="office@example.com",
    track_links=True,
)


class Sandbox(two_services.Sandbox):
    """The sandbox of classic UniSender, without limits."""

    def __init__(self):
        lifted = dict.fromkeys(("per_minute", "calls_per_minute", "per_day", "address_seconds"), 0)
        self.service = Service(Store(), KEY, SENDER, **lifted)
        super().__init__(self.service)

    def letters(self):
        self.service.advance()
        return self.service.store.letters("1")

    def fail(self, kind, times=1, **more):
        self.service.faults.append({"times": times, "kind": kind, **more})

    def advance(self, seconds):
        self.service.store.offset += seconds


def play(service):
    """Return all that a client sees and the service keeps in one and the same course of events."""
    client = UniSenderClient(KEY, service.url, timeout=(1, 5))
    stranger = UniSenderClient("wrong", service.url, timeout=(1, 5))
    seen = {}

    def send(**changes):
        return two_services.attempt(
            lambda: client.send_email(dataclasses.replace(LETTER, **changes))
        )

    seen["lists"] = client.get_lists()
    new = client.create_list("Дом 10")
    seen["new list"] = [title for key, title in client.get_lists() if key == new]
    login = client.get_user_info()["login"]
    seen["senders"] = [client.get_checked_email(login, one) for one in (SENDER, "a@example.com")]
    seen["wrong login"] = two_services.attempt(lambda: client.get_checked_email("x", SENDER))
    seen["balance"] = {
        name: value for name, value in client.get_user_info().items() if name in ("currency",)
    }
    seen["wrong key"] = two_services.attempt(lambda: stranger.send_email(LETTER))
    seen["wrong sender"] = send(sender_email="a@example.com")
    seen["rejected"] = [send(email=f"{x}@example.com") for x in ("unsubscribed", "invalid.a")]
    for kind in ("drop_before", "drop_after", "http_502", "non_json"):
        service.fail(kind)
        seen[kind] = send(email=f"{kind}@other.example.com")
    service.fail("code", code="retry_later", email="later")
    seen["of another"] = isinstance(send(email="x@other.example.com").provider_id, str)
    seen["code"] = send(email="later@other.example.com")
    words = ("click", "read", "full", "unknown", "retry")
    ids = {word: send(email=f"{word}.one@example.com").provider_id for word in words}
    unlinked = send(email="click.two@example.com", track_links=False).provider_id
    for seconds in (0, 5, 10, 60, 1000, 10_000):
        service.advance(seconds)
        found = client.check_email([*ids.values(), unlinked])
        seen["statuses", seconds] = [found.statuses[x] for x in (*ids.values(), unlinked)]
    seen["unknown id"] = list(client.check_email(["9999"]).failed)
    seen["no contact"] = two_services.attempt(lambda: client.get_contact("nobody@example.com"))
    contact = client.get_contact("click.one@example.com")
    seen["contact"] = [
        (moment - contact.last_send).total_seconds()
        for moment in (contact.last_delivery, contact.last_read, contact.last_click)
    ]
    seen["unread"] = client.get_contact("full.one@example.com").last_delivery
    client.set_hook("http://127.0.0.1:9/x")
    seen["hooks"] = [hook["hook_url"] for hook in client.list_hooks()]
    client.remove_hook("http://127.0.0.1:9/x")
    seen["no hooks"] = client.list_hooks()
    names = ("email", "subject", "body", "reply_to", "metadata")
    seen["letters"] = [
        {
            **{name: letter[name] for name in names},
            "files": [(file["name"], file["sha256"]) for file in letter["attachments"]],
        }
        for letter in service.letters()
    ]
    return seen


@pytest.fixture(scope="module")
def seen():
    """What each of the two services shows."""
    found = []
    for make in (Sandbox, fake_unisender.FakeUniSender):
        service = make()
        try:
            found.append(play(service))
        finally:
            service.stop()
    return found


def test_they_answer_alike(seen):
    sandbox, fake = seen
    assert fake == sandbox
    assert sandbox["statuses", 10_000][:2] == ["ok_link_visited", "ok_read"]
    assert len(sandbox["letters"]) == 10


def test_a_new_beginning():
    service = fake_unisender.FakeUniSender()
    try:
        client = UniSenderClient(KEY, service.url, timeout=(1, 5))
        service.fail("http_502", method="checkEmail")
        client.send_email(LETTER)
        service.reset()
        assert service.letters() == [] and client.check_email(["1"]).statuses == {}
    finally:
        service.stop()
