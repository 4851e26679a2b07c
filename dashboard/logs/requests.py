"""One log line a request: method, path, user, duration, and its calls to Diga. Never a query string or a form."""

import logging
import time
from collections.abc import Callable
from uuid import uuid4

import structlog
from django.http import HttpRequest, HttpResponse

from dashboard.monitoring import metrics, traces
from phones.diga.counting import counted

logger = structlog.get_logger("dashboard.requests")


class RequestLog:
    """Logs each request when its response is ready, and binds its id and address to all log events meanwhile.

    A streamed response is ready before its last byte is sent. Comes after `TrueClient`, which sets the address.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started_at = time.monotonic()
        ids = {"request_id": uuid4().hex, "ip": request.META["REMOTE_ADDR"]}
        with structlog.contextvars.bound_contextvars(**ids), counted() as calls:
            response = traces.traced(self.get_response, request)
            seconds = time.monotonic() - started_at
            match = request.resolver_match
            metrics.count_request((match and match.view_name) or "none", response.status_code, seconds)
            logger.log(
                _level(response.status_code),
                "request",
                method=request.method,
                path=request.path,
                status=response.status_code,
                milliseconds=round(seconds * 1000),
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
    """Return the user's id if the session was read anyway: logging a request costs no query."""
    user = request.__dict__.get("_cached_user")
    return user.pk if user else None
