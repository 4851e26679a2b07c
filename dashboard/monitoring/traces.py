"""Traces by OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT is set: a span a request and an attempt to reach Diga.

A span names the page, never the address: no number, no code of an invitation and no query is in it.
"""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import get_contextvars

from phones.diga import counting

# What a worker's lines of the log name, and a request's.
NAMES = ("project", "task", "plan", "request_id")

_tracer: Any = None


def start(role: str, exporter: Any = None) -> None:
    """Begin to trace in this process and those that it forks, if an endpoint is set. `exporter` is for tests."""
    global _tracer
    if not settings.OTLP_ENDPOINT or _tracer:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    ours = Resource.create({"service.name": f"phone-desk-{role}", "service.version": settings.VERSION})
    # `.env` is not in the environment, which is all that the exporter reads.
    endpoint = settings.OTLP_ENDPOINT.rstrip("/")
    # What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say goes before that.
    provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()))
    provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter(f"{endpoint}/v1/traces")))
    _tracer = provider.get_tracer("phone-desk")
    counting.listeners.append(_trace_call)


def traced(answer: Callable[[HttpRequest], HttpResponse], request: HttpRequest) -> HttpResponse:
    """Answer a request, within a span if traces are on."""
    if _tracer is None:
        return answer(request)
    with _tracer.start_as_current_span("request", attributes=_names()) as span:
        response = answer(request)
        view = (request.resolver_match and request.resolver_match.view_name) or "none"
        span.update_name(f"{request.method} {view}")
        span.set_attributes({"http.request.method": request.method, "http.response.status_code": response.status_code})
        return response


def _trace_call(outcome: str, seconds: float) -> None:
    """Trace an attempt that has just ended, under the request in whose context it was made."""
    ended_at = time.time_ns()
    attributes = _names() | {"outcome": outcome}
    span = _tracer.start_span("diga", start_time=ended_at - round(seconds * 1e9), attributes=attributes)
    span.end(ended_at)


def _names() -> dict[str, Any]:
    known = get_contextvars()
    return {name: known[name] for name in NAMES if name in known}
