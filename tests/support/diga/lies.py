"""Answers to list requests that are altered on their way: spoilt rows, and lists that lie."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from phones.diga.sandbox import Sandbox
from phones.diga.sandbox.serving.messages import Answer, Request

LIST = "/v1/phone/"
Body = dict[str, Any]


@contextmanager
def answering(sandbox: Sandbox, alter: Callable[[Request, Body], Body]) -> Iterator[None]:
    """Change the good answers to list requests on their way out."""
    handle = sandbox.handle

    def changed(request: Request) -> Answer:
        answer = handle(request)
        if request.path == LIST and answer.status == 200 and isinstance(answer.body, dict):
            answer.body = alter(request, dict(answer.body))
        return answer

    sandbox.handle = changed  # type: ignore[method-assign]
    try:
        yield
    finally:
        sandbox.handle = handle  # type: ignore[method-assign]


SPOILT: dict[str, Callable[[Body], Body]] = {
    "22 no number": lambda row: {name: value for name, value in row.items() if name != "number"},
    "22 no id": lambda row: {name: value for name, value in row.items() if name != "id"},
    "22 no id but null": lambda row: row | {"id": None},
    "24 number is a number": lambda row: row | {"number": 34951441246},
    "24 agent is an object": lambda row: row | {"inbound_agent_id": {"id": "x"}},
    "24 no object": lambda row: {},
}
LIES: dict[str, Callable[[Request, Body], Body]] = {
    "always more, and the last id again": lambda _request, body: body | {"has_more": True},
    "more, but nothing there": lambda _request, body: body | {"has_more": True, "data": []},
    "more, but no cursor": lambda _request, body: body | {"has_more": True, "data": [], "last_id": None},
    "fewer than counted": lambda _request, body: body | {"total_pages": 50},
    "an error in the list's shape": lambda _request, body: body | {"has_more": "yes"},
}
