"""Letters side by side: each outcome once, and no further call where it makes no sense."""

import threading

import pytest
from tools.unisender import errors, pool
from tools.unisender.client import SendResult


class Calls:
    """Stands for a client: ``behave(letter)`` returns an id or raises."""

    def __init__(self, behave):
        self.behave = behave
        self.made = []

    def send_email(self, letter):
        self.made.append(letter)
        return SendResult(self.behave(letter))


def jobs(count):
    return [(number, f"letter {number}") for number in range(count)]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.ResultUnknown("timeout"), "unknown"),
        (errors.ConnectFailed("x"), "retry"),
        (errors.RetryLater("x"), "retry"),
        (errors.RateLimited("x"), "limited"),
        (errors.AuthError("x"), "stop"),
        (errors.NoMoney("x"), "stop"),
        (errors.SenderProblem("x"), "stop"),
        (errors.BadCall("x"), "stop"),
        (errors.Rejected("x"), "rejected"),
        (errors.UniSenderError("of a new kind"), "unknown"),
        (KeyError("a fault of ours"), "unknown"),
    ],
)
def test_every_error_has_its_outcome(error, kind):
    def behave(_letter):
        raise error

    outcome = pool.send_many(Calls(behave), jobs(1), 1)[0]
    assert outcome.kind == kind and outcome.error is not None and outcome.provider_id is None


@pytest.mark.parametrize("error", [errors.NoMoney("x"), errors.RateLimited("x")])
def test_after_a_stop_nothing_is_begun(error):
    def behave(letter):
        if letter == "letter 2":
            raise error
        return letter

    calls = Calls(behave)
    outcomes = pool.send_many(calls, jobs(50), 1)
    assert len(calls.made) == 3
    assert [outcomes[number].kind for number in (0, 1)] == ["sent", "sent"]
    assert {outcomes[number].kind for number in range(3, 50)} == {"not_tried"}


def test_a_refusal_or_doubt_does_not_stop_the_others():
    def behave(letter):
        if letter in ("letter 2", "letter 4"):
            raise errors.Rejected("x") if letter == "letter 2" else errors.ResultUnknown("x")
        return letter

    outcomes = pool.send_many(Calls(behave), jobs(6), 2)
    assert [outcomes[number].kind for number in range(6)] == [
        "sent", "sent", "rejected", "sent", "unknown", "sent"
    ]  # fmt: skip


def test_as_many_at_once_as_workers_and_no_more():
    gate, lock, now, most = threading.Barrier(4), threading.Lock(), [0], [0]

    def behave(letter):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        gate.wait(5)  # passes only when four are under way together
        with lock:
            now[0] -= 1
        return letter

    outcomes = pool.send_many(Calls(behave), jobs(8), 4)
    assert most[0] == 4
    assert [outcomes[number].provider_id for number in range(8)] == [x for _, x in jobs(8)]


def test_an_interrupted_caller_begins_nothing_more(monkeypatch):
    begun, go = threading.Event(), threading.Event()

    def behave(letter):
        begun.set()
        go.wait(5)
        return letter

    def interrupted(self, timeout=None):
        begun.wait(5)
        threading.Timer(0.05, go.set).start()
        raise TimeoutError("the worker's time is up")

    calls = Calls(behave)
    monkeypatch.setattr("concurrent.futures._base.Future.result", interrupted)
    with pytest.raises(TimeoutError):
        pool.send_many(calls, jobs(50), 2)
    assert len(calls.made) <= 2


def test_nothing_to_send():
    assert pool.send_many(Calls(str), [], 4) == {}
