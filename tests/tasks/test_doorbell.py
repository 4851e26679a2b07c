"""The queue on Redis is a doorbell: without it a worker goes on by itself, with it again nothing is left behind."""

import logging
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from dashboard.doorbell import ANSWER_TIMEOUT_SECONDS, RedisQueue
from tests.support.diga.tls import tls_server
from tests.support.machine.cabling import NOBODY_URL, Cable, needs_redis

# Before a worker begins, it looks whether the tables are there.
pytestmark = pytest.mark.django_db


class Desk:
    """A process with a queue and a task, and what its worker heard, if it has one."""

    def __init__(self, url: str, name: str, *, has_workers: bool) -> None:
        self.huey = RedisQueue(name, url=url, results=False)
        self.heard: list[int] = []
        self.send: Callable[[int], object] = self.huey.task(name="hear")(self.heard.append)
        if has_workers:
            self.huey.create_consumer()

    def work(self) -> bool:
        """Do what is next; False if nothing came for a while."""
        task = self.huey.dequeue()
        if task is not None:
            self.huey.execute(task)
        return task is not None


@pytest.fixture
def name() -> str:
    """A queue that nobody else uses."""
    return f"phonedesktests{uuid4().hex}"


@pytest.fixture
def cable() -> Iterator[Cable]:
    """A cable to the Redis of this machine."""
    cable = Cable()
    yield cable
    cable.cut()


@pytest.fixture
def silence() -> Iterator[str]:
    """The address of a Redis that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}"


def test_web_process_without_redis_sends_in_vain_and_goes_on(name: str) -> None:
    web = Desk(NOBODY_URL, name, has_workers=False)

    web.send(1)

    assert web.huey.storage.is_silent()
    assert not web.work()
    assert web.heard == []


def test_worker_without_redis_hears_itself(name: str) -> None:
    worker = Desk(NOBODY_URL, name, has_workers=True)

    worker.send(1)
    worker.send(2)

    assert (worker.work(), worker.work(), worker.work()) == (True, True, False)
    assert worker.heard == [1, 2]
    assert worker.huey.read_schedule() == []


def test_worker_without_redis_waits_at_its_own_queue_instead_of_spinning(name: str) -> None:
    worker = Desk(NOBODY_URL, name, has_workers=True)
    started_at = time.monotonic()

    worker.work()

    assert time.monotonic() - started_at > 0.5


def test_outage_is_logged_once_and_so_is_its_end(name: str, caplog: pytest.LogCaptureFixture) -> None:
    worker = Desk(NOBODY_URL, name, has_workers=True)

    with caplog.at_level(logging.WARNING, "dashboard.doorbell"):
        for number in range(3):
            worker.send(number)
            worker.work()

    assert caplog.messages == ["Redis does not answer (ConnectionError); work goes on without it, more slowly"]


def test_redis_that_hangs_is_not_waited_for_without_end(name: str, silence: str) -> None:
    web = Desk(silence, name, has_workers=False)
    started_at = time.monotonic()

    web.send(1)

    assert time.monotonic() - started_at < ANSWER_TIMEOUT_SECONDS + 1


@pytest.mark.parametrize(
    ("host", "is_trusted", "is_sent"),
    [("localhost", True, True), ("localhost", False, False), ("127.0.0.1", True, False)],
    ids=["its name, its authority", "unknown authority", "another name"],
)
def test_password_goes_to_the_redis_of_a_known_certificate_only(
    name: str, tmp_path: Path, host: str, is_trusted: bool, is_sent: bool
) -> None:
    received: list[bytes] = []
    with tls_server(tmp_path, "localhost", received) as (port, certificate):
        url = f"rediss://:correct-horse@{host}:{port}/0"

        RedisQueue(name, url=f"{url}?ssl_ca_certs={certificate}" if is_trusted else url).storage.is_silent()

    assert any(b"correct-horse" in data for data in received) == is_sent


@needs_redis
def test_worker_goes_on_through_an_outage_and_after_it(
    name: str, cable: Cable, caplog: pytest.LogCaptureFixture
) -> None:
    worker, web = Desk(cable.url, name, has_workers=True), Desk(cable.url, name, has_workers=False)
    web.send(1)
    worker.work()
    with caplog.at_level(logging.WARNING, "dashboard.doorbell"):
        cable.cut()
        web.send(2)
        worker.send(3)
        worker.work()
        cable.mend()
        web.send(4)
        worker.send(5)
        while worker.work():
            pass

    assert worker.heard == [1, 3, 4, 5]
    assert caplog.messages.count("Redis answers again") == 2


@needs_redis
def test_what_a_worker_kept_for_itself_is_done_when_redis_is_back(name: str, cable: Cable) -> None:
    worker = Desk(cable.url, name, has_workers=True)
    cable.cut()
    worker.send(1)
    cable.mend()

    worker.work()

    assert worker.heard == [1]
