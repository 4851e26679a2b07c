"""Messages of the queue: JSON, never code; what they can't hold is refused by the sender."""

import os
import pickle
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from huey.exceptions import HueyException

from dashboard.queue import SqliteQueue
from tests.support.machine.pickled import TRACES, Pickled, runs_when_read


@pytest.fixture
def queue_in() -> Iterator[Callable[[Path], SqliteQueue]]:
    """Return the queue in a file, as a worker has it; its connection ends with the test."""
    made: list[SqliteQueue] = []

    def make(path: Path) -> SqliteQueue:
        made.append(SqliteQueue("tests", filename=str(path), results=False))
        return made[-1]

    yield make
    for queue in made:
        queue.storage.close()


@pytest.fixture
def queue(tmp_path: Path, queue_in: Callable[[Path], SqliteQueue]) -> SqliteQueue:
    """A queue in a new file."""
    return queue_in(tmp_path / "queue.sqlite3")


def test_arguments_arrive_as_they_were_sent(queue: SqliteQueue) -> None:
    heard: list[object] = []
    send = queue.task(name="hear")(lambda *args, **more: heard.append((args, more)))

    send(1, "ñ", None, often=True)
    queue.execute(queue.dequeue())

    assert heard == [((1, "ñ", None), {"often": True})]


def test_file_is_for_its_user_alone_whatever_the_umask(tmp_path: Path, queue_in: Callable[[Path], SqliteQueue]) -> None:
    path = tmp_path / "queue.sqlite3"
    path.touch(mode=0o644)
    before = os.umask(0o022)
    try:
        for name in (path, tmp_path / "new.sqlite3"):
            queue_in(name).storage.enqueue(b"1")
    finally:
        os.umask(before)

    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    assert {path.name, "new.sqlite3"} < {file.name for file in tmp_path.iterdir()}


def test_pickle_in_the_queue_is_never_run(queue: SqliteQueue) -> None:
    TRACES.clear()
    evil = pickle.dumps(Pickled())
    queue.storage.enqueue(evil)

    with pytest.raises(ValueError, match=r"can't decode|Expecting value"):
        queue.dequeue()

    assert TRACES == []
    assert runs_when_read(evil)


@pytest.mark.parametrize("sent", [b"[]", b"1", b'{"id": "x", "name": "y", "code": "z"}'])
def test_json_that_is_no_message_is_refused(queue: SqliteQueue, sent: bytes) -> None:
    queue.storage.enqueue(sent)

    with pytest.raises(ValueError, match="no message"):
        queue.dequeue()


def test_message_names_a_task_that_the_site_has(queue: SqliteQueue) -> None:
    queue.storage.enqueue(b'{"id": "1", "name": "os.system", "args": ["true"]}')

    with pytest.raises(HueyException, match="not found"):
        queue.dequeue()


@pytest.mark.parametrize("argument", [uuid4(), datetime(2026, 10, 9), Pickled()])
def test_what_json_cannot_hold_is_refused_by_the_sender(queue: SqliteQueue, argument: Any) -> None:
    send = queue.task(name="hear")(print)

    with pytest.raises(TypeError):
        send(argument)
