"""The transport: a `requests` session with a total deadline, fresh connections for writes, and no redirects.

A read timeout restarts with every byte, so each read from the socket gets the rest of the deadline. Whether a request
left this machine is recorded by the connection, not inferred from the exception.
"""

import io
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import HTTPResponse, IncompleteRead
from http.cookiejar import DefaultCookiePolicy
from typing import Any, cast

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.exceptions import SSLError as PoolSSLError
from urllib3.exceptions import TimeoutError as PoolTimeoutError

from .errors import Reason

USER_AGENT = "phone-desk/0.1 (+requests)"
MAX_IDLE_SECONDS = 4.0
"""Servers commonly close an idle connection after 5 s; a PATCH on one just closed has an unknown outcome."""


@dataclass
class Exchange:
    """One request and its answer: its deadline, and whether it has left.

    `is_watched` says that a connection of this module carries it, so that `sent` is reliable; `is_reused` that this
    connection was kept from an earlier exchange. `may_reach` is asked about every address of the host before one is
    connected to.
    """

    is_write: bool
    deadline: float
    read_timeout: float
    clock: Callable[[], float] = time.monotonic
    may_reach: Callable[[str], bool] | None = None
    is_watched: bool = False
    sent: bool = False
    is_reused: bool = False
    is_answered: bool = False

    def remaining(self) -> float:
        """Return the seconds left, 0 or less after the deadline."""
        return self.deadline - self.clock()


class AddressRefused(OSError):
    """A name stands for an address that `Exchange.may_reach` refuses: nothing was connected to."""


current_exchange: ContextVar[Exchange | None] = ContextVar("current_exchange", default=None)


class BearerAuth(AuthBase):
    """The API key as an auth object, so that no `.netrc` replaces it. Its repr is masked."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def __repr__(self) -> str:
        return "<BearerAuth ••••>"

    def mask(self, text: str) -> str:
        """Return the text without the key, in case Diga echoes it."""
        return text.replace(self._token, "••••")


class _DeadlineReader(io.RawIOBase):
    """A socket's reader that gives each read the rest of the exchange's deadline."""

    def __init__(self, raw: Any, sock: Any, exchange: Exchange) -> None:
        self._raw = raw
        self._sock = sock
        self._exchange = exchange

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        remaining = self._exchange.remaining()
        if remaining <= 0:
            raise TimeoutError("The deadline is over")
        self._sock.settimeout(min(self._exchange.read_timeout, remaining))
        count = cast(int | None, self._raw.readinto(buffer))
        if count:
            self._exchange.is_answered = True
        return count

    def fileno(self) -> int:
        return cast(int, self._raw.fileno())

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    """A response whose status line, headers and body are all read under the deadline."""

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        if exchange := current_exchange.get():
            raw = self.fp.detach()
            self.fp = io.BufferedReader(_DeadlineReader(raw, sock, exchange))


class _Recorded:
    """A connection that records when a request is about to leave, and reaches no address that it may not."""

    # At its debug level, http.client would print the headers, and with them the key.
    debuglevel = 0
    idle_since = 0.0
    sock: Any
    port: int
    connect: Callable[[], None]
    _dns_host: str

    def _new_conn(self) -> socket.socket:
        """Connect. The addresses that are asked about are those that are connected to: no name is looked up twice."""
        exchange = current_exchange.get()
        if exchange is None or exchange.may_reach is None:
            return super()._new_conn()  # type: ignore[misc, no-any-return]
        name = self._dns_host
        try:
            found = socket.getaddrinfo(name, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(name, self, error) from error  # type: ignore[arg-type]
        addresses = [str(info[4][0]) for info in found]
        if not all(map(exchange.may_reach, addresses)):
            raise AddressRefused(f"{name} is an address that may not be reached")
        try:
            for self._dns_host in addresses[:-1]:
                with suppress(NewConnectionError):
                    return super()._new_conn()  # type: ignore[misc, no-any-return]
            self._dns_host = addresses[-1]
            return super()._new_conn()  # type: ignore[misc, no-any-return]
        finally:
            self._dns_host = name

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()
        if exchange := current_exchange.get():
            exchange.sent = True
        super().request(*args, **kwargs)  # type: ignore[misc]


class _Connection(_Recorded, HTTPConnection):
    response_class = _Answer


class _TLSConnection(_Recorded, HTTPSConnection):
    response_class = _Answer


class _FreshForWrites:
    """A pool that never uses a connection that was idle for long for a write."""

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)  # type: ignore[misc]
        if exchange := current_exchange.get():
            exchange.is_watched = True
            if exchange.is_write and time.monotonic() - connection.idle_since > MAX_IDLE_SECONDS:
                connection.close()
            exchange.is_reused = connection.sock is not None
        return connection

    def _put_conn(self, connection: Any) -> None:
        if connection is not None:
            connection.idle_since = time.monotonic()
        super()._put_conn(connection)  # type: ignore[misc]


class _Pool(_FreshForWrites, HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(_FreshForWrites, HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._use_our_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        self._use_our_pools(manager)
        return manager

    @staticmethod
    def _use_our_pools(manager: Any) -> None:
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return no target: `requests` reads a redirect's whole body even if it must not follow it."""


def new_session(pool_size: int = 32, proxy_url: str | None = None, ca_bundle: str | None = None) -> requests.Session:
    """Make a session that clients and threads of one process may share.

    The environment (proxies, `.netrc`) is ignored, no cookie is stored, and nothing is retried.

    :param ca_bundle: path of certificates to trust instead of the usual ones.
    """
    session = _Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip, deflate"})
    if proxy_url:
        session.proxies = {"http": proxy_url, "https": proxy_url}
    if ca_bundle:
        session.verify = ca_bundle
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter(pool_connections=4, pool_maxsize=pool_size))
    return session


TRANSPORT_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
"""Everything a call through the session may raise for reasons outside this program."""

_BEFORE_SENDING = (
    requests.ConnectTimeout,
    requests.exceptions.SSLError,
    ConnectTimeoutError,
    NewConnectionError,
    PoolSSLError,
)
_CUT_SHORT = (
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    IncompleteRead,
)


def find_reason(error: BaseException, exchange: Exchange) -> Reason:
    """Return why an exchange failed; the reason says that it was sent, unless it certainly was not."""
    causes = all_causes(error)

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if exchange.sent or not (exchange.is_watched or has(*_BEFORE_SENDING)):
        if exchange.remaining() <= 0:
            return Reason.DEADLINE
        if has(requests.Timeout, PoolTimeoutError, TimeoutError):
            return Reason.TIMEOUT
        return Reason.TRUNCATED if has(*_CUT_SHORT) else Reason.DISCONNECTED
    if has(NameResolutionError):
        return Reason.NAME
    if has(requests.exceptions.SSLError, PoolSSLError):
        return Reason.TLS
    # For compatibility, urllib3 makes every failed connection a timeout as well.
    if has(NewConnectionError) or not has(requests.ConnectTimeout, ConnectTimeoutError, TimeoutError):
        return Reason.REFUSED
    return Reason.CONNECT_TIMEOUT


def all_causes(error: BaseException) -> list[BaseException]:
    """List an exception with everything it wraps; requests and urllib3 wrap in arguments and in `reason`."""
    causes: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        item = waiting.pop()
        if isinstance(item, BaseException) and item not in causes:
            causes.append(item)
            waiting += [*item.args, getattr(item, "reason", None), item.__cause__, item.__context__]
    return causes
