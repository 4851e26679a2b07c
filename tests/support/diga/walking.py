"""Passes over a stand-in that needs no socket, and one whose pages a test can spoil."""

import threading
from collections.abc import Callable
from itertools import count
from uuid import UUID

from phones.diga import DigaClient, Walk
from phones.diga.sandbox import Sandbox, mounted_session
from phones.diga.sandbox.serving.messages import Answer, Request

LIMIT = 10


def client_of(sandbox: Sandbox) -> DigaClient:
    """Make a client that needs no socket and never sleeps."""
    return DigaClient(sandbox.key(), session=mounted_session(sandbox), sleep=lambda seconds: None)


def ids_of(walk: Walk) -> list[UUID]:
    """Do the pass, and return the ids as they came."""
    return [phone.id for page in walk for phone in page.data]


def walk_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("walk-phones")]


class Turning(Sandbox):
    """A stand-in whose list of phones is changed, page by page, by a function of the test."""

    def __init__(self, turn: Callable[[int, dict[str, str], Answer], None], phones: int = 35) -> None:
        self.turn = turn
        self.numbers = count(1)
        super().__init__(phones=phones)

    def handle(self, request: Request) -> Answer:
        answer = super().handle(request)
        self.turn(next(self.numbers), request.query, answer)
        return answer
