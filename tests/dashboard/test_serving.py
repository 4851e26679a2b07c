"""A request that is sent byte by byte holds a thread for so long and no longer."""

import os
import re
import runpy
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any
from unittest.mock import Mock

import pytest
from gunicorn.config import Config
from gunicorn.workers.gthread import TConn

from dashboard.middleware import UPLOAD_BYTES
from dashboard.serving import ARRIVAL_SECONDS, PunctualWorker
from tests.support.machine.serving import ROOT


class Clock:
    """A clock that is put forward by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class ObservedWorker(PunctualWorker):
    """Says when a request was read, and keeps it from its answer until the test lets it go."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(1, os.getppid(), [], None, 30, Config(), Mock(), clock=clock)
        self.read, self.go_on = Event(), Event()

    def handle_request(self, req: Any, conn: TConn) -> bool:
        self.read.set()
        self.go_on.wait(10)
        conn.sock.sendall(b"an answer")
        return False


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def worker(clock: Clock) -> Iterator[ObservedWorker]:
    worker = ObservedWorker(clock)
    yield worker
    worker.tmp.close()


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection: the client's, and ours."""
    pair = socket.socketpair()
    yield pair
    for each in pair:
        each.close()


def _handle(worker: ObservedWorker, ours: socket.socket) -> Thread:
    thread = Thread(target=worker.handle, args=(TConn(worker.cfg, ours, ("127.0.0.1", 1), ("127.0.0.1", 2)),))
    thread.start()
    return thread


def test_request_that_never_ends_gives_its_thread_back(
    worker: ObservedWorker, clock: Clock, ends: tuple[socket.socket, socket.socket]
) -> None:
    client, ours = ends
    client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ")
    thread = _handle(worker, ours)

    clock.now += ARRIVAL_SECONDS - 1
    worker.notify()
    client.sendall(b"a")
    thread.join(0.2)
    assert thread.is_alive()

    clock.now += 2
    worker.notify()
    thread.join(10)

    assert not thread.is_alive()
    assert not worker.read.is_set()


def test_answer_may_take_longer_than_its_request(
    worker: ObservedWorker, clock: Clock, ends: tuple[socket.socket, socket.socket]
) -> None:
    client, ours = ends
    client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    thread = _handle(worker, ours)
    assert worker.read.wait(10)

    clock.now += 10 * ARRIVAL_SECONDS
    worker.notify()
    worker.go_on.set()
    thread.join(10)

    assert client.recv(100) == b"an answer"
    worker.notify()


def test_site_is_served_by_it() -> None:
    found = runpy.run_path(str(ROOT / "gunicorn.conf.py"))

    assert found["worker_class"] == f"{PunctualWorker.__module__}.{PunctualWorker.__name__}"


def test_what_gunicorn_is_told_may_stand_in_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BIND", "PORT", "WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS"):
        monkeypatch.delenv(name, raising=False)
    shutil.copy(ROOT / "gunicorn.conf.py", tmp_path)
    (tmp_path / ".env").write_text("PORT=8123\nWEB_CONCURRENCY=3\nFORWARDED_ALLOW_IPS=10.0.0.9\n")

    found = runpy.run_path(str(tmp_path / "gunicorn.conf.py"))

    assert (found["bind"], found["workers"], found["forwarded_allow_ips"]) == ("127.0.0.1:8123", 3, "10.0.0.9")


def test_sample_of_a_proxy_lets_through_what_the_site_takes() -> None:
    sample = (ROOT / "deploy/nginx.conf").read_text()
    told = dict(re.findall(r"^\s*(\w+) ([^;{]+);", sample, re.M))

    assert int(told["client_max_body_size"].removesuffix("m")) * 1024**2 > UPLOAD_BYTES
    assert told["proxy_request_buffering"] == "on"
    # The proxy drops a slow client before the site does.
    assert int(told["client_body_timeout"].removesuffix("s")) < ARRIVAL_SECONDS
    headers = dict(re.findall(r"proxy_set_header (\S+) (\S+);", sample))
    assert headers == {"Host": "$host", "X-Forwarded-Proto": "$scheme", "X-Forwarded-For": "$remote_addr"}
