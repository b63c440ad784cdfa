"""HTTP for the client: what came back, or whether anything went out at all."""

import json
import socket
from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.poolmanager import ProxyManager
from urllib3.util.connection import create_connection

from . import errors, hosts

ANSWER_LIMIT = 8 * 2**20  # bytes


def read_json(content: bytes) -> Any:
    """Return what an answer holds, its texts fit for a database.

    PostgreSQL takes no NUL and no half of a surrogate pair; JSON has both. One such text would
    undo the writing of all that was answered along with it.

    :raise ValueError: not JSON
    :raise RecursionError: nested too deep
    """
    return _clean(json.loads(content))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(one) for key, one in value.items()}
    return value


class _Forbidden(OSError):
    """An address that no call of ours may go to."""


class _Guarded:
    """What both kinds of connection share: only addresses that ``hosts.may_connect`` lets through.

    The name is looked up once and the addresses found are those connected to, so that a name server
    cannot answer the check and the call differently. A proxy of the environment looks names up by
    itself, and is the administrator's word.
    """

    def _new_conn(self: Any) -> socket.socket:
        if self.proxy is not None:
            found: socket.socket = super()._new_conn()  # type: ignore[misc]
            return found
        try:
            rows = socket.getaddrinfo(
                self._dns_host.strip("[]"), self.port, type=socket.SOCK_STREAM
            )
        except (socket.gaierror, UnicodeError) as error:
            wrong = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
            # urllib3 1.26, which Odoo 19 pins for Debian 12, has no NameResolutionError (seen 2026-11-26)
            raise NewConnectionError(self, f"Failed to resolve {self.host!r} ({wrong})") from error
        addresses = list(dict.fromkeys(str(row[4][0]) for row in rows))
        if not addresses or not all(hosts.may_connect(self.host, one) for one in addresses):
            raise _Forbidden(f"{self.host} leads to an address that is not public")
        return _connect_first(self, addresses)


def _connect_first(connection: Any, addresses: list[str]) -> socket.socket:
    """Connect to the first of the addresses that answers."""
    failure: OSError | None = None
    for address in addresses:
        try:
            return create_connection(
                (address, connection.port),
                connection.timeout,
                source_address=connection.source_address,
                socket_options=connection.socket_options,
            )
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, "timed out") from failure
    raise NewConnectionError(connection, str(failure)) from failure


class _Connection(_Guarded, HTTPConnection):
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


class _SecureConnection(_Guarded, HTTPSConnection):
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


class _Nowhere(BaseAdapter):
    """Lets no call out."""

    def send(self, *_args: Any, **_kwargs: Any) -> requests.Response:
        """:raise OSError: always"""
        raise _Forbidden("no call goes to this address")

    def close(self) -> None:
        """There is nothing to close."""


def make_session(
    session: requests.Session | None, root: str, pool_size: int, closed: bool = False
) -> requests.Session:
    """Return a session for calls below ``root``.

    A proxy or CA bundle of the environment is heeded for https alone; plain http is a service on
    this machine. The user's ``.netrc`` is never sent along.

    :param closed: nothing goes out: ``root`` is no address that the key may go to
    """
    session = session or requests.Session()
    session.trust_env = root.lower().startswith("https://")
    session.auth = _no_auth
    session.headers["User-Agent"] = "epd_mailing"
    # every call of the session, below root or not, goes through the guarded connections
    for prefix in ("https://", "http://", root):
        session.mount(prefix, _Nowhere() if closed else Adapter(pool_size))
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
    chain = _unwrap(error)
    if any(isinstance(one, _Forbidden) for one in chain):
        return errors.ForbiddenAddress("forbidden_address", name)
    if any(getattr(one, "nothing_went_out", False) for one in chain):
        timed_out = isinstance(error, requests.exceptions.Timeout)
        return errors.ConnectFailed("connect_timeout" if timed_out else "connect_failed", name)
    if isinstance(error, requests.exceptions.Timeout) or "Timeout" in name:
        return errors.ResultUnknown("timeout", name)
    return errors.ResultUnknown("broken_connection", name)


def _unwrap(error: BaseException) -> list[BaseException]:
    """Return the error and all that it wraps: one of them may have the mark of ``_mark``."""
    pending: list[BaseException] = [error]
    found: dict[int, BaseException] = {}
    while pending:
        current = pending.pop()
        if id(current) in found:
            continue
        found[id(current)] = current
        # __context__ is of this call alone: marked exceptions never leave this module
        inner = (
            *current.args,
            getattr(current, "reason", None),
            current.__cause__,
            current.__context__,
        )
        pending += [one for one in inner if isinstance(one, BaseException)]
    return list(found.values())
