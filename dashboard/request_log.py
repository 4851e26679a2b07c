"""One line a request in the log: which, whose, how long, and what it asked of Diga. Never a query string or a form."""

import logging
import time
from collections.abc import Callable
from uuid import uuid4

import structlog
from django.http import HttpRequest, HttpResponse

from phones.diga.counting import counted

logger = structlog.get_logger("dashboard.requests")


class RequestLog:
    """Logs each request when its answer is ready, and gives all that is logged meanwhile the request's id and address.

    An answer that is streamed is ready before its last byte is sent. Behind `TrueClient`, which knows the address.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started_at = time.monotonic()
        ids = {"request_id": uuid4().hex, "ip": request.META["REMOTE_ADDR"]}
        with structlog.contextvars.bound_contextvars(**ids), counted() as calls:
            response = self.get_response(request)
            logger.log(
                _level(response.status_code),
                "request",
                method=request.method,
                path=request.path,
                status=response.status_code,
                milliseconds=round((time.monotonic() - started_at) * 1000),
                user_id=_user_id(request),
                diga_calls=calls.count,
                diga_milliseconds=round(calls.seconds * 1000),
            )
        return response


def _level(status: int) -> int:
    if status >= 500:
        return logging.ERROR
    return logging.WARNING if status >= 400 else logging.INFO


def _user_id(request: HttpRequest) -> int | None:
    """Return who asked, if anybody looked: to log a request costs no query."""
    user = request.__dict__.get("_cached_user")
    return user.pk if user else None
