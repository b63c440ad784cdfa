"""Parallel calls: plain data in, outcomes out, no database in a thread."""

import threading
from collections.abc import Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from . import errors

_Classes = type[errors.UniSenderError] | tuple[type[errors.UniSenderError], ...]
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a letter.

    :param kind: ``sent``, ``rejected``, ``retry``, ``stop``, ``limited``, ``unknown``, ``not_tried``
    :param provider_id: the service's id of the letter, when it was sent
    :param error: why it was not, or why nobody knows
    :param warnings: texts of the service
    """

    kind: str
    provider_id: str | None
    error: errors.UniSenderError | None
    warnings: tuple[str, ...] = ()


class Client(Protocol):
    """What is needed of a client of the service."""

    def send_email(self, letter: Any, /) -> Any:
        """Send one letter; return ``client.SendResult``, raise ``errors.UniSenderError``."""


_KINDS: tuple[tuple[_Classes, str], ...] = (
    (errors.ResultUnknown, "unknown"),
    (errors.RateLimited, "limited"),
    (errors.ForbiddenAddress, "stop"),
    ((errors.AuthError, errors.NoMoney, errors.SenderProblem, errors.BadCall), "stop"),
    ((errors.RetryLater, errors.ConnectFailed), "retry"),
    (errors.Rejected, "rejected"),
)


def make_threads(workers: int) -> ThreadPoolExecutor:
    """Return threads for many calls of :func:`send_many`; the caller shuts them down."""
    return ThreadPoolExecutor(max_workers=max(1, workers))


def send_many(
    client: Client,
    letters: Iterable[tuple[Key, Any]],
    workers: int,
    threads: ThreadPoolExecutor | None = None,
) -> dict[Key, Outcome]:
    """Send letters side by side and tell the outcome of each.

    After the first outcome ``stop`` or ``limited`` no further letter is begun: those are
    ``not_tried``.

    :param letters: sequence of (key, ``client.Letter``)
    :param workers: how many at once
    :param threads: of :func:`make_threads` for as many; without any they live for this call
    :return: {key: Outcome}
    """
    halted = threading.Event()

    def send(letter: Any) -> Outcome:
        if halted.is_set():
            return Outcome("not_tried", None, None)
        try:
            answer = client.send_email(letter)
            return Outcome("sent", answer.provider_id, None, answer.warnings)
        except errors.UniSenderError as error:
            kinds = (kind for classes, kind in _KINDS if isinstance(error, classes))
            kind = next(kinds, "unknown")
            if kind in ("stop", "limited"):
                halted.set()
            return Outcome(kind, None, error)
        except Exception as error:
            # whatever it was, the letter may have gone
            return Outcome("unknown", None, errors.ResultUnknown("fault", type(error).__name__))

    pool = threads or make_threads(workers)
    futures = {}
    try:
        for key, letter in letters:
            futures[key] = pool.submit(send, letter)
        return {key: future.result() for key, future in futures.items()}
    finally:
        # when the caller is interrupted (a time limit), what has not begun must not begin
        halted.set()
        wait([future for future in futures.values() if not future.cancel()])
        if not threads:
            pool.shutdown()
