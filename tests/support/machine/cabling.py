"""A cable to the Redis of this machine that can be cut and mended: an outage, for whoever is at its other end."""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec
from urllib.parse import urlsplit

import pytest

P = ParamSpec("P")
REDIS_URL = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
NOBODY_URL = "redis://127.0.0.1:1"


def _redis_is_there() -> bool:
    try:
        socket.create_connection(("127.0.0.1", 6379), timeout=0.2).close()
    except OSError:
        return bool(os.environ.get("CI"))
    return True


def needs_redis(test: Callable[P, None]) -> Callable[P, None]:
    """Mark a test that meets the Redis of this machine."""
    skip = pytest.mark.skipif(not _redis_is_there(), reason="Redis is not on 127.0.0.1:6379")
    return pytest.mark.redis(skip(test))


class Cable:
    """Leads from a port of its own to Redis."""

    def __init__(self, redis_url: str = REDIS_URL) -> None:
        parts = urlsplit(redis_url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 6379)
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._entrance = self._listen(0)
        self._port: int = self._entrance.getsockname()[1]
        self.url = parts._replace(netloc=f"127.0.0.1:{self._port}").geturl()

    @property
    def is_used(self) -> bool:
        """True once somebody has connected since it is whole."""
        return bool(self._open)

    def cut(self) -> None:
        """End every connection, and refuse new ones."""
        _end(self._entrance)
        with self._lock:
            for end in self._open:
                _end(end)
            self._open.clear()

    def mend(self) -> None:
        """Take connections again, at the same port."""
        self._entrance = self._listen(self._port)

    def _listen(self, port: int) -> socket.socket:
        entrance = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._take, args=(entrance,), daemon=True).start()
        return entrance

    def _take(self, entrance: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _address = entrance.accept()
                far = socket.create_connection(self._target)
                with self._lock:
                    self._open += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=_lead, args=ends, daemon=True).start()


def _lead(here: socket.socket, there: socket.socket) -> None:
    with suppress(OSError):
        while data := here.recv(65536):
            there.sendall(data)
    _end(there)


def _end(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
