"""HTTP for the client: what came back, or whether anything went out at all."""

from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import ProxyManager

from . import errors

ANSWER_LIMIT = 8 * 2**20  # bytes


class _Connection(HTTPConnection):
    """A connection that marks the exceptions of connecting (TCP, proxy tunnel, TLS).

    The only sure sign that no byte of the request went out; the classes of the exceptions are not
    one: a failed handshake and a broken answer are the same ``SSLError`` to the caller.
    """

    def connect(self) -> None:  # pylint: disable=missing-return
        try:
            super().connect()
        except Exception as error:
            _mark(error)
            raise


class _SecureConnection(HTTPSConnection):
    """The same over TLS."""

    def connect(self) -> None:  # pylint: disable=missing-return
        try:
            super().connect()
        except Exception as error:
            _mark(error)
            raise


def _mark(error: Exception) -> None:
    error.nothing_went_out = True  # type: ignore[attr-defined]


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class Adapter(HTTPAdapter):
    """Pooled connections that tell «never connected» from «nobody knows»; no retries."""

    def __init__(self, pool_size: int) -> None:
        super().__init__(pool_connections=1, pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # pylint: disable=missing-return
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> ProxyManager:
        """Make the pools of connections through a proxy."""
        manager: ProxyManager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def make_session(session: requests.Session | None, root: str, pool_size: int) -> requests.Session:
    """Return a session for calls below ``root``.

    A proxy or CA bundle of the environment is heeded for https alone; plain http is a service on
    this machine. The user's ``.netrc`` is never sent along.
    """
    session = session or requests.Session()
    session.trust_env = root.lower().startswith("https://")
    session.auth = _no_auth
    session.headers["User-Agent"] = "epd_mailing"
    session.mount(root, Adapter(pool_size))
    return session


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def post(
    session: requests.Session,
    url: str,
    body: bytes,
    timeout: tuple[float, float],
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes] | errors.UniSenderError:
    """Post a body and return ``(HTTP status, bytes)``, or the error instead.

    The error is returned, not raised: the frames and causes of the original hold the API key.

    :param bytes body: as its type in ``headers`` says
    :param timeout: (connect, read) seconds
    :param headers: of this call; without any the body is an urlencoded form
    """
    try:
        response = session.post(
            url,
            data=body,
            headers=headers or FORM,
            timeout=timeout,
            allow_redirects=False,
            stream=True,
        )
        with response:
            content = response.raw.read(ANSWER_LIMIT + 1, decode_content=True)
            return response.status_code, content
    except Exception as error:  # those of requests, and of urllib3 while the answer is read
        return _read_failure(error)


def _read_failure(error: Exception) -> errors.UniSenderError:
    """Tell «nothing went out» from «nobody knows». Names only: the request holds the key."""
    name = type(error).__name__
    if isinstance(
        error,
        (
            requests.exceptions.InvalidURL,
            requests.exceptions.InvalidSchema,
            requests.exceptions.MissingSchema,
        ),
    ):
        return errors.ConnectFailed("bad_address", name)
    if _never_connected(error):
        timed_out = isinstance(error, requests.exceptions.Timeout)
        return errors.ConnectFailed("connect_timeout" if timed_out else "connect_failed", name)
    if isinstance(error, requests.exceptions.Timeout) or "Timeout" in name:
        return errors.ResultUnknown("timeout", name)
    return errors.ResultUnknown("broken_connection", name)


def _never_connected(error: BaseException) -> bool:
    """Tell whether the mark of ``_mark`` is on the error or on one it wraps."""
    pending: list[BaseException] = [error]
    seen: set[int] = set()
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        if getattr(current, "nothing_went_out", False):
            return True
        # __context__ is of this call alone: marked exceptions never leave this module
        inner = (
            *current.args,
            getattr(current, "reason", None),
            current.__cause__,
            current.__context__,
        )
        pending += [one for one in inner if isinstance(one, BaseException)]
    return False
